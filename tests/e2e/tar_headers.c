/* Makes tar headers of the descriptions that tar_headers/main.go wrote and compares them with what
 * Go made of the same. An empty result says that Go refuses the header, and so must we. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "layer/tar/pax_write.h"

static bool read_all(wcl_buffer *input)
{
    char piece[65536];
    size_t got;

    while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0)
        if (wcl_buffer_append(input, piece, got, NULL) != WCL_OK)
            return false;
    return true;
}

static char *take_text(wcl_cursor *cursor, size_t *size)
{
    uint64_t length = wcl_cursor_le64(cursor);
    const uint8_t *bytes = wcl_cursor_take(cursor, length);

    *size = bytes ? (size_t)length : 0;
    return bytes ? strndup((const char *)bytes, (size_t)length) : NULL;
}

static bool take_time(wcl_cursor *cursor, struct timespec *time)
{
    bool has = wcl_cursor_le64(cursor) != 0;

    time->tv_sec = (int64_t)wcl_cursor_le64(cursor);
    time->tv_nsec = (long)wcl_cursor_le64(cursor);
    return has;
}

static void take_header(wcl_cursor *cursor, wcl_tar_header *header)
{
    size_t size;

    header->format = wcl_cursor_le64(cursor) ? WCL_TAR_FORMAT_PAX : WCL_TAR_FORMAT_UNKNOWN;
    header->type = (char)wcl_cursor_le64(cursor);
    header->name = take_text(cursor, &size);
    header->link = take_text(cursor, &size);
    header->size = wcl_cursor_le64(cursor);
    header->mode = (uint32_t)wcl_cursor_le64(cursor);
    header->uid = wcl_cursor_le64(cursor);
    header->gid = wcl_cursor_le64(cursor);
    header->device_major = (uint32_t)wcl_cursor_le64(cursor);
    header->device_minor = (uint32_t)wcl_cursor_le64(cursor);
    header->has_modified = take_time(cursor, &header->modified);
    header->has_accessed = take_time(cursor, &header->accessed);
    header->has_changed = take_time(cursor, &header->changed);
}

static bool compare(wcl_cursor *cursor, size_t index)
{
    wcl_tar_header header = { 0 };
    wcl_pax_record records[16];
    WCL_CLEANUP_BUFFER wcl_buffer made = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;

    take_header(cursor, &header);
    header.record_count = wcl_cursor_le64(cursor);
    header.records = records;
    for (size_t i = 0; i < header.record_count && i < 16; i++) {
        size_t size = (size_t)wcl_cursor_le64(cursor);
        records[i].key = (const char *)wcl_cursor_take(cursor, size);
        records[i].key_size = size;
        size = (size_t)wcl_cursor_le64(cursor);
        records[i].value = (const char *)wcl_cursor_take(cursor, size);
        records[i].value_size = size;
    }
    uint64_t size = wcl_cursor_le64(cursor);
    const uint8_t *wanted = wcl_cursor_take(cursor, size);
    if (cursor->failed || header.record_count > 16) {
        fprintf(stderr, "header %zu: the description cannot be read\n", index);
        return false;
    }
    wcl_status status = wcl_tar_header_append(&header, &made, &error);
    bool same = status == WCL_OK ? made.size == size && memcmp(made.data, wanted, made.size) == 0
                                 : size == 0;
    if (!same) {
        fprintf(stderr, "header %zu (type %c, '%s') differs: %zu bytes, Go made %zu; %s\n", index,
                header.type, header.name, made.size, (size_t)size, error.message);
        FILE *file = fopen("tar-header-ours", "wb");
        if (file) {
            fwrite(made.data, 1, made.size, file);
            fclose(file);
        }
        file = fopen("tar-header-go", "wb");
        if (file) {
            fwrite(wanted, 1, (size_t)size, file);
            fclose(file);
        }
    }
    free((char *)header.name);
    free((char *)header.link);
    return same;
}

int main(void)
{
    WCL_CLEANUP_BUFFER wcl_buffer input = WCL_BUFFER_INIT;
    size_t count = 0;

    if (!read_all(&input))
        return 1;
    wcl_cursor cursor = wcl_cursor_over(input.data, input.size);
    for (; wcl_cursor_left(&cursor) > 0; count++)
        if (!compare(&cursor, count))
            return 1;
    printf("%zu headers are the same as Go's\n", count);
    return count > 0 ? 0 : 1;
}
