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
    const wcl_import_request *request;
    wcl_import_options options; /* the request's, settled */
    wcl_stage own_stage;
    wcl_stage *stage; /* the request's, or the one above */
    wcl_store_chain parents;
    wcl_layer_record record;
    /* The input. */
    wcl_input *input;
    wcl_hasher *blob_hasher;
    /* The tar. */
    wcl_hasher *hasher;
    int tar_fd;
    bool is_there;          /* layer.tar is somebody else's to write, or is written */
    wcl_tar_file *tar_file; /* NULL then */
    uint64_t tar_size;
    uint64_t taken; /* bytes of layer.tar that were read, where it is the input */
    wcl_tar_scanner *scanner;
    wcl_index *index;
    wcl_progress progress;
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

/* Finds the parents and holds them; `os` is what the layer is to be. */
static wcl_status take_parents(importing *import, wcl_os os, wcl_error *error)
{
    if (wcl_layer_record_set_parents(&import->record, import->store, import->request->parents,
                                     error) != WCL_OK ||
        wcl_store_chain_open(import->store, &import->record, &import->parents, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < import->parents.count; i++)
        if (import->parents.layers[i].record.kind == WCL_LAYER_SANDBOX)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the parent '%s' is a sandbox; a read-only layer cannot stand on one",
                            import->parents.layers[i].record.id);
    if (os && parent_os(import) && os != parent_os(import))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the layer is to be %s, but its parent '%s' is not",
                        os == WCL_OS_WINDOWS ? "windows" : "linux", import->record.parents[0]);
    return WCL_OK;
}

