/* gRPC's status codes. */
#include "snapshotter/grpc/status.h"

#include <stdlib.h>
#include <string.h>

typedef struct code_pair {
    uint32_t code;
    wcl_grpc_code grpc;
} code_pair;

/* The first of each gRPC code is what it is turned into. */
static const code_pair pairs[] = {
    { WCL_CODE_CANCELLED, WCL_GRPC_CANCELLED },
    { WCL_CODE_INVALID_PARAMETER, WCL_GRPC_INVALID_ARGUMENT },
    { WCL_CODE_INVALID_NAME, WCL_GRPC_INVALID_ARGUMENT },
    { WCL_CODE_FILE_NOT_FOUND, WCL_GRPC_NOT_FOUND },
    { WCL_CODE_PATH_NOT_FOUND, WCL_GRPC_NOT_FOUND },
    { WCL_CODE_ALREADY_EXISTS, WCL_GRPC_ALREADY_EXISTS },
    { WCL_CODE_ACCESS_DENIED, WCL_GRPC_PERMISSION_DENIED },
    { WCL_CODE_FILE_TOO_LARGE, WCL_GRPC_RESOURCE_EXHAUSTED },
    { WCL_CODE_OUT_OF_MEMORY, WCL_GRPC_RESOURCE_EXHAUSTED },
    { WCL_CODE_DISK_FULL, WCL_GRPC_RESOURCE_EXHAUSTED },
    { WCL_CODE_INVALID_STATE, WCL_GRPC_FAILED_PRECONDITION },
    { WCL_CODE_BUSY, WCL_GRPC_FAILED_PRECONDITION },
    { WCL_CODE_SHARING_VIOLATION, WCL_GRPC_FAILED_PRECONDITION },
    { WCL_CODE_NOT_SUPPORTED, WCL_GRPC_UNIMPLEMENTED },
    { WCL_CODE_CONNECTION_LOST, WCL_GRPC_UNAVAILABLE },
    { WCL_CODE_CONNECTION_REFUSED, WCL_GRPC_UNAVAILABLE },
    { WCL_CODE_SHUTDOWN_IN_PROGRESS, WCL_GRPC_UNAVAILABLE },
    { WCL_CODE_INVALID_DATA, WCL_GRPC_DATA_LOSS },
    { WCL_CODE_CHECKSUM, WCL_GRPC_DATA_LOSS },
    { WCL_CODE_CORRUPT, WCL_GRPC_DATA_LOSS },
    { WCL_CODE_TRUNCATED, WCL_GRPC_DATA_LOSS },
};
#define PAIR_COUNT (sizeof(pairs) / sizeof(pairs[0]))

wcl_grpc_code wcl_grpc_code_of(const wcl_error *error)
{
    for (size_t i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].code == error->code)
            return pairs[i].grpc;
    return WCL_GRPC_UNKNOWN;
}

uint32_t wcl_grpc_code_to_wcl(unsigned code)
{
    for (size_t i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].grpc == code)
            return pairs[i].code;
    return WCL_CODE_GEN_FAILURE;
}

wcl_status wcl_grpc_encode_message(const char *text, wcl_buffer *buffer, wcl_error *error)
{
    wcl_status status = WCL_OK;

    for (; status == WCL_OK && *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte <= 0x7e && byte != '%')
            status = wcl_buffer_append_byte(buffer, byte, error);
        else
            status = wcl_buffer_printf(buffer, error, "%%%02X", byte);
    }
    return status;
}

void wcl_grpc_decode_message(char *text)
{
    char *to = text;

    for (const char *from = text; *from;) {
        char digits[3] = { from[0] == '%' ? from[1] : 0, 0, 0 }, *end;
        digits[1] = digits[0] ? from[2] : 0;
        long byte = strtol(digits, &end, 16);
        bool is_encoded = end == digits + 2 && byte > 0;
        *to++ = is_encoded ? (char)byte : *from;
        from += is_encoded ? 3 : 1;
    }
    *to = 0;
}
