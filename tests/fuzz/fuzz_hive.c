/* Any bytes as a hive: all of it is read, merged with itself and alone, and what was read is
 * written again and must be read as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "hive/hive_internal.h"

static wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

/* Windows refuses names that hives can have; these end the comparison. */
static void write_again(wcl_hive_key *root, bool is_layered, uint64_t keys)
{
    wcl_hive_writer_options options = WCL_HIVE_WRITER_OPTIONS_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_hive_writer *writer;
    wcl_hive *again;

    options.is_layered = is_layered;
    if (wcl_hive_writer_new(&options, &writer, NULL) != WCL_OK)
        abort();
    if (wcl_hive_writer_copy(writer, NULL, root, NULL) == WCL_OK &&
        wcl_hive_writer_finish(writer, append, &bytes, NULL) == WCL_OK) {
        const wcl_hive_input input = { .data = bytes.data, .size = bytes.size };
        if (wcl_hive_open(&input, NULL, &again, NULL) != WCL_OK ||
            wcl_hive_get_info(again)->key_count > keys)
            abort();
        wcl_hive_free(again);
    }
    wcl_hive_writer_free(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_hive_options options = WCL_HIVE_OPTIONS_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_hive_key *root;
    wcl_hive *hive;

    options.max_size = 1u << 20;
    if (wcl_buffer_append(&bytes, data, size, NULL) != WCL_OK)
        abort();
    if (size >= REGF_BASE_SIZE && data[REGF_CHECKSUM] != 0xff)
        wcl_store_le32(bytes.data + REGF_CHECKSUM, wcl_hive_checksum(bytes.data));
    const wcl_hive_input input = { .data = wcl_buffer_text(&bytes), .size = size };
    /* What follows the hive is its log as well. */
    uint64_t begin = size >= REGF_BASE_SIZE
                         ? REGF_BASE_SIZE + (uint64_t)wcl_load_le32(bytes.data + REGF_BINS_SIZE)
                         : size;
    if (begin < size)
        options.logs[0] = (wcl_hive_input) { .data = bytes.data + begin, .size = size - begin };
    if (wcl_hive_open(&input, &options, &hive, NULL) != WCL_OK)
        return 0;
    const wcl_hive *const twice[] = { hive, hive };
    uint64_t keys = wcl_hive_get_info(hive)->key_count;
    if (wcl_hive_root(hive, &root, NULL) == WCL_OK) {
        write_again(root, wcl_hive_get_info(hive)->is_layered, keys);
        wcl_hive_key_free(root);
    }
    for (size_t count = 1; count <= 2; count++)
        if (wcl_hive_merge(twice, count, &root, NULL) == WCL_OK) {
            write_again(root, false, keys);
            wcl_hive_key_free(root);
        }
    wcl_hive_free(hive);
    return 0;
}
