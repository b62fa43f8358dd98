/*
 * A crew: the layers of one image on their way, each on a thread of its own, a few at a time. The
 * thread that asked for it reports how far they are, and hands on what they have to say.
 */
#ifndef WCL_IMAGE_CREW_H
#define WCL_IMAGE_CREW_H

#include <pthread.h>

#include "image/peer.h"

typedef struct wcl_crew wcl_crew;

/* One layer, or another blob. */
typedef struct wcl_job {
    wcl_crew *crew;
    size_t number;
    const char *digest;
    uint64_t total;
    _Atomic uint64_t done;
    _Atomic wcl_transfer_state state;
    /* The crew's own. */
    pthread_t thread;
    bool is_started;
    bool is_resting;
    bool is_finished;
    bool is_placed;
} wcl_job;

struct wcl_crew {
    const wcl_driver *driver; /* the caller's */
    const wcl_transfer_options *options;
    const char *operation;
    unsigned parallel;          /* what the peer takes at a time; 0: any number */
    const wcl_stop **peer_stop; /* leads to `stop` while the crew works */
    size_t count;
    const wcl_descriptor *(*blob)(const void *context, size_t number);
    wcl_status (*run)(void *context, wcl_job *job, wcl_error *error);
    void *context;
    /* The crew's own. */
    wcl_job *jobs;
    wcl_stop stop;
    wcl_driver layers_driver; /* for what jobs do with layers: ends when the crew does */
    wcl_hooks hooks;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    wcl_status status;
    wcl_error error; /* the first one */
    wcl_buffer log;  /* lines, each with its level in front */
};

/* Runs a job for each blob, in order, and waits for them. Fails as the first one to fail does. */
wcl_status wcl_crew_run(wcl_crew *crew, wcl_error *error);

/*
 * For a job: says that its own work is done but for the end, so that another may start, and waits
 * until job `number - 1` is placed. Fails when the crew is to end.
 */
wcl_status wcl_job_await_turn(wcl_job *job, wcl_error *error);
/* Says that the job is placed. */
void wcl_job_place(wcl_job *job);

/* Fails with WCL_CODE_CANCELLED when the crew is to end. */
wcl_status wcl_job_check(const wcl_job *job, wcl_error *error);

#endif
