/* Compute systems of the portable provider: creation, opening, and what is heard of them. */
#include "container/oci/system.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "container/oci/prepare.h"
#include "container/oci/teardown.h"

/* How long a close waits for the container to be cleaned up after. */
#define CLOSE_WAIT_MS 60000

/* ---- Listening ------------------------------------------------------------------------------ */

static void notify_system(wcl_provider_system *system, uint32_t type, uint32_t code,
                          const char *text)
{
    if (system->notify.call)
        system->notify.call(system->notify.context, type, code, text);
}

static void process_event(wcl_provider_system *system, const wcl_reply *event)
{
    for (wcl_provider_process *process = system->processes; process; process = process->next)
        if (process->serial == event->serial)
            wcl_oci_process_exited(process, event);
}

static void system_event(wcl_provider_system *system, const wcl_reply *event)
{
    wcl_error failure = WCL_ERROR_INIT;

    if (event->code)
        wcl_supervisor_fail(event, &failure);
    notify_system(system, event->event, failure.code, event->code ? failure.message : NULL);
}

static void handle_event(wcl_provider_system *system, const wcl_reply *event)
{
    if (event->event == WCL_EVENT_MISSED) {
        wcl_oci_processes_ask_anew(system);
        return;
    }
    pthread_mutex_lock(&system->mutex);
    if (event->event == WCL_NOTIFY_PROCESS_EXITED)
        process_event(system, event);
    else if (event->event != 0)
        system_event(system, event);
    pthread_mutex_unlock(&system->mutex);
}

/* The connection ended: for good when the handle is being closed, else the supervisor is lost. */
static void handle_end(wcl_provider_system *system)
{
    pthread_mutex_lock(&system->mutex);
    if (!system->closing) {
        system->lost = true;
        notify_system(system, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
        for (wcl_provider_process *process = system->processes; process; process = process->next)
            process->notify.call(process->notify.context, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    }
    pthread_mutex_unlock(&system->mutex);
}

static void *listen_to(void *context)
{
    wcl_provider_system *system = context;
    wcl_reply event;
    int fds[3];

    while (wcl_supervisor_receive(system->subscription, &event, fds, NULL) == WCL_OK)
        handle_event(system, &event);
    handle_end(system);
    return NULL;
}

/* Starts the thread, which takes none of the program's signals. */
static wcl_status start_listener(wcl_provider_system *system, wcl_error *error)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&system->listener, NULL, listen_to, system);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return wcl_fail_errno(error, failed, "no thread to listen to the container's supervisor");
    system->listening = true;
    return WCL_OK;
}

/* ---- Handles -------------------------------------------------------------------------------- */

static void system_free(wcl_provider_system *system)
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

static wcl_provider_system *system_new(const wcl_container_options *options, const char *id,
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
        system_free(system);
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
    system_free(system);
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

/* ---- Creating and opening ------------------------------------------------------------------- */

/* Makes the container's folder with all that its supervisor needs, and starts that. */
static wcl_status launch(wcl_provider_system *system, const char *config, wcl_error *error)
{
    int folder;

    if (wcl_container_folder_create(&system->place, &folder, error) != WCL_OK)
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
    wcl_provider_system *made = system_new(options, id, notify, error);

    if (!made)
        return WCL_FAILED;
    if (launch(made, config, error) != WCL_OK || start_listener(made, error) != WCL_OK) {
        system_free(made);
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
        notify_system(system, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
    return start_listener(system, error);
}

wcl_status wcl_oci_open(const wcl_container_options *options, const char *id, wcl_notify notify,
                        wcl_provider_system **system, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;
    wcl_provider_system *made = system_new(options, id, notify, error);

    if (!made)
        return WCL_FAILED;
    if (subscribe(made, &own) != WCL_OK) {
        if (made->subscription >= 0)
            close(made->subscription);
        made->subscription = -1;
        if (own.code != WCL_CODE_UNEXPECTED_PROCESS_ABORT) {
            system_free(made);
            if (error)
                *error = own;
            return WCL_FAILED;
        }
        /* One that lost its supervisor can be opened, to be terminated. */
        made->lost = true;
        notify_system(made, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
    }
    *system = made;
    return WCL_OK;
}

/* ---- Requests ------------------------------------------------------------------------------- */

wcl_status wcl_oci_request(wcl_provider_system *system, const wcl_supervisor_request *request,
                           wcl_reply *reply, wcl_error *error)
{
    return wcl_supervisor_call(&system->place, request, -1, reply, NULL, error);
}

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
    int folder;
    wcl_status status = WCL_FAILED;
    wcl_container_folder_state state = wcl_container_folder_examine(&system->place, &folder);

    if (state != WCL_CONTAINER_FOLDER_LOST || !wcl_container_folder_lock(folder))
        wcl_fail(error, WCL_CODE_HCS_ALREADY_STOPPED, "the container was terminated already");
    else
        status = wcl_container_teardown_lost(system->place.path, error);
    if (folder >= 0)
        close(folder);
    if (status != WCL_OK)
        return WCL_FAILED;
    pthread_mutex_lock(&system->mutex);
    notify_system(system, WCL_NOTIFY_SYSTEM_EXITED, 0, NULL);
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
