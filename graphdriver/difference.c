/*
 * What one read-only layer changes of another below it, however many are in between: what the
 * upper shows, less what is the same in the lower, and the deletions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"
#include "layer/internal.h"

/* Paths in the order of a walk: a folder before what is in it, and that before its next sibling. */
typedef struct path_list {
    wcl_buffer texts;
    wcl_buffer offsets; /* size_t, into the texts; pointers once it is sorted */
    size_t count, next;
} path_list;

typedef struct difference {
    wcl_layer_reader base;
    wcl_layer_reader *inner; /* of the layer merged with its parents */
    path_list changed;       /* added or modified */
    path_list deleted;
    bool holds_entry; /* `entry` waits for deletions that come before it */
    wcl_entry entry;
} difference;

/* ---- Lists ----------------------------------------------------------------------------------- */

static int compare_paths(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    unsigned a = *one == '/' ? 1 : (unsigned char)*one * 2u;
    unsigned b = *other == '/' ? 1 : (unsigned char)*other * 2u;
    return a < b ? -1 : a > b;
}

static int compare_items(const void *one, const void *other)
{
    return compare_paths(*(const char *const *)one, *(const char *const *)other);
}

static wcl_status add_path(path_list *list, const char *path, wcl_error *error)
{
    size_t offset = list->texts.size;

    if (wcl_buffer_append(&list->texts, path, strlen(path) + 1, error) != WCL_OK)
        return WCL_FAILED;
    list->count++;
    return wcl_buffer_append(&list->offsets, &offset, sizeof(offset), error);
}

static const char **items_of(const path_list *list)
{
    return (const char **)(void *)list->offsets.data;
}

static void sort(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t offset;
        memcpy(&offset, list->offsets.data + i * sizeof(offset), sizeof(offset));
        items_of(list)[i] = (const char *)list->texts.data + offset;
    }
    if (list->count)
        qsort(items_of(list), list->count, sizeof(char *), compare_items);
}

static bool has_path(const path_list *list, const char *path)
{
    return list->count &&
           bsearch(&path, items_of(list), list->count, sizeof(char *), compare_items);
}

static void free_list(path_list *list)
{
    wcl_buffer_free(&list->texts);
    wcl_buffer_free(&list->offsets);
}

/* ---- The reader ------------------------------------------------------------------------------ */

static wcl_status give_deletion(difference *reader, wcl_entry *entry)
{
    *entry = (wcl_entry)WCL_ENTRY_INIT;
    entry->kind = WCL_ENTRY_DELETED;
    entry->path = items_of(&reader->deleted)[reader->deleted.next++];
    return WCL_OK;
}

static wcl_status difference_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    difference *reader = (difference *)base;
    const path_list *deleted = &reader->deleted;
    wcl_status status = WCL_OK;

    while (!reader->holds_entry) {
        reader->entry = (wcl_entry)WCL_ENTRY_INIT;
        status = wcl_layer_reader_next(reader->inner, &reader->entry, error);
        if (status != WCL_OK)
            break;
        reader->holds_entry = has_path(&reader->changed, reader->entry.path);
    }
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (deleted->next < deleted->count &&
        (status == WCL_END ||
         compare_paths(items_of(deleted)[deleted->next], reader->entry.path) < 0))
        return give_deletion(reader, entry);
    if (status == WCL_END)
        return WCL_END;
    *entry = reader->entry;
    reader->holds_entry = false;
    return WCL_OK;
}

static wcl_status difference_read_entry(wcl_layer_reader *base, void *buffer, size_t size,
                                        size_t *got, wcl_error *error)
{
    return wcl_layer_reader_read(((difference *)base)->inner, buffer, size, got, error);
}

static void difference_free_reader(wcl_layer_reader *base)
{
    difference *reader = (difference *)base;

    wcl_layer_reader_close(reader->inner, NULL);
    free_list(&reader->changed);
    free_list(&reader->deleted);
    free(reader);
}

static const wcl_layer_reader_ops ops = { "read difference", difference_next, difference_read_entry,
                                          difference_free_reader };

static wcl_status add_change(void *context, const char *path, wcl_change_kind kind,
                             wcl_error *error)
{
    difference *reader = context;

    return add_path(kind == WCL_CHANGE_DELETED ? &reader->deleted : &reader->changed, path + 1,
                    error);
}

wcl_status wcl_difference_open(const wcl_graphdriver *driver, const char *id, const char *other,
                               wcl_layer_reader **reader, wcl_error *error)
{
    difference *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    if (wcl_layer_changes(&driver->layers, id, other, add_change, made, error) != WCL_OK ||
        wcl_layer_merged_reader_open(&driver->layers, id, &made->inner, error) != WCL_OK) {
        difference_free_reader(&made->base);
        return WCL_FAILED;
    }
    sort(&made->changed);
    sort(&made->deleted);
    *reader = &made->base;
    return WCL_OK;
}
