/* Writing hives: keys and values. */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/options.h"
#include "base/utf16.h"
#include "hive/writer_internal.h"

#define MOST_KEY_NAME 512u     /* bytes of UTF-16: 255 units and one that old hives have */
#define MOST_VALUE_NAME 32767u /* likewise */
#define WORK_PER_REPORT 4096u

/* O:BAG:SYD:(A;CI;KA;;;BA)(A;CI;KA;;;SY)(A;CI;KR;;;BU) */
static const uint8_t usual_security[] = {
    1,  0,  4,  0x80, 20, 0, 0, 0,  36, 0,  0,  0,  0,  0, 0, 0, 48, 0, 0, 0,  1,  2,  0,  0, 0,
    0,  0,  5,  32,   0,  0, 0, 32, 2,  0,  0,  1,  1,  0, 0, 0, 0,  0, 5, 18, 0,  0,  0,  2, 0,
    76, 0,  3,  0,    0,  0, 0, 2,  24, 0,  63, 0,  15, 0, 1, 2, 0,  0, 0, 0,  0,  5,  32, 0, 0,
    0,  32, 2,  0,    0,  0, 2, 20, 0,  63, 0,  15, 0,  1, 1, 0, 0,  0, 0, 0,  5,  18, 0,  0, 0,
    0,  2,  24, 0,    25, 0, 2, 0,  1,  2,  0,  0,  0,  0, 0, 5, 32, 0, 0, 0,  33, 2,  0,  0,
};

