/* Laying a tree out: which inodes are compact, what is kept with each, and where each one is. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "erofs/write_private.h"

wcl_status wcl_layout_visit(const wcl_layout *layout, wcl_layout_visitor visitor, void *context,
                            wcl_error *error)
{
    for (uint64_t i = 0; i < layout->inode_count; i++)
        if (visitor(context, layout->order[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* ---- What is there -------------------------------------------------------------------------- */

/* What a first visit to all nodes, by all their names, finds out. */
typedef struct survey {
    wcl_erofs_tree *tree;
    wcl_layout *layout;
    const wcl_erofs_options *options;
    struct timespec time; /* of most nodes, if more than half agree */
    uint64_t votes;
    uint8_t *set_used;
} survey;

static wcl_status check_in_device(const survey *s, const wcl_extent *extent, wcl_error *error)
{
    if (extent->device == WCL_DEVICE_HOLE)
        return WCL_OK;
    if (extent->device > s->options->device_count)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "a file's data is in device %u, but there are %zu", extent->device,
                        s->options->device_count);
    uint64_t size = s->options->devices[extent->device - 1].size;
    if (extent->length > size || extent->address > size - extent->length)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the %llu bytes at byte %llu of device %u end past its %llu bytes",
                        (unsigned long long)extent->length, (unsigned long long)extent->address,
                        extent->device, (unsigned long long)size);
    return WCL_OK;
}

static wcl_status survey_node(survey *s, wcl_node node, wcl_error *error)
{
    const wcl_tree_node *item = wcl_tree_node_at(s->tree, node);
    wcl_extent extent;

    if (!s->votes) {
        s->time.tv_sec = (time_t)item->seconds;
        s->time.tv_nsec = (long)item->nanoseconds;
    }
    if (s->time.tv_sec == item->seconds && s->time.tv_nsec == (long)item->nanoseconds)
        s->votes++;
    else
        s->votes--;
    if (item->shared)
        s->set_used[item->shared - 1] = 1;
    for (size_t i = 0; wcl_tree_extent(s->tree, node, i, &extent); i++)
        if (check_in_device(s, &extent, error) != WCL_OK)
            return WCL_FAILED;
    if (!s->layout->slots[node]) {
        s->layout->slots[node] = UINT32_MAX;
        s->layout->order[s->layout->inode_count++] = node;
    }
    return WCL_OK;
}

/* Goes through the tree, each folder's entries behind one another. */
static wcl_status survey_tree(survey *s, wcl_error *error)
{
    wcl_erofs_tree *tree = s->tree;
    wcl_entry_id at = WCL_NO_ENTRY;
    wcl_node folder = WCL_TREE_ROOT;

    if (survey_node(s, folder, error) != WCL_OK)
        return WCL_FAILED;
    for (;;) {
        for (wcl_entry_id e = wcl_tree_first(tree, folder); e != WCL_NO_ENTRY;
             e = wcl_tree_next(tree, e))
            if (survey_node(s, wcl_tree_entry_node(tree, e), error) != WCL_OK)
                return WCL_FAILED;
        do {
            at = wcl_tree_walk(tree, at, false);
            if (at == WCL_NO_ENTRY)
                return WCL_OK;
            folder = wcl_tree_entry_node(tree, at);
        } while (!wcl_tree_is_folder(tree, folder));
    }
}

/* ---- Shared attributes ---------------------------------------------------------------------- */

typedef struct sorted_xattr {
    wcl_xattr xattr;
    uint32_t number;
} sorted_xattr;

static int compare_xattrs(const void *a, const void *b)
{
    const wcl_xattr *x = &((const sorted_xattr *)a)->xattr;
    const wcl_xattr *y = &((const sorted_xattr *)b)->xattr;
    int order = strcmp(x->name, y->name);

    return order ? order : wcl_compare_bytes(x->value, x->size, y->value, y->size);
}

static wcl_status sort_xattrs(wcl_layout *layout, wcl_error *error)
{
    sorted_xattr *sorted = malloc(((size_t)layout->xattr_count + 1) * sizeof(*sorted));

    if (!sorted)
        return wcl_fail_memory(error);
    for (uint32_t i = 0; i < layout->xattr_count; i++) {
        sorted[i].number = layout->xattr_list[i];
        wcl_tree_shared_xattr(layout->tree, sorted[i].number, &sorted[i].xattr);
    }
    qsort(sorted, layout->xattr_count, sizeof(*sorted), compare_xattrs);
    for (uint32_t i = 0; i < layout->xattr_count; i++)
        layout->xattr_list[i] = sorted[i].number;
    free(sorted);
    return WCL_OK;
}

