/* Texts in JSON: what is not UTF-8 or not fit to be seen is escaped. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/utf16.h"

/* What a lone byte that is not UTF-8 is written as: half a surrogate pair that no text has
 * otherwise. */
#define LONE_BYTE 0xDC00u

size_t wcl_json_escape(const char *text, size_t left, char escape[WCL_JSON_ESCAPE_SIZE])
{
    uint32_t point = 0;
    size_t length = wcl_wtf8_character(text, left, &point);

    escape[0] = '\0';
    if (length == 0 || (point >= 0xD800 && point < 0xE000)) {
        snprintf(escape, WCL_JSON_ESCAPE_SIZE, "\\u%04x", LONE_BYTE | (uint8_t)*text);
        return 1;
    }
    if (point == '"' || point == '\\')
        snprintf(escape, WCL_JSON_ESCAPE_SIZE, "\\%c", (int)point);
    else if (point >= 0x10000 && !wcl_is_printable(point))
        snprintf(escape, WCL_JSON_ESCAPE_SIZE, "\\u%04x\\u%04x", 0xD7C0 + (point >> 10),
                 0xDC00 | (point & 0x3FF));
    else if (!wcl_is_printable(point))
        snprintf(escape, WCL_JSON_ESCAPE_SIZE, "\\u%04x", point);
    return length;
}

/* Whether a byte of printed JSON may begin what has to be escaped; below this, cJSON did it. */
static bool may_need_escape(char byte)
{
    return (uint8_t)byte >= 0x7F;
}

char *wcl_json_escape_printed(char *printed)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
    char *end = printed ? strchr(printed, '\0') : NULL, *at = printed;
    wcl_status status = WCL_OK;

    while (at < end && !may_need_escape(*at))
        at++;
    if (at == end)
        return printed;
    status = wcl_buffer_append(&out, printed, (size_t)(at - printed), NULL);
    while (at < end && status == WCL_OK) {
        char escape[WCL_JSON_ESCAPE_SIZE] = "";
        size_t length = may_need_escape(*at) ? wcl_json_escape(at, (size_t)(end - at), escape) : 1;
        status = *escape ? wcl_buffer_append_text(&out, escape, NULL)
                         : wcl_buffer_append(&out, at, length, NULL);
        at += length;
    }
    cJSON_free(printed);
    return status == WCL_OK ? wcl_buffer_detach(&out, NULL, NULL) : NULL;
}
