/*
 * The guard of a handle that many threads use: calls that are under way are counted, so that a
 * close lets them end first, and none begins after it.
 */
#ifndef WCL_CONTAINER_HANDLE_H
#define WCL_CONTAINER_HANDLE_H

#include <pthread.h>
#include <wcl/base.h>

typedef struct wcl_handle {
    pthread_mutex_t mutex;
    pthread_cond_t idle;
    unsigned users;
    bool closed;
} wcl_handle;

wcl_status wcl_handle_init(wcl_handle *handle, wcl_error *error);
void wcl_handle_destroy(wcl_handle *handle);

/* Begins a call; fails with WCL_CODE_ALREADY_CLOSED. */
wcl_status wcl_handle_enter(wcl_handle *handle, wcl_error *error);
void wcl_handle_leave(wcl_handle *handle);

/* Closes it to new calls; false when it was closed before. */
bool wcl_handle_close(wcl_handle *handle);
/* Waits until no call is under way. */
void wcl_handle_wait_idle(wcl_handle *handle);

#endif
