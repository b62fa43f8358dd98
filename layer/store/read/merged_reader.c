/* Reading a layer merged with its parents: entries and metadata from the chain's index, data from
 * the layers' tars. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "base/beneath.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/list.h"
#include "layer/entry/entry.h"
#include "layer/entry/ops.h"
#include "layer/entry/path.h"
#include "layer/store/mount/chain.h"
#include "layer/store/read/entries.h"

#define XATTRS_MAX 512

/* A piece of a backup stream. */
typedef struct piece {
    const uint8_t *bytes; /* in memory, or NULL */
    size_t buffered;      /* where in reader->headers, when `bytes` is NULL and `device` 0 */
    uint32_t device;      /* from 1: bytes of a layer's tar; WCL_DEVICE_HOLE: zeros */
    uint64_t address;
    uint64_t size;
} piece;

typedef struct merged_reader {
    wcl_layer_reader base;
    wcl_store store;
    wcl_store_layer layer;
    wcl_erofs_tree *tree;
    wcl_entry_id at;
    bool started;
    wcl_entry_id *first_names; /* by node: the entry that a hard link names as its target */
    int *tars;                 /* by device - 1; -1 until opened */
    wcl_buffer path, target, headers;
    wcl_xattr xattrs[XATTRS_MAX];
    piece *pieces;
    size_t piece_count, piece_capacity;
    size_t piece_at;
    uint64_t piece_position;
} merged_reader;

/* ---- Paths ---------------------------------------------------------------------------------- */

static wcl_status append_name(const merged_reader *reader, wcl_entry_id entry, wcl_buffer *path,
                              wcl_error *error)
{
    wcl_node node = wcl_tree_entry_node(reader->tree, entry);
    wcl_xattr name;
    size_t length;
    const char *text;

    if (wcl_tree_find_xattr(reader->tree, node, WCL_XATTR_NAME, &name))
        return wcl_buffer_append(path, name.value, name.size, error);
    text = wcl_tree_entry_name(reader->tree, entry, &length);
    return wcl_buffer_append(path, text, length, error);
}

/* The path with the true names, which the image may have shortened. */
static wcl_status true_path(const merged_reader *reader, wcl_entry_id entry, wcl_buffer *path,
                            wcl_error *error)
{
    wcl_node folder = wcl_tree_entry_folder(reader->tree, entry);

    if (folder != WCL_TREE_ROOT) {
        if (true_path(reader, wcl_tree_node_entry(reader->tree, folder), path, error) != WCL_OK ||
            wcl_buffer_append_byte(path, '/', error) != WCL_OK)
            return WCL_FAILED;
    }
    return append_name(reader, entry, path, error);
}

/* Makes the path of the entry before that of `entry`, which the walk goes to from there. */
static wcl_status go_to_path(merged_reader *reader, wcl_entry_id before, wcl_entry_id entry,
                             wcl_error *error)
{
    const wcl_erofs_tree *tree = reader->tree;
    const wcl_node folder = wcl_tree_entry_folder(tree, entry);
    wcl_buffer *path = &reader->path;

    for (wcl_entry_id at = before; at != WCL_NO_ENTRY && wcl_tree_entry_node(tree, at) != folder;) {
        path->size = wcl_path_parent_length(wcl_buffer_text(path));
        path->data[path->size] = '\0';
        at = wcl_tree_node_entry(tree, wcl_tree_entry_folder(tree, at));
    }
    if (path->size > 0 && wcl_buffer_append_byte(path, '/', error) != WCL_OK)
        return WCL_FAILED;
    return append_name(reader, entry, path, error);
}

/* ---- Pieces --------------------------------------------------------------------------------- */

static wcl_status add_piece(merged_reader *reader, piece added, wcl_error *error)
{
    if (added.size == 0)
        return WCL_OK;
    if (WCL_LIST_RESERVE(reader->pieces, reader->piece_count, reader->piece_capacity, error) !=
        WCL_OK)
        return WCL_FAILED;
    reader->pieces[reader->piece_count++] = added;
    return WCL_OK;
}

static wcl_status add_encoded(merged_reader *reader, const wcl_backup_header *header,
                              wcl_error *error)
{
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t length;

    if (wcl_backup_header_encode(header, bytes, &length, error) != WCL_OK)
        return WCL_FAILED;
    piece added = { .buffered = reader->headers.size, .size = length };
    if (wcl_buffer_append(&reader->headers, bytes, length, error) != WCL_OK)
        return WCL_FAILED;
    return add_piece(reader, added, error);
}

static wcl_status add_header(merged_reader *reader, uint32_t id, const char *name, uint64_t size,
                             wcl_error *error)
{
    const wcl_backup_header header = { .id = id, .size = size, .name = name };

    return add_encoded(reader, &header, error);
}

