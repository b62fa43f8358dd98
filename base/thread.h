/* Threads of the library's own: how many, and starting one that leaves signals to the program. */
#ifndef WCL_BASE_THREAD_H
#define WCL_BASE_THREAD_H

#include <pthread.h>
#include <wcl/base.h>

/* The processors that this process may use, at least 1 and at most `most`. */
unsigned wcl_thread_count(unsigned most);

wcl_status wcl_thread_start(pthread_t *thread, void *(*run)(void *), void *context,
                            wcl_error *error);

#endif
