/*
 * Reading a read-only layer of the store: its tar's entries, a folder always before what is in it
 * and no path twice, whatever order the tar itself has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/erofs/tree.h"
#include "layer/layer_ops.h"
#include "layer/path.h"
#include "layer/store/entries.h"

/* A folder that the tar lists after what is in it: all of it, to be given in time. */
typedef struct late_folder {
    wcl_entry entry;
    wcl_buffer path;
    wcl_buffer stream;
    wcl_node node;
} late_folder;

typedef struct store_reader {
    wcl_layer_reader base;
    wcl_store store;
    wcl_store_layer layer;
    int tar_fd;
    uint64_t position;
    wcl_layer_reader *tar;
    wcl_tree *given;   /* the folders given so far */
    wcl_entry waiting; /* the tar's entry, while folders that lead to it are given */
    bool is_waiting;
    wcl_buffer folder;             /* the path of a folder that was put in */
    const wcl_buffer *put_in_data; /* its stream; NULL while the tar's own entry is read */
    size_t put_in_position;
    bool is_put_in;
    /* Of a scattered tar: */
    wcl_tree *all;    /* every path */
    uint64_t *last;   /* by node: the entry that counts, from 1 */
    uint64_t ordinal; /* of the entry at hand */
    late_folder *late;
    size_t late_count;
} store_reader;

/* ---- The tar -------------------------------------------------------------------------------- */

static wcl_status read_tar(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    store_reader *reader = context;

    if (wcl_pread_full(reader->tar_fd, buffer, size, reader->position, got, error) != WCL_OK)
        return WCL_FAILED;
    reader->position += *got;
    return WCL_OK;
}

static wcl_status open_tar(store_reader *reader, wcl_error *error)
{
    const wcl_tar_reader_options options = { .struct_size = sizeof(options),
                                             .os = reader->layer.record.os };

    reader->position = 0;
    return wcl_tar_reader_open(read_tar, reader, &options, &reader->tar, error);
}

/* ---- Folders given so far ------------------------------------------------------------------- */

static wcl_status add_folder(wcl_tree *tree, const char *path, wcl_error *error)
{
    const wcl_inode inode = { .mode = S_IFDIR | 0755 };
    const char *name = wcl_path_base(path);
    wcl_node parent, node = wcl_tree_find(tree, path);

    if (node != WCL_NO_NODE && wcl_tree_is_folder(tree, node))
        return WCL_OK;
    if (wcl_tree_make_parents(tree, path, &inode, NULL, 0, &parent, error) != WCL_OK ||
        wcl_tree_add_node(tree, &inode, &node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_link(tree, parent, name, strlen(name), node, NULL, error);
}

/* The first folder on the way to `path` that was not given yet, into reader->folder; false: none.
 */
static bool missing_folder(store_reader *reader, const char *path, wcl_status *status,
                           wcl_error *error)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        wcl_buffer_clear(&reader->folder);
        *status = wcl_buffer_append(&reader->folder, path, (size_t)(slash - path), error);
        if (*status != WCL_OK)
            return false;
        if (wcl_tree_find(reader->given, wcl_buffer_text(&reader->folder)) == WCL_NO_NODE)
            return true;
    }
    return false;
}

/* ---- Scattered tars ------------------------------------------------------------------------- */

static wcl_status read_stream(store_reader *reader, wcl_buffer *stream, wcl_error *error)
{
    size_t got = 1;

    while (got) {
        if (wcl_buffer_reserve(stream, 65536, error) != WCL_OK ||
            wcl_layer_reader_read(reader->tar, stream->data + stream->size, 65536, &got, error) !=
                WCL_OK)
            return WCL_FAILED;
        stream->size += got;
    }
    return WCL_OK;
}

static wcl_status keep_folder(store_reader *reader, const wcl_entry *entry, wcl_node node,
                              wcl_error *error)
{
    late_folder *late = realloc(reader->late, (reader->late_count + 1) * sizeof(*late));

    if (!late)
        return wcl_fail_memory(error);
    reader->late = late;
    late += reader->late_count++;
    *late = (late_folder) { .entry = *entry, .node = node };
    /* Extended attributes of the entry would have to be copied too; the entry's own stream has
     * none. */
    late->entry.xattrs = NULL;
    late->entry.xattr_count = 0;
    if (wcl_buffer_append_text(&late->path, entry->path, error) != WCL_OK ||
        read_stream(reader, &late->stream, error) != WCL_OK)
        return WCL_FAILED;
    return WCL_OK;
}

