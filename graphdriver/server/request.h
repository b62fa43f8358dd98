/* A request on its way: its body is gathered or passed on, then it is answered. */
#ifndef WCL_GRAPHDRIVER_REQUEST_H
#define WCL_GRAPHDRIVER_REQUEST_H

#include <microhttpd.h>

#include "graphdriver/server/calls.h"
#include "graphdriver/server/streams.h"

typedef struct wcl_plugin_request wcl_plugin_request;

/* What requests work with. */
typedef struct wcl_plugin_request_context {
    wcl_sessions *sessions;
    wcl_streams *streams;
    const wcl_hooks *hooks;    /* may be NULL */
    unsigned request_patience; /* seconds that a client may take before more of a request comes */
    unsigned stream_patience;  /* the same for a layer's tar, either way */
} wcl_plugin_request_context;

/* Begins a request; NULL when out of memory. */
wcl_plugin_request *wcl_plugin_request_new(const wcl_plugin_request_context *context,
                                           struct MHD_Connection *connection, const char *url,
                                           const char *method);

/* Takes more of its body. */
void wcl_plugin_request_take(wcl_plugin_request *request, const void *data, size_t size);

/* Answers it: the body is complete. */
enum MHD_Result wcl_plugin_request_answer(wcl_plugin_request *request,
                                          struct MHD_Connection *connection);

/* Frees it, and breaks off what it began if it was not answered. */
void wcl_plugin_request_free(wcl_plugin_request *request);

#endif
