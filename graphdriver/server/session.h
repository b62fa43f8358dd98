/* What dockerd asked for by Init: the driver that calls go to, for as long as they need it. */
#ifndef WCL_GRAPHDRIVER_SESSION_H
#define WCL_GRAPHDRIVER_SESSION_H

#include <pthread.h>
#include <wcl/graphdriver.h>

#include "base/json.h"

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

/* "KEY=VALUE"s out of JSON: an array of texts, or an object of texts. Freed with
 * wcl_text_list_free(). */
typedef struct wcl_text_list {
    char **items;
    size_t count;
} wcl_text_list;
wcl_status wcl_text_list_read(const cJSON *json, const char *name, wcl_text_list *list,
                              wcl_error *error);
void wcl_text_list_free(wcl_text_list *list);
#define WCL_CLEANUP_TEXT_LIST __attribute__((cleanup(wcl_text_list_free)))

#endif
