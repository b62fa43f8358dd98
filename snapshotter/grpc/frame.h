/* gRPC's own framing of messages within a stream: a byte that says whether it is compressed, the
 * length, and the message. */
#ifndef WCL_GRPC_FRAME_H
#define WCL_GRPC_FRAME_H

#include "base/buffer.h"

#define WCL_GRPC_HEAD_SIZE 5

/* A message that arrives in pieces. */
typedef struct wcl_grpc_frame {
    uint8_t head[WCL_GRPC_HEAD_SIZE];
    size_t head_size;
    size_t size; /* of the message, once the head is whole */
    wcl_buffer message;
} wcl_grpc_frame;

#define WCL_GRPC_FRAME_INIT                                                                        \
    {                                                                                              \
        .head_size = 0                                                                             \
    }

/* Takes what belongs to this message of `size` bytes, and says how many that were. One that is
 * compressed (NOT_SUPPORTED) or has more than `most` bytes (FILE_TOO_LARGE) is refused. */
wcl_status wcl_grpc_frame_take(wcl_grpc_frame *frame, const uint8_t *data, size_t size, size_t most,
                               size_t *taken, wcl_error *error);
bool wcl_grpc_frame_is_whole(const wcl_grpc_frame *frame);
/* Whether something of a message has come, and not yet all. */
bool wcl_grpc_frame_is_begun(const wcl_grpc_frame *frame);
/* Begins the next message. */
void wcl_grpc_frame_clear(wcl_grpc_frame *frame);
void wcl_grpc_frame_free(wcl_grpc_frame *frame);

/* Writes the head of a message of that size. */
void wcl_grpc_frame_head(uint8_t head[WCL_GRPC_HEAD_SIZE], size_t size);

#endif
