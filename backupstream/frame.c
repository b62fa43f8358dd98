/* Taking the headers of a backup stream apart, and putting them together. */
#include "backupstream/frame.h"

#include <inttypes.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/utf16.h"

#define SPARSE_OFFSET_SIZE 8
#define HEADER_AT "the stream header at offset %" PRIu64

void wcl_backup_frame_init(wcl_backup_frame *frame)
{
    memset(frame, 0, sizeof(*frame));
    frame->need = WCL_BACKUP_HEADER_SIZE;
    frame->header.name = "";
}

void wcl_backup_frame_free(wcl_backup_frame *frame)
{
    wcl_buffer_free(&frame->name);
}

bool wcl_backup_frame_is_between(const wcl_backup_frame *frame)
{
    return frame->have == 0 && frame->left == 0;
}

void wcl_backup_frame_pass(wcl_backup_frame *frame, uint64_t size)
{
    frame->left -= size;
    frame->position += size;
}

wcl_status wcl_backup_frame_fail_truncated(const wcl_backup_frame *frame, wcl_error *error)
{
    if (frame->left)
        return wcl_fail(error, WCL_CODE_TRUNCATED,
                        "the backup stream ends at offset %" PRIu64 ", %" PRIu64
                        " bytes before the end of the data of its stream of kind %" PRIu32,
                        frame->position, frame->left, frame->header.id);
    return wcl_fail(error, WCL_CODE_TRUNCATED,
                    "the backup stream ends at offset %" PRIu64
                    ", within the stream header at offset %" PRIu64,
                    frame->position, frame->header_position);
}

/* Checks the fixed part and says how long the whole header is. */
static wcl_status measure_header(wcl_backup_frame *frame, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(frame->bytes, WCL_BACKUP_HEADER_SIZE);
    uint32_t id = wcl_cursor_le32(&cursor);
    wcl_cursor_le32(&cursor);
    uint64_t size = wcl_cursor_le64(&cursor);
    uint32_t name_size = wcl_cursor_le32(&cursor);

    if (id == 0)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, HEADER_AT " has no kind",
                        frame->header_position);
    if (size > INT64_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        HEADER_AT " claims an impossible %" PRIu64 " bytes of data",
                        frame->header_position, size);
    if (name_size > WCL_BACKUP_NAME_MAX || name_size % 2)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        HEADER_AT " claims an impossible %" PRIu32 " bytes of name",
                        frame->header_position, name_size);
    frame->need = WCL_BACKUP_HEADER_SIZE + name_size;
    if (id != WCL_BACKUP_SPARSE_BLOCK)
        return WCL_OK;
    if (name_size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, HEADER_AT " gives a name to a sparse block",
                        frame->header_position);
    if (size < SPARSE_OFFSET_SIZE)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        HEADER_AT " gives a sparse block %" PRIu64 " bytes, too few for its offset",
                        frame->header_position, size);
    frame->need += SPARSE_OFFSET_SIZE;
    return WCL_OK;
}

static wcl_status decode_name(wcl_backup_frame *frame, const uint8_t *name, size_t size,
                              wcl_error *error)
{
    wcl_buffer_clear(&frame->name);
    if (wcl_utf16_to_wtf8(name, size, &frame->name, error) != WCL_OK)
        return WCL_FAILED;
    frame->header.name = wcl_buffer_text(&frame->name);
    if (strlen(frame->header.name) != frame->name.size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, HEADER_AT " has a name with a NUL in it",
                        frame->header_position);
    return WCL_OK;
}

