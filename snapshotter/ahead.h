/*
 * Chains that are made ahead: when an unpack is done, so that the first container does not wait.
 * One at a time, the newest that was asked for, by a thread of its own.
 */
#ifndef WCL_SNAPSHOTTER_AHEAD_H
#define WCL_SNAPSHOTTER_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <wcl/layer.h>

#define WCL_AHEAD_LAYER_SIZE 160

typedef struct wcl_ahead {
    const wcl_driver *layers;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_started;
    bool stop;
    atomic_bool is_given_up; /* the one that is being made */
    char wanted[WCL_AHEAD_LAYER_SIZE];
    char current[WCL_AHEAD_LAYER_SIZE];
} wcl_ahead;

void wcl_ahead_init(wcl_ahead *ahead, const wcl_driver *layers);
wcl_status wcl_ahead_start(wcl_ahead *ahead, wcl_error *error);
/* Gives up what it is at. */
void wcl_ahead_destroy(wcl_ahead *ahead);

/* Makes the chain of a layer soon; what fails is left to whoever needs it. */
void wcl_ahead_want(wcl_ahead *ahead, const char *layer);
/* Before it is mounted: it is not made twice at once. */
void wcl_ahead_wait(wcl_ahead *ahead, const char *layer);
/* Before it is removed. */
void wcl_ahead_give_up(wcl_ahead *ahead, const char *layer);

#endif
