/* The scan of stream headers. */
#include "layer/transport/scan.h"

#include <string.h>

#include "backupstream/internal.h"
#include "base/beneath.h"
#include "base/error.h"

/* Read at a time: most files have all their headers but the last in it. */
#define WINDOW_SIZE 2048

typedef struct window {
    int fd;
    uint64_t start;
    size_t size;
    uint8_t bytes[WINDOW_SIZE];
} window;

/* Copies the `size` bytes at `offset`; the caller has checked that the file has them. */
static wcl_status copy_from(window *window, uint64_t offset, void *to, size_t size,
                            wcl_error *error)
{
    if (offset < window->start || offset + size > window->start + window->size) {
        window->start = offset;
        if (wcl_pread_full(window->fd, window->bytes, WINDOW_SIZE, offset, &window->size, error) !=
            WCL_OK)
            return WCL_FAILED;
        if (window->size < size)
            return wcl_fail(error, WCL_CODE_TRUNCATED, "the file became shorter while it was read");
    }
    memcpy(to, window->bytes + (offset - window->start), size);
    return WCL_OK;
}

static wcl_status scan(wcl_backup_frame *frame, window *window, uint64_t offset, uint64_t size,
                       wcl_stream_shape *shape, wcl_error *error)
{
    while (offset < size || !wcl_backup_frame_is_between(frame)) {
        size_t want = frame->need - frame->have;
        bool whole;
        if (want > size - offset)
            return wcl_backup_frame_fail_truncated(frame, error);
        if (copy_from(window, offset, frame->bytes + frame->have, want, error) != WCL_OK ||
            wcl_backup_frame_accept(frame, want, &whole, error) != WCL_OK)
            return WCL_FAILED;
        offset += want;
        if (!whole)
            continue;
        wcl_stream_shape_add(shape, &frame->header);
        if (frame->left > size - offset)
            return wcl_backup_frame_fail_truncated(frame, error);
        offset += frame->left;
        wcl_backup_frame_pass(frame, frame->left);
    }
    return WCL_OK;
}

wcl_status wcl_scan_stream(int fd, uint64_t offset, uint64_t size, wcl_stream_shape *shape,
                           wcl_error *error)
{
    wcl_backup_frame frame;
    window window;

    window.fd = fd;
    window.start = 0;
    window.size = 0;
    wcl_backup_frame_init(&frame);
    wcl_status status = scan(&frame, &window, offset, size, shape, error);
    wcl_backup_frame_free(&frame);
    return status;
}
