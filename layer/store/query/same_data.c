/* Comparing the data of files. */
#include "layer/store/query/same_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/hooks.h"

#define PIECE_SIZE (256 * 1024)
/* What extents are made of. */
#define BLOCK_SIZE WCL_EROFS_BLOCK_SIZE

void wcl_merged_side_close(wcl_merged_side *side)
{
    for (size_t i = 0; side->tars && i <= side->layer.record.parent_count; i++)
        wcl_cleanup_fd(&side->tars[i]);
    free(side->tars);
    wcl_map_free(side->digests);
    wcl_map_free(side->partners);
    wcl_tree_free(side->tree);
    wcl_store_layer_close(&side->layer);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static const char *device_layer(const wcl_merged_side *side, uint32_t device)
{
    const wcl_layer_record *record = &side->layer.record;

    if (device == 1)
        return record->id;
    return device >= 2 && device <= record->parent_count + 1 ? record->parents[device - 2] : "";
}

static wcl_status same_data_open_tar(const wcl_store *store, wcl_merged_side *side, uint32_t device,
                                     int *fd, wcl_error *error)
{
    const size_t count = side->layer.record.parent_count + 1;

    if (device == 0 || device > count)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the index names device %u, which it does not have", device);
    if (!side->tars) {
        side->tars = malloc(count * sizeof(*side->tars));
        if (!side->tars)
            return wcl_fail_memory(error);
        memset(side->tars, 0xFF, count * sizeof(*side->tars));
    }
    *fd = side->tars[device - 1];
    if (*fd >= 0)
        return WCL_OK;
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, device_layer(side, device), "layer.tar");
    if (!path)
        return wcl_fail_memory(error);
    *fd = side->tars[device - 1] = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot open the tar of layer '%s'",
                              device_layer(side, device));
    return WCL_OK;
}

/* Bytes of an extent from `offset` in the file on: zeros where it is a hole. */
static wcl_status read_extent(const wcl_store *store, wcl_merged_side *side,
                              const wcl_extent *extent, uint64_t offset, uint8_t *buffer,
                              size_t size, wcl_error *error)
{
    size_t got;
    int fd = -1;

    if (extent->device == WCL_DEVICE_HOLE) {
        memset(buffer, 0, size);
        return WCL_OK;
    }
    if (same_data_open_tar(store, side, extent->device, &fd, error) != WCL_OK ||
        wcl_pread_full(fd, buffer, size, extent->address + (offset - extent->offset), &got,
                       error) != WCL_OK)
        return WCL_FAILED;
    if (got != size)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the tar of layer '%s' is shorter than its index",
                        device_layer(side, extent->device));
    return WCL_OK;
}

/* ---- Places ---------------------------------------------------------------------------------- */