/* Opens layer.tar, which is made here unless another writes it or did. */
static wcl_status open_tar(importing *import, wcl_error *error)
{
    const wcl_import_gate *gate = import->request->gate;

    import->is_there = import->request->stage != NULL;
    if (gate && gate->place_tar &&
        gate->place_tar(gate->context, import->stage->fd, &import->is_there, error) != WCL_OK)
        return WCL_FAILED;
    import->tar_fd =
        openat(import->stage->fd, "layer.tar",
               import->is_there ? O_RDWR | O_CLOEXEC : O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return import->tar_fd >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot open layer.tar");
}

/*
 * All that can be refused before a byte is read. The stage comes first: its folder takes the tar,
 * and a layer that exists already is told before its parents are missed. Behind a gate the parents
 * may not be there yet.
 */
static wcl_status import_begin(importing *import, wcl_error *error)
{
    const wcl_import_request *request = import->request;
    const wcl_import_options *options = &import->options;
    uint8_t digest[WCL_SHA256_SIZE];

    import->record.id = strdup(request->id ? request->id : "");
    if (!import->record.id)
        return wcl_fail_memory(error);
    if ((!request->stage &&
         wcl_stage_begin(import->store, request->id, import->stage, error) != WCL_OK) ||
        (!request->gate && take_parents(import, options->os, error) != WCL_OK) ||
        open_tar(import, error) != WCL_OK ||
        (options->expect_digest &&
         wcl_digest_parse(options->expect_digest, digest, error) != WCL_OK) ||
        wcl_index_new(options->os ? options->os : parent_os(import), &import->index, error) !=
            WCL_OK)
        return WCL_FAILED;
    wcl_index_limit(import->index, options->max_entries, options->max_memory);
    return WCL_OK;
}

static wcl_status open_input(importing *import, wcl_error *error)
{
    const wcl_import_request *request = import->request;
    const wcl_input_options input = { .max_size = import->options.max_size,
                                      .max_ratio = import->options.max_ratio,
                                      .tap = hash_blob,
                                      .tap_context = import,
                                      .blocks = request->gate || request->is_floating
                                                    ? 0
                                                    : BLOCKS_ALONE };

    if (wcl_hasher_start(&import->blob_hasher, error) != WCL_OK ||
        wcl_hasher_start(&import->hasher, error) != WCL_OK ||
        (!import->is_there &&
         wcl_tar_file_start(import->tar_fd, &import->tar_file, error) != WCL_OK) ||
        wcl_input_open(request->stage ? read_tar : request->read,
                       request->stage ? import : request->context, &input, &import->input,
                       error) != WCL_OK ||
        wcl_tar_scanner_new(next_block, import, &import->scanner, error) != WCL_OK)
        return WCL_FAILED;
    /* Old engines made images with layers of no bytes; from a person that is a mistake. */
    if (request->gate)
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

static wcl_status settle_digests(importing *import, wcl_error *error)
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
    const char *expected = import->options.expect_digest;
    if (expected && strncmp(expected, "sha256:", 7) != 0 && strlen(expected) == 64)
        expected =
            strcmp(expected, blob + 7) == 0 || strcmp(expected, diff_id + 7) == 0 ? NULL : expected;
    if (expected && strcmp(expected, blob) != 0 && strcmp(expected, diff_id) != 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the digest is %s (uncompressed %s), not %s as expected", blob, diff_id,
                        expected);
    const wcl_compression_info *came_as =
        wcl_compression_info_of(wcl_input_compression(import->input));
    const char *media_type =
        import->options.media_type ? import->options.media_type : came_as->oci_media_type;
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
    return wcl_index_write(wcl_index_tree(import->index), import->stage->fd, "layer.erofs",
                           &record->tar_size, 1, &tars, error);
}

/* Puts the layer in place, on its parents. */
static wcl_status place_layer(importing *import, wcl_error *error)
{
    wcl_layer_record *record = &import->record;

    record->kind = record->entries == 0   ? WCL_LAYER_EMPTY
                   : record->parent_count ? WCL_LAYER_LAYER
                                          : WCL_LAYER_BASE;
    size_t position = 0;
    const char *link;
    record->links_below = import->request->is_floating &&
                          wcl_index_next_parent_link(import->index, &position, &link) != NULL;
    if ((!import->request->is_floating &&
         wcl_chain_check_links(import->store, &import->parents, import->index, error) != WCL_OK) ||
        wcl_record_write_new(import->stage->fd, record, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_stage_commit(import->store, import->stage, record->id, error);
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
    wcl_stage_end(import->store, &import->own_stage);
    wcl_layer_record_free(&import->record);
}

/* Waits for the parents, once all else is done. */
static wcl_status pass_gate(importing *import, wcl_error *error)
{
    const wcl_import_gate *gate = import->request->gate;
    wcl_import_result result = WCL_IMPORT_RESULT_INIT;

    fill_result(import, &result);
    if (gate->pass(gate->context, &result, error) != WCL_OK)
        return WCL_FAILED;
    return take_parents(import, import->record.os, error);
}

/* Whether the layer is taken for one of Windows by its parent alone, and is not like one. */
static bool is_foreign(const importing *import)
{
    return import->options.os == WCL_OS_UNKNOWN && parent_os(import) == WCL_OS_WINDOWS &&
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

/*
 * From the first byte to a layer in place. The tar is read once, in blocks that are hashed, written
 * and indexed at the same time; all that follows waits for something:
 *
 * - the index is for the system that the first entries spoke for, and the whole layer may speak for
 *   the other one: it is made again then, of layer.tar, which has to be written for that;
 * - writing the index needs no more than its tree, so it is done while threads still hash and write
 *   the last blocks, unless bytes of layer.tar have to be copied into it;
 * - the digests are compared before anything of the layer is believed, and before the gate, which
 *   tells others that the layer is right;
 * - the parents come last, because behind a gate they are imported meanwhile.
 */
static wcl_status import_run(importing *import, wcl_error *error)
{
    if (open_input(import, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = index_entries(import, error);
    if (is_foreign(import) && (status == WCL_OK || is_about_names(error)))
        return fail_foreign(import, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    import->record.tar_size = import->tar_size;
    wcl_os os = wcl_index_found_os(import->index);
    bool is_again = os != wcl_index_os(import->index);
    bool is_late = is_again || wcl_tree_has_copies(wcl_index_tree(import->index));
    if ((!is_late && write_index(import, error) != WCL_OK) ||
        (import->tar_file && wcl_tar_file_finish(import->tar_file, error) != WCL_OK) ||
        (is_again && index_again(import, os, error) != WCL_OK) ||
        (is_late && write_index(import, error) != WCL_OK) ||
        settle_digests(import, error) != WCL_OK)
        return WCL_FAILED;
    if (fdatasync(import->tar_fd) != 0)
        return wcl_fail_errno(error, errno, "cannot write layer.tar");
    if (import->request->gate && pass_gate(import, error) != WCL_OK)
        return WCL_FAILED;
    return place_layer(import, error);
}

static uint64_t limit_of(const wcl_import_request *request, uint64_t option, uint64_t usual)
{
    return wcl_tar_limit(option, request->stage ? WCL_TAR_NO_LIMIT : usual);
}

/* The caller's options, with the limits that hold where they name none. */
static void settle_options(const wcl_import_request *request, wcl_import_options *settled)
{
    *settled = request->options ? *request->options : (wcl_import_options)WCL_IMPORT_OPTIONS_INIT;
    settled->max_size = limit_of(request, settled->max_size, WCL_TAR_SIZE_MAX);
    settled->max_entries = limit_of(request, settled->max_entries, WCL_TAR_ENTRIES_MAX);
    settled->max_ratio = limit_of(request, settled->max_ratio, WCL_TAR_RATIO_MAX);
    settled->max_memory = limit_of(request, settled->max_memory, WCL_TAR_MEMORY_MAX);
}

wcl_status wcl_store_import(const wcl_store *store, const wcl_import_request *request,
                            wcl_import_result *result, wcl_error *error)
{
    importing import = { .store = store,
                         .request = request,
                         .own_stage = WCL_STAGE_INIT,
                         .tar_fd = -1,
                         .progress = { .operation = "import" } };

    import.stage = request->stage ? request->stage : &import.own_stage;
    settle_options(request, &import.options);
    wcl_status status = import_begin(&import, error);
    if (status == WCL_OK)
        status = import_run(&import, error);
    if (status == WCL_OK && result)
        fill_result(&import, result);
    import_end(&import);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "import", request->id);
}