static wcl_status place_xattrs(wcl_layout *layout, wcl_error *error)
{
    for (uint32_t i = 0; i < layout->xattr_count; i++) {
        const char *suffix;
        uint8_t index;
        wcl_xattr xattr;
        wcl_tree_shared_xattr(layout->tree, layout->xattr_list[i], &xattr);
        wcl_xattr_split(xattr.name, &index, &suffix);
        if (layout->xattr_units > UINT32_MAX)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "shared extended attributes take more than 16 GiB");
        layout->xattr_ids[layout->xattr_list[i]] = (uint32_t)layout->xattr_units;
        layout->xattr_units += (EROFS_XATTR_ENTRY_SIZE + strlen(suffix) + xattr.size + 3) / 4;
    }
    return WCL_OK;
}

static wcl_status list_xattrs(wcl_layout *layout, const uint8_t *set_used, wcl_error *error)
{
    const wcl_erofs_tree *tree = layout->tree;
    uint32_t count = tree->xattrs.items.count;

    layout->xattr_ids = calloc((size_t)count + 1, sizeof(uint32_t));
    layout->xattr_list = malloc(((size_t)count + 1) * sizeof(uint32_t));
    if (!layout->xattr_ids || !layout->xattr_list)
        return wcl_fail_memory(error);
    for (uint32_t set = 0; set < tree->xattr_sets.items.count; set++)
        for (uint32_t i = 0; set_used[set] && i < wcl_tree_set_count(tree, set); i++)
            layout->xattr_ids[wcl_tree_set_member(tree, set, i)] = 1;
    for (uint32_t i = 0; i < count; i++)
        if (layout->xattr_ids[i])
            layout->xattr_list[layout->xattr_count++] = i;
    if (sort_xattrs(layout, error) != WCL_OK)
        return WCL_FAILED;
    return place_xattrs(layout, error);
}

/* ---- Placing -------------------------------------------------------------------------------- */

static bool fits_compact(const wcl_layout *layout, const wcl_tree_node *item, uint64_t size)
{
    return item->seconds == layout->build_time.tv_sec &&
           item->nanoseconds == (uint32_t)layout->build_time.tv_nsec && item->seconds >= 0 &&
           item->uid <= UINT16_MAX && item->gid <= UINT16_MAX && item->links <= UINT16_MAX &&
           size <= UINT32_MAX;
}

static uint32_t xattr_size(const wcl_erofs_tree *tree, const wcl_tree_node *item)
{
    wcl_own_xattrs own = wcl_tree_own_xattrs(tree, item);
    wcl_xattr xattr;
    size_t size = EROFS_XATTR_HEADER_SIZE;

    if (!item->shared && !item->own)
        return 0;
    if (item->shared)
        size += (size_t)wcl_tree_set_count(tree, item->shared - 1) * 4;
    while (wcl_own_xattrs_next(tree, &own, &xattr)) {
        const char *suffix;
        uint8_t index;
        wcl_xattr_split(xattr.name, &index, &suffix);
        size += (EROFS_XATTR_ENTRY_SIZE + strlen(suffix) + xattr.size + 3) / 4 * 4;
    }
    return (uint32_t)size;
}

static uint64_t measure_folder(wcl_erofs_tree *tree, wcl_node node)
{
    wcl_folder_blocks blocks = wcl_folder_blocks_begin(tree, node);
    uint64_t size = 0;

    for (;;) {
        uint32_t used = wcl_folder_blocks_next(&blocks, NULL, NULL);
        if (!blocks.more)
            return size + used;
        size += WCL_EROFS_BLOCK_SIZE;
    }
}

static void place_chunks(const wcl_erofs_tree *tree, const wcl_tree_node *item,
                         wcl_erofs_spot *place)
{
    uint64_t size = item->size;
    unsigned bits = 9;

    if (item->kind == WCL_DATA_EXTENTS) {
        const wcl_extent_item *head = wcl_tree_extent_at(tree, item->data);
        bits = (unsigned)head->length;
        if (head->block)
            place->raw_blocks = wcl_map_blocks(head->offset) + head->block;
    } else {
        while (bits < WCL_MAX_CHUNK_BITS && size > UINT64_C(1) << bits)
            bits++;
    }
    place->layout = EROFS_LAYOUT_CHUNKS;
    place->chunk_bits = bits;
    place->chunk_count = wcl_chunk_count(size, bits);
}

