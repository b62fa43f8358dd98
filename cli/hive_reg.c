/* Writing .reg files, as regedit writes and reads them: UTF-16LE, with a byte order mark. */
#include <string.h>

#include "base/error.h"
#include "base/utf16.h"
#include "cli/hives.h"

/* What no line of a .reg file can hold. */
static bool breaks_lines(const char *text, size_t size)
{
    return memchr(text, '\0', size) || memchr(text, '\r', size) || memchr(text, '\n', size);
}

static wcl_status write_line(wcl_buffer *line, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer units = WCL_BUFFER_INIT;

    if (wcl_buffer_append_text(line, "\r\n", error) != WCL_OK ||
        wcl_wtf8_to_utf16((const char *)line->data, line->size, &units, error) != WCL_OK)
        return WCL_FAILED;
    fwrite(units.data, 1, units.size, stdout);
    return WCL_OK;
}

wcl_status hive_reg_begin(wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer line = WCL_BUFFER_INIT;

    return wcl_buffer_append_text(&line, "\xEF\xBB\xBFWindows Registry Editor Version 5.00",
                                  error) == WCL_OK
               ? write_line(&line, error)
               : WCL_FAILED;
}

wcl_status hive_reg_key(const char *path, size_t path_size, const wcl_hive_key_info *info,
                        wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer line = WCL_BUFFER_INIT;

    if (breaks_lines(path, path_size))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a .reg file cannot hold a key whose name has a line break or NUL, below "
                        "'%s'",
                        path);
    /* What is below it in the layers below is gone first. */
    if (info->semantics == WCL_HIVE_SUPERSEDE_TREE &&
        (wcl_buffer_append_text(&line, "\r\n[-", error) != WCL_OK ||
         wcl_buffer_append(&line, path, path_size, error) != WCL_OK ||
         wcl_buffer_append_text(&line, "]\r\n", error) != WCL_OK))
        return WCL_FAILED;
    if (wcl_buffer_append_text(&line, info->semantics == WCL_HIVE_TOMBSTONE ? "\r\n[-" : "\r\n[",
                               error) != WCL_OK ||
        wcl_buffer_append(&line, path, path_size, error) != WCL_OK ||
        wcl_buffer_append_byte(&line, ']', error) != WCL_OK)
        return WCL_FAILED;
    return write_line(&line, error);
}

static wcl_status append_quoted(wcl_buffer *line, const char *text, size_t size, wcl_error *error)
{
    wcl_status status = wcl_buffer_append_byte(line, '"', error);

    for (size_t i = 0; i < size && status == WCL_OK; i++) {
        if (text[i] == '"' || text[i] == '\\')
            status = wcl_buffer_append_byte(line, '\\', error);
        if (status == WCL_OK)
            status = wcl_buffer_append_byte(line, (uint8_t)text[i], error);
    }
    return status == WCL_OK ? wcl_buffer_append_byte(line, '"', error) : WCL_FAILED;
}

/* A string of one line with one NUL, at its end: what a quoted one stands for. */
static wcl_status is_quotable(const wcl_hive_value *value, wcl_buffer *text, bool *quotable,
                              wcl_error *error)
{
    *quotable = value->type == WCL_HIVE_SZ && value->size % 2 == 0 && value->size;
    if (!*quotable)
        return WCL_OK;
    if (wcl_utf16_to_wtf8(value->data, value->size, text, error) != WCL_OK)
        return WCL_FAILED;
    *quotable = text->data[text->size - 1] == '\0' &&
                !breaks_lines((const char *)text->data, text->size - 1);
    return WCL_OK;
}

static wcl_status append_data(wcl_buffer *line, const wcl_hive_value *value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    bool quotable;

    if (is_quotable(value, &text, &quotable, error) != WCL_OK)
        return WCL_FAILED;
    if (quotable)
        return append_quoted(line, (const char *)text.data, text.size - 1, error);
    if (value->type == WCL_HIVE_DWORD && value->size == 4)
        return wcl_buffer_printf(line, error, "dword:%02x%02x%02x%02x", value->data[3],
                                 value->data[2], value->data[1], value->data[0]);
    wcl_status status = value->type == WCL_HIVE_BINARY
                            ? wcl_buffer_append_text(line, "hex:", error)
                            : wcl_buffer_printf(line, error, "hex(%x):", value->type);
    for (size_t i = 0; i < value->size && status == WCL_OK; i++)
        status = wcl_buffer_printf(line, error, i ? ",%02x" : "%02x", value->data[i]);
    return status;
}

wcl_status hive_reg_value(const wcl_hive_value *value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer line = WCL_BUFFER_INIT;

    if (breaks_lines(value->name, value->name_size))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a .reg file cannot hold a value whose name has a line break or NUL, '%s'",
                        value->name);
    wcl_status status = value->name_size == 0
                            ? wcl_buffer_append_byte(&line, '@', error)
                            : append_quoted(&line, value->name, value->name_size, error);
    if (status == WCL_OK)
        status = wcl_buffer_append_byte(&line, '=', error);
    if (status == WCL_OK)
        status = value->is_tombstone ? wcl_buffer_append_byte(&line, '-', error)
                                     : append_data(&line, value, error);
    return status == WCL_OK ? write_line(&line, error) : WCL_FAILED;
}
