/*
 * The scanner of tars, on libarchive. What a plain ustar header and its pax records say is said
 * once more by libarchive, in all that it knows of names and locales, at half the cost of indexing
 * a layer. So libarchive is given the tar entry by entry, and does not see those that are plain;
 * docs/design.md says why both stay.
 *
 * It is always in one of two states, `in_headers` or not:
 *
 * - In headers, each byte is kept (`headers_bytes`), because libarchive tells neither where the
 *   records stood nor what those said that it does not know. They are looked at as they come, ahead
 *   of libarchive, to bound what it would follow without bounds. It gets them no further than the
 *   entry's own header: what it held of the next entry could not be hidden from it any more.
 * - Behind them, in the entry's data, nothing is kept. Whoever reads gets pointers into the block
 *   at hand, and what nobody reads is dropped.
 *
 * An entry is either `is_direct`, read here, or libarchive's; the bytes of the former are `hidden`,
 * by which libarchive's own count of bytes is behind where it is in the tar. An entry can only be
 * direct while libarchive holds nothing that it was not asked for yet: all headers in the block at
 * hand, and none of them given to it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "layer/tar/scan_private.h"

/* ---- Headers as they pass ------------------------------------------------------------------- */

/* Keeps what the block at hand holds of the headers, up to `end` in the tar. */
static wcl_status keep_headers(wcl_tar_scanner *scanner, uint64_t end, wcl_error *error)
{
    const wcl_block *block = scanner->block;
    uint64_t from = scanner->headers_start + scanner->headers_bytes.size;

    if (end <= from)
        return WCL_OK;
    if (end - scanner->headers_start > WCL_TAR_HEADERS_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the headers at offset %" PRIu64 " are longer than %u bytes",
                        scanner->headers_start, WCL_TAR_HEADERS_MAX);
    if (!block || from < block->offset || end > block->offset + block->size)
        return wcl_fail(error, WCL_CODE_CORRUPT, "cannot follow the headers at offset %" PRIu64,
                        scanner->headers_start);
    return wcl_buffer_append(&scanner->headers_bytes, block->data + (from - block->offset),
                             (size_t)(end - from), error);
}

/* One block of the headers at `offset` in the tar, in `bytes` where it is in pieces; NULL where it
 * has not passed yet. */
static const uint8_t *peek_headers(const wcl_tar_scanner *scanner, uint64_t offset,
                                   uint8_t bytes[WCL_TAR_BLOCK_SIZE])
{
    const wcl_buffer *kept = &scanner->headers_bytes;
    const wcl_block *block = scanner->block;
    uint64_t start = offset - scanner->headers_start;
    size_t size = 0;

    if (start < kept->size) {
        size = kept->size - (size_t)start;
        if (size >= WCL_TAR_BLOCK_SIZE)
            return kept->data + start;
        memcpy(bytes, kept->data + start, size);
    }
    offset += size;
    size_t missing = WCL_TAR_BLOCK_SIZE - size;
    if (!block || offset < block->offset || offset + missing > block->offset + block->size)
        return NULL;
    if (size == 0)
        return block->data + (offset - block->offset);
    memcpy(bytes + size, block->data + (offset - block->offset), missing);
    return bytes;
}

/*
 * Looks at the headers before libarchive does. It follows extensions by recursion and says little
 * of those that it finds too large, so both are bounded here.
 */
