/* The calls that take a JSON document and answer with one. */
#ifndef WCL_GRAPHDRIVER_CALLS_H
#define WCL_GRAPHDRIVER_CALLS_H

#include "graphdriver/server/session.h"

/* A body larger than this is refused. */
#define WCL_CALL_BODY_MAX (1024 * 1024)

typedef struct wcl_call {
    const char *path; /* "/GraphDriver.Get" */
    /* Fills in the answer. `driver` is NULL unless `needs_driver`. */
    wcl_status (*run)(wcl_sessions *sessions, wcl_graphdriver *driver, const cJSON *request,
                      cJSON *answer, wcl_error *error);
    bool needs_driver;
} wcl_call;

/* NULL where there is no such call. */
const wcl_call *wcl_call_find(const char *path);

/* Parses the body, runs the call; the answer's text, or a failure. wcl_free(). */
wcl_status wcl_call_run(const wcl_call *call, wcl_sessions *sessions, const void *body, size_t size,
                        char **answer, wcl_error *error);

/* `name` of a request, "" where it is missing. */
wcl_status wcl_call_text(const cJSON *request, const char *name, const char **text,
                         wcl_error *error);

#endif
