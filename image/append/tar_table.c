/* The table of a tar's entries. */
#include "image/append/tar_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "image/append/source.h"

static wcl_status add_text(wcl_tar_table *table, const char *text, size_t *place, wcl_error *error)
{
    *place = table->texts.size;
    return wcl_buffer_append(&table->texts, text, strlen(text) + 1, error);
}

static wcl_status add_xattr(wcl_tar_table *table, const wcl_xattr *xattr, wcl_error *error)
{
    wcl_tar_xattr kept = { .size = xattr->size };

    if (add_text(table, xattr->name, &kept.name, error) != WCL_OK)
        return WCL_FAILED;
    kept.value = table->texts.size;
    if (wcl_buffer_append(&table->texts, xattr->value, xattr->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(&table->xattrs, &kept, sizeof(kept), error);
}

wcl_status wcl_tar_table_add(wcl_tar_table *table, const wcl_entry *entry,
                             const wcl_tar_segment *segments, size_t segment_count,
                             wcl_error *error)
{
    if (WCL_LIST_RESERVE(table->rows, table->count, table->capacity, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tar_row *row = &table->rows[table->count];
    *row = (wcl_tar_row) { .order = table->count,
                           .xattrs = table->xattrs.size / sizeof(wcl_tar_xattr),
                           .xattr_count = entry->xattr_count,
                           .segments = table->segments.size / sizeof(*segments),
                           .segment_count = segment_count,
                           .size = entry->size,
                           .modified = entry->modified,
                           .kind = entry->kind,
                           .is_implicit = entry->flags & WCL_ENTRY_IMPLICIT,
                           .mode = entry->mode,
                           .uid = entry->uid,
                           .gid = entry->gid,
                           .device_major = entry->device_major,
                           .device_minor = entry->device_minor };
    if (add_text(table, entry->path, &row->path, error) != WCL_OK ||
        add_text(table, entry->target ? entry->target : "", &row->target, error) != WCL_OK ||
        wcl_buffer_append(&table->segments, segments, segment_count * sizeof(*segments), error) !=
            WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < entry->xattr_count; i++)
        if (add_xattr(table, &entry->xattrs[i], error) != WCL_OK)
            return WCL_FAILED;
    table->count++;
    return WCL_OK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

const wcl_tar_row *wcl_tar_table_find(const wcl_tar_table *table, const char *path)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const wcl_tar_row *row = &table->rows[middle];
        int order = wcl_append_path_compare(path, wcl_tar_table_text(table, row->path));
        if (order == 0)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int compare_xattrs(const void *a, const void *b)
{
    return strcmp(((const wcl_xattr *)a)->name, ((const wcl_xattr *)b)->name);
}

static wcl_status fill_xattrs(const wcl_tar_table *table, const wcl_tar_row *row,
                              wcl_xattr **xattrs, wcl_error *error)
{
    const wcl_tar_xattr *kept = (const wcl_tar_xattr *)(const void *)table->xattrs.data;
    wcl_xattr *list = reallocarray(*xattrs, row->xattr_count, sizeof(*list));

    if (!list)
        return wcl_fail_memory(error);
    *xattrs = list;
    for (size_t i = 0; i < row->xattr_count; i++)
        list[i] = (wcl_xattr) { .name = wcl_tar_table_text(table, kept[row->xattrs + i].name),
                                .value = table->texts.data + kept[row->xattrs + i].value,
                                .size = kept[row->xattrs + i].size };
    qsort(list, row->xattr_count, sizeof(*list), compare_xattrs);
    return WCL_OK;
}

wcl_status wcl_tar_table_entry(const wcl_tar_table *table, const wcl_tar_row *row, wcl_entry *entry,
                               wcl_xattr **xattrs, wcl_error *error)
{
    bool is_link = row->kind == WCL_ENTRY_HARD_LINK;
    /* A link says of the file what the file's own entry says. */
    const wcl_tar_row *file = is_link ? &table->rows[row->first_name] : row;

    *entry = (wcl_entry) { .struct_size = sizeof(*entry),
                           .kind = row->kind,
                           .flags = row->is_implicit ? WCL_ENTRY_IMPLICIT : 0,
                           .path = wcl_tar_table_text(table, row->path),
                           .size = is_link ? 0 : row->size,
                           .has_posix = true,
                           .mode = file->mode,
                           .uid = file->uid,
                           .gid = file->gid,
                           .device_major = file->device_major,
                           .device_minor = file->device_minor,
                           .modified = file->modified };
    if (is_link)
        entry->target = wcl_tar_table_text(table, file->path);
    else if (row->kind == WCL_ENTRY_SYMLINK)
        entry->target = wcl_tar_table_text(table, row->target);
    if (file->xattr_count == 0)
        return WCL_OK;
    if (fill_xattrs(table, file, xattrs, error) != WCL_OK)
        return WCL_FAILED;
    entry->xattrs = *xattrs;
    entry->xattr_count = file->xattr_count;
    return WCL_OK;
}

void wcl_tar_table_free(wcl_tar_table *table)
{
    free(table->rows);
    wcl_buffer_free(&table->texts);
    wcl_buffer_free(&table->xattrs);
    wcl_buffer_free(&table->segments);
    *table = (wcl_tar_table) { .rows = NULL };
}
