/* A repository of a registry: options, addresses, and whether it speaks HTTP or HTTPS. */
#include "image/registry/repository.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"

#define ATTEMPTS 5
#define RETRY_DELAY 250
/* The host behind docker.io's name. */
#define DOCKER_HOST "registry-1.docker.io"

static bool is_stopped(void *context)
{
    const wcl_repository *repository = context;
    const wcl_progress progress = { .operation = "connect", .subject = repository->registry };

    if (*repository->stop)
        return atomic_load(*repository->stop);
    return wcl_hooks_is_cancelled(repository->hooks, &progress);
}

static const char *host_of(const wcl_reference *reference)
{
    return strcmp(reference->registry, "docker.io") == 0 ? DOCKER_HOST : reference->registry;
}

static wcl_status open_http(wcl_repository *repository, const char *host,
                            const wcl_registry_options *options, wcl_error *error)
{
    const wcl_http_options http = { .ca_file = options->ca_file,
                                    .insecure = options->insecure,
                                    .is_loopback = wcl_host_is_loopback(host),
                                    .connect_seconds = options->connect_seconds,
                                    .stall_seconds = options->stall_seconds,
                                    .cancelled = is_stopped,
                                    .cancelled_context = repository };

    return wcl_http_open(&http, &repository->http, error);
}

static wcl_status open_auth(wcl_repository *repository, const wcl_registry_options *options,
                            wcl_repository_use use, wcl_error *error)
{
    const wcl_auth_options auth = { .registry = repository->registry,
                                    .username = options->username,
                                    .password = options->password,
                                    .config_folder = options->config_folder,
                                    .policy = repository->policy };
    WCL_CLEANUP_BUFFER wcl_buffer scope = WCL_BUFFER_INIT;

    if (wcl_auth_new(repository->http, &auth, &repository->auth, error) != WCL_OK ||
        wcl_buffer_printf(&scope, error, "repository:%s:pull%s", repository->path,
                          use == WCL_REPOSITORY_PUSH ? ",push" : "") != WCL_OK)
        return WCL_FAILED;
    return wcl_auth_add_scope(repository->auth, wcl_buffer_text(&scope), error);
}

/* ---- HTTP or HTTPS --------------------------------------------------------------------------- */

static wcl_status set_origin(wcl_repository *repository, const char *scheme, const char *host,
                             wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    wcl_address_free(&repository->origin);
    if (wcl_buffer_printf(&text, error, "%s://%s/", scheme, host) != WCL_OK)
        return WCL_FAILED;
    return wcl_address_parse(wcl_buffer_text(&text), NULL, &repository->origin, error);
}

/* Whether something that may be a registry answers there. */
static wcl_status probe(wcl_repository *repository, bool *answers, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    wcl_http_request request = { .method = "GET" };

    *answers = false;
    if (wcl_buffer_printf(&url, error, "%s/v2/", repository->origin.origin) != WCL_OK)
        return WCL_FAILED;
    request.url = wcl_buffer_text(&url);
    if (wcl_http_send(repository->http, &request, &exchange, error) != WCL_OK)
        return WCL_FAILED;
    /* What speaks TLS answers plain requests with 400, if at all. */
    *answers = wcl_http_status(exchange) != 400;
    return WCL_OK;
}

static wcl_status try_scheme(wcl_repository *repository, const char *scheme, const char *host,
                             bool *answers, wcl_error *error)
{
    *answers = false;
    if (set_origin(repository, scheme, host, error) != WCL_OK)
        return WCL_FAILED;
    return probe(repository, answers, error);
}

/* Whether another scheme may do better: where nobody is, or wants to wait, it will not. */
static bool is_worth_another(const wcl_error *why)
{
    return why->code != WCL_CODE_TIMEOUT && why->code != WCL_CODE_CANCELLED;
}

/*
 * HTTPS, except where plain HTTP is all right: there it is found out. On this machine plain HTTP
 * comes first, because no one listens in; elsewhere HTTPS does. A registry that answers neither,
 * though somebody is there (it may be busy), is taken to speak the first.
 */
static wcl_status find_scheme(wcl_repository *repository, const char *host, bool insecure,
                              wcl_error *error)
{
    const bool here = wcl_host_is_loopback(host);
    const char *first = here ? "http" : "https", *second = here ? "https" : "http";
    wcl_error why = WCL_ERROR_INIT, also = WCL_ERROR_INIT;
    bool answers = false;

    if (!here && !insecure)
        return set_origin(repository, "https", host, error);
    if (try_scheme(repository, first, host, &answers, &why) == WCL_OK && answers)
        return WCL_OK;
    if (!is_worth_another(&why))
        return wcl_error_pass(error, &why);
    /* A certificate that is not trusted, also for want of any authorities, is one all the same. */
    if (try_scheme(repository, second, host, &answers, &also) == WCL_OK ||
        also.code == WCL_CODE_ACCESS_DENIED || also.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_OK;
    if (why.code == WCL_CODE_HOST_NOT_FOUND || why.code == WCL_CODE_CONNECTION_REFUSED ||
        !is_worth_another(&also))
        return wcl_error_pass(error, is_worth_another(&also) ? &why : &also);
    return set_origin(repository, first, host, error);
}

/* ---- The repository -----------------------------------------------------------------------------
 */

wcl_status wcl_repository_open(const wcl_reference *reference, const wcl_registry_options *options,
                               wcl_repository_use use, wcl_repository *repository, wcl_error *error)
{
    const char *host = host_of(reference);

    repository->policy.attempts = options->attempts ? options->attempts : ATTEMPTS;
    repository->policy.first_delay = options->retry_delay ? options->retry_delay : RETRY_DELAY;
    repository->foreign_hosts = options->foreign_hosts;
    repository->registry = strdup(reference->registry);
    repository->path = strdup(reference->repository);
    wcl_status status = repository->registry && repository->path ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = open_http(repository, host, options, error);
    if (status == WCL_OK)
        status = open_auth(repository, options, use, error);
    if (status == WCL_OK)
        status = find_scheme(repository, host, options->insecure, error);
    if (status != WCL_OK)
        wcl_repository_close(repository);
    return status;
}

void wcl_repository_close(wcl_repository *repository)
{
    wcl_auth_free(repository->auth);
    wcl_http_free(repository->http);
    wcl_address_free(&repository->origin);
    free(repository->registry);
    free(repository->path);
}

wcl_status wcl_repository_url(const wcl_repository *repository, const char *kind, const char *name,
                              wcl_buffer *url, wcl_error *error)
{
    return wcl_buffer_printf(url, error, "%s/v2/%s/%s/%s", repository->origin.origin,
                             repository->path, kind, name);
}
