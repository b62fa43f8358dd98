/* Threads of the library's own. */
#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

static long processors(void)
{
#ifdef _WIN32
    return pthread_num_processors_np();
#else
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
#endif
}

unsigned wcl_thread_count(unsigned most)
{
    long count = processors();
    if (count < 1)
        return 1;
    return (unsigned long)count > most ? most : (unsigned)count;
}

wcl_status wcl_thread_start(pthread_t *thread, void *(*run)(void *), void *context,
                            wcl_error *error)
{
#ifndef _WIN32
    /* A program's signal handler must run on a thread of the program's. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
    int failure = pthread_create(thread, NULL, run, context);
#ifndef _WIN32
    pthread_sigmask(SIG_SETMASK, &before, NULL);
#endif
    if (failure)
        return wcl_fail_errno(error, failure, "cannot start a thread");
    return WCL_OK;
}
