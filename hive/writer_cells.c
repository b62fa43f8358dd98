/* Cells and bins of a hive that is being made. */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/utf16.h"
#include "hive/writer_internal.h"

#define MOST_BINS 0x7ffff000u

uint8_t *wcl_hive_cell_of(const wcl_hive_writer *writer, uint32_t offset)
{
    return writer->bins.data + offset + 4;
}

void wcl_hive_bin_close(wcl_hive_writer *writer)
{
    if (writer->used < writer->bin_end)
        wcl_store_le32(writer->bins.data + writer->used,
                       (uint32_t)(writer->bin_end - writer->used));
    writer->used = writer->bin_end;
}

static wcl_status open_bin(wcl_hive_writer *writer, size_t cell, wcl_error *error)
{
    size_t begin = writer->bin_end;
    size_t size = (cell + REGF_BIN_HEADER + REGF_BIN_ALIGN - 1) & ~(size_t)(REGF_BIN_ALIGN - 1);

    wcl_hive_bin_close(writer);
    if (size > MOST_BINS - begin)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a hive cannot be larger than 2 GiB");
    if (wcl_buffer_append_zeros(&writer->bins, size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_store_le32(writer->bins.data + begin, REGF_BIN_MAGIC);
    wcl_store_le32(writer->bins.data + begin + 4, (uint32_t)begin);
    wcl_store_le32(writer->bins.data + begin + 8, (uint32_t)size);
    if (begin == 0)
        wcl_store_le64(writer->bins.data + 20, (uint64_t)writer->options.written);
    writer->used = begin + REGF_BIN_HEADER;
    writer->bin_end = begin + size;
    return WCL_OK;
}

wcl_status wcl_hive_cell_make(wcl_hive_writer *writer, size_t size, uint32_t *offset,
                              wcl_error *error)
{
    if (size > MOST_BINS / 2)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a cell of a hive cannot have %zu bytes",
                        size);
    size_t cell = (size + 4 + 7) & ~(size_t)7;
    if (cell > writer->bin_end - writer->used && open_bin(writer, cell, error) != WCL_OK)
        return WCL_FAILED;
    *offset = (uint32_t)writer->used;
    wcl_store_le32(writer->bins.data + writer->used, 0u - (uint32_t)cell);
    writer->used += cell;
    return WCL_OK;
}

wcl_status wcl_hive_offsets_add(wcl_hive_offsets *offsets, uint32_t offset, wcl_error *error)
{
    if (WCL_LIST_RESERVE(offsets->items, offsets->count, offsets->capacity, error) != WCL_OK)
        return WCL_FAILED;
    offsets->items[offsets->count++] = offset;
    return WCL_OK;
}

wcl_status wcl_hive_name_encode(const char *name, size_t size, wcl_buffer *out, bool *is_ascii,
                                wcl_error *error)
{
    if (wcl_wtf8_to_utf16(name, size, out, error) != WCL_OK)
        return WCL_FAILED;
    *is_ascii = true;
    for (size_t i = 1; i < out->size; i += 2)
        *is_ascii = *is_ascii && out->data[i] == 0;
    if (!*is_ascii)
        return WCL_OK;
    for (size_t i = 0; i < out->size / 2; i++)
        out->data[i] = out->data[2 * i];
    out->size /= 2;
    return WCL_OK;
}
