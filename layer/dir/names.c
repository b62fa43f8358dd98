/* Which name an entry has on disk. */
#include "layer/dir/names.h"

#include <string.h>

#include "base/digest.h"
#include "base/host_path.h"

#define SHORT_MARK ".$wclname$"
#define SHORT_DIGITS 32
/* Bytes of the true name that a short one begins with, for people. */
#define SHORT_PREFIX_MAX 180

static const char *const reserved_names[] = { ".wcl-metadata", ".wcl-metadata" WCL_COMPANION_SUFFIX,
                                              ".wcl-metadata.d",
                                              ".wcl-metadata.d" WCL_COMPANION_SUFFIX,
                                              "tombstones.txt" };

bool wcl_has_suffix(const char *name, size_t length, const char *suffix)
{
    size_t suffix_length = strlen(suffix);
    return length >= suffix_length &&
           memcmp(name + length - suffix_length, suffix, suffix_length) == 0;
}

bool wcl_disk_name_is_reserved(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++)
        if (strlen(reserved_names[i]) == length && memcmp(reserved_names[i], name, length) == 0)
            return true;
    return false;
}

bool wcl_disk_name_is_short(const char *name)
{
    size_t length = strlen(name);

    if (length < SHORT_DIGITS || strspn(name + length - SHORT_DIGITS, "0123456789abcdef") != 32)
        return false;
    return wcl_has_suffix(name, length - SHORT_DIGITS, SHORT_MARK);
}

static wcl_status append_short(const char *name, size_t length, wcl_buffer *out, wcl_error *error)
{
    uint8_t digest[WCL_SHA256_SIZE];
    size_t prefix = length < SHORT_PREFIX_MAX ? length : SHORT_PREFIX_MAX;

    while (prefix > 0 && ((prefix < length && ((unsigned char)name[prefix] & 0xC0) == 0x80) ||
                          !wcl_host_holds_name(name, prefix)))
        prefix--;
    if (wcl_sha256_of(name, length, digest, error) != WCL_OK ||
        wcl_buffer_append(out, name, prefix, error) != WCL_OK ||
        wcl_buffer_append_text(out, SHORT_MARK, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < SHORT_DIGITS / 2; i++)
        if (wcl_buffer_printf(out, error, "%02x", digest[i]) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_disk_name(const char *name, size_t length, bool at_root, size_t max, wcl_buffer *out,
                         wcl_error *error)
{
    if (length > max || !wcl_host_holds_name(name, length) ||
        wcl_has_suffix(name, length, WCL_COMPANION_SUFFIX) ||
        (at_root && wcl_disk_name_is_reserved(name, length)))
        return append_short(name, length, out, error);
    return wcl_buffer_append(out, name, length, error);
}

wcl_status wcl_disk_path(const char *path, size_t max, wcl_buffer *out, wcl_error *error)
{
    wcl_buffer_clear(out);
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (wcl_disk_name(at, length, at == path, max, out, error) != WCL_OK)
            return WCL_FAILED;
        at += length;
        if (*at == '\0')
            return WCL_OK;
        if (wcl_buffer_append_byte(out, '/', error) != WCL_OK)
            return WCL_FAILED;
    }
}
