/* Notifications of vmcompute.dll. */
#include "container/vmcompute/callback.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/windows/wide.h"
#include "platform/windows/win32_error.h"

typedef wcl_status (*register_fn)(void *object, wcl_hcs_notify notify, void *context,
                                  wcl_hcs_callback *callback, wcl_error *error);
typedef wcl_status (*unregister_fn)(wcl_hcs_callback callback, wcl_error *error);

struct wcl_vm_callback {
    pthread_mutex_t mutex;
    wcl_notify notify; /* call is NULL when the handle was closed */
    wcl_hcs_callback handle;
    unregister_fn unregister;
};

static const char *name_of(uint32_t type)
{
    switch (type) {
    case WCL_HCS_SYSTEM_EXITED:
        return "the container's exit";
    case WCL_HCS_SYSTEM_CREATE_COMPLETED:
        return "the creation";
    case WCL_HCS_SYSTEM_START_COMPLETED:
        return "the start";
    case WCL_HCS_SYSTEM_PAUSE_COMPLETED:
        return "the pause";
    case WCL_HCS_SYSTEM_RESUME_COMPLETED:
        return "the resumption";
    default:
        return "the operation";
    }
}

/* Called by the DLL. */
static void receive(uint32_t type, void *context, int32_t status, const wchar_t *data)
{
    wcl_vm_callback *callback = context;
    WCL_CLEANUP_FREE char *text = data && *data ? wcl_text_of_wide(data, NULL) : NULL;
    WCL_CLEANUP_BUFFER wcl_buffer message = WCL_BUFFER_INIT;
    wcl_error failure = WCL_ERROR_INIT;

    if (wcl_check_hresult(status, name_of(type), &failure) != WCL_OK)
        wcl_buffer_printf(&message, NULL, "%s%s%s", failure.message, text ? ": " : "",
                          text ? text : "");
    pthread_mutex_lock(&callback->mutex);
    if (callback->notify.call)
        callback->notify.call(callback->notify.context, type, failure.code,
                              failure.code ? wcl_buffer_text(&message) : text);
    pthread_mutex_unlock(&callback->mutex);
}

static wcl_status callback_start(void *object, register_fn registration,
                                 unregister_fn unregistration, wcl_notify notify,
                                 wcl_vm_callback **callback, wcl_error *error)
{
    wcl_vm_callback *made = calloc(1, sizeof(*made));

    if (!made || pthread_mutex_init(&made->mutex, NULL) != 0) {
        free(made);
        return wcl_fail_memory(error);
    }
    made->notify = notify;
    made->unregister = unregistration;
    if (registration(object, receive, made, &made->handle, error) != WCL_OK) {
        pthread_mutex_destroy(&made->mutex);
        free(made);
        return WCL_FAILED;
    }
    *callback = made;
    return WCL_OK;
}

wcl_status wcl_vm_callback_of_system(wcl_hcs_system system, wcl_notify notify,
                                     wcl_vm_callback **callback, wcl_error *error)
{
    return callback_start(system, wcl_hcs_register_system_callback,
                          wcl_hcs_unregister_system_callback, notify, callback, error);
}

wcl_status wcl_vm_callback_of_process(wcl_hcs_process process, wcl_notify notify,
                                      wcl_vm_callback **callback, wcl_error *error)
{
    return callback_start(process, wcl_hcs_register_process_callback,
                          wcl_hcs_unregister_process_callback, notify, callback, error);
}

wcl_status wcl_vm_callback_end(wcl_vm_callback *callback, wcl_error *error)
{
    if (!callback)
        return WCL_OK;
    pthread_mutex_lock(&callback->mutex);
    callback->notify.call = NULL;
    pthread_mutex_unlock(&callback->mutex);
    /* The DLL waits here for the calls that are running, which may need the mutex. */
    if (callback->unregister(callback->handle, error) != WCL_OK)
        return WCL_FAILED; /* it may still be called, so its memory has to stay */
    pthread_mutex_destroy(&callback->mutex);
    free(callback);
    return WCL_OK;
}
