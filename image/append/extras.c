/* Finding what a layer has besides the files. */
#include "image/append/extras.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/internal.h"

#define WINDOWS_ROOT "Files"
#define WINDOWS_HIVES "Hives"

static wcl_status append_extras_add(wcl_append_extras *extras, const char *path, bool is_deleted,
                                    wcl_error *error)
{
    if (WCL_LIST_RESERVE(extras->list, extras->count, extras->capacity, error) != WCL_OK)
        return WCL_FAILED;
    char *copy = strdup(path);
    if (!copy)
        return wcl_fail_memory(error);
    extras->list[extras->count++] = (wcl_append_extra) { copy, is_deleted, false };
    return WCL_OK;
}

/* Makes a layer's path of one that a person wrote: any slashes, a drive, dots. */
static wcl_status clean(const wcl_append_layer *layer, const char *given, wcl_buffer *path,
                        wcl_error *error)
{
    bool is_windows = layer->os == WCL_OS_WINDOWS;
    const char *separators = is_windows ? "/\\" : "/";
    const char *at = given;

    wcl_buffer_clear(path);
    if (is_windows && (at[0] == 'C' || at[0] == 'c') && at[1] == ':')
        at += 2;
    if (is_windows && wcl_buffer_append_text(path, WINDOWS_ROOT, error) != WCL_OK)
        return WCL_FAILED;
    for (; *at; at += *at != '\0') {
        size_t size = strcspn(at, separators);
        if (size == 2 && memcmp(at, "..", 2) == 0)
            return wcl_fail(error, WCL_CODE_INVALID_NAME, "the path '%s' has a '..' in it", given);
        bool is_name = size > 0 && !(size == 1 && *at == '.');
        if (is_name && path->size > 0 && wcl_buffer_append_byte(path, '/', error) != WCL_OK)
            return WCL_FAILED;
        if (is_name && wcl_buffer_append(path, at, size, error) != WCL_OK)
            return WCL_FAILED;
        at += size;
    }
    return path->size == 0 ? WCL_OK : wcl_path_check(wcl_buffer_text(path), error);
}

/* Spells the folder `path`, component by component, as the image does, and adds each. */
static wcl_status add_folders(wcl_append_extras *extras, const wcl_append_layer *layer,
                              wcl_buffer *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer spelled = WCL_BUFFER_INIT;
    wcl_append_base_file file;

    for (const char *at = wcl_buffer_text(path); *at; at += *at == '/') {
        size_t size = strcspn(at, "/");
        if ((spelled.size > 0 && wcl_buffer_append_byte(&spelled, '/', error) != WCL_OK) ||
            wcl_buffer_append(&spelled, at, size, error) != WCL_OK ||
            wcl_append_base_find(layer->base, wcl_buffer_text(&spelled), &file, error) != WCL_OK)
            return WCL_FAILED;
        if (file.kind == WCL_ENTRY_SYMLINK)
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                            "'%s' is a symbolic link in the image, to '%s'; name the folder that "
                            "it leads to",
                            file.spelling, file.target);
        if (file.kind && file.kind != WCL_ENTRY_DIRECTORY)
            return wcl_fail(error, WCL_CODE_DIRECTORY, "'%s' is a file in the image",
                            file.spelling);
        if (file.kind) {
            wcl_buffer_clear(&spelled);
            if (wcl_buffer_append_text(&spelled, file.spelling, error) != WCL_OK)
                return WCL_FAILED;
        }
        if (append_extras_add(extras, wcl_buffer_text(&spelled), false, error) != WCL_OK)
            return WCL_FAILED;
        at += size;
    }
    wcl_buffer_clear(path);
    return wcl_buffer_append(path, wcl_buffer_text(&spelled), spelled.size, error);
}

static wcl_status add_deleted(wcl_append_extras *extras, const wcl_append_layer *layer,
                              const char *given, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT, parent = WCL_BUFFER_INIT;
    wcl_append_base_file file;

    if (clean(layer, given, &path, error) != WCL_OK ||
        wcl_append_base_find(layer->base, wcl_buffer_text(&path), &file, error) != WCL_OK)
        return WCL_FAILED;
    bool is_root = path.size == 0 || (layer->os == WCL_OS_WINDOWS && !strchr(file.spelling, '/'));
    if (!file.kind || is_root)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                        is_root ? "cannot delete the root of an image"
                                : "cannot delete it: the image does not have it");
    if (append_extras_add(extras, file.spelling, true, error) != WCL_OK ||
        wcl_buffer_append(&parent, file.spelling, wcl_path_parent_length(file.spelling), error) !=
            WCL_OK)
        return WCL_FAILED;
    return add_folders(extras, layer, &parent, error);
}

static int append_extras_compare(const void *a, const void *b)
{
    const wcl_append_extra *first = a;
    const wcl_append_extra *second = b;
    int order = wcl_append_path_compare(first->path, second->path);
    return order ? order : (int)first->is_deleted - (int)second->is_deleted;
}

/* What is both deleted and led through stays deleted, which is an error of whoever asked. */
static wcl_status sort(wcl_append_extras *extras, wcl_error *error)
{
    size_t kept = 0;

    if (extras->count > 1)
        qsort(extras->list, extras->count, sizeof(*extras->list), append_extras_compare);
    for (size_t i = 0; i < extras->count; i++) {
        wcl_append_extra *last = kept > 0 ? &extras->list[kept - 1] : NULL;
        if (!last || strcmp(last->path, extras->list[i].path) != 0) {
            extras->list[kept++] = extras->list[i];
            continue;
        }
        if (last->is_deleted != extras->list[i].is_deleted)
            wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                     "'%s' is to be deleted, and something to be put or deleted in it", last->path);
        bool clashes = last->is_deleted != extras->list[i].is_deleted;
        free(extras->list[i].path);
        extras->list[i].path = NULL;
        if (clashes)
            return WCL_FAILED;
    }
    extras->count = kept;
    return WCL_OK;
}

static wcl_status set_prefix(wcl_append_extras *extras, wcl_buffer *folder, wcl_error *error)
{
    size_t size;

    if (folder->size > 0 && wcl_buffer_append_byte(folder, '/', error) != WCL_OK)
        return WCL_FAILED;
    extras->prefix = wcl_buffer_detach(folder, &size, error);
    return extras->prefix ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_append_extras_find(wcl_append_extras *extras, const wcl_append_layer *layer,
                                  wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer folder = WCL_BUFFER_INIT;

    if (clean(layer, layer->to ? layer->to : "", &folder, error) != WCL_OK ||
        add_folders(extras, layer, &folder, error) != WCL_OK ||
        set_prefix(extras, &folder, error) != WCL_OK)
        return WCL_FAILED;
    if (layer->os == WCL_OS_WINDOWS &&
        append_extras_add(extras, WINDOWS_HIVES, false, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < layer->deleted_count; i++)
        if (add_deleted(extras, layer, layer->deleted[i], error) != WCL_OK)
            return wcl_error_context(error, NULL, layer->deleted[i]);
    return sort(extras, error);
}

void wcl_append_extras_free(wcl_append_extras *extras)
{
    for (size_t i = 0; i < extras->count; i++)
        free(extras->list[i].path);
    free(extras->list);
    wcl_free(extras->prefix);
    *extras = (wcl_append_extras) { .prefix = NULL };
}
