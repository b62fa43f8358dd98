/*
 * Importing a layer's tar, in one pass. The input's thread inflates, two hash the blob and the tar,
 * a fourth writes the tar, and this one indexes it, all on the same blocks of memory.
 */
#include "layer/store/import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "layer/store/mount/chain.h"
#include "layer/store/import/hasher.h"
#include "layer/store/index/index.h"
#include "layer/store/home/tar_file.h"
#include "compress/compress.h"
#include "layer/tar/limits.h"

/* Blocks of the input of an import that is not one of several at a time: the disk takes many at
 * once. */
#define BLOCKS_ALONE 40
/* Entries of which hooks are told together. */
#define ENTRIES_AT_ONCE 256

typedef struct importing {
    const wcl_store *store;
    wcl_stage stage;
    wcl_store_chain parents;
    wcl_layer_record record;
    /* The input. */
    wcl_read_fn read;
    void *read_context;
    wcl_input *input;
    wcl_hasher *blob_hasher;
    /* The tar. */
    wcl_hasher *hasher;
    int tar_fd;
    bool is_adopted;        /* the stage is the caller's, and layer.tar the input */
    bool is_there;          /* layer.tar is somebody else's to write */
    wcl_tar_file *tar_file; /* NULL where it is */
    uint64_t tar_size;
    uint64_t taken; /* bytes of layer.tar that were read, where it is the input */
    wcl_tar_scanner *scanner;
    wcl_index *index;
    wcl_progress progress;
    const char *expect_digest;
    const wcl_import_gate *gate; /* NULL: the parents are there from the start */
} importing;

/* ---- The blocks ----------------------------------------------------------------------------- */

static wcl_status hash_blob(void *context, const void *data, size_t size, wcl_error *error)
{
    importing *import = context;

    return wcl_hasher_update(import->blob_hasher, data, size, error);
}

static wcl_status import_report(importing *import, wcl_error *error)
{
    import->progress.done = wcl_input_consumed(import->input);
    return wcl_hooks_report(import->store->hooks, &import->progress, error);
}

/* Gives the scanner its next block, on whose way it is hashed and written. */
static wcl_status next_block(void *context, wcl_block **block, wcl_error *error)
{
    importing *import = context;
    wcl_status status = wcl_input_next(import->input, block, error);

    if (status != WCL_OK)
        return status;
    import->tar_size += (*block)->size;
    if ((!import->hasher || wcl_hasher_give(import->hasher, *block, error) == WCL_OK) &&
        (!import->tar_file || wcl_tar_file_give(import->tar_file, *block, error) == WCL_OK) &&
        import_report(import, error) == WCL_OK)
        return WCL_OK;
    wcl_block_unref(*block);
    *block = NULL;
    return WCL_FAILED;
}

static wcl_status index_entries(importing *import, wcl_error *error)
{
    const wcl_tar_entry *entry;
    wcl_status status;

    while ((status = wcl_tar_scanner_next(import->scanner, &entry, error)) == WCL_OK) {
        import->progress.entries++;
        import->progress.subject = entry->name;
        if (import->progress.entries % ENTRIES_AT_ONCE == 0 &&
            import_report(import, error) != WCL_OK)
            return WCL_FAILED;
        if (wcl_index_add(import->index, entry, error) != WCL_OK)
            return WCL_FAILED;
    }
    return status == WCL_END ? wcl_index_finish(import->index, import->store->hooks, error)
                             : status;
}

/* Gives the bytes of layer.tar itself. */
static wcl_status read_tar(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    importing *import = context;

    if (wcl_pread_full(import->tar_fd, buffer, size, import->taken, got, error) != WCL_OK)
        return WCL_FAILED;
    import->taken += *got;
    return WCL_OK;
}

