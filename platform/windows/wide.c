/* UTF-16 with a NUL behind it, to and from WTF-8. */
#include "platform/windows/wide.h"

#include <string.h>

#include "base/buffer.h"
#include "base/utf16.h"

wchar_t *wcl_wide_of(const char *text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer wide = WCL_BUFFER_INIT;

    if (wcl_wtf8_to_utf16(text, strlen(text), &wide, error) != WCL_OK ||
        wcl_buffer_append_le16(&wide, 0, error) != WCL_OK)
        return NULL;
    return wcl_buffer_detach(&wide, NULL, error);
}

char *wcl_text_of_wide(const wchar_t *text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer narrow = WCL_BUFFER_INIT;

    if (wcl_utf16_to_wtf8(text, wcslen(text) * sizeof(*text), &narrow, error) != WCL_OK)
        return NULL;
    return wcl_buffer_detach(&narrow, NULL, error);
}
