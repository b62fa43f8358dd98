/* Opening a hive: its bytes, its base block, its logs. */
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/utf16.h"
#include "hive/hive_internal.h"

#define MAX_SIZE (UINT64_C(2) << 30)
#define LEAST_VERSION 3u
#define MOST_VERSION 6u

static wcl_status read_input(const wcl_hive_input *input, uint64_t max_size, uint8_t *into,
                             wcl_error *error)
{
    if (input->size > max_size)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a hive or its log has %llu bytes",
                        (unsigned long long)input->size);
    if (input->data)
        memcpy(into, input->data, (size_t)input->size);
    return input->data ? WCL_OK : input->read(input->context, 0, into, (size_t)input->size, error);
}

/* Copies the input: only a hive that is changed or read through a function is. */
static wcl_status own_file(wcl_hive *hive, const wcl_hive_input *input, uint64_t max_size,
                           wcl_error *error)
{
    if (!hive->owned) {
        hive->owned = malloc(input->size ? (size_t)input->size : 1);
        if (!hive->owned)
            return wcl_fail_memory(error);
        hive->file = hive->owned;
        return read_input(input, max_size, hive->owned, error);
    }
    return WCL_OK;
}

static bool is_dirty(const uint8_t *base)
{
    return wcl_load_le32(base + REGF_SEQUENCE_1) != wcl_load_le32(base + REGF_SEQUENCE_2) ||
           wcl_hive_checksum(base) != wcl_load_le32(base + REGF_CHECKSUM);
}

static wcl_status replay_logs(wcl_hive *hive, const wcl_hive_input *input, uint64_t *size,
                              const wcl_hive_options *options, wcl_error *error)
{
    wcl_buffer logs[2] = { WCL_BUFFER_INIT, WCL_BUFFER_INIT };
    wcl_status status = own_file(hive, input, options->max_size, error);

    for (int i = 0; i < 2 && status == WCL_OK; i++) {
        const wcl_hive_input *log = &options->logs[i];
        if (log->size > options->max_size)
            status = wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a log is larger than a hive can be");
        else if (log->size)
            status = wcl_buffer_append_zeros(&logs[i], (size_t)log->size, error);
        if (status == WCL_OK && log->size)
            status = read_input(log, options->max_size, logs[i].data, error);
    }
    if (status == WCL_OK)
        status = wcl_hive_replay(&hive->owned, size, logs, options->max_size, &hive->info, error);
    hive->file = hive->owned;
    wcl_buffer_free(&logs[0]);
    wcl_buffer_free(&logs[1]);
    return status;
}

static wcl_status read_base(wcl_hive *hive, uint64_t size, wcl_error *error)
{
    const uint8_t *base = hive->file;
    uint32_t major = wcl_load_le32(base + REGF_MAJOR), minor = wcl_load_le32(base + REGF_MINOR);

    if (wcl_hive_checksum(base) != wcl_load_le32(base + REGF_CHECKSUM))
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the checksum of the hive's header is wrong, and no log mends it");
    if (major != 1 || minor < LEAST_VERSION || minor > MOST_VERSION ||
        wcl_load_le32(base + REGF_FORMAT) != 1)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "hives of version %u.%u are not known, only 1.3 to 1.6", major, minor);
    hive->bins_size = wcl_load_le32(base + REGF_BINS_SIZE);
    if (!hive->bins_size || hive->bins_size % REGF_BIN_ALIGN)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the hive says that it has %llu bytes of bins",
                        (unsigned long long)hive->bins_size);
    if (hive->bins_size > size - REGF_BASE_SIZE)
        return wcl_fail(
            error, WCL_CODE_TRUNCATED, "the hive ends after %llu bytes and should have %llu",
            (unsigned long long)size, (unsigned long long)hive->bins_size + REGF_BASE_SIZE);
    hive->bins = base + REGF_BASE_SIZE;
    hive->root = wcl_load_le32(base + REGF_ROOT);
    hive->info.minor_version = minor;
    hive->info.written = (wcl_filetime)wcl_load_le64(base + REGF_WRITTEN);
    hive->info.is_layered = (wcl_load_le32(base + REGF_FLAGS) & REGF_FLAG_LAYERED) != 0;
    hive->info.is_dirty = is_dirty(base);
    hive->info.size = hive->bins_size;
    size_t length = 0;
    while (length < REGF_NAME_SIZE && wcl_load_le16(base + REGF_NAME + length))
        length += 2;
    if (wcl_utf16_to_wtf8(base + REGF_NAME, length, &hive->name, error) != WCL_OK)
        return WCL_FAILED;
    hive->info.name = wcl_buffer_text(&hive->name);
    return WCL_OK;
}

static wcl_status hive_read(wcl_hive *hive, const wcl_hive_input *input,
                            const wcl_hive_options *options, wcl_error *error)
{
    uint64_t size = input->size;

    if (size > options->max_size)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the hive has %llu bytes",
                        (unsigned long long)size);
    hive->file = input->data;
    if (!input->data && own_file(hive, input, options->max_size, error) != WCL_OK)
        return WCL_FAILED;
    if (size < REGF_BASE_SIZE || wcl_load_le32(hive->file) != REGF_MAGIC)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is not a registry hive");
    if (is_dirty(hive->file) && (options->logs[0].size || options->logs[1].size) &&
        replay_logs(hive, input, &size, options, error) != WCL_OK)
        return WCL_FAILED;
    if (read_base(hive, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hive_check(hive, options->hooks, error);
}

wcl_status wcl_hive_open(const wcl_hive_input *input, const wcl_hive_options *options,
                         wcl_hive **hive, wcl_error *error)
{
    wcl_hive_options own = WCL_HIVE_OPTIONS_INIT;

    *hive = NULL;
    if (WCL_TAKE(wcl_hive_options, &own, options, __func__, error) != WCL_OK ||
        wcl_hooks_check(own.hooks, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (!own.max_size || own.max_size > MAX_SIZE)
        own.max_size = MAX_SIZE;
    if (!input || (!input->data && !input->read))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is nothing to read a hive from");
    wcl_hive *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    if (hive_read(made, input, &own, error) != WCL_OK) {
        wcl_hive_free(made);
        return wcl_error_context(error, "read a hive", NULL);
    }
    *hive = made;
    return WCL_OK;
}

void wcl_hive_free(wcl_hive *hive)
{
    if (!hive)
        return;
    free(hive->owned);
    wcl_buffer_free(&hive->name);
    free(hive);
}

const wcl_hive_info *wcl_hive_get_info(const wcl_hive *hive)
{
    return &hive->info;
}
