/*
 * The headers of a backup stream: how many bytes of one are still wanted, what they mean, and where
 * in the input they stand. The pull reader and the push decoder both run on it.
 */
#ifndef WCL_BACKUPSTREAM_FRAME_H
#define WCL_BACKUPSTREAM_FRAME_H

#include <wcl/backupstream.h>

#include "base/buffer.h"

typedef struct wcl_backup_frame {
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX]; /* the header as far as it has come */
    size_t have;                           /* bytes in it */
    size_t need;                           /* bytes wanted before the next step */
    uint64_t position;                     /* in the backup stream, of what comes next */
    uint64_t header_position;              /* where the header at hand begins */
    uint64_t left;                         /* data of the stream still to come */
    wcl_buffer name;
    wcl_backup_header header; /* of the stream at hand, once its header is whole */
} wcl_backup_frame;

void wcl_backup_frame_init(wcl_backup_frame *frame);
void wcl_backup_frame_free(wcl_backup_frame *frame);

/* Whether the frame stands between two streams, where the input may end. */
bool wcl_backup_frame_is_between(const wcl_backup_frame *frame);

/*
 * Says that `size` bytes, at most `need - have`, were put behind `bytes + have`. `*whole` tells
 * whether the header is complete: then `header` and `left` describe the stream, and the next bytes
 * are its data.
 */
wcl_status wcl_backup_frame_accept(wcl_backup_frame *frame, size_t size, bool *whole,
                                   wcl_error *error);

/* Says that `size` bytes of data, at most `left`, went by. */
void wcl_backup_frame_pass(wcl_backup_frame *frame, uint64_t size);

/* WCL_CODE_TRUNCATED, saying within what the input ended. */
wcl_status wcl_backup_frame_fail_truncated(const wcl_backup_frame *frame, wcl_error *error);

#endif
