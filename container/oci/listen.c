/* What is heard of a compute system and its processes. */
#include <pthread.h>
#include <signal.h>

#include "base/error.h"
#include "container/oci/system.h"

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
    wcl_oci_system_notify(system, event->event, failure.code, event->code ? failure.message : NULL);
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
        wcl_oci_system_notify(system, WCL_NOTIFY_SERVICE_DISCONNECT, 0, NULL);
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
wcl_status wcl_oci_system_listen(wcl_provider_system *system, wcl_error *error)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&system->listener, NULL, listen_to, system);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return wcl_fail_errno(error, failed,
                              "cannot start a thread to listen to the container's supervisor");
    system->listening = true;
    return WCL_OK;
}
