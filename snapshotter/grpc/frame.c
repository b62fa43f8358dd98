/* gRPC's framing of messages. */
#include "snapshotter/grpc/frame.h"

#include <string.h>

#include "base/error.h"

static wcl_status read_head(wcl_grpc_frame *frame, size_t most, wcl_error *error)
{
    const uint8_t *head = frame->head;

    frame->size = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (head[0] != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the message is compressed, which was not offered");
    if (frame->size > most)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "a message of %zu bytes is too large; at most %zu are taken", frame->size,
                        most);
    return WCL_OK;
}

wcl_status wcl_grpc_frame_take(wcl_grpc_frame *frame, const uint8_t *data, size_t size, size_t most,
                               size_t *taken, wcl_error *error)
{
    size_t at = 0;

    *taken = 0;
    if (frame->head_size < WCL_GRPC_HEAD_SIZE) {
        while (at < size && frame->head_size < WCL_GRPC_HEAD_SIZE)
            frame->head[frame->head_size++] = data[at++];
        if (frame->head_size == WCL_GRPC_HEAD_SIZE && read_head(frame, most, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (frame->head_size == WCL_GRPC_HEAD_SIZE) {
        size_t left = frame->size - frame->message.size;
        size_t piece = size - at < left ? size - at : left;
        if (wcl_buffer_append(&frame->message, data + at, piece, error) != WCL_OK)
            return WCL_FAILED;
        at += piece;
    }
    *taken = at;
    return WCL_OK;
}

bool wcl_grpc_frame_is_whole(const wcl_grpc_frame *frame)
{
    return frame->head_size == WCL_GRPC_HEAD_SIZE && frame->message.size == frame->size;
}

bool wcl_grpc_frame_is_begun(const wcl_grpc_frame *frame)
{
    return frame->head_size > 0 && !wcl_grpc_frame_is_whole(frame);
}

void wcl_grpc_frame_clear(wcl_grpc_frame *frame)
{
    frame->head_size = 0;
    wcl_buffer_clear(&frame->message);
}

void wcl_grpc_frame_free(wcl_grpc_frame *frame)
{
    frame->head_size = 0;
    wcl_buffer_free(&frame->message);
}

void wcl_grpc_frame_head(uint8_t head[WCL_GRPC_HEAD_SIZE], size_t size)
{
    head[0] = 0;
    for (int i = 1; i < WCL_GRPC_HEAD_SIZE; i++)
        head[i] = (uint8_t)(size >> (8 * (4 - i)));
}