wcl_status wcl_hive_writer_new(const wcl_hive_writer_options *options, wcl_hive_writer **writer,
                               wcl_error *error)
{
    wcl_hive_writer_options own = WCL_HIVE_WRITER_OPTIONS_INIT;

    *writer = NULL;
    if (WCL_TAKE(wcl_hive_writer_options, &own, options, __func__, error) != WCL_OK ||
        wcl_hooks_check(own.hooks, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (!own.minor_version)
        own.minor_version = own.is_layered ? 6 : 5;
    if (own.minor_version < 3 || own.minor_version > 6)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "hives of version 1.%u are not known",
                        own.minor_version);
    wcl_hive_writer *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->options = own;
    made->options.name = NULL;
    if ((own.name && !(made->options.name = wcl_region_text(&made->region, own.name))) ||
        wcl_map_new(sizeof(uint32_t), &made->known, NULL) != WCL_OK) {
        wcl_hive_writer_free(made);
        return wcl_fail_memory(error);
    }
    *writer = made;
    return WCL_OK;
}

void wcl_hive_writer_free(wcl_hive_writer *writer)
{
    if (!writer)
        return;
    for (wcl_hive_new_key *key = writer->root; key; key = key->next) {
        free(key->subkeys.items);
        free(key->values.items);
    }
    wcl_region_free(&writer->region);
    wcl_map_free(writer->known);
    free(writer->descriptors);
    wcl_buffer_free(&writer->bins);
    free(writer);
}

static wcl_status report(wcl_hive_writer *writer, wcl_error *error)
{
    const wcl_progress progress = { .operation = "write a hive", .entries = writer->work };

    return ++writer->work % WORK_PER_REPORT
               ? WCL_OK
               : wcl_hooks_report(writer->options.hooks, &progress, error);
}

static wcl_status add_security(wcl_hive_writer *writer, const void *data, size_t size,
                               uint32_t *index, wcl_error *error)
{
    const uint32_t *known = wcl_map_find(writer->known, data, size);
    uint32_t offset;

    if (known) {
        *index = *known;
        return WCL_OK;
    }
    if (size > UINT16_MAX + 1u)
        return wcl_fail(error, WCL_CODE_BAD_SECURITY_DESCRIPTOR,
                        "a security descriptor cannot have %zu bytes", size);
    *index = (uint32_t)writer->descriptor_count;
    if (WCL_LIST_RESERVE(writer->descriptors, writer->descriptor_count, writer->descriptor_capacity,
                         error) != WCL_OK ||
        wcl_hive_cell_make(writer, SK_DATA + size, &offset, error) != WCL_OK ||
        wcl_map_set(writer->known, data, size, index, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *sk = wcl_hive_cell_of(writer, offset);
    wcl_hive_cell_name(sk, "sk");
    wcl_store_le32(sk + SK_SIZE, (uint32_t)size);
    memcpy(sk + SK_DATA, data, size);
    writer->descriptors[writer->descriptor_count++] = (wcl_hive_descriptor) { offset, 0 };
    return WCL_OK;
}

static wcl_status choose_security(wcl_hive_writer *writer, const wcl_hive_new_key *parent,
                                  const wcl_hive_key_info *info, uint32_t *index, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (info->security)
        status = add_security(writer, info->security, info->security_size, index, error);
    else if (parent)
        *index = parent->security;
    else
        status = add_security(writer, usual_security, sizeof(usual_security), index, error);
    if (status == WCL_OK)
        writer->descriptors[*index].references++;
    return status;
}

static wcl_status check_key(const wcl_hive_writer *writer, const wcl_hive_new_key *parent,
                            const wcl_hive_key_info *info, const wcl_buffer *name, wcl_error *error)
{
    if (!parent != !writer->root)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "a hive has one root, which comes first");
    if (parent && parent->depth == WCL_HIVE_MAX_DEPTH)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "a key cannot lie deeper than %d",
                        WCL_HIVE_MAX_DEPTH);
    if (!name->size || name->size > MOST_KEY_NAME || memchr(info->name, '\\', info->name_size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "a key cannot have the name '%.*s'",
                        (int)info->name_size, info->name);
    if (!writer->options.is_layered && (info->semantics || info->inherits_class))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "only a layered hive can have tombstones and superseding keys");
    return WCL_OK;
}

static wcl_status write_class(wcl_hive_writer *writer, const wcl_hive_key_info *info,
                              uint32_t *offset, uint16_t *size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    *offset = REGF_NONE;
    *size = 0;
    if (!info->class_name || !info->class_size)
        return WCL_OK;
    if (wcl_wtf8_to_utf16(info->class_name, info->class_size, &text, error) != WCL_OK)
        return WCL_FAILED;
    if (text.size > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "a class cannot have %zu bytes", text.size);
    if (wcl_hive_cell_make(writer, text.size, offset, error) != WCL_OK)
        return WCL_FAILED;
    memcpy(wcl_hive_cell_of(writer, *offset), text.data, text.size);
    *size = (uint16_t)text.size;
    return WCL_OK;
}

static wcl_status write_key(wcl_hive_writer *writer, const wcl_hive_new_key *key,
                            const wcl_hive_key_info *info, const wcl_buffer *name, bool is_ascii,
                            wcl_error *error)
{
    uint32_t class_offset;
    uint16_t class_size;

    if (write_class(writer, info, &class_offset, &class_size, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *nk = wcl_hive_cell_of(writer, key->offset);
    uint32_t flags = key->parent ? 0 : NK_FLAG_ROOT | NK_FLAG_NO_DELETE;
    flags |= (info->flags & WCL_HIVE_KEY_SYMLINK) | (is_ascii ? NK_FLAG_ASCII : 0);
    wcl_hive_cell_name(nk, "nk");
    wcl_store_le16(nk + NK_FLAGS, (uint16_t)flags);
    wcl_store_le64(nk + NK_WRITTEN, (uint64_t)info->written);
    nk[NK_LAYERED] = (uint8_t)(info->semantics | (info->inherits_class ? NK_INHERIT_CLASS : 0));
    wcl_store_le32(nk + NK_PARENT, key->parent ? key->parent->offset : REGF_NONE);
    wcl_store_le32(nk + NK_SUBKEY_LIST, REGF_NONE);
    wcl_store_le32(nk + NK_VOLATILE_LIST, REGF_NONE);
    wcl_store_le32(nk + NK_VALUE_LIST, REGF_NONE);
    wcl_store_le32(nk + NK_SECURITY, writer->descriptors[key->security].offset);
    wcl_store_le32(nk + NK_CLASS, class_offset);
    wcl_store_le16(nk + NK_NAME_SIZE, (uint16_t)name->size);
    wcl_store_le16(nk + NK_CLASS_SIZE, class_size);
    memcpy(nk + NK_NAME, name->data, name->size);
    return WCL_OK;
}

wcl_status wcl_hive_writer_add_key(wcl_hive_writer *writer, wcl_hive_new_key *parent,
                                   const wcl_hive_key_info *info, wcl_hive_new_key **key,
                                   wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    bool is_ascii;

    if (key)
        *key = NULL;
    if (report(writer, error) != WCL_OK ||
        wcl_hive_name_encode(info->name, info->name_size, &name, &is_ascii, error) != WCL_OK ||
        check_key(writer, parent, info, &name, error) != WCL_OK)
        return WCL_FAILED;
    wcl_hive_new_key *made = wcl_region_alloc(&writer->region, 1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->parent = parent;
    made->depth = parent ? parent->depth + 1 : 0;
    if (wcl_hive_cell_make(writer, NK_NAME + name.size, &made->offset, error) != WCL_OK ||
        choose_security(writer, parent, info, &made->security, error) != WCL_OK ||
        write_key(writer, made, info, &name, is_ascii, error) != WCL_OK ||
        (parent && wcl_hive_offsets_add(&parent->subkeys, made->offset, error) != WCL_OK))
        return WCL_FAILED;
    if (writer->last)
        writer->last->next = made;
    else
        writer->root = made;
    writer->last = made;
    if (key)
        *key = made;
    return WCL_OK;
}

static wcl_status write_segments(wcl_hive_writer *writer, const uint8_t *data, size_t size,
                                 uint32_t *offset, wcl_error *error)
{
    size_t count = (size + DB_SEGMENT - 1) / DB_SEGMENT;
    uint32_t list, segment;

    if (count > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a value cannot have %zu bytes", size);
    if (wcl_hive_cell_make(writer, DB_HEADER, offset, error) != WCL_OK ||
        wcl_hive_cell_make(writer, count * 4, &list, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *db = wcl_hive_cell_of(writer, *offset);
    wcl_hive_cell_name(db, "db");
    wcl_store_le16(db + 2, (uint16_t)count);
    wcl_store_le32(db + 4, list);
    for (size_t i = 0; i < count; i++) {
        size_t begin = i * DB_SEGMENT;
        size_t part = size - begin < DB_SEGMENT ? size - begin : DB_SEGMENT;
        /* Windows leaves four bytes behind each, which others count on. */
        if (wcl_hive_cell_make(writer, part + 4, &segment, error) != WCL_OK)
            return WCL_FAILED;
        memcpy(wcl_hive_cell_of(writer, segment), data + begin, part);
        wcl_store_le32(wcl_hive_cell_of(writer, list) + 4 * i, segment);
    }
    return WCL_OK;
}

static wcl_status write_value_data(wcl_hive_writer *writer, uint32_t vk_offset,
                                   const wcl_hive_value *value, wcl_error *error)
{
    wcl_status status = WCL_OK;
    uint32_t offset = REGF_NONE;

    if (value->size <= 4) {
        uint8_t *vk = wcl_hive_cell_of(writer, vk_offset);
        wcl_store_le32(vk + VK_SIZE, (uint32_t)value->size | VK_INLINE);
        if (value->size)
            memcpy(vk + VK_DATA, value->data, value->size);
        return WCL_OK;
    }
    if (value->size > DB_SEGMENT && writer->options.minor_version >= 4) {
        status = write_segments(writer, value->data, value->size, &offset, error);
    } else {
        status = wcl_hive_cell_make(writer, value->size, &offset, error);
        if (status == WCL_OK)
            memcpy(wcl_hive_cell_of(writer, offset), value->data, value->size);
    }
    uint8_t *vk = wcl_hive_cell_of(writer, vk_offset);
    wcl_store_le32(vk + VK_SIZE, (uint32_t)value->size);
    wcl_store_le32(vk + VK_DATA, offset);
    return status;
}

wcl_status wcl_hive_writer_add_value(wcl_hive_writer *writer, wcl_hive_new_key *key,
                                     const wcl_hive_value *value, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    uint32_t offset;
    bool is_ascii;

    if (report(writer, error) != WCL_OK ||
        wcl_hive_name_encode(value->name, value->name_size, &name, &is_ascii, error) != WCL_OK)
        return WCL_FAILED;
    if (name.size > MOST_VALUE_NAME)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "a value's name cannot have %zu bytes",
                        name.size);
    if (value->is_tombstone && !writer->options.is_layered)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "only a layered hive can have tombstones");
    if (wcl_hive_cell_make(writer, VK_NAME + name.size, &offset, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *vk = wcl_hive_cell_of(writer, offset);
    wcl_hive_cell_name(vk, "vk");
    wcl_store_le16(vk + VK_NAME_SIZE, (uint16_t)name.size);
    wcl_store_le32(vk + VK_DATA, REGF_NONE);
    wcl_store_le16(vk + VK_FLAGS, (uint16_t)((is_ascii ? VK_FLAG_ASCII : 0) |
                                             (value->is_tombstone ? VK_FLAG_TOMBSTONE : 0)));
    if (name.size)
        memcpy(vk + VK_NAME, name.data, name.size);
    if (!value->is_tombstone) {
        wcl_store_le32(vk + VK_TYPE, value->type);
        if (write_value_data(writer, offset, value, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_hive_offsets_add(&key->values, offset, error);
}

wcl_status wcl_hive_writer_copy(wcl_hive_writer *writer, wcl_hive_new_key *parent,
                                wcl_hive_key *from, wcl_error *error)
{
    const wcl_hive_value *value;
    wcl_hive_new_key *key;
    wcl_hive_key *subkey;
    size_t count;

    wcl_status status =
        wcl_hive_writer_add_key(writer, parent, wcl_hive_key_get_info(from), &key, error);
    if (status == WCL_OK)
        status = wcl_hive_key_count_values(from, &count, error);
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        status = wcl_hive_key_value_at(from, i, &value, error);
        if (status == WCL_OK)
            status = wcl_hive_writer_add_value(writer, key, value, error);
    }
    if (status == WCL_OK)
        status = wcl_hive_key_count_subkeys(from, &count, error);
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        status = wcl_hive_key_open_at(from, i, &subkey, error);
        if (status == WCL_OK)
            status = wcl_hive_writer_copy(writer, key, subkey, error);
        wcl_hive_key_free(subkey);
    }
    return status;
}
