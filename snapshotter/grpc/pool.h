/* Threads that work off jobs: started as they are wanted, up to a number. */
#ifndef WCL_GRPC_POOL_H
#define WCL_GRPC_POOL_H

#include <pthread.h>
#include <wcl/base.h>

typedef struct wcl_grpc_job {
    struct wcl_grpc_job *next;
    void (*run)(struct wcl_grpc_job *job);
} wcl_grpc_job;

typedef struct wcl_grpc_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    wcl_grpc_job *first, **last;
    pthread_t *threads;
    unsigned most, count, idle, queued;
    bool is_stopping;
} wcl_grpc_pool;

wcl_status wcl_grpc_pool_init(wcl_grpc_pool *pool, unsigned most, wcl_error *error);
/* Fails where there is not a single thread to do it. */
wcl_status wcl_grpc_pool_add(wcl_grpc_pool *pool, wcl_grpc_job *job, wcl_error *error);
/* Waits for all jobs that were added. Also right where wcl_grpc_pool_init() failed or was not
 * called and the pool is zeros. */
void wcl_grpc_pool_destroy(wcl_grpc_pool *pool);

#endif
