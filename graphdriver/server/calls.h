/* The calls that take a JSON document and answer with one. */
#ifndef WCL_GRAPHDRIVER_CALLS_H
#define WCL_GRAPHDRIVER_CALLS_H

#include "graphdriver/server/session.h"

/* A body larger than this is refused. */
#define WCL_CALL_BODY_MAX (1024 * 1024)

/* What calls about layers are given; texts are "" where they are missing. */
typedef struct wcl_call_arguments {
    const char *id, *parent, *mount_label;
    const char *const *storage_options;
    size_t storage_option_count;
} wcl_call_arguments;

/* Parses a body; the arguments' texts are the region's. */
wcl_status wcl_call_read(const void *body, size_t size, cJSON **request, wcl_region *region,
                         wcl_call_arguments *arguments, wcl_error *error);

typedef struct wcl_call wcl_call;

/* NULL where there is no such call. */
const wcl_call *wcl_call_find(const char *path);

/* Parses the body, runs the call; the answer's text, or a failure. wcl_free(). */
wcl_status wcl_call_run(const wcl_call *call, wcl_sessions *sessions, const void *body, size_t size,
                        char **answer, wcl_error *error);

#endif
