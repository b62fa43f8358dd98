/* Reading and writing tombstones.txt. */
#include "layer/transport/tombstones.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "layer/entry/windows_names.h"

#define FIRST_LINE "\xEF\xBB\xBFVersion 1.0"
#define TEXT_MAX (256u << 20)
#define FILES_PREFIX "Files/"

static void swap_slashes(char *text, char from, char to)
{
    for (; *text; text++)
        if (*text == from)
            *text = to;
}

wcl_status wcl_tombstones_start(wcl_buffer *text, wcl_error *error)
{
    return wcl_buffer_append_text(text, FIRST_LINE "\n", error);
}

wcl_status wcl_tombstones_add(wcl_buffer *text, const char *path, wcl_error *error)
{
    size_t start = text->size;

    if (wcl_buffer_append_text(text, path + strlen("Files"), error) != WCL_OK)
        return WCL_FAILED;
    swap_slashes((char *)text->data + start, '/', '\\');
    return wcl_buffer_append_byte(text, '\n', error);
}

/* Takes one line, without its end. */
static wcl_status take_line(wcl_extras *extras, char *text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (*text != '\\')
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the line '%.200s' does not begin with a backslash", text);
    if (strchr(text, '/'))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the line '%.200s' has a slash", text);
    swap_slashes(text, '\\', '/');
    if (wcl_buffer_append_text(&path, FILES_PREFIX, error) != WCL_OK ||
        wcl_buffer_append_text(&path, text + 1, error) != WCL_OK ||
        wcl_path_check_windows(wcl_buffer_text(&path), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_extras_add(extras, WCL_ENTRY_DELETED, wcl_buffer_text(&path), NULL, false, error);
}

static wcl_status take_lines(wcl_extras *extras, char *text, size_t size, wcl_error *error)
{
    bool first = true;

    if (strlen(text) != size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the file has a NUL");
    while (*text) {
        size_t length = strcspn(text, "\n");
        char *next = text + length + (text[length] == '\n');
        text[length] = '\0';
        if (length > 0 && text[length - 1] == '\r')
            text[length - 1] = '\0';
        if (first && strcmp(text, FIRST_LINE) != 0)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the file does not begin with a byte order mark and 'Version 1.0'");
        if (!first && take_line(extras, text, error) != WCL_OK)
            return WCL_FAILED;
        first = false;
        text = next;
    }
    return first ? wcl_fail(error, WCL_CODE_INVALID_DATA, "the file is empty") : WCL_OK;
}

wcl_status wcl_tombstones_load(int root, wcl_extras *extras, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_error own = WCL_ERROR_INIT;

    if (wcl_regular_read(root, WCL_TOMBSTONES_NAME, WCL_LINKS_REFUSED, TEXT_MAX, &text, &own) ==
        WCL_OK) {
        if (take_lines(extras, (char *)text.data, text.size, error) == WCL_OK)
            return WCL_OK;
        return wcl_error_context(error, NULL, WCL_TOMBSTONES_NAME);
    }
    if (own.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_OK;
    wcl_error_pass(error, &own);
    return wcl_error_context(error, NULL, WCL_TOMBSTONES_NAME);
}
