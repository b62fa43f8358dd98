/* POSIX links as reparse points. */
#include "layer/store/sandbox/windows_link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <wcl/backupstream.h>

#include "base/beneath.h"
#include "base/error.h"

wcl_status wcl_windows_link(const char *target, void **data, size_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (*target == '/') {
        target += strspn(target, "/");
        if (wcl_buffer_append_text(&text, "C:\\", error) != WCL_OK)
            return WCL_FAILED;
    }
    if (wcl_buffer_append_text(&text, target, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '/')
            text.data[i] = '\\';
    return wcl_reparse_encode_link(wcl_buffer_text(&text), false, data, size, error);
}

/* Takes the last component off. */
static void go_up(wcl_buffer *path)
{
    const char *text = wcl_buffer_text(path);
    const char *slash = strrchr(text, '/');

    path->size = slash ? (size_t)(slash - text) : 0;
    if (path->data)
        path->data[path->size] = 0;
}

/* The place that the target is, by its names alone. */
static wcl_status resolve(const char *from, const char *target, wcl_buffer *path, wcl_error *error)
{
    if (*target != '/') {
        if (wcl_buffer_append_text(path, from, error) != WCL_OK)
            return WCL_FAILED;
        go_up(path);
    }
    while (*target) {
        size_t length = strcspn(target, "/");
        if (length == 2 && memcmp(target, "..", 2) == 0)
            go_up(path);
        else if (length > 0 && !(length == 1 && *target == '.') &&
                 wcl_buffer_printf(path, error, "%s%.*s", path->size ? "/" : "", (int)length,
                                   target) != WCL_OK)
            return WCL_FAILED;
        target += length;
        target += *target == '/';
    }
    return WCL_OK;
}

/* What `path` is in the upper: 0 where it says nothing, with `*hides` where nothing is there. */
static wcl_status type_in_upper(int upper, const char *path, uint32_t *type, bool *hides,
                                wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer part = WCL_BUFFER_INIT;
    const char *end = path;

    *type = S_IFDIR;
    *hides = false;
    while (*end && *type == S_IFDIR) {
        wcl_upper_file file;
        end += strcspn(end + (*end == '/'), "/") + (*end == '/');
        wcl_buffer_clear(&part);
        if (wcl_buffer_append(&part, path, (size_t)(end - path), error) != WCL_OK)
            return WCL_FAILED;
        wcl_status status = wcl_upper_look(upper, wcl_buffer_text(&part), &file, error);
        if (status == WCL_FAILED)
            return WCL_FAILED;
        *type = status == WCL_OK ? file.info.st_mode & S_IFMT : 0;
        *hides |= status == WCL_OK && (file.is_opaque || *type != S_IFDIR);
    }
    if (*end && *type != 0)
        *type = 0;
    return WCL_OK;
}

wcl_status wcl_windows_link_is_folder(wcl_sandbox_reader *reader, const char *target,
                                      bool *is_folder, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    uint32_t type;
    bool hides;

    if (resolve(wcl_buffer_text(&reader->place), target, &path, error) != WCL_OK ||
        type_in_upper(reader->upper, wcl_buffer_text(&path), &type, &hides, error) != WCL_OK)
        return WCL_FAILED;
    if (type == 0 && !hides &&
        wcl_lower_type(&reader->lower, wcl_buffer_text(&path), &type, error) != WCL_OK)
        return WCL_FAILED;
    *is_folder = type == S_IFDIR;
    return WCL_OK;
}
