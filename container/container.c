/* Containers: hcsshim's operations on the provider's compute systems. */
#include "container/container_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"
#include "container/config.h"
#include "container/properties.h"

static wcl_container *container_new(const wcl_container_options *options, const char *id,
                                    wcl_error *error)
{
    const wcl_container_provider *provider;

    if (!*wcl_text(id)) {
        wcl_fail(error, WCL_CODE_INVALID_NAME, "a container needs an id");
        return NULL;
    }
    if (wcl_container_provider_choose(options, &provider, error) != WCL_OK)
        return NULL;
    wcl_container *container = calloc(1, sizeof(*container));
    if (!container || !(container->id = strdup(id))) {
        free(container);
        wcl_fail_memory(error);
        return NULL;
    }
    container->provider = provider;
    container->wait_ms = options->wait_ms ? options->wait_ms : WCL_DEFAULT_WAIT_MS;
    if (wcl_handle_init(&container->handle, error) != WCL_OK) {
        free(container->id);
        free(container);
        return NULL;
    }
    if (wcl_notifier_init(&container->notifier, error) != WCL_OK) {
        wcl_handle_destroy(&container->handle);
        free(container->id);
        free(container);
        return NULL;
    }
    return container;
}

wcl_status wcl_container_result(wcl_status status, const wcl_error *own, wcl_error *error)
{
    if (status != WCL_FAILED)
        return status;
    if (wcl_error_is_pending(own))
        return WCL_PENDING;
    if (error)
        *error = *own;
    return WCL_FAILED;
}

/* The result of a call: one that is pending is over when its notification comes. */
static wcl_status container_finish(wcl_container *container, wcl_status status, uint32_t type,
                                   unsigned seen, wcl_error *own, wcl_error *error)
{
    if (status != WCL_OK && wcl_error_is_pending(own))
        status = wcl_notifier_wait(&container->notifier, type, seen, container->wait_ms, own);
    if (status != WCL_OK && error)
        *error = *own;
    return status;
}

static wcl_status container_create(const wcl_container_options *options, const char *id,
                                   const char *config, wcl_container **container, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    wcl_container *made = container_new(options, id, error);
    if (!made)
        return WCL_FAILED;
    wcl_notify notify = { wcl_notifier_receive, &made->notifier };
    wcl_status status =
        made->provider->create(options, id, wcl_text(config), notify, &made->system, &own);
    status = container_finish(made, status, WCL_NOTIFY_CREATE_COMPLETED, 0, &own, error);
    if (status != WCL_OK) {
        /* One that is still being made would stay where nobody looks for it. */
        if (made->system && wcl_error_is_timeout(&own))
            made->provider->terminate(made->system, NULL);
        wcl_container_free(made);
        return WCL_FAILED;
    }
    *container = made;
    return WCL_OK;
}

wcl_status wcl_container_create_json(const wcl_container_options *options, const char *id,
                                     const char *config, wcl_container **container,
                                     wcl_error *error)
{
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;

    *container = NULL;
    if (WCL_TAKE(wcl_container_options, &own, options, __func__, error) != WCL_OK ||
        container_create(&own, id, config, container, error) != WCL_OK)
        return wcl_error_context(error, "create container", id);
    return WCL_OK;
}

static wcl_status refuse_own_fields(const wcl_container_provider *provider,
                                    const wcl_container_config *config, wcl_error *error)
{
    const char *field = config->pids_limit                                    ? "PidsLimit"
                        : config->seccomp_profile && *config->seccomp_profile ? "SeccompProfile"
                        : config->no_new_privileges                           ? "NoNewPrivileges"
                        : config->remove_layer_on_exit                        ? "RemoveLayerOnExit"
                        : config->remove_endpoints_on_exit ? "RemoveEndpointsOnExit"
                                                           : NULL;

    return field ? wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "%s is refused: the '%s' container provider cannot do this", field,
                            provider->name)
                 : WCL_OK;
}

wcl_status wcl_container_create(const wcl_container_options *options, const char *id,
                                const wcl_container_config *config, wcl_container **container,
                                wcl_error *error)
{
    const wcl_container_provider *provider;
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;
    wcl_container_config wanted = WCL_CONTAINER_CONFIG_INIT;
    WCL_CLEANUP_FREE char *json = NULL;

    *container = NULL;
    if (WCL_TAKE(wcl_container_options, &own, options, __func__, error) != WCL_OK ||
        WCL_TAKE(wcl_container_config, &wanted, config, __func__, error) != WCL_OK ||
        wcl_container_provider_choose(&own, &provider, error) != WCL_OK ||
        (!provider->has_own_fields && refuse_own_fields(provider, &wanted, error) != WCL_OK) ||
        wcl_container_config_print(&wanted, &json, error) != WCL_OK)
        return wcl_error_context(error, "create container", id);
    return wcl_container_create_json(&own, id, json, container, error);
}

