/* The recorder's handles of compute systems and processes, and the callbacks that are registered
 * with them. */
#include "handles.h"

#include <stdlib.h>
#include <string.h>

typedef struct notification {
    uint32_t type;
    int32_t status;
    wchar_t *data;
    struct notification *next;
} notification;

/* Stays after it was closed, so that its address is not used again and later uses are noticed. */
typedef struct hcs_handle {
    bool open;
    unsigned number;
    notification *kept; /* came while there was no callback */
    struct hcs_handle *next;
} hcs_handle;

typedef struct callback {
    bool open;
    unsigned number; /* the handle's */
    void *handle;
    notify_function notify;
    void *context;
    unsigned running; /* calls of it that have not returned */
    struct callback *next;
} callback;

typedef struct follower {
    char function[64];
    uint32_t milliseconds;
    hcs_handle *handle;
    notification *what;
    struct follower *next;
} follower;

static hcs_handle *handles;
static callback *callbacks;
static follower *followers;
static unsigned last_number;
static unsigned following; /* threads that have something to tell */
static size_t misuses;
static CONDITION_VARIABLE returned = CONDITION_VARIABLE_INIT;

/* ---- Handles -----------------------------------------------------------------------------------
 */

/* The open handle, or NULL and a misuse. The lock is held. */
static hcs_handle *find_open(const void *wanted)
{
    for (hcs_handle *at = handles; at; at = at->next)
        if (at == wanted && at->open)
            return at;
    misuses++;
    return NULL;
}

void *hcs_open(void)
{
    hcs_handle *handle = must_alloc(1, sizeof(*handle));

    recorder_lock();
    handle->open = true;
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
    hcs_handle *handle = find_open(closed);
    if (handle)
        handle->open = false;
    recorder_unlock();
    if (handle)
        handle_closed();
}

uint64_t hcs_number(const void *handle)
{
    recorder_lock();
    hcs_handle *found = find_open(handle);
    uint64_t number = found ? found->number : 0;
    recorder_unlock();
    return number;
}

void *systems_last(void)
{
    recorder_lock();
    hcs_handle *last = handles;
    while (last && !last->open)
        last = last->next;
    recorder_unlock();
    return last;
}

/* ---- Telling -----------------------------------------------------------------------------------
 */

static notification *notification_new(uint32_t type, int32_t status, const wchar_t *data)
{
    notification *made = must_alloc(1, sizeof(*made));

    made->type = type;
    made->status = status;
    made->data = data ? wcsdup(data) : NULL;
    return made;
}

/* The text is spoilt first, for whoever kept it. */
static void notification_free(notification *what)
{
    if (what->data)
        memset(what->data, 0xEE, wcslen(what->data) * sizeof(*what->data));
    free(what->data);
    free(what);
}

/* Calls a callback, without the lock, which is held before and after. */
static void tell(callback *told, const notification *what)
{
    told->running++;
    recorder_unlock();
    told->notify(what->type, told->context, what->status, what->data);
    recorder_lock();
    told->running--;
    WakeAllConditionVariable(&returned);
}

static bool has_callback(const hcs_handle *handle)
{
    for (const callback *at = callbacks; at; at = at->next)
        if (at->open && at->handle == handle)
            return true;
    return false;
}

static void keep(hcs_handle *handle, notification *what)
{
    notification **at = &handle->kept;

    while (*at)
        at = &(*at)->next;
    *at = what;
}

/* Calls the callbacks of a handle. The lock is held, but while they are called. */
static void tell_all(const hcs_handle *handle, const notification *what)
{
    for (callback *at = callbacks; at; at = at->next)
        if (at->open && at->handle == handle)
            tell(at, what);
}

void systems_tell(void *handle, uint32_t type, int32_t status, const wchar_t *data)
{
    notification *what = notification_new(type, status, data);

    recorder_lock();
    tell_all(handle, what);
    recorder_unlock();
    notification_free(what);
}

static DWORD WINAPI deliver(void *parameter)
{
    follower *given = parameter;

    if (given->milliseconds)
        Sleep(given->milliseconds);
    recorder_lock();
    if (given->handle->open && !has_callback(given->handle)) {
        keep(given->handle, given->what);
    } else {
        tell_all(given->handle, given->what);
        notification_free(given->what);
    }
    following--;
    WakeAllConditionVariable(&returned);
    recorder_unlock();
    free(given);
    return 0;
}