static wcl_status look_at_headers(wcl_tar_scanner *scanner, wcl_error *error)
{
    uint8_t bytes[WCL_TAR_BLOCK_SIZE];
    const uint8_t *block;

    while (!scanner->found_main &&
           (block = peek_headers(scanner, scanner->looked_at, bytes)) != NULL) {
        uint64_t size;
        bool is_valid = wcl_tar_header_is_valid(block);
        scanner->found_header = scanner->found_header || is_valid;
        scanner->main_is_valid = is_valid;
        if (!is_valid || !wcl_tar_is_extension(wcl_tar_header_type(block))) {
            scanner->found_main = true;
            break;
        }
        if (!wcl_tar_header_size(block, &size) || size > WCL_TAR_PAX_MAX)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "the extended header '%.100s' at offset %" PRIu64 " is of %" PRIu64
                            " bytes, over the limit of %d",
                            (const char *)block, scanner->looked_at, size, WCL_TAR_PAX_MAX);
        if (++scanner->extensions > WCL_TAR_EXTENSIONS_MAX)
            return wcl_fail(error, WCL_CODE_CORRUPT,
                            "the entry at offset %" PRIu64 " has more than %d extended headers",
                            scanner->headers_start, WCL_TAR_EXTENSIONS_MAX);
        scanner->looked_at += WCL_TAR_BLOCK_SIZE + size + wcl_tar_padding(size);
    }
    return WCL_OK;
}

static wcl_status begin_headers(wcl_tar_scanner *scanner, wcl_error *error)
{
    scanner->in_headers = true;
    scanner->headers_start = scanner->has_entry ? scanner->entry.end_offset : 0;
    scanner->looked_at = scanner->headers_start;
    scanner->found_main = false;
    scanner->extensions = 0;
    wcl_buffer_clear(&scanner->headers_bytes);
    return look_at_headers(scanner, error);
}

/* ---- Input ---------------------------------------------------------------------------------- */

/* Takes the next block in place of the one at hand; WCL_END at the end. */
static wcl_status take_block(wcl_tar_scanner *scanner, wcl_error *error)
{
    if (scanner->block && scanner->in_headers &&
        keep_headers(scanner, scanner->block->offset + scanner->block->size, error) != WCL_OK)
        return WCL_FAILED;
    wcl_block_unref(scanner->block);
    scanner->block = NULL;
    if (scanner->input_ended)
        return WCL_END;
    wcl_status status = scanner->next(scanner->context, &scanner->block, error);
    if (status == WCL_OK) {
        scanner->given = 0;
        scanner->taken += scanner->block->size;
        if (scanner->in_headers)
            status = look_at_headers(scanner, error);
    }
    scanner->input_ended = status == WCL_END;
    return status;
}

/* The same for libarchive's callbacks, which cannot pass an error on. */
static wcl_status take_block_inside(wcl_tar_scanner *scanner)
{
    if (scanner->has_failure)
        return WCL_FAILED;
    wcl_status status = take_block(scanner, &scanner->failure);
    scanner->has_failure = status == WCL_FAILED;
    return status;
}

/* Where libarchive is in the tar. */
static uint64_t archive_position(const wcl_tar_scanner *scanner)
{
    return (uint64_t)archive_filter_bytes(scanner->archive, 0) + scanner->hidden;
}

/*
 * How many bytes of the block at hand libarchive may have next: as far as the entry at hand goes,
 * so that it holds nothing of the next one. Headers that it looks for behind the entry's own come
 * one at a time.
 */
static size_t next_piece(const wcl_tar_scanner *scanner)
{
    const wcl_block *block = scanner->block;
    size_t left = block->size - scanner->given;
    uint64_t position = block->offset + scanner->given;
    uint64_t end = UINT64_MAX;

    if (!scanner->in_headers)
        end = scanner->entry.end_offset;
    else if (scanner->found_main && position < scanner->looked_at + WCL_TAR_BLOCK_SIZE)
        end = scanner->looked_at + WCL_TAR_BLOCK_SIZE;
    else if (scanner->found_main)
        end = position + WCL_TAR_BLOCK_SIZE;
    return end > position && end - position < left ? (size_t)(end - position) : left;
}

static la_ssize_t read_callback(struct archive *archive, void *context, const void **buffer)
{
    wcl_tar_scanner *scanner = context;

    if (!scanner->block || scanner->given == scanner->block->size) {
        wcl_status status = take_block_inside(scanner);
        if (status == WCL_FAILED)
            archive_set_error(archive, EIO, "%s", "the input failed");
        if (status != WCL_OK)
            return status == WCL_END ? 0 : -1;
    }
    *buffer = scanner->block->data + scanner->given;
    size_t size = next_piece(scanner);
    scanner->given += size;
    return (la_ssize_t)size;
}

