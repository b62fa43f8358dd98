/* A call: from the first of its header fields to the last byte of the answer. */
#ifndef WCL_GRPC_CALL_H
#define WCL_GRPC_CALL_H

#include <stdatomic.h>

#include "snapshotter/grpc/connection.h"
#include "snapshotter/grpc/frame.h"
#include "snapshotter/grpc/status.h"

#define WCL_GRPC_PATH_SIZE 96
#define WCL_GRPC_NAMESPACE_SIZE 256

struct wcl_grpc_call {
    wcl_grpc_job job;
    struct wcl_grpc_call *next_done;
    struct wcl_grpc_call *next, *previous; /* of the connection */
    wcl_grpc_connection *connection;
    const wcl_grpc_service *service;
    const wcl_grpc_method *method;
    int32_t stream; /* 0 once it is closed */
    bool is_running;
    atomic_bool is_gone;
    char path[WCL_GRPC_PATH_SIZE];
    char namespace[WCL_GRPC_NAMESPACE_SIZE];
    char lease[WCL_GRPC_NAMESPACE_SIZE];
    wcl_grpc_frame request;
    bool is_answered;  /* refused before the request was whole: what still comes is passed over */
    wcl_buffer answer; /* framed messages */
    size_t sent;
    wcl_grpc_code code;
    wcl_buffer message; /* of the code, encoded */
};

wcl_grpc_call *wcl_grpc_call_new(const wcl_grpc_service *service, int32_t stream);
void wcl_grpc_call_free(wcl_grpc_call *call);

/* Takes a piece of the request. */
wcl_status wcl_grpc_call_take(wcl_grpc_call *call, const uint8_t *data, size_t size,
                              wcl_error *error);
/* Finds the method of a request that is whole. */
wcl_status wcl_grpc_call_find_method(wcl_grpc_call *call, wcl_error *error);
/* Runs it; the answer, or why not, is in the call then. */
void wcl_grpc_call_run(wcl_grpc_call *call);
/* The answer is this error. */
void wcl_grpc_call_fail(wcl_grpc_call *call, const wcl_error *error);

#endif
