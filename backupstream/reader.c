/* The pull reader of backup streams. */
#include <stdlib.h>

#include "backupstream/frame.h"
#include "base/error.h"

#define SKIP_BUFFER_SIZE 32768

struct wcl_backup_reader {
    wcl_read_fn read;
    void *context;
    bool failed;
    wcl_backup_frame frame;
    uint8_t skipped[SKIP_BUFFER_SIZE]; /* where data goes that nobody wants */
};

wcl_status wcl_backup_reader_new(wcl_read_fn read, void *context, wcl_backup_reader **reader,
                                 wcl_error *error)
{
    wcl_backup_reader *made = malloc(sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->read = read;
    made->context = context;
    made->failed = false;
    wcl_backup_frame_init(&made->frame);
    *reader = made;
    return WCL_OK;
}

void wcl_backup_reader_free(wcl_backup_reader *reader)
{
    if (reader)
        wcl_backup_frame_free(&reader->frame);
    free(reader);
}

/* Any result but WCL_OK is a failure: an end is told by `*got` alone. */
static wcl_status pull(wcl_backup_reader *reader, void *buffer, size_t size, size_t *got,
                       wcl_error *error)
{
    *got = 0;
    if (reader->read(reader->context, buffer, size, got, error) != WCL_OK)
        return WCL_FAILED;
    if (*got > size)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the source of a backup stream gave %zu bytes where %zu were asked for",
                        *got, size);
    return WCL_OK;
}

static wcl_status pull_data(wcl_backup_reader *reader, void *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    size_t wanted = size < reader->frame.left ? size : (size_t)reader->frame.left;

    *got = 0;
    if (wanted == 0)
        return WCL_OK;
    if (pull(reader, buffer, wanted, got, error) != WCL_OK)
        return WCL_FAILED;
    if (*got == 0)
        return wcl_backup_frame_fail_truncated(&reader->frame, error);
    wcl_backup_frame_pass(&reader->frame, *got);
    return WCL_OK;
}

static wcl_status pull_header(wcl_backup_reader *reader, wcl_error *error)
{
    wcl_backup_frame *frame = &reader->frame;

    for (bool whole = false; !whole;) {
        size_t got;
        if (pull(reader, frame->bytes + frame->have, frame->need - frame->have, &got, error) !=
            WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            return frame->have ? wcl_backup_frame_fail_truncated(frame, error) : WCL_END;
        if (wcl_backup_frame_accept(frame, got, &whole, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status fail_earlier(wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_STATE,
                    "this reader of a backup stream has failed before and cannot go on");
}

wcl_status wcl_backup_reader_next(wcl_backup_reader *reader, wcl_backup_header *header,
                                  wcl_error *error)
{
    wcl_status status = WCL_OK;
    size_t got;

    if (reader->failed)
        return fail_earlier(error);
    while (status == WCL_OK && reader->frame.left)
        status = pull_data(reader, reader->skipped, sizeof(reader->skipped), &got, error);
    if (status == WCL_OK)
        status = pull_header(reader, error);
    reader->failed = status == WCL_FAILED;
    if (status == WCL_OK)
        *header = reader->frame.header;
    return status;
}

wcl_status wcl_backup_reader_read(wcl_backup_reader *reader, void *buffer, size_t size, size_t *got,
                                  wcl_error *error)
{
    *got = 0;
    if (reader->failed)
        return fail_earlier(error);
    wcl_status status = pull_data(reader, buffer, size, got, error);
    reader->failed = status == WCL_FAILED;
    return status;
}