/* Tells it from a thread of its own. The lock is held. */
static void start(follower *given)
{
    following++;
    HANDLE thread = CreateThread(NULL, 0, deliver, given, 0, NULL);
    if (!thread)
        abort();
    CloseHandle(thread);
}

void systems_notify(void *handle, uint32_t type, int32_t status, const wchar_t *data)
{
    follower *given = must_alloc(1, sizeof(*given));

    given->what = notification_new(type, status, data);
    recorder_lock();
    given->handle = find_open(handle);
    if (!given->handle)
        abort();
    start(given);
    recorder_unlock();
}

void systems_follow(const char *function, uint32_t type, int32_t status, const wchar_t *data,
                    uint32_t milliseconds)
{
    follower *added = must_alloc(1, sizeof(*added));

    strncpy(added->function, function, sizeof(added->function) - 1);
    added->what = notification_new(type, status, data);
    added->milliseconds = milliseconds;
    recorder_lock();
    follower **at = &followers;
    while (*at)
        at = &(*at)->next;
    *at = added;
    recorder_unlock();
}

void hcs_follow(const char *function, void *handle)
{
    recorder_lock();
    for (follower **at = &followers; *at; at = &(*at)->next) {
        follower *taken = *at;
        if (strcmp(taken->function, function) != 0)
            continue;
        *at = taken->next;
        taken->handle = handle;
        start(taken);
        break;
    }
    recorder_unlock();
}

/* ---- Callbacks ---------------------------------------------------------------------------------
 */

void *hcs_register(void *handle, notify_function notify, void *context)
{
    callback *added = must_alloc(1, sizeof(*added));

    added->open = true;
    added->handle = handle;
    added->notify = notify;
    added->context = context;
    recorder_lock();
    added->next = callbacks;
    callbacks = added;
    hcs_handle *owner = find_open(handle);
    added->number = owner ? owner->number : 0;
    while (owner && owner->kept) {
        notification *what = owner->kept;
        owner->kept = what->next;
        tell(added, what);
        notification_free(what);
    }
    recorder_unlock();
    handle_opened();
    return added;
}

static callback *find_registered(const void *wanted)
{
    for (callback *at = callbacks; at; at = at->next)
        if (at == wanted && at->open)
            return at;
    misuses++;
    return NULL;
}

uint64_t hcs_number_of_callback(const void *registered)
{
    recorder_lock();
    callback *found = find_registered(registered);
    uint64_t number = found ? found->number : 0;
    recorder_unlock();
    return number;
}

void hcs_unregister(void *unregistered)
{
    recorder_lock();
    callback *found = find_registered(unregistered);
    if (found) {
        found->open = false;
        /* Like the real one, this returns when no call of the callback is running any more. */
        while (found->running)
            recorder_wait(&returned);
        handle_closed();
    }
    recorder_unlock();
}

/* ---- Control -----------------------------------------------------------------------------------
 */

void systems_settle(void)
{
    recorder_lock();
    while (following)
        recorder_wait(&returned);
    recorder_unlock();
}

size_t systems_misuses(void)
{
    recorder_lock();
    size_t count = misuses;
    recorder_unlock();
    return count;
}

/* Frees what was closed and is in nobody's use any more. */
static void forget_closed(void)
{
    for (hcs_handle **at = &handles; *at;) {
        hcs_handle *handle = *at;
        if (handle->open) {
            at = &handle->next;
        } else {
            *at = handle->next;
            free(handle);
        }
    }
    for (callback **at = &callbacks; *at;) {
        callback *called = *at;
        if (called->open || called->running) {
            at = &called->next;
        } else {
            *at = called->next;
            free(called);
        }
    }
}

void systems_reset(void)
{
    systems_settle();
    recorder_lock();
    forget_closed();
    while (followers) {
        follower *next = followers->next;
        notification_free(followers->what);
        free(followers);
        followers = next;
    }
    last_number = 0;
    misuses = 0;
    recorder_unlock();
}