/* Takes the whole header, already measured, and makes ready for its data and the next header. */
static wcl_status decode_header(wcl_backup_frame *frame, wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(frame->bytes, frame->have);
    wcl_backup_header *header = &frame->header;

    header->id = wcl_cursor_le32(&cursor);
    header->attributes = wcl_cursor_le32(&cursor);
    header->size = wcl_cursor_le64(&cursor);
    header->offset = 0;
    uint32_t name_size = wcl_cursor_le32(&cursor);
    if (decode_name(frame, wcl_cursor_take(&cursor, name_size), name_size, error) != WCL_OK)
        return WCL_FAILED;
    if (header->id == WCL_BACKUP_SPARSE_BLOCK) {
        header->size -= SPARSE_OFFSET_SIZE;
        header->offset = wcl_cursor_le64(&cursor);
        if (header->offset > (uint64_t)INT64_MAX - header->size)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            HEADER_AT " puts a sparse block of %" PRIu64
                                      " bytes at the impossible file offset %" PRIu64,
                            frame->header_position, header->size, header->offset);
    }
    frame->left = header->size;
    frame->have = 0;
    frame->need = WCL_BACKUP_HEADER_SIZE;
    return WCL_OK;
}

wcl_status wcl_backup_frame_accept(wcl_backup_frame *frame, size_t size, bool *whole,
                                   wcl_error *error)
{
    *whole = false;
    if (frame->have == 0)
        frame->header_position = frame->position;
    frame->have += size;
    frame->position += size;
    if (frame->have < frame->need)
        return WCL_OK;
    if (frame->need == WCL_BACKUP_HEADER_SIZE) {
        if (measure_header(frame, error) != WCL_OK)
            return WCL_FAILED;
        if (frame->need > frame->have)
            return WCL_OK;
    }
    *whole = true;
    return decode_header(frame, error);
}

static wcl_status encode_name(const char *name, uint8_t *bytes, size_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer utf16 = WCL_BUFFER_INIT;

    *size = 0;
    if (!name || !*name)
        return WCL_OK;
    if (wcl_wtf8_to_utf16(name, strlen(name), &utf16, error) != WCL_OK)
        return WCL_FAILED;
    if (utf16.size > WCL_BACKUP_NAME_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the stream name '%.100s...' has %zu UTF-16 units, more than %d", name,
                        utf16.size / 2, WCL_BACKUP_NAME_MAX / 2);
    memcpy(bytes, utf16.data, utf16.size);
    *size = utf16.size;
    return WCL_OK;
}

static wcl_status check_encodable(const wcl_backup_header *header, bool is_sparse_block,
                                  wcl_error *error)
{
    uint64_t extra = is_sparse_block ? SPARSE_OFFSET_SIZE : 0;

    if (header->id == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a stream header has no kind");
    if (header->size > INT64_MAX - extra)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a stream cannot have %" PRIu64 " bytes",
                        header->size);
    if (!is_sparse_block)
        return WCL_OK;
    if (header->name && *header->name)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a sparse block cannot have a name");
    if (header->offset > (uint64_t)INT64_MAX - header->size)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "a sparse block of %" PRIu64 " bytes cannot be at file offset %" PRIu64,
                        header->size, header->offset);
    return WCL_OK;
}

wcl_status wcl_backup_header_encode(const wcl_backup_header *header, uint8_t *buffer, size_t *size,
                                    wcl_error *error)
{
    bool is_sparse_block = header->id == WCL_BACKUP_SPARSE_BLOCK;
    size_t name_size;

    if (check_encodable(header, is_sparse_block, error) != WCL_OK ||
        encode_name(header->name, buffer + WCL_BACKUP_HEADER_SIZE, &name_size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_store_le32(buffer, header->id);
    wcl_store_le32(buffer + 4, header->attributes);
    wcl_store_le64(buffer + 8, header->size + (is_sparse_block ? SPARSE_OFFSET_SIZE : 0));
    wcl_store_le32(buffer + 16, (uint32_t)name_size);
    *size = WCL_BACKUP_HEADER_SIZE + name_size;
    if (is_sparse_block) {
        wcl_store_le64(buffer + *size, header->offset);
        *size += SPARSE_OFFSET_SIZE;
    }
    return WCL_OK;
}
