/* The scanner of tars, on libarchive. */
#include "layer/tar/scan.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "layer/tar/tar_headers.h"

struct wcl_tar_scanner {
    struct archive *archive;
    wcl_tar_next_block_fn next;
    void *context;
    /* The block that libarchive looks into, and where what it has not been given of it begins. */
    wcl_block *block;
    size_t given;
    uint64_t taken; /* bytes of input in all */
    bool opened;
    bool input_ended;
    bool failed;
    bool has_failure; /* `failure` says what stopped the input */
    wcl_error failure;
    /* While libarchive reads headers: where they begin, their bytes from blocks that are gone, and
     * how far they were looked at. */
    bool in_headers;
    uint64_t headers_start;
    wcl_buffer headers_bytes;
    uint64_t looked_at;
    bool found_main;
    bool found_header; /* so it is a tar */
    unsigned extensions;

    wcl_tar_headers headers;
    bool has_entry;
    wcl_tar_entry entry;
    wcl_tar_segment *segments;
    size_t segment_capacity;
    uint64_t archive_end;
};

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
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the headers at offset %" PRIu64 " cannot be followed",
                        scanner->headers_start);
    return wcl_buffer_append(&scanner->headers_bytes, block->data + (from - block->offset),
                             (size_t)(end - from), error);
}

/* One block of the headers at `offset` in the tar, as far as they have passed. */
static bool peek_headers(const wcl_tar_scanner *scanner, uint64_t offset,
                         uint8_t bytes[WCL_TAR_BLOCK_SIZE])
{
    const wcl_buffer *kept = &scanner->headers_bytes;
    const wcl_block *block = scanner->block;
    uint64_t start = offset - scanner->headers_start;
    size_t size = 0;

    if (start < kept->size) {
        size = kept->size - (size_t)start;
        if (size > WCL_TAR_BLOCK_SIZE)
            size = WCL_TAR_BLOCK_SIZE;
        memcpy(bytes, kept->data + start, size);
    }
    if (size == WCL_TAR_BLOCK_SIZE)
        return true;
    offset += size;
    size_t missing = WCL_TAR_BLOCK_SIZE - size;
    if (!block || offset < block->offset || offset + missing > block->offset + block->size)
        return false;
    memcpy(bytes + size, block->data + (offset - block->offset), missing);
    return true;
}

/*
 * Looks at the headers before libarchive does. It follows extensions by recursion and says little
 * of those that it finds too large, so both are bounded here.
 */
