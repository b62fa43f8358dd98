/* Turning the targets of links into relative paths that stay inside the folder. */
#include "layer/dir/link_text.h"

#include <string.h>
#include <wcl/backupstream.h>

#include "base/error.h"
#include "base/utf16.h"
#include "layer/dir/names.h"
#include "layer/entry/path.h"

/* Bytes of `path` that name the root of its volume, with the slash: "Files/" or "UtilityVM/Files/".
 * 0 in a Linux layer; SIZE_MAX where links mean nothing. */
static size_t volume_length(const char *path, const wcl_file_record *record)
{
    if (record->kind == WCL_ENTRY_SYMLINK)
        return 0;
    if (strncmp(path, "Files/", 6) == 0)
        return 6;
    return strncmp(path, "UtilityVM/Files/", 16) == 0 ? 16 : SIZE_MAX;
}

static void cut_component(wcl_buffer *path)
{
    while (path->size > 0 && path->data[path->size - 1] != '/')
        path->size--;
    if (path->size > 0)
        path->size--;
}

/* Follows `target`, component by component, from `*at`, a path without slashes at its ends. False
 * where it leads out of the root. */
static bool follow(wcl_buffer *at, const char *target, wcl_error *error, wcl_status *status)
{
    *status = WCL_OK;
    while (*status == WCL_OK && *target) {
        size_t length = strcspn(target, "/");
        if (length == 2 && memcmp(target, "..", 2) == 0) {
            if (at->size == 0)
                return false;
            cut_component(at);
        } else if (length > 0 && !(length == 1 && *target == '.')) {
            if (at->size > 0)
                *status = wcl_buffer_append_byte(at, '/', error);
            if (*status == WCL_OK)
                *status = wcl_buffer_append(at, target, length, error);
        }
        target += length + (target[length] == '/');
    }
    return *status == WCL_OK;
}

/* Appends the relative way from the folder of `from` to `to`, both from the same root. */
static wcl_status append_way(const char *from, const char *to, wcl_buffer *text, wcl_error *error)
{
    size_t common = 0;

    for (size_t i = 0; from[i] && from[i] == to[i]; i++)
        if (from[i] == '/')
            common = i + 1;
    for (const char *at = from + common; (at = strchr(at, '/')) != NULL; at++)
        if (wcl_buffer_append_text(text, "../", error) != WCL_OK)
            return WCL_FAILED;
    return wcl_buffer_append_text(text, to[common] ? to + common : ".", error);
}

/* A Windows target as a path with slashes. Sets `*absolute` for one from the volume's root. False
 * for one on another volume or machine. */
static bool spell_target(char *target, const char **start, bool *absolute)
{
    for (char *at = target; *at; at++)
        if (*at == '\\')
            *at = '/';
    if (strncmp(target, "//?/", 4) == 0 || strncmp(target, "/?\?/", 4) == 0)
        target += 4;
    *absolute = true;
    *start = target;
    if ((target[0] == 'C' || target[0] == 'c') && target[1] == ':') {
        *start += 2;
        return target[2] == '/' || target[2] == '\0';
    }
    if (target[0] == '/')
        return target[1] != '/';
    *absolute = false;
    return !strchr(target, ':');
}

/* The link's target as it stands; NULL where the entry is no link that can be read. */
static char *read_target(const wcl_file_record *record)
{
    const wcl_buffer *reparse = &record->fields[WCL_FILE_RECORD_REPARSE];
    const wcl_buffer *target = &record->fields[WCL_FILE_RECORD_TARGET];
    wcl_reparse_link link = { 0 };

    if (record->kind == WCL_ENTRY_SYMLINK)
        return record->has[WCL_FILE_RECORD_TARGET] ? strdup(wcl_buffer_text(target)) : NULL;
    if (!record->has[WCL_FILE_RECORD_REPARSE] ||
        wcl_reparse_decode_link(reparse->data, reparse->size, &link, NULL) != WCL_OK)
        return NULL;
    return link.target;
}

wcl_status wcl_link_text(const char *path, const wcl_file_record *record, size_t name_max,
                         wcl_buffer *text, bool *inside, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer at = WCL_BUFFER_INIT, from = WCL_BUFFER_INIT,
                                  to = WCL_BUFFER_INIT;
    size_t volume = volume_length(path, record);
    WCL_CLEANUP_FREE char *target = volume == SIZE_MAX ? NULL : read_target(record);
    const char *start = target;
    bool absolute = target && *target == '/';
    wcl_status status;

    *inside = false;
    if (!target || !*target ||
        (record->kind != WCL_ENTRY_SYMLINK && !spell_target(target, &start, &absolute)))
        return WCL_OK;
    if (!absolute && wcl_buffer_append(&at, path + volume, wcl_path_parent_length(path + volume),
                                       error) != WCL_OK)
        return WCL_FAILED;
    if (!follow(&at, start, error, &status))
        return status;
    /* Both ways are made of names as they are on disk. */
    if (wcl_buffer_append(&to, path, volume, error) != WCL_OK ||
        wcl_buffer_append(&to, at.data ? at.data : (uint8_t *)"", at.size, error) != WCL_OK)
        return WCL_FAILED;
    while (to.size > 0 && to.data[to.size - 1] == '/')
        to.data[--to.size] = 0;
    if (wcl_disk_path(path, name_max, &from, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(&at);
    if (to.size > 0 && wcl_disk_path(wcl_buffer_text(&to), name_max, &at, error) != WCL_OK)
        return WCL_FAILED;
    if (append_way(wcl_buffer_text(&from), wcl_buffer_text(&at), text, error) != WCL_OK)
        return WCL_FAILED;
    *inside = text->size < 4096 && wcl_wtf8_is_valid(wcl_buffer_text(text), text->size);
    return WCL_OK;
}
