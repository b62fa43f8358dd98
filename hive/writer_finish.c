/* Writing hives: the lists, and the file. */
#include <stdlib.h>
#include <string.h>

#include "base/utf16.h"
#include "hive/writer_internal.h"

#define LEAF_ITEMS 500u /* so that a list fits a bin of one page */

/* An item of a list that is to be sorted. */
typedef struct sorted_item {
    wcl_hive_name name;
    uint32_t offset;
} sorted_item;

static wcl_hive_name nk_name(const uint8_t *nk)
{
    return (wcl_hive_name) { nk + NK_NAME, wcl_load_le16(nk + NK_NAME_SIZE),
                             (wcl_load_le16(nk + NK_FLAGS) & NK_FLAG_ASCII) != 0 };
}

static wcl_hive_name vk_name(const uint8_t *vk)
{
    return (wcl_hive_name) { vk + VK_NAME, wcl_load_le16(vk + VK_NAME_SIZE),
                             (wcl_load_le16(vk + VK_FLAGS) & VK_FLAG_ASCII) != 0 };
}

static int compare_sorted(const void *a, const void *b)
{
    return wcl_hive_name_compare(&((const sorted_item *)a)->name, &((const sorted_item *)b)->name);
}

static wcl_status fail_twice(const sorted_item *item, const char *what, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;

    if (wcl_hive_name_append(&item->name, &name, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "a key has two %s of the name '%s'", what,
                    wcl_buffer_text(&name));
}

/* The offsets by their names, of which no two may be the same. */
static wcl_status sort_offsets(const wcl_hive_writer *writer, const wcl_hive_offsets *offsets,
                               wcl_hive_name (*name_of)(const uint8_t *), const char *what,
                               sorted_item **sorted, wcl_error *error)
{
    sorted_item *items = malloc(offsets->count * sizeof(*items));

    *sorted = items;
    if (!items)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < offsets->count; i++)
        items[i] = (sorted_item) { name_of(wcl_hive_cell_of(writer, offsets->items[i])),
                                   offsets->items[i] };
    qsort(items, offsets->count, sizeof(*items), compare_sorted);
    for (size_t i = 1; i < offsets->count; i++)
        if (compare_sorted(&items[i - 1], &items[i]) == 0)
            return fail_twice(&items[i], what, error);
    return WCL_OK;
}

static uint32_t hash_name(const wcl_hive_name *name)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < name->size; i += name->is_ascii ? 1 : 2)
        hash = hash * 37 +
               wcl_upcase_unit(name->is_ascii ? name->bytes[i] : wcl_load_le16(name->bytes + i));
    return hash;
}