static wcl_status note_last(store_reader *reader, wcl_node node, wcl_error *error)
{
    uint32_t count = wcl_tree_node_count(reader->all);
    uint64_t *last = realloc(reader->last, ((size_t)count + 1) * sizeof(*last));

    if (!last)
        return wcl_fail_memory(error);
    reader->last = last;
    reader->last[node] = reader->ordinal;
    return WCL_OK;
}

static wcl_status survey_entry(store_reader *reader, const wcl_entry *entry, wcl_error *error)
{
    const wcl_inode inode = { .mode =
                                  (entry->kind == WCL_ENTRY_DIRECTORY ? S_IFDIR : S_IFREG) | 0755 };
    const wcl_inode folder = { .mode = S_IFDIR | 0755 };
    const char *name = wcl_path_base(entry->path);
    wcl_node node = wcl_tree_find(reader->all, entry->path), parent;
    bool was_folder = node != WCL_NO_NODE && wcl_tree_is_folder(reader->all, node);

    if (entry->kind == WCL_ENTRY_DELETED || entry->kind == WCL_ENTRY_OPAQUE)
        return WCL_OK;
    if (was_folder && entry->kind == WCL_ENTRY_DIRECTORY) {
        if (keep_folder(reader, entry, node, error) != WCL_OK)
            return WCL_FAILED;
    } else if (wcl_tree_make_parents(reader->all, entry->path, &folder, NULL, 0, &parent, error) !=
                   WCL_OK ||
               wcl_tree_add_node(reader->all, &inode, &node, error) != WCL_OK ||
               wcl_tree_link(reader->all, parent, name, strlen(name), node, NULL, error) !=
                   WCL_OK) {
        return WCL_FAILED;
    }
    return note_last(reader, node, error);
}

/* Goes through the tar once, to know which entry of each path counts and which folders come late.
 */
static wcl_status survey(store_reader *reader, wcl_error *error)
{
    wcl_entry entry;
    wcl_status status = wcl_tree_new(reader->layer.record.os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS
                                                                               : WCL_NAMES_EXACT,
                                     &reader->all, error);

    if (status == WCL_OK)
        status = open_tar(reader, error);
    while (status == WCL_OK &&
           (status = wcl_layer_reader_next(reader->tar, &entry, error)) == WCL_OK) {
        reader->ordinal++;
        status = survey_entry(reader, &entry, error);
    }
    wcl_layer_reader_close(reader->tar, NULL);
    reader->tar = NULL;
    reader->ordinal = 0;
    return status == WCL_END ? WCL_OK : status;
}

/* Whether a later entry takes this one's place, or it was given already. */
static bool is_passed_over(store_reader *reader, const wcl_entry *entry)
{
    if (!reader->all || entry->kind == WCL_ENTRY_DELETED || entry->kind == WCL_ENTRY_OPAQUE)
        return false;
    wcl_node node = wcl_tree_find(reader->all, entry->path);
    if (node == WCL_NO_NODE)
        return true;
    if (entry->kind == WCL_ENTRY_DIRECTORY)
        return !wcl_tree_is_folder(reader->all, node) ||
               wcl_tree_find(reader->given, entry->path) != WCL_NO_NODE;
    return reader->last[node] != reader->ordinal;
}