wcl_status wcl_store_scan_tar(const wcl_store *store, int tar_fd, wcl_os os, const char *operation,
                              wcl_index **index, char diff_id[WCL_DIGEST_TEXT_SIZE], uint64_t *size,
                              wcl_error *error)
{
    importing scan = { .store = store, .tar_fd = tar_fd };
    uint8_t digest[WCL_SHA256_SIZE];

    scan.progress.operation = operation;
    wcl_status status = wcl_index_new(os, &scan.index, error);
    if (status == WCL_OK && diff_id)
        status = wcl_hasher_start(&scan.hasher, error);
    if (status == WCL_OK)
        status = wcl_input_open(read_tar, &scan, NULL, &scan.input, error);
    if (status == WCL_OK)
        status = wcl_tar_scanner_new(next_block, &scan, &scan.scanner, error);
    if (status == WCL_OK) {
        wcl_tar_scanner_allow_empty(scan.scanner);
        status = index_entries(&scan, error);
    }
    if (status == WCL_OK && diff_id) {
        status = wcl_hasher_finish(scan.hasher, digest, error);
        wcl_digest_format(digest, diff_id);
    }
    wcl_tar_scanner_free(scan.scanner);
    wcl_hasher_free(scan.hasher);
    wcl_input_free(scan.input);
    if (size)
        *size = scan.tar_size;
    if (status == WCL_OK)
        *index = scan.index;
    else
        wcl_index_free(scan.index);
    return status;
}

/*
 * Makes the index once more, for the system that the layer turned out to be of: where the first
 * entries spoke for the other one.
 */
static wcl_status index_again(importing *import, wcl_os os, wcl_error *error)
{
    wcl_index_free(import->index);
    import->index = NULL;
    return wcl_store_scan_tar(import->store, import->tar_fd, os, "import", &import->index, NULL,
                              NULL, error);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

static wcl_os parent_os(const importing *import)
{
    return import->parents.count ? import->parents.layers[0].record.os : WCL_OS_UNKNOWN;
}

/* Finds the parents and holds them; `os` is what the layer shall be. */
static wcl_status take_parents(importing *import, wcl_parents parents, wcl_os os, wcl_error *error)
{
    if (wcl_pax_set_parents(&import->record, import->store, parents, error) != WCL_OK ||
        wcl_store_chain_open(import->store, &import->record, &import->parents, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < import->parents.count; i++)
        if (import->parents.layers[i].record.kind == WCL_LAYER_SANDBOX)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the parent '%s' is a sandbox; a read-only layer cannot stand on one",
                            import->parents.layers[i].record.id);
    if (os && parent_os(import) && os != parent_os(import))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the layer shall be %s, but its parent '%s' is not",
                        os == WCL_OS_WINDOWS ? "windows" : "linux", import->record.parents[0]);
    return WCL_OK;
}

