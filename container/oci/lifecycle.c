/* The life of compute systems of the portable provider, from their creation to their end. */
#include <unistd.h>

#include "base/error.h"
#include "container/oci/claim.h"
#include "container/oci/prepare.h"
#include "container/oci/system.h"
#include "container/oci/teardown.h"

/* Makes the container's folder with all that its supervisor needs, and starts that. */
static wcl_status launch(wcl_provider_system *system, const char *config, wcl_error *error)
{
    int folder;

    if (wcl_container_claim(&system->place, &folder, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_container_prepare(&system->place, system->id, folder, config, error);
    if (status == WCL_OK)
        status =
            wcl_supervisor_start(&system->place, system->id, folder, &system->subscription, error);
    if (status != WCL_OK)
        wcl_container_teardown(system->place.path, false, NULL);
    close(folder);
    return status;
}

wcl_status wcl_oci_create(const wcl_container_options *options, const char *id, const char *config,
                          wcl_notify notify, wcl_provider_system **system, wcl_error *error)
{
    wcl_provider_system *made = wcl_oci_system_new(options, id, notify, error);

    if (!made)
        return WCL_FAILED;
    if (launch(made, config, error) != WCL_OK || wcl_oci_system_listen(made, error) != WCL_OK) {
        wcl_oci_system_free(made);
        return WCL_FAILED;
    }
    *system = made;
    return wcl_fail(error, WCL_CODE_HCS_OPERATION_PENDING, "the container is being created");
}

/* Subscribes; a container that has stopped already says so at once. */
static wcl_status subscribe(wcl_provider_system *system, wcl_error *error)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_SUBSCRIBE };
    wcl_reply reply;
    int fds[3];

    if (wcl_supervisor_connect(&system->place, &system->subscription, error) != WCL_OK ||
        wcl_supervisor_send(system->subscription, &request, -1, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_supervisor_receive(system->subscription, &reply, fds, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_HCS_NOT_EXIST, "there is no container of this id any more");
    if (status != WCL_OK)
        return WCL_FAILED;
    if (reply.state == WCL_STATE_STOPPED)
        wcl_oci_system_notify(system, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    return wcl_oci_system_listen(system, error);
}

wcl_status wcl_oci_open(const wcl_container_options *options, const char *id, wcl_notify notify,
                        wcl_provider_system **system, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;
    wcl_provider_system *made = wcl_oci_system_new(options, id, notify, error);

    if (!made)
        return WCL_FAILED;
    if (subscribe(made, &own) != WCL_OK) {
        if (made->subscription >= 0)
            close(made->subscription);
        made->subscription = -1;
        if (own.code != WCL_CODE_UNEXPECTED_PROCESS_ABORT) {
            wcl_oci_system_free(made);
            if (error)
                *error = own;
            return WCL_FAILED;
        }
        /* One that lost its supervisor can be opened, to be terminated. */
        made->lost = true;
        wcl_oci_system_notify(made, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    }
    *system = made;
    return WCL_OK;
}

/* ---- Changes of state ----------------------------------------------------------------------- */

static wcl_status oci_system_change(wcl_provider_system *system, uint32_t type, wcl_error *error)
{
    const wcl_supervisor_request request = { .type = type };
    wcl_reply reply;

    return wcl_oci_request(system, &request, &reply, error);
}

wcl_status wcl_oci_start(wcl_provider_system *system, wcl_error *error)
{
    return oci_system_change(system, WCL_REQUEST_START, error);
}

wcl_status wcl_oci_pause(wcl_provider_system *system, wcl_error *error)
{
    return oci_system_change(system, WCL_REQUEST_PAUSE, error);
}

wcl_status wcl_oci_resume(wcl_provider_system *system, wcl_error *error)
{
    return oci_system_change(system, WCL_REQUEST_RESUME, error);
}

wcl_status wcl_oci_shutdown(wcl_provider_system *system, wcl_error *error)
{
    return oci_system_change(system, WCL_REQUEST_SHUTDOWN, error);
}

/* Does what the supervisor would have done. */
static wcl_status terminate_lost(wcl_provider_system *system, wcl_error *error)
{
    if (wcl_container_reap_lost(&system->place, error) != WCL_OK)
        return WCL_FAILED;
    pthread_mutex_lock(&system->mutex);
    wcl_oci_system_notify(system, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    pthread_mutex_unlock(&system->mutex);
    return WCL_OK;
}

wcl_status wcl_oci_terminate(wcl_provider_system *system, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    if (oci_system_change(system, WCL_REQUEST_TERMINATE, &own) == WCL_OK)
        return WCL_OK;
    if (own.code == WCL_CODE_UNEXPECTED_PROCESS_ABORT)
        return terminate_lost(system, error);
    if (error)
        *error = own;
    return WCL_FAILED;
}
