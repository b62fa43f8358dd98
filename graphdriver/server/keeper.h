/* Looks after the mounts that a plugin left that was killed, until none is doubtful any more. */
#ifndef WCL_GRAPHDRIVER_KEEPER_H
#define WCL_GRAPHDRIVER_KEEPER_H

#include "graphdriver/server/session.h"

typedef struct wcl_keeper {
    wcl_sessions *sessions;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_started;
    bool stop;
} wcl_keeper;

/* Adopts what the current session's driver finds mounted, if there is one, and starts a thread. */
wcl_status wcl_keeper_start(wcl_keeper *keeper, wcl_sessions *sessions, wcl_error *error);
/* Also right where it was not started. */
void wcl_keeper_stop(wcl_keeper *keeper);

#endif
