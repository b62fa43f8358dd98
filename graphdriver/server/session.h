/* What dockerd asked for by Init: the driver that calls go to, for as long as they need it. */
#ifndef WCL_GRAPHDRIVER_SESSION_H
#define WCL_GRAPHDRIVER_SESSION_H

#include <pthread.h>
#include <wcl/graphdriver.h>

#include "base/json_fields.h"

typedef struct wcl_session {
    wcl_graphdriver *driver;
    char *request;  /* Init's, as text */
    unsigned users; /* calls, and being the current one */
} wcl_session;

typedef struct wcl_sessions {
    pthread_mutex_t mutex;
    wcl_session *current; /* NULL before the first Init */
    char *state_file;
    const char *provider;
    const wcl_hooks *hooks;
} wcl_sessions;

/* Goes on with what was asked of an earlier server, if that is remembered. */
wcl_status wcl_sessions_open(wcl_sessions *sessions, const char *state_dir, wcl_error *error);
void wcl_sessions_close(wcl_sessions *sessions);

/* Init: opens a driver unless the current one is the same, and cleans up. */
wcl_status wcl_sessions_init(wcl_sessions *sessions, const cJSON *request, wcl_error *error);

/* The current session; fails before the first Init. Ends with wcl_sessions_leave(). */
wcl_status wcl_sessions_enter(wcl_sessions *sessions, wcl_session **session, wcl_error *error);
void wcl_sessions_leave(wcl_sessions *sessions, wcl_session *session);

/* A field that holds "KEY=VALUE"s: an array of texts, or an object of texts. */
wcl_status wcl_read_pairs(const wcl_json_field *field, const cJSON *item, wcl_region *region,
                          void *to, wcl_error *error);

#endif
