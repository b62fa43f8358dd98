/* The guard of a handle that many threads use. */
#include "container/handle.h"

#include "base/error.h"

wcl_status wcl_handle_init(wcl_handle *handle, wcl_error *error)
{
    handle->users = 0;
    handle->closed = false;
    if (pthread_mutex_init(&handle->mutex, NULL) != 0)
        return wcl_fail_memory(error);
    if (pthread_cond_init(&handle->idle, NULL) == 0)
        return WCL_OK;
    pthread_mutex_destroy(&handle->mutex);
    return wcl_fail_memory(error);
}

void wcl_handle_destroy(wcl_handle *handle)
{
    pthread_cond_destroy(&handle->idle);
    pthread_mutex_destroy(&handle->mutex);
}

wcl_status wcl_handle_enter(wcl_handle *handle, wcl_error *error)
{
    pthread_mutex_lock(&handle->mutex);
    bool closed = handle->closed;
    if (!closed)
        handle->users++;
    pthread_mutex_unlock(&handle->mutex);
    return closed ? wcl_fail(error, WCL_CODE_ALREADY_CLOSED, "the handle has already been closed")
                  : WCL_OK;
}

void wcl_handle_leave(wcl_handle *handle)
{
    pthread_mutex_lock(&handle->mutex);
    if (--handle->users == 0)
        pthread_cond_broadcast(&handle->idle);
    pthread_mutex_unlock(&handle->mutex);
}

bool wcl_handle_close(wcl_handle *handle)
{
    pthread_mutex_lock(&handle->mutex);
    bool first = !handle->closed;
    handle->closed = true;
    pthread_mutex_unlock(&handle->mutex);
    return first;
}

void wcl_handle_wait_idle(wcl_handle *handle)
{
    pthread_mutex_lock(&handle->mutex);
    while (handle->users > 0)
        pthread_cond_wait(&handle->idle, &handle->mutex);
    pthread_mutex_unlock(&handle->mutex);
}