static const late_folder *find_late(const store_reader *reader, const char *path)
{
    wcl_node node = reader->all ? wcl_tree_find(reader->all, path) : WCL_NO_NODE;
    const late_folder *found = NULL;

    for (size_t i = 0; node != WCL_NO_NODE && i < reader->late_count; i++)
        if (reader->late[i].node == node)
            found = &reader->late[i];
    return found;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const wcl_buffer no_stream = WCL_BUFFER_INIT;

/* Gives the folder in reader->folder: as the tar lists it later, or as one that nobody lists. */
static wcl_status give_folder(store_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const char *path = wcl_buffer_text(&reader->folder);
    const late_folder *late = find_late(reader, path);

    if (late) {
        *entry = late->entry;
        entry->path = wcl_buffer_text(&late->path);
    } else {
        *entry = (wcl_entry)WCL_ENTRY_INIT;
        entry->kind = WCL_ENTRY_DIRECTORY;
        entry->flags = WCL_ENTRY_IN_ORDER | WCL_ENTRY_IMPLICIT;
        entry->path = path;
        entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
        entry->has_posix = reader->layer.record.os == WCL_OS_LINUX;
        entry->mode = 0755;
    }
    reader->put_in_data = late ? &late->stream : &no_stream;
    reader->put_in_position = 0;
    reader->is_put_in = true;
    return add_folder(reader->given, path, error);
}

static wcl_status fetch(store_reader *reader, wcl_error *error)
{
    wcl_status status;

    do {
        status = wcl_layer_reader_next(reader->tar, &reader->waiting, error);
        reader->ordinal++;
    } while (status == WCL_OK && is_passed_over(reader, &reader->waiting));
    reader->is_waiting = status == WCL_OK;
    return status;
}

static wcl_status next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    store_reader *reader = (store_reader *)base;
    wcl_status status = WCL_OK;

    if (!reader->is_waiting && (status = fetch(reader, error)) != WCL_OK)
        return status;
    if (missing_folder(reader, reader->waiting.path, &status, error))
        return give_folder(reader, entry, error);
    if (status != WCL_OK)
        return status;
    *entry = reader->waiting;
    reader->is_waiting = false;
    reader->is_put_in = false;
    if (entry->kind == WCL_ENTRY_DIRECTORY) {
        /* Listed several times: what it is in the end, it is from the start. */
        const late_folder *late = find_late(reader, entry->path);
        if (late) {
            wcl_buffer_clear(&reader->folder);
            if (wcl_buffer_append_text(&reader->folder, entry->path, error) != WCL_OK)
                return WCL_FAILED;
            return give_folder(reader, entry, error);
        }
        return add_folder(reader->given, entry->path, error);
    }
    return WCL_OK;
}

static wcl_status read_entry(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    store_reader *reader = (store_reader *)base;

    if (!reader->is_put_in)
        return wcl_layer_reader_read(reader->tar, buffer, size, got, error);
    size_t left = reader->put_in_data->size - reader->put_in_position;
    *got = left < size ? left : size;
    if (*got)
        memcpy(buffer, reader->put_in_data->data + reader->put_in_position, *got);
    reader->put_in_position += *got;
    return WCL_OK;
}

static void free_reader(wcl_layer_reader *base)
{
    store_reader *reader = (store_reader *)base;

    wcl_layer_reader_close(reader->tar, NULL);
    wcl_tree_free(reader->given);
    wcl_tree_free(reader->all);
    free(reader->last);
    for (size_t i = 0; i < reader->late_count; i++) {
        wcl_buffer_free(&reader->late[i].path);
        wcl_buffer_free(&reader->late[i].stream);
    }
    free(reader->late);
    wcl_buffer_free(&reader->folder);
    if (reader->tar_fd >= 0)
        close(reader->tar_fd);
    wcl_store_layer_close(&reader->layer);
    wcl_store_close(&reader->store);
    free(reader);
}

static const wcl_layer_reader_ops ops = { "read layer", next, read_entry, free_reader };

static wcl_status start(store_reader *reader, wcl_error *error)
{
    reader->tar_fd = openat(reader->layer.fd, "layer.tar", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (reader->tar_fd < 0)
        return wcl_fail_errno(error, errno, "cannot open layer.tar");
    if (wcl_tree_new(reader->layer.record.os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS
                                                               : WCL_NAMES_EXACT,
                     &reader->given, error) != WCL_OK)
        return WCL_FAILED;
    if (reader->layer.record.scattered && survey(reader, error) != WCL_OK)
        return WCL_FAILED;
    return open_tar(reader, error);
}

wcl_status wcl_store_reader_open(wcl_store *store, wcl_store_layer *layer,
                                 wcl_layer_reader **reader, wcl_error *error)
{
    store_reader *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->store = *store;
    made->layer = *layer;
    made->tar_fd = -1;
    *store = (wcl_store)WCL_STORE_INIT;
    *layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    if (start(made, error) != WCL_OK) {
        free_reader(&made->base);
        return WCL_FAILED;
    }
    *reader = &made->base;
    return WCL_OK;
}