static wcl_status look_at_headers(wcl_tar_scanner *scanner, wcl_error *error)
{
    uint8_t block[WCL_TAR_BLOCK_SIZE];

    while (!scanner->found_main && peek_headers(scanner, scanner->looked_at, block)) {
        uint64_t size;
        bool is_valid = wcl_tar_header_is_valid(block);
        scanner->found_header = scanner->found_header || is_valid;
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
    size_t size = scanner->block->size - scanner->given;
    scanner->given = scanner->block->size;
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
    if (error)
        *error = scanner->failure;
    return WCL_FAILED;
}

/* Says why libarchive could not go on to the next entry. */
static wcl_status fail_header(wcl_tar_scanner *scanner, wcl_error *error)
{
    uint64_t offset = scanner->headers_start;
    const char *why = archive_error_string(scanner->archive);

    if (scanner->has_failure)
        fail_input(scanner, error);
    else if (scanner->taken == 0)
        wcl_fail(error, WCL_CODE_INVALID_DATA, "the input is empty, which is no tar archive");
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
        wcl_fail(error, WCL_CODE_CORRUPT, "the entry's data cannot be read: %s",
                 why ? why : "unknown error");
    return wcl_error_context(error, NULL, scanner->entry.name);
}

/* ---- Entries -------------------------------------------------------------------------------- */

static wcl_tar_type entry_type(const wcl_tar_headers *headers)
{
    switch (headers->type) {
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
        return (wcl_tar_type)headers->type;
    case 'D':
        return WCL_TAR_DIRECTORY;
    default: {
        /* Tars older than ustar tell folders by a slash. */
        const wcl_buffer *name = &headers->name;
        bool is_folder = name->size > 0 && name->data[name->size - 1] == '/';
        return is_folder ? WCL_TAR_DIRECTORY : WCL_TAR_FILE;
    }
    }
}

/* Takes a time from its pax record, where there is one. */
static wcl_status take_time(const wcl_tar_headers *headers, const char *key, bool *has,
                            struct timespec *time, wcl_error *error)
{
    const wcl_pax_record *record = wcl_pax_records_find(&headers->records, key);

    if (!record)
        return WCL_OK;
    *has = true;
    return wcl_pax_record_time(record, time, error);
}

static wcl_status take_times(wcl_tar_entry *entry, struct archive_entry *from,
                             const wcl_tar_headers *headers, wcl_error *error)
{
    bool has_modified;

    entry->modified.tv_sec = archive_entry_mtime(from);
    entry->has_accessed = archive_entry_atime_is_set(from);
    entry->accessed.tv_sec = archive_entry_atime(from);
    entry->has_changed = archive_entry_ctime_is_set(from);
    entry->changed.tv_sec = archive_entry_ctime(from);
    if (take_time(headers, "mtime", &has_modified, &entry->modified, error) != WCL_OK ||
        take_time(headers, "atime", &entry->has_accessed, &entry->accessed, error) != WCL_OK)
        return WCL_FAILED;
    return take_time(headers, "ctime", &entry->has_changed, &entry->changed, error);
}

static wcl_status add_segment(wcl_tar_scanner *scanner, uint64_t offset, uint64_t size,
                              uint64_t position, wcl_error *error)
{
    wcl_tar_entry *entry = &scanner->entry;

    if (entry->segment_count == scanner->segment_capacity) {
        size_t capacity = scanner->segment_capacity ? scanner->segment_capacity * 2 : 16;
        wcl_tar_segment *segments =
            reallocarray(scanner->segments, capacity, sizeof(scanner->segments[0]));
        if (!segments)
            return wcl_fail_memory(error);
        scanner->segments = segments;
        scanner->segment_capacity = capacity;
    }
    scanner->segments[entry->segment_count++] = (wcl_tar_segment) { offset, size, position };
    entry->segments = scanner->segments;
    return WCL_OK;
}

/*
 * Takes the map of a sparse file. libarchive leaves out a map of a single range that is the whole
 * file, which then is not sparse. GNU's forms store the ranges one behind the other, Solaris'
 * stores the holes as well.
 */
static wcl_status take_segments(wcl_tar_scanner *scanner, struct archive_entry *from,
                                uint64_t stored, wcl_error *error)
{
    wcl_tar_entry *entry = &scanner->entry;
    bool is_solaris = wcl_pax_records_find(entry->records, "SUN.holesdata") != NULL;
    /* Counting drops a map that says nothing; a walk begun before would go on in freed memory. */
    int count = archive_entry_sparse_count(from);
    uint64_t position = entry->data_offset;
    la_int64_t offset;
    la_int64_t size;

    entry->is_sparse = count > 0 || stored < entry->size;
    archive_entry_sparse_reset(from);
    while (archive_entry_sparse_next(from, &offset, &size) == ARCHIVE_OK) {
        if (size == 0)
            continue;
        if (is_solaris)
            position = entry->data_offset + (uint64_t)offset;
        if (add_segment(scanner, (uint64_t)offset, (uint64_t)size, position, error) != WCL_OK)
            return WCL_FAILED;
        position += (uint64_t)size;
    }
    if (position > entry->data_offset + stored)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the map of the sparse file wants more data than the %" PRIu64
                        " bytes there are",
                        stored);
    return WCL_OK;
}

static bool is_declared_sparse(const wcl_tar_headers *headers)
{
    static const char *const keys[] = { "GNU.sparse.major", "GNU.sparse.map",
                                        "GNU.sparse.numblocks", "SUN.holesdata" };

    if (headers->type == 'S')
        return true;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (wcl_pax_records_find(&headers->records, keys[i]))
            return true;
    return false;
}