/* Drops data without looking at it. Headers are never skipped, since they must be kept. */
static la_int64_t skip_callback(struct archive *archive, void *context, la_int64_t request)
{
    wcl_tar_scanner *scanner = context;
    la_int64_t skipped = 0;

    (void)archive;
    if (scanner->in_headers)
        return 0;
    while (skipped < request) {
        if ((!scanner->block || scanner->given == scanner->block->size) &&
            take_block_inside(scanner) != WCL_OK)
            return skipped;
        size_t size = scanner->block->size - scanner->given;
        if ((la_int64_t)size > request - skipped)
            size = (size_t)(request - skipped);
        scanner->given += size;
        skipped += (la_int64_t)size;
    }
    return skipped;
}

/* ---- Errors --------------------------------------------------------------------------------- */

static wcl_status fail_input(wcl_tar_scanner *scanner, wcl_error *error)
{
    return wcl_error_pass(error, &scanner->failure);
}

/* Says why libarchive could not go on to the next entry. */
static wcl_status fail_header(wcl_tar_scanner *scanner, wcl_error *error)
{
    uint64_t offset = scanner->headers_start;
    const char *why = archive_error_string(scanner->archive);

    if (scanner->has_failure)
        fail_input(scanner, error);
    else if (scanner->taken == 0)
        wcl_fail(error, WCL_CODE_INVALID_DATA, "the input is empty, which is not a tar archive");
    else if (!scanner->found_header)
        wcl_fail(error, WCL_CODE_INVALID_DATA, "the input is not a tar archive");
    else if (scanner->input_ended)
        wcl_fail(error, WCL_CODE_TRUNCATED,
                 "the tar ends after %" PRIu64 " bytes, within the headers%s at offset %" PRIu64,
                 scanner->taken, scanner->has_entry ? " behind this entry" : "", offset);
    else
        wcl_fail(error, WCL_CODE_CORRUPT, "the header%s at offset %" PRIu64 " is damaged: %s",
                 scanner->has_entry ? " behind this entry" : "", offset,
                 why ? why : "unknown error");
    return wcl_error_context(error, NULL, scanner->has_entry ? scanner->entry.name : NULL);
}

/* Says why libarchive could not read or pass over the entry's data. */
static wcl_status fail_data(wcl_tar_scanner *scanner, wcl_error *error)
{
    const char *why = archive_error_string(scanner->archive);

    scanner->failed = true;
    if (scanner->has_failure)
        fail_input(scanner, error);
    else if (scanner->input_ended)
        wcl_fail(error, WCL_CODE_TRUNCATED,
                 "the tar ends after %" PRIu64 " bytes, before the entry's end at %" PRIu64,
                 scanner->taken, scanner->entry.end_offset);
    else
        wcl_fail(error, WCL_CODE_CORRUPT, "cannot read the entry's data: %s",
                 why ? why : "unknown error");
    return wcl_error_context(error, NULL, scanner->entry.name);
}

/* ---- Entries -------------------------------------------------------------------------------- */

/* More of the tar up to `end`; WCL_END where that is reached. */
static wcl_status take_direct(wcl_tar_scanner *scanner, uint64_t end, const uint8_t **data,
                              size_t *size, uint64_t *position, wcl_error *error)
{
    if (scanner->direct_position == end)
        return WCL_END;
    if (scanner->given == scanner->block->size && take_block_inside(scanner) != WCL_OK)
        return fail_data(scanner, error);
    *size = scanner->block->size - scanner->given;
    if (*size > end - scanner->direct_position)
        *size = (size_t)(end - scanner->direct_position);
    *data = scanner->block->data + scanner->given;
    *position = scanner->direct_position;
    scanner->given += *size;
    scanner->direct_position += *size;
    return WCL_OK;
}

