/* gRPC's status codes, and the errors of wcl that they stand for. */
#ifndef WCL_GRPC_STATUS_H
#define WCL_GRPC_STATUS_H

#include "base/buffer.h"

typedef enum wcl_grpc_code {
    WCL_GRPC_OK = 0,
    WCL_GRPC_CANCELLED = 1,
    WCL_GRPC_UNKNOWN = 2,
    WCL_GRPC_INVALID_ARGUMENT = 3,
    WCL_GRPC_NOT_FOUND = 5,
    WCL_GRPC_ALREADY_EXISTS = 6,
    WCL_GRPC_PERMISSION_DENIED = 7,
    WCL_GRPC_RESOURCE_EXHAUSTED = 8,
    WCL_GRPC_FAILED_PRECONDITION = 9,
    WCL_GRPC_UNIMPLEMENTED = 12,
    WCL_GRPC_UNAVAILABLE = 14,
    WCL_GRPC_DATA_LOSS = 15,
} wcl_grpc_code;

wcl_grpc_code wcl_grpc_code_of(const wcl_error *error);
/* The other way, for what a peer answers. */
uint32_t wcl_grpc_code_to_wcl(unsigned code);

/* Appends the text, percent-encoded as grpc-message wants it. */
wcl_status wcl_grpc_encode_message(const char *text, wcl_buffer *buffer, wcl_error *error);
/* Decodes it in place. */
void wcl_grpc_decode_message(char *text);

#endif