/* Offsets stay true when the bins move; names do not, so hashes are made before. */
static wcl_status write_leaf(wcl_hive_writer *writer, const uint32_t *pairs, size_t count,
                             uint32_t *offset, wcl_error *error)
{
    if (wcl_hive_cell_make(writer, LIST_ITEMS + count * 8, offset, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *leaf = wcl_hive_cell_of(writer, *offset);
    wcl_hive_cell_name(leaf, "lh");
    wcl_store_le16(leaf + LIST_COUNT, (uint16_t)count);
    for (size_t i = 0; i < 2 * count; i++)
        wcl_store_le32(leaf + LIST_ITEMS + 4 * i, pairs[i]);
    return WCL_OK;
}

static wcl_status write_leaves(wcl_hive_writer *writer, const uint32_t *pairs, size_t count,
                               uint32_t *offset, wcl_error *error)
{
    size_t leaves = (count + LEAF_ITEMS - 1) / LEAF_ITEMS;
    uint32_t leaf;

    if (leaves == 1)
        return write_leaf(writer, pairs, count, offset, error);
    if (leaves > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a key cannot have %zu subkeys", count);
    if (wcl_hive_cell_make(writer, LIST_ITEMS + leaves * 4, offset, error) != WCL_OK)
        return WCL_FAILED;
    memcpy(wcl_hive_cell_of(writer, *offset), "ri", 2);
    wcl_store_le16(wcl_hive_cell_of(writer, *offset) + LIST_COUNT, (uint16_t)leaves);
    for (size_t i = 0; i < leaves; i++) {
        size_t begin = i * LEAF_ITEMS;
        size_t part = count - begin < LEAF_ITEMS ? count - begin : LEAF_ITEMS;
        if (write_leaf(writer, pairs + 2 * begin, part, &leaf, error) != WCL_OK)
            return WCL_FAILED;
        wcl_store_le32(wcl_hive_cell_of(writer, *offset) + LIST_ITEMS + 4 * i, leaf);
    }
    return WCL_OK;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t utf16_size(const wcl_hive_name *name)
{
    return name->is_ascii ? name->size * 2u : name->size;
}

static wcl_status write_subkeys(wcl_hive_writer *writer, const wcl_hive_new_key *key,
                                wcl_error *error)
{
    WCL_CLEANUP_FREE sorted_item *sorted = NULL;
    WCL_CLEANUP_FREE uint32_t *pairs = NULL;
    uint32_t list, most_name = 0, most_class = 0;
    size_t count = key->subkeys.count;

    if (!count)
        return WCL_OK;
    if (sort_offsets(writer, &key->subkeys, nk_name, "subkeys", &sorted, error) != WCL_OK)
        return WCL_FAILED;
    pairs = malloc(count * 2 * sizeof(*pairs));
    if (!pairs)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        pairs[2 * i] = sorted[i].offset;
        pairs[2 * i + 1] = hash_name(&sorted[i].name);
        most_name = larger(most_name, utf16_size(&sorted[i].name));
        most_class = larger(
            most_class, wcl_load_le16(wcl_hive_cell_of(writer, sorted[i].offset) + NK_CLASS_SIZE));
    }
    if (write_leaves(writer, pairs, count, &list, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *nk = wcl_hive_cell_of(writer, key->offset);
    wcl_store_le32(nk + NK_SUBKEYS, (uint32_t)count);
    wcl_store_le32(nk + NK_SUBKEY_LIST, list);
    wcl_store_le16(nk + NK_MOST_SUBKEY_NAME, (uint16_t)most_name);
    wcl_store_le32(nk + NK_MOST_CLASS, most_class);
    return WCL_OK;
}

static wcl_status write_values(wcl_hive_writer *writer, const wcl_hive_new_key *key,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE sorted_item *sorted = NULL;
    uint32_t list, most_name = 0, most_data = 0;
    size_t count = key->values.count;

    if (!count)
        return WCL_OK;
    if (sort_offsets(writer, &key->values, vk_name, "values", &sorted, error) != WCL_OK ||
        wcl_hive_cell_make(writer, count * 4, &list, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *vk = wcl_hive_cell_of(writer, key->values.items[i]);
        const wcl_hive_name name = vk_name(vk);
        most_name = larger(most_name, utf16_size(&name));
        most_data = larger(most_data, wcl_load_le32(vk + VK_SIZE) & ~VK_INLINE);
        wcl_store_le32(wcl_hive_cell_of(writer, list) + 4 * i, key->values.items[i]);
    }
    uint8_t *nk = wcl_hive_cell_of(writer, key->offset);
    wcl_store_le32(nk + NK_VALUES, (uint32_t)count);
    wcl_store_le32(nk + NK_VALUE_LIST, list);
    wcl_store_le32(nk + NK_MOST_VALUE_NAME, most_name);
    wcl_store_le32(nk + NK_MOST_VALUE_DATA, most_data);
    return WCL_OK;
}

static void link_descriptors(const wcl_hive_writer *writer)
{
    size_t count = writer->descriptor_count;

    for (size_t i = 0; i < count; i++) {
        uint8_t *sk = wcl_hive_cell_of(writer, writer->descriptors[i].offset);
        wcl_store_le32(sk + SK_NEXT, writer->descriptors[(i + 1) % count].offset);
        wcl_store_le32(sk + SK_PREVIOUS, writer->descriptors[(i + count - 1) % count].offset);
        wcl_store_le32(sk + SK_REFERENCES, writer->descriptors[i].references);
    }
}

static wcl_status make_base(const wcl_hive_writer *writer, uint8_t *base, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    const char *text = writer->options.name ? writer->options.name : "";

    if (wcl_wtf8_to_utf16(text, strlen(text), &name, error) != WCL_OK)
        return WCL_FAILED;
    wcl_store_le32(base, REGF_MAGIC);
    wcl_store_le32(base + REGF_SEQUENCE_1, 1);
    wcl_store_le32(base + REGF_SEQUENCE_2, 1);
    wcl_store_le64(base + REGF_WRITTEN, (uint64_t)writer->options.written);
    wcl_store_le32(base + REGF_MAJOR, 1);
    wcl_store_le32(base + REGF_MINOR, writer->options.minor_version);
    wcl_store_le32(base + REGF_FORMAT, 1);
    wcl_store_le32(base + REGF_ROOT, writer->root->offset);
    wcl_store_le32(base + REGF_BINS_SIZE, (uint32_t)writer->bins.size);
    wcl_store_le32(base + REGF_CLUSTER, 1);
    /* The end of a path says more than its beginning. */
    size_t most = REGF_NAME_SIZE - 2, size = name.size < most ? name.size : most;
    if (size)
        memcpy(base + REGF_NAME, name.data + name.size - size, size);
    wcl_store_le32(base + REGF_FLAGS, writer->options.is_layered ? REGF_FLAG_LAYERED : 0);
    wcl_store_le32(base + REGF_CHECKSUM, wcl_hive_checksum(base));
    return WCL_OK;
}

wcl_status wcl_hive_writer_finish(wcl_hive_writer *writer, wcl_write_fn write, void *context,
                                  wcl_error *error)
{
    uint8_t base[REGF_BASE_SIZE] = { 0 };

    if (!writer->root)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "a hive without a root cannot be written");
    for (const wcl_hive_new_key *key = writer->root; key; key = key->next)
        if (write_subkeys(writer, key, error) != WCL_OK ||
            write_values(writer, key, error) != WCL_OK)
            return WCL_FAILED;
    link_descriptors(writer);
    wcl_hive_bin_close(writer);
    if (make_base(writer, base, error) != WCL_OK ||
        write(context, base, sizeof(base), error) != WCL_OK)
        return WCL_FAILED;
    return write(context, writer->bins.data, writer->bins.size, error);
}
