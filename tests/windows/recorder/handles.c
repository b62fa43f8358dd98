/* The recorder's handles of compute systems and processes, and the callbacks that are registered
 * with them. */
#include "handles.h"

#include <stdlib.h>

typedef struct callback {
    void *handle;
    notify_function notify;
    void *context;
    unsigned running; /* calls of it that have not returned */
    struct callback *next;
} callback;

typedef struct notification {
    callback *callback;
    uint32_t type;
    int32_t status;
} notification;

static hcs_handle *handles;
static callback *callbacks;
static unsigned last_number;
static CONDITION_VARIABLE returned = CONDITION_VARIABLE_INIT;

hcs_handle *hcs_open(void)
{
    hcs_handle *handle = must_alloc(1, sizeof(*handle));

    recorder_lock();
    handle->number = ++last_number;
    handle->next = handles;
    handles = handle;
    recorder_unlock();
    handle_opened();
    return handle;
}

void hcs_close(void *closed)
{
    recorder_lock();
    hcs_handle **at = &handles;
    while (*at && *at != closed)
        at = &(*at)->next;
    hcs_handle *handle = *at;
    if (!handle)
        abort(); /* closed twice, or never opened */
    *at = handle->next;
    recorder_unlock();
    free(handle);
    handle_closed();
}

uint64_t hcs_number(const void *handle)
{
    return handle ? ((const hcs_handle *)handle)->number : 0;
}

void *systems_last(void)
{
    recorder_lock();
    void *last = handles;
    recorder_unlock();
    return last;
}

void *hcs_register(void *handle, notify_function notify, void *context)
{
    callback *added = must_alloc(1, sizeof(*added));

    added->handle = handle;
    added->notify = notify;
    added->context = context;
    recorder_lock();
    added->next = callbacks;
    callbacks = added;
    recorder_unlock();
    handle_opened();
    return added;
}

void hcs_unregister(void *unregistered)
{
    recorder_lock();
    callback **at = &callbacks;
    while (*at && *at != unregistered)
        at = &(*at)->next;
    callback *removed = *at;
    if (!removed)
        abort();
    *at = removed->next;
    /* Like the real one, this returns when no call of the callback is running any more. */
    while (removed->running)
        recorder_wait(&returned);
    recorder_unlock();
    free(removed);
    handle_closed();
}

static DWORD WINAPI deliver(void *parameter)
{
    notification *given = parameter;

    given->callback->notify(given->type, given->callback->context, given->status, NULL);
    recorder_lock();
    given->callback->running--;
    recorder_unlock();
    WakeAllConditionVariable(&returned);
    free(given);
    return 0;
}

void systems_notify(void *handle, uint32_t type, int32_t status)
{
    recorder_lock();
    for (callback *at = callbacks; at; at = at->next) {
        if (at->handle != handle)
            continue;
        notification *given = must_alloc(1, sizeof(*given));
        *given = (notification) { at, type, status };
        at->running++;
        HANDLE thread = CreateThread(NULL, 0, deliver, given, 0, NULL);
        if (!thread)
            abort();
        CloseHandle(thread);
    }
    recorder_unlock();
}

void systems_reset(void)
{
    recorder_lock();
    last_number = 0;
    recorder_unlock();
}