/* Goes past an entry that libarchive has not seen, and never will. */
static wcl_status finish_direct(wcl_tar_scanner *scanner, wcl_error *error)
{
    const uint8_t *data;
    uint64_t position;
    size_t size;
    wcl_status status;

    do
        status = take_direct(scanner, scanner->entry.end_offset, &data, &size, &position, error);
    while (status == WCL_OK);
    scanner->hidden =
        scanner->entry.end_offset - (uint64_t)archive_filter_bytes(scanner->archive, 0);
    return status == WCL_END ? WCL_OK : status;
}

/* Goes past the data of the entry at hand. */
static wcl_status finish_entry(wcl_tar_scanner *scanner, wcl_error *error)
{
    if (scanner->is_direct)
        return finish_direct(scanner, error);
    if (archive_read_data_skip(scanner->archive) != ARCHIVE_OK || scanner->has_failure)
        return fail_data(scanner, error);
    uint64_t position = archive_position(scanner);
    if (position != scanner->entry.end_offset) {
        scanner->failed = true;
        wcl_fail(error, WCL_CODE_CORRUPT,
                 "the entry ends at %" PRIu64 " in the tar, not at %" PRIu64 " as its headers say",
                 position, scanner->entry.end_offset);
        return wcl_error_context(error, NULL, scanner->entry.name);
    }
    return WCL_OK;
}

/* Takes what is left of the input, so that whoever watches it has seen all. */
static wcl_status finish_input(wcl_tar_scanner *scanner, wcl_error *error)
{
    wcl_status status;

    scanner->archive_end = archive_position(scanner);
    scanner->in_headers = false;
    do
        status = take_block(scanner, error);
    while (status == WCL_OK);
    return status;
}

static int next_header(wcl_tar_scanner *scanner, struct archive_entry **entry)
{
    if (!scanner->opened) {
        int result = archive_read_open1(scanner->archive);
        if (result != ARCHIVE_OK)
            return result;
        scanner->opened = true;
    }
    return archive_read_next_header(scanner->archive, entry);
}

/* Whether the block at hand holds all headers of the entry, and libarchive none of them. Headers in
 * pieces are rare, one entry a block at the most, and are libarchive's for that. */
static bool has_whole_headers(const wcl_tar_scanner *scanner)
{
    const wcl_block *block = scanner->block;

    return scanner->opened && block && scanner->found_main && scanner->main_is_valid &&
           block->offset + scanner->given == scanner->headers_start &&
           scanner->looked_at + WCL_TAR_BLOCK_SIZE <= block->offset + block->size;
}

/* Whether there is no extended header but one of pax records, and not the archive's first: that one
 * tells libarchive what the sizes of hard links mean. */
static bool has_plain_extension(const wcl_tar_scanner *scanner)
{
    return scanner->extensions == 0 ||
           (scanner->extensions == 1 &&
            wcl_tar_header_type(scanner->block->data + scanner->given) == 'x' &&
            archive_format(scanner->archive) == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
}

/* Reads the entry's headers without libarchive. False: it is not plain, or damaged, and libarchive
 * is to see it. */
static bool read_plain(wcl_tar_scanner *scanner)
{
    const uint64_t end = scanner->looked_at + WCL_TAR_BLOCK_SIZE;
    wcl_buffer *bytes = &scanner->headers_bytes;

    scanner->is_direct = false;
    if (!has_whole_headers(scanner) || !has_plain_extension(scanner) ||
        keep_headers(scanner, end, NULL) != WCL_OK)
        return false;
    const uint8_t *main = bytes->data + bytes->size - WCL_TAR_BLOCK_SIZE;
    if (wcl_tar_headers_parse(&scanner->plain_headers, bytes->data, bytes->size, NULL) != WCL_OK ||
        !wcl_scan_take_plain(scanner, main)) {
        wcl_buffer_clear(bytes);
        return false;
    }
    scanner->is_direct = scanner->has_entry = true;
    scanner->in_headers = false;
    scanner->given += bytes->size;
    scanner->direct_position = scanner->entry.data_offset;
    return true;
}

static wcl_status tar_scan_read_entry(wcl_tar_scanner *scanner, wcl_error *error)
{
    struct archive_entry *from = NULL;

    if (begin_headers(scanner, error) != WCL_OK)
        return wcl_error_context(error, NULL, scanner->has_entry ? scanner->entry.name : NULL);
    if (read_plain(scanner))
        return WCL_OK;
    int result = next_header(scanner, &from);
    if (scanner->may_be_empty && scanner->input_ended && !scanner->taken && !scanner->has_failure)
        return WCL_END;
    if (result == ARCHIVE_EOF && !scanner->has_failure && scanner->taken > 0)
        return finish_input(scanner, error);
    /* A warning is about texts in the locale's encoding, which nobody asks for here. */
    if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || scanner->has_failure)
        return fail_header(scanner, error);
    if (keep_headers(scanner, archive_position(scanner), error) != WCL_OK ||
        wcl_tar_headers_parse(&scanner->headers, scanner->headers_bytes.data,
                              scanner->headers_bytes.size, error) != WCL_OK)
        return wcl_error_context(error, NULL, scanner->has_entry ? scanner->entry.name : NULL);
    scanner->in_headers = false;
    return wcl_scan_take_entry(scanner, from, error);
}