wcl_status wcl_container_open(const wcl_container_options *options, const char *id,
                              wcl_container **container, wcl_error *error)
{
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;

    *container = NULL;
    if (WCL_TAKE(wcl_container_options, &own, options, __func__, error) != WCL_OK)
        return wcl_error_context(error, "open container", id);
    wcl_container *made = container_new(&own, id, error);
    if (!made)
        return wcl_error_context(error, "open container", id);
    wcl_notify notify = { wcl_notifier_receive, &made->notifier };
    if (made->provider->open(&own, id, notify, &made->system, error) != WCL_OK) {
        wcl_container_free(made);
        return wcl_error_context(error, "open container", id);
    }
    *container = made;
    return WCL_OK;
}

const char *wcl_container_id(const wcl_container *container)
{
    return container->id;
}

typedef wcl_status (*system_call)(wcl_provider_system *system, wcl_error *error);

/* Runs a call that is over when its notification has come. */
static wcl_status container_change(wcl_container *container, system_call call, uint32_t type,
                                   const char *operation, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, operation, container->id);
    unsigned seen = wcl_notifier_count(&container->notifier, type);
    wcl_status status =
        container_finish(container, call(container->system, &own), type, seen, &own, error);
    wcl_handle_leave(&container->handle);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, operation, container->id);
}

/* Runs a call whose being pending is the caller's to deal with. */
static wcl_status request(wcl_container *container, system_call call, const char *operation,
                          wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, operation, container->id);
    wcl_status status = wcl_container_result(call(container->system, &own), &own, error);
    wcl_handle_leave(&container->handle);
    return status == WCL_FAILED ? wcl_error_context(error, operation, container->id) : status;
}

wcl_status wcl_container_start(wcl_container *container, wcl_error *error)
{
    return container_change(container, container->provider->start, WCL_NOTIFY_START_COMPLETED,
                            "start container", error);
}

wcl_status wcl_container_pause(wcl_container *container, wcl_error *error)
{
    return container_change(container, container->provider->pause, WCL_NOTIFY_PAUSE_COMPLETED,
                            "pause container", error);
}

wcl_status wcl_container_resume(wcl_container *container, wcl_error *error)
{
    return container_change(container, container->provider->resume, WCL_NOTIFY_RESUME_COMPLETED,
                            "resume container", error);
}

wcl_status wcl_container_shutdown(wcl_container *container, wcl_error *error)
{
    return request(container, container->provider->shutdown, "shut down container", error);
}

wcl_status wcl_container_terminate(wcl_container *container, wcl_error *error)
{
    return request(container, container->provider->terminate, "terminate container", error);
}

wcl_status wcl_container_wait_timeout(wcl_container *container, uint32_t milliseconds,
                                      wcl_error *error)
{
    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, "wait for container", container->id);
    wcl_status status =
        wcl_notifier_wait(&container->notifier, WCL_NOTIFY_SYSTEM_EXITED, 0, milliseconds, error);
    wcl_handle_leave(&container->handle);
    return status == WCL_OK ? WCL_OK
                            : wcl_error_context(error, "wait for container", container->id);
}

wcl_status wcl_container_wait(wcl_container *container, wcl_error *error)
{
    return wcl_container_wait_timeout(container, WCL_TIMEOUT_INFINITE, error);
}

wcl_status wcl_container_waitable(wcl_container *container, wcl_waitable *waitable,
                                  wcl_error *error)
{
    *waitable = WCL_WAITABLE_NONE;
    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, "wait for container", container->id);
    wcl_status status =
        wcl_notifier_waitable(&container->notifier, WCL_NOTIFY_SYSTEM_EXITED, waitable, error);
    wcl_handle_leave(&container->handle);
    return status == WCL_OK ? WCL_OK
                            : wcl_error_context(error, "wait for container", container->id);
}

wcl_status wcl_container_close(wcl_container *container, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (!wcl_handle_close(&container->handle))
        return WCL_OK;
    wcl_notifier_close(&container->notifier);
    wcl_handle_wait_idle(&container->handle);
    if (container->system)
        status = container->provider->close(container->system, error);
    container->system = NULL;
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "close container", container->id);
}

void wcl_container_free(wcl_container *container)
{
    if (!container)
        return;
    wcl_container_close(container, NULL);
    wcl_notifier_destroy(&container->notifier);
    wcl_handle_destroy(&container->handle);
    free(container->id);
    free(container);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static wcl_status fail_unsupported(const wcl_container_provider *provider, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the '%s' container provider cannot do this",
                    provider->name);
}

wcl_status wcl_container_modify(wcl_container *container, const char *settings, wcl_error *error)
{
    const wcl_container_provider *provider = container->provider;
    wcl_error own = WCL_ERROR_INIT;

    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, "modify container", container->id);
    wcl_status status = provider->modify
                            ? provider->modify(container->system, wcl_text(settings), &own)
                            : fail_unsupported(provider, &own);
    wcl_handle_leave(&container->handle);
    status = wcl_container_result(status, &own, error);
    return status == WCL_FAILED ? wcl_error_context(error, "modify container", container->id)
                                : status;
}