/* A last block that is not full goes behind the inode if there is a place where it lies in one
 * block there. */
static void place_flat(wcl_erofs_spot *place)
{
    uint32_t rest = (uint32_t)(place->size % WCL_EROFS_BLOCK_SIZE);
    uint32_t head = place->inode_size + place->xattr_size;

    place->layout = EROFS_LAYOUT_PLAIN;
    place->raw_blocks = place->size / WCL_EROFS_BLOCK_SIZE;
    if (rest && rest <= WCL_EROFS_BLOCK_SIZE - head % EROFS_SLOT_SIZE) {
        place->layout = EROFS_LAYOUT_INLINE;
        place->tail_size = rest;
    } else if (rest) {
        place->raw_blocks++;
    }
}

void wcl_layout_place(const wcl_layout *layout, wcl_node node, wcl_erofs_spot *place)
{
    const wcl_tree_node *item = wcl_tree_node_at(layout->tree, node);
    bool flat = S_ISDIR(item->mode) || item->kind == WCL_DATA_BYTES;

    memset(place, 0, sizeof(*place));
    if (S_ISDIR(item->mode))
        place->size = item->data ? item->data : measure_folder(layout->tree, node);
    else if (S_ISREG(item->mode) || S_ISLNK(item->mode))
        place->size = item->size;
    place->inode_size =
        fits_compact(layout, item, place->size) ? EROFS_COMPACT_SIZE : EROFS_EXTENDED_SIZE;
    place->xattr_size = xattr_size(layout->tree, item);
    if (flat)
        place_flat(place);
    else if (place->size)
        place_chunks(layout->tree, item, place);
}

uint64_t wcl_layout_fit(const wcl_erofs_spot *place, uint64_t slot)
{
    uint64_t head = (uint64_t)place->inode_size + place->xattr_size;

    if (place->tail_size)
        while ((slot * EROFS_SLOT_SIZE + head) % WCL_EROFS_BLOCK_SIZE + place->tail_size >
               WCL_EROFS_BLOCK_SIZE)
            slot++;
    return slot;
}

static wcl_status place_node(void *context, wcl_node node, wcl_error *error)
{
    wcl_layout *layout = context;
    wcl_tree_node *item = wcl_tree_node_at(layout->tree, node);
    wcl_erofs_spot place;

    if (S_ISDIR(item->mode)) {
        uint64_t size = measure_folder(layout->tree, node);
        item->data = size <= UINT32_MAX ? (uint32_t)size : 0;
    }
    wcl_layout_place(layout, node, &place);
    uint64_t slot = wcl_layout_fit(&place, layout->slot_count);
    if (slot > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the index of the files would be larger than 128 GiB");
    layout->slots[node] = (uint32_t)slot;
    layout->slot_count =
        slot + (wcl_erofs_spot_bytes(&place) + EROFS_SLOT_SIZE - 1) / EROFS_SLOT_SIZE;
    layout->raw_blocks += place.raw_blocks;
    return WCL_OK;
}

wcl_status wcl_layout_make(wcl_erofs_tree *tree, const wcl_erofs_options *options,
                           wcl_layout *layout, wcl_error *error)
{
    survey s = { .tree = tree, .layout = layout, .options = options };

    memset(layout, 0, sizeof(*layout));
    layout->tree = tree;
    layout->slot_count = 1;
    layout->slots = calloc(tree->nodes.count, sizeof(uint32_t));
    layout->order = malloc(tree->nodes.count * sizeof(wcl_node));
    s.set_used = calloc((size_t)tree->xattr_sets.items.count + 1, 1);
    if (!layout->slots || !layout->order || !s.set_used) {
        free(s.set_used);
        return wcl_fail_memory(error);
    }
    wcl_status status = survey_tree(&s, error);
    if (status == WCL_OK)
        status = list_xattrs(layout, s.set_used, error);
    free(s.set_used);
    layout->build_time = s.time;
    if (status != WCL_OK)
        return status;
    return wcl_layout_visit(layout, place_node, layout, error);
}

void wcl_layout_free(wcl_layout *layout)
{
    free(layout->slots);
    free(layout->order);
    free(layout->xattr_ids);
    free(layout->xattr_list);
}
