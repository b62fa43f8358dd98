/* The entries that are no files on disk. */
#include "layer/dir/extras.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/entry/path.h"

void wcl_extras_free(wcl_extras *extras)
{
    for (size_t i = 0; i < extras->count; i++) {
        free(extras->items[i].path);
        free(extras->items[i].target);
    }
    free(extras->items);
    *extras = (wcl_extras) { 0 };
}

wcl_status wcl_extras_add(wcl_extras *extras, wcl_entry_kind kind, const char *path,
                          const char *target, bool on_disk, wcl_error *error)
{
    if (WCL_LIST_RESERVE(extras->items, extras->count, extras->capacity, error) != WCL_OK)
        return WCL_FAILED;
    wcl_extra *item = &extras->items[extras->count];
    *item = (wcl_extra) { .kind = kind,
                          .path = strdup(path),
                          .target = target ? strdup(target) : NULL,
                          .on_disk = on_disk,
                          .number = extras->count };
    item->folder_length = kind != WCL_ENTRY_OPAQUE ? wcl_path_parent_length(path)
                          : strcmp(path, ".") == 0 ? 0
                                                   : strlen(path);
    extras->count++;
    return item->path && (item->target || !target) ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_extras_load(wcl_extras *extras, wcl_sidecar *sidecar, wcl_error *error)
{
    WCL_CLEANUP_FILE_RECORD wcl_file_record record = WCL_FILE_RECORD_INIT;
    const wcl_buffer *target = &record.fields[WCL_FILE_RECORD_TARGET];
    const char *path;
    size_t position = 0;
    wcl_status status;

    while ((status = wcl_sidecar_next_extra(sidecar, &position, &path, &record, error)) == WCL_OK) {
        bool has_target = record.has[WCL_FILE_RECORD_TARGET];
        if (record.kind == WCL_ENTRY_HARD_LINK && !has_target)
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "the link '%.200s' has no target", path);
        bool is_root = record.kind == WCL_ENTRY_OPAQUE && strcmp(path, ".") == 0;
        if ((!is_root && wcl_path_check(path, error) != WCL_OK) ||
            (has_target && wcl_path_check(wcl_buffer_text(target), error) != WCL_OK) ||
            wcl_extras_add(extras, record.kind, path, has_target ? wcl_buffer_text(target) : NULL,
                           record.flags & WCL_FILE_RECORD_ON_DISK, error) != WCL_OK)
            return WCL_FAILED;
        extras->items[extras->count - 1].info = record.info;
    }
    return status == WCL_END ? WCL_OK : status;
}

/* A folder's name against another's, as whole texts. */
static int compare_folders(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Deleted and opaque entries by folder and path, then links by path. */
static int compare_items(const void *a, const void *b)
{
    const wcl_extra *left = a, *right = b;
    bool left_link = left->kind == WCL_ENTRY_HARD_LINK;
    bool right_link = right->kind == WCL_ENTRY_HARD_LINK;

    if (left_link != right_link)
        return left_link ? 1 : -1;
    int order = left_link ? 0
                          : compare_folders(left->path, left->folder_length, right->path,
                                            right->folder_length);
    if (order == 0)
        order = strcmp(left->path, right->path);
    return order ? order : (left->number > right->number) - (left->number < right->number);
}

void wcl_extras_sort(wcl_extras *extras)
{
    if (extras->count > 0)
        qsort(extras->items, extras->count, sizeof(wcl_extra), compare_items);
}

static size_t first_link(const wcl_extras *extras)
{
    size_t low = 0, high = extras->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (extras->items[middle].kind == WCL_ENTRY_HARD_LINK)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

wcl_extra *wcl_extras_next_in(wcl_extras *extras, const char *folder)
{
    size_t links = first_link(extras), low = 0, high = links, length = strlen(folder);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const wcl_extra *item = &extras->items[middle];
        int order = compare_folders(item->path, item->folder_length, folder, length);
        if (order < 0 || (order == 0 && item->given))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == links || compare_folders(extras->items[low].path, extras->items[low].folder_length,
                                        folder, length) != 0)
        return NULL;
    extras->items[low].given = true;
    return &extras->items[low];
}

static int compare_numbers(const void *a, const void *b)
{
    const wcl_extra *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

wcl_extra *wcl_extras_next_rest(wcl_extras *extras)
{
    if (extras->rest == 0) {
        size_t links = first_link(extras);
        if (links < extras->count)
            qsort(extras->items + links, extras->count - links, sizeof(wcl_extra), compare_numbers);
    }
    while (extras->rest < extras->count) {
        wcl_extra *item = &extras->items[extras->rest++];
        if (!item->given) {
            item->given = true;
            return item;
        }
    }
    return NULL;
}

wcl_extra *wcl_extras_find_link(wcl_extras *extras, const char *path)
{
    size_t low = first_link(extras), high = extras->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(extras->items[middle].path, path);
        if (order == 0)
            return &extras->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