wcl_status wcl_compute_service_properties_json(const wcl_container_options *options,
                                               const char *query, char **json, wcl_error *error)
{
    const wcl_container_provider *provider;
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;

    *json = NULL;
    wcl_status status = WCL_TAKE(wcl_container_options, &own, options, __func__, error);
    if (status == WCL_OK)
        status = wcl_container_provider_choose(&own, &provider, error);
    if (status == WCL_OK)
        status = provider->service_properties
                     ? provider->service_properties(&own, wcl_text_or_null(query), json, error)
                     : fail_unsupported(provider, error);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "query the compute service", NULL);
}

wcl_status wcl_compute_service_modify(const wcl_container_options *options, const char *settings,
                                      wcl_error *error)
{
    const wcl_container_provider *provider;
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;
    wcl_error inner = WCL_ERROR_INIT;
    wcl_status status = WCL_TAKE(wcl_container_options, &own, options, __func__, &inner);

    if (status == WCL_OK)
        status = wcl_container_provider_choose(&own, &provider, &inner);
    if (status == WCL_OK)
        status = provider->service_modify
                     ? provider->service_modify(&own, wcl_text(settings), &inner)
                     : fail_unsupported(provider, &inner);
    status = wcl_container_result(status, &inner, error);
    return status == WCL_FAILED ? wcl_error_context(error, "modify the compute service", NULL)
                                : status;
}

/* ---- Properties ----------------------------------------------------------------------------- */

wcl_status wcl_container_properties_json(wcl_container *container, const char *query, char **json,
                                         wcl_error *error)
{
    *json = NULL;
    if (wcl_handle_enter(&container->handle, error) != WCL_OK)
        return wcl_error_context(error, "query container", container->id);
    wcl_status status =
        container->provider->properties(container->system, wcl_text_or_null(query), json, error);
    wcl_handle_leave(&container->handle);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "query container", container->id);
}

static wcl_status query_properties(wcl_container *container, const char *query,
                                   wcl_container_properties **properties, wcl_error *error)
{
    WCL_CLEANUP_FREE char *json = NULL;

    *properties = NULL;
    if (wcl_container_properties_json(container, query, &json, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_container_properties_parse(json, properties, error) != WCL_OK)
        return wcl_error_context(error, "query container", container->id);
    return WCL_OK;
}

wcl_status wcl_container_has_pending_updates(wcl_container *container, bool *pending,
                                             wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_container_properties *properties = NULL;
    wcl_status status =
        query_properties(container, "{\"PropertyTypes\":[\"PendingUpdates\"]}", &properties, error);

    *pending = status == WCL_OK && properties->are_updates_pending;
    return status;
}

wcl_status wcl_container_statistics(wcl_container *container, wcl_container_properties **properties,
                                    wcl_error *error)
{
    return query_properties(container, "{\"PropertyTypes\":[\"Statistics\"]}", properties, error);
}

wcl_status wcl_container_process_list(wcl_container *container,
                                      wcl_container_properties **properties, wcl_error *error)
{
    return query_properties(container, "{\"PropertyTypes\":[\"ProcessList\"]}", properties, error);
}

wcl_status wcl_containers_query_json(const wcl_container_options *options, const char *query,
                                     char **json, wcl_error *error)
{
    const wcl_container_provider *provider;
    wcl_container_options own = WCL_CONTAINER_OPTIONS_INIT;

    *json = NULL;
    if (WCL_TAKE(wcl_container_options, &own, options, __func__, error) != WCL_OK ||
        wcl_container_provider_choose(&own, &provider, error) != WCL_OK ||
        provider->enumerate(&own, wcl_text_or_null(query), json, error) != WCL_OK)
        return wcl_error_context(error, "query containers", NULL);
    return WCL_OK;
}

wcl_status wcl_containers_query(const wcl_container_options *options,
                                const wcl_compute_system_query *query,
                                wcl_container_properties ***containers, size_t *count,
                                wcl_error *error)
{
    wcl_compute_system_query own = WCL_COMPUTE_SYSTEM_QUERY_INIT;
    WCL_CLEANUP_FREE char *text = NULL;
    WCL_CLEANUP_FREE char *json = NULL;

    *containers = NULL;
    *count = 0;
    if (WCL_TAKE(wcl_compute_system_query, &own, query, __func__, error) != WCL_OK ||
        (query && wcl_compute_system_query_print(&own, &text, error) != WCL_OK))
        return wcl_error_context(error, "query containers", NULL);
    if (wcl_containers_query_json(options, text, &json, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_container_list_parse(json, containers, count, error) != WCL_OK)
        return wcl_error_context(error, "query containers", NULL);
    return WCL_OK;
}