static wcl_status import_begin(importing *import, const char *id, wcl_parents parents,
                               const wcl_import_options *options, wcl_error *error)
{
    import->record.id = strdup(id ? id : "");
    import->progress.operation = "import";
    if (!import->record.id)
        return wcl_fail_memory(error);
    wcl_os os = options->os;
    if ((!import->is_adopted &&
         wcl_stage_begin(import->store, id, &import->stage, error) != WCL_OK) ||
        (!import->gate && take_parents(import, parents, os, error) != WCL_OK))
        return WCL_FAILED;
    const wcl_import_gate *gate = import->gate;
    if (gate && gate->place_tar &&
        gate->place_tar(gate->context, import->stage.fd, &import->is_there, error) != WCL_OK)
        return WCL_FAILED;
    if (!os)
        os = parent_os(import);
    if (options->expect_digest) {
        uint8_t digest[WCL_SHA256_SIZE];
        if (wcl_digest_parse(options->expect_digest, digest, error) != WCL_OK)
            return WCL_FAILED;
        import->expect_digest = options->expect_digest;
    }
    import->tar_fd =
        openat(import->stage.fd, "layer.tar",
               import->is_there ? O_RDWR | O_CLOEXEC : O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (import->tar_fd < 0)
        return wcl_fail_errno(error, errno, "cannot open layer.tar");
    if (wcl_index_new(os, &import->index, error) != WCL_OK)
        return WCL_FAILED;
    wcl_index_limit(import->index, options->max_entries, options->max_memory);
    return WCL_OK;
}

static wcl_status open_input(importing *import, const wcl_import_options *options, wcl_error *error)
{
    const wcl_input_options input = { .max_size = options->max_size,
                                      .max_ratio = options->max_ratio,
                                      .tap = hash_blob,
                                      .tap_context = import,
                                      .blocks = import->gate ? 0 : BLOCKS_ALONE };

    if (wcl_hasher_start(&import->blob_hasher, error) != WCL_OK ||
        wcl_hasher_start(&import->hasher, error) != WCL_OK ||
        (!import->is_there &&
         wcl_tar_file_start(import->tar_fd, &import->tar_file, error) != WCL_OK) ||
        wcl_input_open(import->read, import->read_context, &input, &import->input, error) !=
            WCL_OK ||
        wcl_tar_scanner_new(next_block, import, &import->scanner, error) != WCL_OK)
        return WCL_FAILED;
    /* Old engines made images with layers of no bytes; from a person that is a mistake. */
    if (import->gate)
        wcl_tar_scanner_allow_empty(import->scanner);
    return WCL_OK;
}

/* ---- Ending --------------------------------------------------------------------------------- */

static wcl_status import_set_text(char **to, const char *text, wcl_error *error)
{
    free(*to);
    *to = text ? strdup(text) : NULL;
    return *to || !text ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status settle_digests(importing *import, const wcl_import_options *options,
                                 wcl_error *error)
{
    uint8_t digest[WCL_SHA256_SIZE];
    char diff_id[WCL_DIGEST_TEXT_SIZE], blob[WCL_DIGEST_TEXT_SIZE];

    if (wcl_hasher_finish(import->hasher, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, diff_id);
    if (wcl_input_compression(import->input) != WCL_COMPRESSION_NONE &&
        wcl_hasher_finish(import->blob_hasher, digest, error) != WCL_OK)
        return WCL_FAILED;
    wcl_digest_format(digest, blob);
    const char *expected = import->expect_digest;
    if (expected && strncmp(expected, "sha256:", 7) != 0 && strlen(expected) == 64)
        expected =
            strcmp(expected, blob + 7) == 0 || strcmp(expected, diff_id + 7) == 0 ? NULL : expected;
    if (expected && strcmp(expected, blob) != 0 && strcmp(expected, diff_id) != 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the digest is %s (uncompressed %s), not %s as expected", blob, diff_id,
                        expected);
    const wcl_compression_info *came_as =
        wcl_compression_info_of(wcl_input_compression(import->input));
    const char *media_type = options->media_type ? options->media_type : came_as->oci_media_type;
    if (import_set_text(&import->record.diff_id, diff_id, error) != WCL_OK ||
        import_set_text(&import->record.blob_digest, blob, error) != WCL_OK ||
        import_set_text(&import->record.media_type, media_type, error) != WCL_OK)
        return WCL_FAILED;
    import->record.blob_size = wcl_input_consumed(import->input);
    return WCL_OK;
}

/* Fills in what the index knows, and writes it beside the tar. */
static wcl_status write_index(importing *import, wcl_error *error)
{
    wcl_layer_record *record = &import->record;
    WCL_CLEANUP_TAR_SOURCE wcl_tar_source tars = { .store = import->store,
                                                   .record = record,
                                                   .own_fd = import->tar_fd };

    record->os = wcl_index_os(import->index);
    record->entries = wcl_index_entries(import->index);
    record->data_size = wcl_index_data_size(import->index);
    record->scattered = wcl_index_scattered(import->index);
    record->created = (int64_t)time(NULL);
    return wcl_index_write(wcl_index_tree(import->index), import->stage.fd, "layer.erofs",
                           &record->tar_size, 1, &tars, error);
}

/* Puts the layer in place, on its parents. */
static wcl_status place_layer(importing *import, wcl_error *error)
{
    wcl_layer_record *record = &import->record;

    record->kind = record->entries == 0   ? WCL_LAYER_EMPTY
                   : record->parent_count ? WCL_LAYER_LAYER
                                          : WCL_LAYER_BASE;
    if (wcl_chain_check_links(import->store, &import->parents, import->index, error) != WCL_OK ||
        wcl_record_write_new(import->stage.fd, record, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_stage_commit(import->store, &import->stage, record->id, error);
}

static void fill_result(const importing *import, wcl_import_result *result)
{
    const wcl_layer_record *record = &import->record;

    result->os = record->os;
    snprintf(result->kind, sizeof(result->kind), "%s", wcl_layer_kind_name(record->kind));
    snprintf(result->diff_id, sizeof(result->diff_id), "%s", record->diff_id);
    snprintf(result->blob_digest, sizeof(result->blob_digest), "%s", record->blob_digest);
    result->blob_size = record->blob_size;
    result->size = record->tar_size;
    result->entries = record->entries;
}

/* The threads go before what they use. */
static void import_end(importing *import)
{
    wcl_tar_scanner_free(import->scanner);
    wcl_hasher_free(import->hasher);
    wcl_tar_file_free(import->tar_file);
    wcl_input_free(import->input);
    wcl_hasher_free(import->blob_hasher);
    wcl_index_free(import->index);
    if (import->tar_fd >= 0)
        close(import->tar_fd);
    wcl_store_chain_close(&import->parents);
    wcl_stage_end(import->store, &import->stage);
    wcl_layer_record_free(&import->record);
}

/* Waits for the parents, once all else is done. */
static wcl_status pass_gate(importing *import, wcl_parents parents, wcl_error *error)
{
    wcl_import_result result;

    fill_result(import, &result);
    if (import->gate->pass(import->gate->context, &result, error) != WCL_OK)
        return WCL_FAILED;
    return take_parents(import, parents, import->record.os, error);
}

/* Whether the layer is taken for one of Windows by its parent alone, and is not like one. */
static bool is_foreign(const importing *import, const wcl_import_options *options)
{
    return options->os == WCL_OS_UNKNOWN && parent_os(import) == WCL_OS_WINDOWS &&
           !wcl_index_looks_windows(import->index);
}

/* Whether an entry was refused for what it is. */
static bool is_about_names(const wcl_error *error)
{
    return error && (error->code == WCL_CODE_INVALID_DATA || error->code == WCL_CODE_INVALID_NAME ||
                     error->code == WCL_CODE_ALREADY_EXISTS);
}

static wcl_status fail_foreign(const importing *import, wcl_error *error)
{
    if (error && error->code == WCL_CODE_CANCELLED)
        return WCL_FAILED;
    return wcl_fail(
        error, WCL_CODE_INVALID_DATA,
        "the layer looks like one of Linux: it has neither Files nor Hives, and nothing "
        "of Windows' metadata. Its parent '%s' is a Windows layer (--os windows takes "
        "it for one all the same)",
        import->record.parents[0]);
}

static wcl_status import_run(importing *import, wcl_parents parents,
                             const wcl_import_options *options, wcl_error *error)
{
    if (open_input(import, options, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = index_entries(import, error);
    if (is_foreign(import, options) && (status == WCL_OK || is_about_names(error)))
        return fail_foreign(import, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    import->record.tar_size = import->tar_size;
    wcl_os os = wcl_index_found_os(import->index);
    bool is_again = os != wcl_index_os(import->index);
    /* The index is written while the last of the tar is being hashed and written, unless some of
     * that has to be copied into it. */
    bool is_late = is_again || wcl_tree_has_copies(wcl_index_tree(import->index));
    if ((!is_late && write_index(import, error) != WCL_OK) ||
        (import->tar_file && wcl_tar_file_finish(import->tar_file, error) != WCL_OK) ||
        (is_again && index_again(import, os, error) != WCL_OK) ||
        (is_late && write_index(import, error) != WCL_OK) ||
        settle_digests(import, options, error) != WCL_OK)
        return WCL_FAILED;
    if (fdatasync(import->tar_fd) != 0)
        return wcl_fail_errno(error, errno, "cannot write layer.tar");
    if (import->gate && pass_gate(import, parents, error) != WCL_OK)
        return WCL_FAILED;
    return place_layer(import, error);
}

/* The caller's options, with the limits that hold where they name none. */
static wcl_status settle_options(const wcl_import_options *options, wcl_import_options *settled,
                                 wcl_error *error)
{
    if (options && options->struct_size != sizeof(*options))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the wcl_import_options do not say their size in struct_size");
    *settled = options ? *options : (wcl_import_options) { .struct_size = sizeof(*settled) };
    settled->max_size = wcl_tar_limit(settled->max_size, WCL_TAR_SIZE_MAX);
    settled->max_entries = wcl_tar_limit(settled->max_entries, WCL_TAR_ENTRIES_MAX);
    settled->max_ratio = wcl_tar_limit(settled->max_ratio, WCL_TAR_RATIO_MAX);
    settled->max_memory = wcl_tar_limit(settled->max_memory, WCL_TAR_MEMORY_MAX);
    return WCL_OK;
}

static wcl_status import_layer(const wcl_driver *driver, const char *id, wcl_parents parents,
                               wcl_read_fn read, void *context, const wcl_import_options *options,
                               const wcl_import_gate *gate, wcl_import_result *result,
                               wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    importing import = { .store = &store,
                         .stage = WCL_STAGE_INIT,
                         .read = read,
                         .read_context = context,
                         .tar_fd = -1,
                         .gate = gate };
    wcl_import_options settled;

    wcl_status status = settle_options(options, &settled, error);
    if (status == WCL_OK)
        status = wcl_store_make(driver, &store, error);
    if (status == WCL_OK)
        status = import_begin(&import, id, parents, &settled, error);
    if (status == WCL_OK)
        status = import_run(&import, parents, &settled, error);
    if (status == WCL_OK && result)
        fill_result(&import, result);
    import_end(&import);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "import", id);
}

wcl_status wcl_store_import_tar(const wcl_driver *driver, const char *id, wcl_parents parents,
                                wcl_read_fn read, void *context, const wcl_import_options *options,
                                wcl_import_result *result, wcl_error *error)
{
    return import_layer(driver, id, parents, read, context, options, NULL, result, error);
}

wcl_status wcl_store_import_gated(const wcl_driver *driver, const char *id, wcl_parents parents,
                                  wcl_read_fn read, void *context,
                                  const wcl_import_options *options, const wcl_import_gate *gate,
                                  wcl_error *error)
{
    return import_layer(driver, id, parents, read, context, options, gate, NULL, error);
}

wcl_status wcl_store_adopt_tar(const wcl_store *store, wcl_stage *stage, const char *id, wcl_os os,
                               wcl_parents parents, wcl_error *error)
{
    /* The tar is of whoever has it there, and not a stranger's. */
    const wcl_import_options options = { .struct_size = sizeof(options),
                                         .os = os,
                                         .max_size = WCL_TAR_NO_LIMIT,
                                         .max_entries = WCL_TAR_NO_LIMIT,
                                         .max_ratio = WCL_TAR_NO_LIMIT,
                                         .max_memory = WCL_TAR_NO_LIMIT };
    importing import = { .store = store,
                         .stage = *stage,
                         .read = read_tar,
                         .read_context = &import,
                         .tar_fd = -1,
                         .is_adopted = true,
                         .is_there = true };

    wcl_status status = import_begin(&import, id, parents, &options, error);
    if (status == WCL_OK)
        status = import_run(&import, parents, &options, error);
    *stage = import.stage;
    import.stage = (wcl_stage)WCL_STAGE_INIT;
    import_end(&import);
    return status;
}