/* Says where the entry's data lies and where it ends. */
static wcl_status take_layout(wcl_tar_scanner *scanner, struct archive_entry *from,
                              wcl_error *error)
{
    const wcl_tar_headers *headers = &scanner->headers;
    wcl_tar_entry *entry = &scanner->entry;
    uint64_t stored = archive_entry_size_is_set(from) ? (uint64_t)archive_entry_size(from) : 0;

    entry->size = stored;
    if (is_declared_sparse(headers)) {
        /* What lies between the header and the data is the map, which pax counts as data. */
        uint64_t map = entry->data_offset - (entry->header_offset + headers->main_end);
        stored = headers->type == 'S' ? headers->body_size : headers->body_size - map;
        if (headers->type != 'S' && map > headers->body_size)
            return wcl_fail(error, WCL_CODE_CORRUPT, "the map of the sparse file is damaged");
        if (take_segments(scanner, from, stored, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (__builtin_add_overflow(entry->data_offset, stored, &entry->end_offset) ||
        __builtin_add_overflow(entry->end_offset, wcl_tar_padding(stored), &entry->end_offset))
        return wcl_fail(error, WCL_CODE_CORRUPT, "the size of %" PRIu64 " bytes is impossible",
                        stored);
    return WCL_OK;
}

static wcl_status take_entry(wcl_tar_scanner *scanner, struct archive_entry *from, wcl_error *error)
{
    const wcl_tar_headers *headers = &scanner->headers;
    wcl_tar_entry *entry = &scanner->entry;

    *entry = (wcl_tar_entry) {
        .type = entry_type(headers),
        .name = wcl_buffer_text(&headers->name),
        .name_size = headers->name.size,
        .link = wcl_buffer_text(&headers->link),
        .link_size = headers->link.size,
        .mode = archive_entry_perm(from),
        .uid = (uint64_t)archive_entry_uid(from),
        .gid = (uint64_t)archive_entry_gid(from),
        .device_major = (uint64_t)archive_entry_rdevmajor(from),
        .device_minor = (uint64_t)archive_entry_rdevminor(from),
        .records = &headers->records,
        .header_offset = scanner->headers_start,
        .data_offset = scanner->headers_start + scanner->headers_bytes.size,
    };
    scanner->has_entry = true;
    if (take_times(entry, from, headers, error) == WCL_OK &&
        take_layout(scanner, from, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, entry->name);
}

/* Goes past the data of the entry at hand. */
static wcl_status finish_entry(wcl_tar_scanner *scanner, wcl_error *error)
{
    if (archive_read_data_skip(scanner->archive) != ARCHIVE_OK || scanner->has_failure)
        return fail_data(scanner, error);
    uint64_t position = (uint64_t)archive_filter_bytes(scanner->archive, 0);
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

    scanner->archive_end = (uint64_t)archive_filter_bytes(scanner->archive, 0);
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

static wcl_status read_entry(wcl_tar_scanner *scanner, wcl_error *error)
{
    struct archive_entry *from = NULL;

    if (begin_headers(scanner, error) != WCL_OK)
        return wcl_error_context(error, NULL, scanner->has_entry ? scanner->entry.name : NULL);
    int result = next_header(scanner, &from);
    if (result == ARCHIVE_EOF && !scanner->has_failure && scanner->taken > 0)
        return finish_input(scanner, error);
    /* A warning is about texts in the locale's encoding, which nobody asks for here. */
    if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) || scanner->has_failure)
        return fail_header(scanner, error);
    if (keep_headers(scanner, (uint64_t)archive_filter_bytes(scanner->archive, 0), error) !=
            WCL_OK ||
        wcl_tar_headers_parse(&scanner->headers, scanner->headers_bytes.data,
                              scanner->headers_bytes.size, error) != WCL_OK)
        return wcl_error_context(error, NULL, scanner->has_entry ? scanner->entry.name : NULL);
    scanner->in_headers = false;
    return take_entry(scanner, from, error);
}

wcl_status wcl_tar_scanner_next(wcl_tar_scanner *scanner, const wcl_tar_entry **entry,
                                wcl_error *error)
{
    if (scanner->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the tar could not be read before");
    if (scanner->has_entry && finish_entry(scanner, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = read_entry(scanner, error);
    scanner->failed = status == WCL_FAILED;
    *entry = &scanner->entry;
    return status;
}

wcl_status wcl_tar_scanner_read(wcl_tar_scanner *scanner, const void **data, size_t *size,
                                uint64_t *offset, wcl_error *error)
{
    la_int64_t at;

    if (scanner->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the tar could not be read before");
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
    free(scanner->segments);
    free(scanner);
}
