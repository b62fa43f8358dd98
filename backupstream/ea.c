/* Extended attributes: lists of FILE_FULL_EA_INFORMATION. */
#include <string.h>

#include <wcl/backupstream.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"

/* next_entry_offset, flags, name_length, value_length */
#define EA_HEADER_SIZE 8
#define EA_NAME_MAX 255

static wcl_status fail_entry(wcl_error *error, size_t position, const char *what)
{
    return wcl_fail(error, WCL_CODE_BAD_EA, "the extended attribute at offset %zu %s", position,
                    what);
}

wcl_status wcl_ea_next(const void *list, size_t size, size_t *position, wcl_ea *ea,
                       wcl_error *error)
{
    size_t start = *position;
    wcl_cursor cursor = wcl_cursor_over(list, size);

    if (start == size)
        return WCL_END;
    wcl_cursor_seek(&cursor, start);
    uint32_t next_offset = wcl_cursor_le32(&cursor);
    uint8_t flags = wcl_cursor_u8(&cursor);
    uint8_t name_length = wcl_cursor_u8(&cursor);
    uint16_t value_size = wcl_cursor_le16(&cursor);
    const uint8_t *name = wcl_cursor_take(&cursor, (uint64_t)name_length + 1);
    const uint8_t *value = wcl_cursor_take(&cursor, value_size);
    if (cursor.failed)
        return fail_entry(error, start, "goes past the end of the list");
    if (name_length == 0)
        return fail_entry(error, start, "has no name");
    if (memchr(name, 0, (size_t)name_length + 1) != name + name_length)
        return fail_entry(error, start, "has a name without a NUL behind it or with one in it");
    if (next_offset != 0 && next_offset < cursor.position - start)
        return fail_entry(error, start, "overlaps the next one");
    if (next_offset != 0 && next_offset >= size - start)
        return fail_entry(error, start, "has the next one past the end of the list");
    *ea = (wcl_ea) { (const char *)name, flags, value, value_size };
    *position = next_offset ? start + next_offset : size;
    return WCL_OK;
}

static wcl_status append_entry(wcl_buffer *list, const wcl_ea *ea, bool is_last, wcl_error *error)
{
    size_t name_length = ea->name ? strlen(ea->name) : 0;

    if (name_length == 0)
        return wcl_fail(error, WCL_CODE_BAD_EA, "an extended attribute has no name");
    if (name_length > EA_NAME_MAX)
        return wcl_fail(error, WCL_CODE_BAD_EA,
                        "the name of the extended attribute '%.100s...' has %zu bytes, more than "
                        "%d",
                        ea->name, name_length, EA_NAME_MAX);
    size_t used = EA_HEADER_SIZE + name_length + 1 + ea->value_size;
    size_t padded = (used + 3) / 4 * 4;
    if (padded > WCL_EA_MAX - list->size)
        return wcl_fail(error, WCL_CODE_BAD_EA,
                        "the extended attributes up to '%s' have more than the %d bytes that a "
                        "file can hold",
                        ea->name, WCL_EA_MAX);
    if (wcl_buffer_append_le32(list, is_last ? 0 : (uint32_t)padded, error) != WCL_OK ||
        wcl_buffer_append_byte(list, ea->flags, error) != WCL_OK ||
        wcl_buffer_append_byte(list, (uint8_t)name_length, error) != WCL_OK ||
        wcl_buffer_append_le16(list, ea->value_size, error) != WCL_OK ||
        wcl_buffer_append(list, ea->name, name_length + 1, error) != WCL_OK ||
        wcl_buffer_append(list, ea->value, ea->value_size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_zeros(list, padded - used, error);
}

wcl_status wcl_ea_build(const wcl_ea *eas, size_t count, void **list, size_t *size,
                        wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer built = WCL_BUFFER_INIT;

    *list = NULL;
    *size = 0;
    for (size_t i = 0; i < count; i++)
        if (append_entry(&built, &eas[i], i + 1 == count, error) != WCL_OK)
            return WCL_FAILED;
    void *data = wcl_buffer_detach(&built, size, error);
    if (!data)
        return WCL_FAILED;
    *list = data;
    return WCL_OK;
}