/* Whether both have their data at the same place of the same tar. */
static bool same_place(const wcl_merged_side *before, wcl_node old, const wcl_merged_side *after,
                       wcl_node new)
{
    wcl_extent a, b;

    for (size_t i = 0;; i++) {
        bool has_a = wcl_tree_extent(before->tree, old, i, &a);
        bool has_b = wcl_tree_extent(after->tree, new, i, &b);
        if (!has_a || !has_b)
            return has_a == has_b;
        if (a.offset != b.offset || a.length != b.length ||
            (a.device == WCL_DEVICE_HOLE) != (b.device == WCL_DEVICE_HOLE))
            return false;
        if (a.device != WCL_DEVICE_HOLE &&
            (a.address != b.address ||
             strcmp(device_layer(before, a.device), device_layer(after, b.device)) != 0))
            return false;
    }
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* Where a file is gone through. */
typedef struct place {
    wcl_merged_side *side;
    wcl_node node;
    size_t next;
    wcl_extent extent; /* at hand */
} place;

static uint64_t extent_end(const place *at)
{
    return at->extent.offset + at->extent.length;
}

/* Makes the extent at hand the one that `offset` is in. */
static bool go_to(place *at, uint64_t offset)
{
    while (extent_end(at) <= offset)
        if (!wcl_tree_extent(at->side->tree, at->node, at->next++, &at->extent))
            return false;
    return true;
}

static wcl_status same_piece(const wcl_store *store, place *a, place *b, uint64_t offset,
                             size_t size, uint8_t *buffer, bool *same, wcl_error *error)
{
    if (read_extent(store, a->side, &a->extent, offset, buffer, size, error) != WCL_OK ||
        read_extent(store, b->side, &b->extent, offset, buffer + PIECE_SIZE, size, error) != WCL_OK)
        return WCL_FAILED;
    *same = memcmp(buffer, buffer + PIECE_SIZE, size) == 0;
    return WCL_OK;
}

static wcl_status same_bytes(const wcl_store *store, place *a, place *b, uint64_t size,
                             wcl_progress *progress, bool *same, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc((size_t)2 * PIECE_SIZE);

    if (!buffer)
        return wcl_fail_memory(error);
    *same = true;
    for (uint64_t offset = 0; *same && offset < size;) {
        if (wcl_hooks_report(store->hooks, progress, error) != WCL_OK)
            return WCL_FAILED;
        if (!go_to(a, offset) || !go_to(b, offset))
            return wcl_fail(error, WCL_CODE_CORRUPT,
                            "the index does not say where a file's data "
                            "is");
        uint64_t end = extent_end(a) < extent_end(b) ? extent_end(a) : extent_end(b);
        if (a->extent.device == WCL_DEVICE_HOLE && b->extent.device == WCL_DEVICE_HOLE) {
            offset = end;
            continue;
        }
        size_t part = end - offset < PIECE_SIZE ? (size_t)(end - offset) : PIECE_SIZE;
        if (same_piece(store, a, b, offset, part, buffer, same, error) != WCL_OK)
            return WCL_FAILED;
        offset += part;
        progress->done += part;
    }
    return WCL_OK;
}

/* ---- Digests --------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Each block that is not of zeros, with its offset: the same for a file with holes and for one with
 * zeros in their place. */
static wcl_status hash_piece(wcl_sha256 *sha256, uint64_t offset, const uint8_t *bytes, size_t size,
                             wcl_error *error)
{
    for (size_t at = 0; at < size; at += BLOCK_SIZE) {
        size_t part = size - at < BLOCK_SIZE ? size - at : BLOCK_SIZE;
        uint8_t block[8 + BLOCK_SIZE] = { 0 };
        if (is_zero(bytes + at, part))
            continue;
        wcl_store_le64(block, offset + at);
        memcpy(block + 8, bytes + at, part);
        if (wcl_sha256_update(sha256, block, sizeof(block), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status hash_data(const wcl_store *store, wcl_merged_side *side, wcl_node node,
                            wcl_sha256 *sha256, wcl_progress *progress, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *buffer = malloc(PIECE_SIZE);
    wcl_extent extent;

    if (!buffer)
        return wcl_fail_memory(error);
    for (size_t i = 0; wcl_tree_extent(side->tree, node, i, &extent); i++) {
        uint64_t end = extent.offset + extent.length;
        for (uint64_t offset = extent.offset; extent.device != WCL_DEVICE_HOLE && offset < end;) {
            size_t part = end - offset < PIECE_SIZE ? (size_t)(end - offset) : PIECE_SIZE;
            if (wcl_hooks_report(store->hooks, progress, error) != WCL_OK ||
                read_extent(store, side, &extent, offset, buffer, part, error) != WCL_OK ||
                hash_piece(sha256, offset, buffer, part, error) != WCL_OK)
                return WCL_FAILED;
            offset += part;
            progress->done += part;
        }
    }
    return WCL_OK;
}

static const void *known_digest(const wcl_merged_side *side, wcl_node node)
{
    return side->digests ? wcl_map_find(side->digests, &node, sizeof(node)) : NULL;
}

static wcl_status digest_of(const wcl_store *store, wcl_merged_side *side, wcl_node node,
                            wcl_progress *progress, const void **digest, wcl_error *error)
{
    uint8_t made[WCL_SHA256_SIZE];
    wcl_sha256 *sha256 = NULL;

    *digest = known_digest(side, node);
    if (*digest)
        return WCL_OK;
    if ((!side->digests && wcl_map_new(sizeof(made), &side->digests, error) != WCL_OK) ||
        wcl_sha256_new(&sha256, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = hash_data(store, side, node, sha256, progress, error);
    if (status == WCL_OK)
        status = wcl_sha256_finish(sha256, made, error);
    wcl_sha256_free(sha256);
    if (status == WCL_OK)
        status = wcl_map_set(side->digests, &node, sizeof(node), made, error);
    *digest = known_digest(side, node);
    return status;
}

/* ---- Files ----------------------------------------------------------------------------------- */

/*
 * Of files with several names each pair may come many times, and each file in many pairs. One that
 * is at the same place is another file's only partner; the others are told apart by digests.
 */
static wcl_status same_linked(const wcl_store *store, wcl_merged_side *before, wcl_node old,
                              wcl_merged_side *after, wcl_node new, wcl_progress *progress,
                              bool *same, wcl_error *error)
{
    const void *a = known_digest(before, old), *b = known_digest(after, new);

    if (!after->partners && wcl_map_new(sizeof(wcl_node), &after->partners, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_node *partner = wcl_map_find(after->partners, &new, sizeof(new));
    *same = partner && *partner == old;
    if (!*same && (!a || !b) && same_place(before, old, after, new)) {
        *same = true;
        return wcl_map_set(after->partners, &new, sizeof(new), &old, error);
    }
    if (*same)
        return WCL_OK;
    if (digest_of(store, before, old, progress, &a, error) != WCL_OK ||
        digest_of(store, after, new, progress, &b, error) != WCL_OK)
        return WCL_FAILED;
    *same = memcmp(a, b, WCL_SHA256_SIZE) == 0;
    return WCL_OK;
}

wcl_status wcl_same_data(const wcl_store *store, wcl_merged_side *before, wcl_node old,
                         wcl_merged_side *after, wcl_node new, wcl_progress *progress, bool *same,
                         wcl_error *error)
{
    place a = { .side = before, .node = old }, b = { .side = after, .node = new };
    wcl_erofs_inode inode_a, inode_b;

    wcl_tree_get_inode(before->tree, old, &inode_a);
    wcl_tree_get_inode(after->tree, new, &inode_b);
    if (inode_a.links > 1 || inode_b.links > 1)
        return same_linked(store, before, old, after, new, progress, same, error);
    *same = same_place(before, old, after, new);
    return *same ? WCL_OK : same_bytes(store, &a, &b, inode_b.size, progress, same, error);
}
