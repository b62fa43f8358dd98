/* The push decoder of backup streams. */
#include <stdlib.h>
#include <string.h>

#include "backupstream/frame.h"
#include "base/cursor.h"
#include "base/error.h"

struct wcl_backup_decoder {
    wcl_backup_events events;
    void *context;
    bool failed;
    wcl_backup_frame frame;
};

wcl_status wcl_backup_decoder_new(const wcl_backup_events *events, void *context,
                                  wcl_backup_decoder **decoder, wcl_error *error)
{
    wcl_backup_decoder *made = malloc(sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->events = *events;
    made->context = context;
    made->failed = false;
    wcl_backup_frame_init(&made->frame);
    *decoder = made;
    return WCL_OK;
}

void wcl_backup_decoder_free(wcl_backup_decoder *decoder)
{
    if (decoder)
        wcl_backup_frame_free(&decoder->frame);
    free(decoder);
}

static wcl_status push_data(wcl_backup_decoder *decoder, wcl_cursor *input, wcl_error *error)
{
    wcl_backup_frame *frame = &decoder->frame;
    size_t size = wcl_cursor_left(input);

    if (size > frame->left)
        size = (size_t)frame->left;
    const uint8_t *data = wcl_cursor_take(input, size);
    wcl_backup_frame_pass(frame, size);
    if (!decoder->events.data)
        return WCL_OK;
    return decoder->events.data(decoder->context, data, size, error);
}

static wcl_status push_header(wcl_backup_decoder *decoder, wcl_cursor *input, wcl_error *error)
{
    wcl_backup_frame *frame = &decoder->frame;
    size_t size = frame->need - frame->have;
    bool whole;

    if (size > wcl_cursor_left(input))
        size = wcl_cursor_left(input);
    memcpy(frame->bytes + frame->have, wcl_cursor_take(input, size), size);
    if (wcl_backup_frame_accept(frame, size, &whole, error) != WCL_OK)
        return WCL_FAILED;
    if (!whole || !decoder->events.header)
        return WCL_OK;
    return decoder->events.header(decoder->context, &frame->header, error);
}

wcl_status wcl_backup_decoder_write(wcl_backup_decoder *decoder, const void *data, size_t size,
                                    wcl_error *error)
{
    wcl_cursor input = wcl_cursor_over(data, size);

    if (decoder->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "this decoder of a backup stream has failed before and cannot go on");
    while (wcl_cursor_left(&input)) {
        wcl_status status = decoder->frame.left ? push_data(decoder, &input, error)
                                                : push_header(decoder, &input, error);
        if (status != WCL_OK) {
            decoder->failed = true;
            return WCL_FAILED;
        }
    }
    return WCL_OK;
}

wcl_status wcl_backup_decoder_finish(wcl_backup_decoder *decoder, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (decoder->failed)
        status = wcl_fail(error, WCL_CODE_INVALID_STATE,
                          "a backup stream was given up after an error at offset %llu",
                          (unsigned long long)decoder->frame.position);
    else if (!wcl_backup_frame_is_between(&decoder->frame))
        status = wcl_backup_frame_fail_truncated(&decoder->frame, error);
    wcl_backup_frame_free(&decoder->frame);
    wcl_backup_frame_init(&decoder->frame);
    decoder->failed = false;
    return status;
}
