/* The paths of a tar's entries as they stand in the index. */
#include "layer/store/index/index_paths.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "erofs/inode.h"
#include "layer/entry/path.h"
#include "layer/entry/windows_names.h"

/* Of the digest that tells shortened names apart. */
#define DIGEST_BYTES 16
/* Of a name of Windows stay so many UTF-16 units, which are at most three bytes each: as many of
 * each spelling, though case may change the number of bytes. */
#define WINDOWS_UNITS 74

wcl_status wcl_index_tidy_path(const char *text, size_t size, wcl_buffer *path, wcl_error *error)
{
    wcl_buffer_clear(path);
    if (memchr(text, '\0', size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "its name has a NUL in it");
    for (size_t at = 0; at < size;) {
        const char *slash = memchr(text + at, '/', size - at);
        size_t length = slash ? (size_t)(slash - text) - at : size - at;
        const char *component = text + at;
        at += length + 1;
        if (length == 0 || (length == 1 && component[0] == '.'))
            continue;
        if (length == 2 && component[0] == '.' && component[1] == '.')
            return wcl_fail(error, WCL_CODE_INVALID_NAME, "its name has a '..' component");
        if ((path->size && wcl_buffer_append_byte(path, '/', error) != WCL_OK) ||
            wcl_buffer_append(path, component, length, error) != WCL_OK)
            return WCL_FAILED;
    }
    return path->size ? wcl_path_check(wcl_buffer_text(path), error)
                      : wcl_buffer_reserve(path, 1, error);
}

void wcl_index_spell_root(wcl_buffer *path)
{
    static const char *const roots[] = { "Files", "Hives", "UtilityVM" };
    size_t length = strcspn(wcl_buffer_text(path), "/");
    char name[16];

    if (length >= sizeof(name))
        return;
    memcpy(name, path->data, length);
    name[length] = '\0';
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
        if (wcl_name_compare(name, roots[i]) == 0)
            memcpy(path->data, roots[i], length);
}

/* How much of the name stays, in whole characters. */
static size_t kept_length(const char *name, wcl_os os)
{
    size_t keep = WCL_EROFS_MAX_NAME - 1 - 2 * DIGEST_BYTES, at = 0;

    if (os == WCL_OS_WINDOWS) {
        for (size_t units = 0; at < keep; at++) {
            unsigned char byte = (unsigned char)name[at];
            if ((byte & 0xC0) != 0x80)
                units += byte >= 0xF0 ? 2 : 1;
            if (units > WINDOWS_UNITS)
                break;
        }
        keep = at;
    }
    while (keep && ((unsigned char)name[keep] & 0xC0) == 0x80)
        keep--;
    return keep;
}

/*
 * Names of over 255 bytes, which Windows has when they are not ASCII, stand shortened in the image:
 * as many whole characters as fit, "~" and the digits of 128 bits of a digest of the name; for
 * Windows, of what is the same for all its spellings.
 */
static wcl_status short_name(const char *name, size_t length, wcl_os os, wcl_buffer *made,
                             wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer key = WCL_BUFFER_INIT;
    uint8_t digest[WCL_SHA256_SIZE];
    size_t keep = kept_length(name, os);

    wcl_status hashed = WCL_FAILED;
    if (os != WCL_OS_WINDOWS)
        hashed = wcl_sha256_of(name, length, digest, error);
    else if (wcl_windows_name_key(name, length, &key, error) == WCL_OK)
        hashed = wcl_sha256_of(wcl_buffer_text(&key), key.size, digest, error);
    if (hashed != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(made);
    if (wcl_buffer_append(made, name, keep, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_buffer_append_byte(made, '~', error);
    for (size_t i = 0; status == WCL_OK && i < DIGEST_BYTES; i++)
        status = wcl_buffer_printf(made, error, "%02x", digest[i]);
    return status;
}

wcl_status wcl_index_shorten_path(wcl_buffer *path, wcl_os os, bool *is_short, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;

    *is_short = false;
    for (size_t at = 0; at < path->size;) {
        size_t length = strcspn((const char *)path->data + at, "/");
        if (length > WCL_EROFS_MAX_NAME) {
            WCL_CLEANUP_BUFFER wcl_buffer rest = WCL_BUFFER_INIT;
            *is_short = true;
            if (short_name((const char *)path->data + at, length, os, &name, error) != WCL_OK ||
                wcl_buffer_append_text(&rest, (const char *)path->data + at + length, error) !=
                    WCL_OK)
                return WCL_FAILED;
            path->size = at;
            if (wcl_buffer_append(path, name.data, name.size, error) != WCL_OK ||
                wcl_buffer_append(path, rest.data, rest.size, error) != WCL_OK)
                return WCL_FAILED;
            length = name.size;
        }
        at += length + 1;
    }
    return WCL_OK;
}

wcl_status wcl_paths_add(wcl_buffer *list, const char *path, wcl_error *error)
{
    return wcl_buffer_append(list, path, strlen(path) + 1, error);
}

const char *wcl_paths_next(const wcl_buffer *list, size_t *position)
{
    if (*position >= list->size)
        return NULL;
    const char *path = (const char *)list->data + *position;
    *position += strlen(path) + 1;
    return path;
}
