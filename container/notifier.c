/* Waiting for notifications. */
#include "container/notifier.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

wcl_status wcl_notifier_init(wcl_notifier *notifier, wcl_error *error)
{
    pthread_condattr_t attributes;

    memset(notifier, 0, sizeof(*notifier));
    notifier->waitable = WCL_WAITABLE_NONE;
    if (pthread_condattr_init(&attributes) != 0)
        return wcl_fail_memory(error);
    bool monotonic = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0;
    notifier->clock = monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    int failed = pthread_cond_init(&notifier->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed)
        return wcl_fail_memory(error);
    if (pthread_mutex_init(&notifier->mutex, NULL) == 0)
        return WCL_OK;
    pthread_cond_destroy(&notifier->changed);
    return wcl_fail_memory(error);
}

void wcl_notifier_destroy(wcl_notifier *notifier)
{
    wcl_waitable_free(notifier->waitable);
    pthread_cond_destroy(&notifier->changed);
    pthread_mutex_destroy(&notifier->mutex);
}

/* Where a type is kept, or WCL_NOTIFIER_KINDS. */
static size_t kind_of(uint32_t type)
{
    if (type == WCL_NOTIFY_PROCESS_EXITED)
        return 0;
    return type >= WCL_NOTIFY_SYSTEM_EXITED && type <= WCL_NOTIFY_RESUME_COMPLETED
               ? (size_t)type
               : WCL_NOTIFIER_KINDS;
}

/* Whether the wait is over, and then its result. */
static bool has_ended(const wcl_notifier *notifier, size_t kind, unsigned seen, wcl_status *status,
                      wcl_error *error)
{
    if (notifier->kinds[kind].count > seen) {
        const char *text = notifier->kinds[kind].text;
        uint32_t code = notifier->kinds[kind].code;
        *status =
            code ? wcl_fail(error, code, "%s", *text ? text : "the operation failed") : WCL_OK;
        return true;
    }
    if (notifier->closed)
        *status =
            wcl_fail(error, WCL_CODE_HANDLE_CLOSE, "the handle that was waited on has been closed");
    else if (notifier->exited)
        *status = wcl_fail(error, WCL_CODE_UNEXPECTED_CONTAINER_EXIT, "unexpected container exit");
    else if (notifier->disconnected)
        *status = wcl_fail(error, WCL_CODE_UNEXPECTED_PROCESS_ABORT,
                           "lost communication with the compute service");
    else
        return false;
    return true;
}

/* Tells all who wait, the mutex being held. */
static void tell(wcl_notifier *notifier)
{
    wcl_status status;

    if (notifier->waitable != WCL_WAITABLE_NONE &&
        has_ended(notifier, kind_of(notifier->waitable_type), 0, &status, NULL))
        wcl_waitable_set(notifier->waitable);
    pthread_cond_broadcast(&notifier->changed);
}

void wcl_notifier_receive(void *context, uint32_t type, uint32_t code, const char *data)
{
    wcl_notifier *notifier = context;
    size_t kind = kind_of(type);

    pthread_mutex_lock(&notifier->mutex);
    if (type == WCL_NOTIFY_SERVICE_DISCONNECT)
        notifier->disconnected = true;
    if (type == WCL_NOTIFY_SYSTEM_EXITED)
        notifier->exited = true;
    if (kind < WCL_NOTIFIER_KINDS) {
        notifier->kinds[kind].count++;
        notifier->kinds[kind].code = code;
        snprintf(notifier->kinds[kind].text, sizeof(notifier->kinds[kind].text), "%s",
                 data ? data : "");
    }
    tell(notifier);
    pthread_mutex_unlock(&notifier->mutex);
}

wcl_status wcl_notifier_waitable(wcl_notifier *notifier, uint32_t type, wcl_waitable *waitable,
                                 wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&notifier->mutex);
    if (notifier->waitable == WCL_WAITABLE_NONE) {
        status = wcl_waitable_new(&notifier->waitable, error);
        notifier->waitable_type = type;
        tell(notifier);
    }
    *waitable = notifier->waitable;
    pthread_mutex_unlock(&notifier->mutex);
    return status;
}

unsigned wcl_notifier_count(wcl_notifier *notifier, uint32_t type)
{
    size_t kind = kind_of(type);
    unsigned count = 0;

    pthread_mutex_lock(&notifier->mutex);
    if (kind < WCL_NOTIFIER_KINDS)
        count = notifier->kinds[kind].count;
    pthread_mutex_unlock(&notifier->mutex);
    return count;
}

static struct timespec deadline_of(const wcl_notifier *notifier, uint32_t milliseconds)
{
    struct timespec deadline;

    clock_gettime(notifier->clock, &deadline);
    deadline.tv_sec += milliseconds / 1000;
    deadline.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    return deadline;
}

wcl_status wcl_notifier_wait(wcl_notifier *notifier, uint32_t type, unsigned seen,
                             uint32_t milliseconds, wcl_error *error)
{
    size_t kind = kind_of(type);
    struct timespec deadline = deadline_of(notifier, milliseconds);
    wcl_status status = WCL_OK;
    int failed = 0;

    if (kind == WCL_NOTIFIER_KINDS)
        return wcl_fail(error, WCL_CODE_INVALID_NOTIFICATION_TYPE,
                        "there is no notification of type 0x%X", type);
    pthread_mutex_lock(&notifier->mutex);
    while (!has_ended(notifier, kind, seen, &status, error)) {
        if (failed == ETIMEDOUT) {
            status =
                wcl_fail(error, WCL_CODE_TIMEOUT, "it did not finish within %u ms", milliseconds);
            break;
        }
        failed = milliseconds == WCL_TIMEOUT_INFINITE
                     ? pthread_cond_wait(&notifier->changed, &notifier->mutex)
                     : pthread_cond_timedwait(&notifier->changed, &notifier->mutex, &deadline);
    }
    pthread_mutex_unlock(&notifier->mutex);
    return status;
}

void wcl_notifier_close(wcl_notifier *notifier)
{
    pthread_mutex_lock(&notifier->mutex);
    notifier->closed = true;
    tell(notifier);
    pthread_mutex_unlock(&notifier->mutex);
}