static wcl_status add_metadata(merged_reader *reader, wcl_node node, uint32_t id, const char *name,
                               wcl_error *error)
{
    wcl_xattr xattr;

    if (!wcl_tree_find_xattr(reader->tree, node, name, &xattr))
        return WCL_OK;
    if (add_header(reader, id, NULL, xattr.size, error) != WCL_OK)
        return WCL_FAILED;
    return add_piece(reader, (piece) { .bytes = xattr.value, .size = xattr.size }, error);
}

static wcl_status add_extent(merged_reader *reader, const wcl_extent *extent, wcl_error *error)
{
    return add_piece(
        reader,
        (piece) { .device = extent->device, .address = extent->address, .size = extent->length },
        error);
}

static bool has_holes(const merged_reader *reader, wcl_node node)
{
    wcl_extent extent;

    for (size_t i = 0; wcl_tree_extent(reader->tree, node, i, &extent); i++)
        if (extent.device == WCL_DEVICE_HOLE)
            return true;
    return false;
}

/* The data as its ranges between the holes, which nobody has to go through so. */
static wcl_status add_sparse_data(merged_reader *reader, wcl_node node, uint64_t size,
                                  wcl_error *error)
{
    const wcl_backup_header data = { .id = WCL_BACKUP_DATA, .attributes = WCL_STREAM_SPARSE };
    wcl_backup_header block = { .id = WCL_BACKUP_SPARSE_BLOCK, .attributes = WCL_STREAM_SPARSE };
    wcl_extent extent;

    if (add_encoded(reader, &data, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; wcl_tree_extent(reader->tree, node, i, &extent); i++) {
        if (extent.device == WCL_DEVICE_HOLE)
            continue;
        block.offset = extent.offset;
        block.size = extent.length;
        if (add_encoded(reader, &block, error) != WCL_OK ||
            add_extent(reader, &extent, error) != WCL_OK)
            return WCL_FAILED;
    }
    block.offset = size;
    block.size = 0;
    return add_encoded(reader, &block, error);
}

static wcl_status merged_reader_add_data(merged_reader *reader, wcl_node node, uint64_t size,
                                         wcl_error *error)
{
    wcl_extent extent;
    size_t inline_size;
    const void *bytes = wcl_tree_bytes(reader->tree, node, &inline_size);

    if (add_header(reader, WCL_BACKUP_DATA, NULL, size, error) != WCL_OK)
        return WCL_FAILED;
    if (bytes)
        return add_piece(reader, (piece) { .bytes = bytes, .size = inline_size }, error);
    for (size_t i = 0; wcl_tree_extent(reader->tree, node, i, &extent); i++)
        if (add_extent(reader, &extent, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status add_streams(merged_reader *reader, wcl_node node, wcl_error *error)
{
    wcl_xattr xattr;

    if (!wcl_tree_find_xattr(reader->tree, node, WCL_XATTR_STREAMS, &xattr))
        return WCL_OK;
    wcl_cursor cursor = wcl_cursor_over(xattr.value, xattr.size);
    uint32_t device = wcl_cursor_le32(&cursor);
    while (wcl_cursor_left(&cursor)) {
        char name[WCL_BACKUP_NAME_MAX + 16];
        uint32_t length = wcl_cursor_le32(&cursor);
        const uint8_t *text = wcl_cursor_take(&cursor, length);
        uint64_t address = wcl_cursor_le64(&cursor);
        uint64_t size = wcl_cursor_le64(&cursor);
        if (cursor.failed || length > WCL_BACKUP_NAME_MAX)
            return wcl_fail(error, WCL_CODE_CORRUPT, "the index has a damaged list of streams");
        snprintf(name, sizeof(name), ":%.*s:$DATA", (int)length, (const char *)text);
        if (add_header(reader, WCL_BACKUP_ALTERNATE_DATA, name, size, error) != WCL_OK ||
            add_piece(reader, (piece) { .device = device, .address = address, .size = size },
                      error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Entries -------------------------------------------------------------------------------- */

static void windows_entry(merged_reader *reader, wcl_node node, const wcl_erofs_inode *inode,
                          wcl_entry *entry)
{
    wcl_xattr basic, implicit;

    entry->kind = S_ISDIR(inode->mode) ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
    entry->size = S_ISREG(inode->mode) ? inode->size : 0;
    entry->flags = WCL_ENTRY_IN_ORDER;
    if (wcl_tree_find_xattr(reader->tree, node, WCL_XATTR_BASIC, &basic))
        wcl_basic_info_load(basic.value, basic.size, &entry->info);
    else
        entry->info.attributes = S_ISDIR(inode->mode) ? WCL_ATTRIBUTE_DIRECTORY : 0;
    if (wcl_tree_find_xattr(reader->tree, node, WCL_XATTR_IMPLICIT, &implicit))
        entry->flags |= WCL_ENTRY_IMPLICIT;
}

static wcl_status linux_entry(merged_reader *reader, wcl_node node, const wcl_erofs_inode *inode,
                              wcl_entry *entry, wcl_error *error)
{
    size_t size;

    entry->kind = wcl_entry_kind_of_mode(inode->mode);
    entry->flags = WCL_ENTRY_IN_ORDER;
    entry->size = S_ISREG(inode->mode) ? inode->size : 0;
    entry->has_posix = true;
    entry->mode = inode->mode & 07777;
    entry->uid = inode->uid;
    entry->gid = inode->gid;
    entry->device_major = inode->device_major;
    entry->device_minor = inode->device_minor;
    entry->modified = inode->modified;
    wcl_basic_info_set_times(&entry->info, inode->modified);
    entry->info.attributes = S_ISDIR(inode->mode) ? WCL_ATTRIBUTE_DIRECTORY : 0;
    entry->xattrs = reader->xattrs;
    for (size_t i = 0; entry->xattr_count < XATTRS_MAX; i++) {
        wcl_xattr *xattr = &reader->xattrs[entry->xattr_count];
        if (!wcl_tree_xattr(reader->tree, node, i, xattr))
            break;
        entry->xattr_count += strncmp(xattr->name, "trusted.wcl.", 12) != 0 &&
                              strncmp(xattr->name, "trusted.overlay.", 16) != 0;
    }
    const void *target = wcl_tree_bytes(reader->tree, node, &size);
    if (S_ISLNK(inode->mode) && target) {
        wcl_buffer_clear(&reader->target);
        if (wcl_buffer_append(&reader->target, target, size, error) != WCL_OK)
            return WCL_FAILED;
        entry->target = wcl_buffer_text(&reader->target);
    }
    return WCL_OK;
}

static wcl_status merged_reader_describe(merged_reader *reader, wcl_node node, wcl_entry *entry,
                                         wcl_error *error)
{
    wcl_erofs_inode inode;

    wcl_tree_get_inode(reader->tree, node, &inode);
    if (reader->layer.record.os == WCL_OS_LINUX) {
        if (linux_entry(reader, node, &inode, entry, error) != WCL_OK)
            return WCL_FAILED;
    } else {
        windows_entry(reader, node, &inode, entry);
        if (add_metadata(reader, node, WCL_BACKUP_SECURITY_DATA, WCL_XATTR_SD, error) != WCL_OK ||
            add_metadata(reader, node, WCL_BACKUP_EA_DATA, WCL_XATTR_EA, error) != WCL_OK ||
            add_metadata(reader, node, WCL_BACKUP_REPARSE_DATA, WCL_XATTR_REPARSE, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (!entry->has_posix && S_ISREG(inode.mode) && has_holes(reader, node)) {
        entry->flags &= ~(unsigned)WCL_ENTRY_IN_ORDER;
        if (add_sparse_data(reader, node, inode.size, error) != WCL_OK)
            return WCL_FAILED;
    } else if (S_ISREG(inode.mode) &&
               merged_reader_add_data(reader, node, inode.size, error) != WCL_OK) {
        return WCL_FAILED;
    }
    return add_streams(reader, node, error);
}

static wcl_status hard_link(merged_reader *reader, wcl_entry_id first, wcl_entry *entry,
                            wcl_error *error)
{
    wcl_buffer_clear(&reader->target);
    if (true_path(reader, first, &reader->target, error) != WCL_OK)
        return WCL_FAILED;
    entry->kind = WCL_ENTRY_HARD_LINK;
    entry->target = wcl_buffer_text(&reader->target);
    entry->has_posix = reader->layer.record.os == WCL_OS_LINUX;
    return WCL_OK;
}

static wcl_status merged_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    merged_reader *reader = (merged_reader *)base;

    const wcl_entry_id before = reader->started ? reader->at : WCL_NO_ENTRY;
    reader->at = wcl_tree_walk(reader->tree, before, false);
    reader->started = true;
    if (reader->at == WCL_NO_ENTRY)
        return WCL_END;
    wcl_buffer_clear(&reader->headers);
    reader->piece_count = reader->piece_at = 0;
    reader->piece_position = 0;
    if (go_to_path(reader, before, reader->at, error) != WCL_OK)
        return WCL_FAILED;
    entry->path = wcl_buffer_text(&reader->path);
    wcl_node node = wcl_tree_entry_node(reader->tree, reader->at);
    if (reader->first_names[node] != WCL_NO_ENTRY)
        return hard_link(reader, reader->first_names[node], entry, error);
    if (!wcl_tree_is_folder(reader->tree, node))
        reader->first_names[node] = reader->at;
    return merged_reader_describe(reader, node, entry, error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status open_device(merged_reader *reader, uint32_t device, int *fd, wcl_error *error)
{
    const wcl_layer_record *record = &reader->layer.record;

    if (device == 0 || device > record->parent_count + 1)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the index names device %u, which it does not have", device);
    if (reader->tars[device - 1] < 0) {
        const char *id = device == 1 ? record->id : record->parents[device - 2];
        WCL_CLEANUP_FREE char *path = wcl_store_path(&reader->store, id, "layer.tar");
        reader->tars[device - 1] = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (reader->tars[device - 1] < 0)
            return wcl_fail_errno(error, errno, "cannot open the tar of layer '%s'", id);
    }
    *fd = reader->tars[device - 1];
    return WCL_OK;
}

static wcl_status read_piece(merged_reader *reader, const piece *piece, void *buffer, size_t size,
                             wcl_error *error)
{
    int fd = -1;
    size_t got;

    if (piece->device == WCL_DEVICE_HOLE) {
        memset(buffer, 0, size);
        return WCL_OK;
    }
    if (piece->device == 0) {
        const uint8_t *from = piece->bytes ? piece->bytes : reader->headers.data + piece->buffered;
        memcpy(buffer, from + reader->piece_position, size);
        return WCL_OK;
    }
    if (open_device(reader, piece->device, &fd, error) != WCL_OK ||
        wcl_pread_full(fd, buffer, size, piece->address + reader->piece_position, &got, error) !=
            WCL_OK)
        return WCL_FAILED;
    if (got != size)
        return wcl_fail(error, WCL_CODE_CORRUPT, "a layer's tar is shorter than the index says");
    return WCL_OK;
}

static wcl_status merged_reader_read_entry(wcl_layer_reader *base, void *buffer, size_t size,
                                           size_t *got, wcl_error *error)
{
    merged_reader *reader = (merged_reader *)base;

    if (reader->piece_at == reader->piece_count)
        return WCL_OK;
    const piece *piece = &reader->pieces[reader->piece_at];
    uint64_t left = piece->size - reader->piece_position;
    size_t part = left < size ? (size_t)left : size;
    if (read_piece(reader, piece, buffer, part, error) != WCL_OK)
        return WCL_FAILED;
    *got = part;
    reader->piece_position += part;
    if (reader->piece_position == piece->size) {
        reader->piece_at++;
        reader->piece_position = 0;
    }
    return WCL_OK;
}

static void merged_reader_free(wcl_layer_reader *base)
{
    merged_reader *reader = (merged_reader *)base;

    for (size_t i = 0; reader->tars && i <= reader->layer.record.parent_count; i++)
        if (reader->tars[i] >= 0)
            close(reader->tars[i]);
    free(reader->tars);
    free(reader->first_names);
    free(reader->pieces);
    wcl_buffer_free(&reader->path);
    wcl_buffer_free(&reader->target);
    wcl_buffer_free(&reader->headers);
    wcl_tree_free(reader->tree);
    wcl_store_layer_close(&reader->layer);
    wcl_store_close(&reader->store);
    free(reader);
}

static const wcl_layer_reader_ops ops = { "read merged layer", merged_reader_next,
                                          merged_reader_read_entry, merged_reader_free };

static wcl_status merged_reader_start(merged_reader *reader, wcl_error *error)
{
    size_t tar_count = reader->layer.record.parent_count + 1;

    if (reader->layer.record.kind == WCL_LAYER_SANDBOX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a sandbox's merged view is its mount; look there");
    reader->tars = malloc(tar_count * sizeof(*reader->tars));
    if (!reader->tars)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < tar_count; i++)
        reader->tars[i] = -1;
    if (wcl_chain_load(&reader->store, &reader->layer, &reader->tree, error) != WCL_OK)
        return WCL_FAILED;
    size_t nodes = wcl_tree_node_count(reader->tree);
    reader->first_names = malloc((nodes + 1) * sizeof(*reader->first_names));
    if (!reader->first_names)
        return wcl_fail_memory(error);
    memset(reader->first_names, 0xFF, (nodes + 1) * sizeof(*reader->first_names));
    return WCL_OK;
}

wcl_status wcl_store_merged_open(wcl_store *store, wcl_store_layer *layer,
                                 wcl_layer_reader **reader, wcl_error *error)
{
    merged_reader *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->store = *store;
    made->layer = *layer;
    *store = (wcl_store)WCL_STORE_INIT;
    *layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    if (merged_reader_start(made, error) != WCL_OK) {
        merged_reader_free(&made->base);
        return WCL_FAILED;
    }
    *reader = &made->base;
    return WCL_OK;
}
