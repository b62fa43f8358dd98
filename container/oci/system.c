/* Handles of compute systems of the portable provider. */
#include "container/oci/system.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

/* How long a close waits for the container to be cleaned up after. */
#define CLOSE_WAIT_MS 60000

void wcl_oci_system_notify(wcl_provider_system *system, uint32_t type, uint32_t code,
                           const char *text)
{
    if (system->notify.call)
        system->notify.call(system->notify.context, type, code, text);
}

wcl_status wcl_oci_request(wcl_provider_system *system, const wcl_supervisor_request *request,
                           wcl_reply *reply, wcl_error *error)
{
    return wcl_supervisor_call(&system->place, request, -1, reply, NULL, error);
}

void wcl_oci_system_free(wcl_provider_system *system)
{
    if (system->subscription >= 0)
        close(system->subscription);
    pthread_mutex_destroy(&system->mutex);
    wcl_container_folder_free(&system->place);
    free(system->id);
    free(system);
}

/* An id names a folder and a cgroup. */
static wcl_status check_id(const char *id, wcl_error *error)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(id);

    if (length >= 1 && length <= 128 && strchr(first, id[0]) && strspn(id, rest) == length)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_NAME,
                    "a container's id is 1 to 128 characters of A-Z a-z 0-9 . _ - and begins with "
                    "a letter or digit");
}

wcl_provider_system *wcl_oci_system_new(const wcl_container_options *options, const char *id,
                                        wcl_notify notify, wcl_error *error)
{
    if (check_id(id, error) != WCL_OK)
        return NULL;
    wcl_provider_system *system = calloc(1, sizeof(*system));
    if (!system || pthread_mutex_init(&system->mutex, NULL) != 0) {
        free(system);
        wcl_fail_memory(error);
        return NULL;
    }
    system->subscription = -1;
    system->users = 1;
    system->notify = notify;
    system->id = strdup(id);
    if (!system->id)
        wcl_fail_memory(error);
    if (!system->id || wcl_container_folder_init(&system->place, options, id, error) != WCL_OK) {
        wcl_oci_system_free(system);
        return NULL;
    }
    return system;
}

void wcl_oci_system_keep(wcl_provider_system *system)
{
    pthread_mutex_lock(&system->mutex);
    system->users++;
    pthread_mutex_unlock(&system->mutex);
}

/* Ends the subscription. When this is the last one of a container that has stopped, its end is that
 * of the cleaning up. */
static void unsubscribe(wcl_provider_system *system)
{
    const wcl_supervisor_request request = { .type = WCL_REQUEST_CLOSE };
    struct pollfd poller = { .fd = system->subscription, .events = POLLRDHUP };

    wcl_supervisor_send(system->subscription, &request, -1, NULL);
    poll(&poller, 1, CLOSE_WAIT_MS);
    shutdown(system->subscription, SHUT_RDWR);
    pthread_join(system->listener, NULL);
}

void wcl_oci_system_drop(wcl_provider_system *system)
{
    pthread_mutex_lock(&system->mutex);
    bool last = --system->users == 0;
    if (last)
        system->closing = true;
    pthread_mutex_unlock(&system->mutex);
    if (!last)
        return;
    if (system->listening)
        unsubscribe(system);
    wcl_oci_system_free(system);
}

wcl_status wcl_oci_close(wcl_provider_system *system, wcl_error *error)
{
    (void)error;
    pthread_mutex_lock(&system->mutex);
    system->notify.call = NULL;
    pthread_mutex_unlock(&system->mutex);
    wcl_oci_system_drop(system);
    return WCL_OK;
}