void wcl_tar_scanner_allow_empty(wcl_tar_scanner *scanner)
{
    scanner->may_be_empty = true;
}

wcl_status wcl_tar_scanner_next(wcl_tar_scanner *scanner, const wcl_tar_entry **entry,
                                wcl_error *error)
{
    if (scanner->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "an earlier read of the tar failed");
    if (scanner->has_entry && finish_entry(scanner, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = tar_scan_read_entry(scanner, error);
    scanner->failed = status == WCL_FAILED;
    *entry = &scanner->entry;
    return status;
}

static wcl_status read_direct(wcl_tar_scanner *scanner, const void **data, size_t *size,
                              uint64_t *offset, wcl_error *error)
{
    const wcl_tar_entry *entry = &scanner->entry;
    const uint8_t *bytes = NULL;
    uint64_t position = 0;

    wcl_status status =
        take_direct(scanner, entry->data_offset + entry->size, &bytes, size, &position, error);
    *data = bytes;
    *offset = position - entry->data_offset;
    return status;
}

wcl_status wcl_tar_scanner_read(wcl_tar_scanner *scanner, const void **data, size_t *size,
                                uint64_t *offset, wcl_error *error)
{
    la_int64_t at;

    if (scanner->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "an earlier read of the tar failed");
    if (scanner->is_direct)
        return read_direct(scanner, data, size, offset, error);
    int result = archive_read_data_block(scanner->archive, data, size, &at);
    if (result == ARCHIVE_EOF)
        return WCL_END;
    if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || scanner->has_failure)
        return fail_data(scanner, error);
    *offset = (uint64_t)at;
    return WCL_OK;
}

uint64_t wcl_tar_scanner_trailing(const wcl_tar_scanner *scanner)
{
    return scanner->taken - scanner->archive_end;
}

wcl_status wcl_tar_scanner_new(wcl_tar_next_block_fn next, void *context, wcl_tar_scanner **scanner,
                               wcl_error *error)
{
    wcl_tar_scanner *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->next = next;
    made->context = context;
    made->archive = archive_read_new();
    if (!made->archive || archive_read_support_format_tar(made->archive) != ARCHIVE_OK ||
        archive_read_set_read_callback(made->archive, read_callback) != ARCHIVE_OK ||
        archive_read_set_skip_callback(made->archive, skip_callback) != ARCHIVE_OK ||
        archive_read_set_callback_data(made->archive, made) != ARCHIVE_OK) {
        wcl_tar_scanner_free(made);
        return wcl_fail_memory(error);
    }
    *scanner = made;
    return WCL_OK;
}

void wcl_tar_scanner_free(wcl_tar_scanner *scanner)
{
    if (!scanner)
        return;
    if (scanner->archive)
        archive_read_free(scanner->archive);
    wcl_block_unref(scanner->block);
    wcl_buffer_free(&scanner->headers_bytes);
    wcl_tar_headers_free(&scanner->headers);
    wcl_tar_headers_free(&scanner->plain_headers);
    free(scanner->segments);
    free(scanner);
}
