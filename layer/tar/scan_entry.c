/* Making the scanner's entries of their headers. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/tar/scan_private.h"

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

static wcl_status take_times(wcl_tar_entry *entry, const wcl_tar_headers *headers, wcl_error *error)
{
    bool has_modified;

    if (take_time(headers, "mtime", &has_modified, &entry->modified, error) != WCL_OK ||
        take_time(headers, "atime", &entry->has_accessed, &entry->accessed, error) != WCL_OK)
        return WCL_FAILED;
    return take_time(headers, "ctime", &entry->has_changed, &entry->changed, error);
}

static wcl_status take_seconds(wcl_tar_entry *entry, struct archive_entry *from,
                               const wcl_tar_headers *headers, wcl_error *error)
{
    entry->modified.tv_sec = archive_entry_mtime(from);
    entry->has_accessed = archive_entry_atime_is_set(from);
    entry->accessed.tv_sec = archive_entry_atime(from);
    entry->has_changed = archive_entry_ctime_is_set(from);
    entry->changed.tv_sec = archive_entry_ctime(from);
    return take_times(entry, headers, error);
}

static wcl_status add_segment(wcl_tar_scanner *scanner, uint64_t offset, uint64_t size,
                              uint64_t position, wcl_error *error)
{
    wcl_tar_entry *entry = &scanner->entry;

    if (WCL_LIST_RESERVE(scanner->segments, entry->segment_count, scanner->segment_capacity,
                         error) != WCL_OK)
        return WCL_FAILED;
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
    /* libarchive leaves out ranges that begin before the end of an earlier one; what is behind them
     * would be taken from the wrong place. */
    if (count > 0 && !is_solaris && position != entry->data_offset + stored)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the map of the sparse file is out of order, or not of the %" PRIu64
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

/* False where the end would be past all numbers. */
static bool place_end(wcl_tar_entry *entry, uint64_t stored)
{
    return !__builtin_add_overflow(entry->data_offset, stored, &entry->end_offset) &&
           !__builtin_add_overflow(entry->end_offset, wcl_tar_padding(stored), &entry->end_offset);
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
    if (!place_end(entry, stored))
        return wcl_fail(error, WCL_CODE_CORRUPT, "the size of %" PRIu64 " bytes is impossible",
                        stored);
    return WCL_OK;
}

/* What the headers alone say of the entry. */
static wcl_tar_entry entry_of(const wcl_tar_scanner *scanner, const wcl_tar_headers *headers)
{
    return (wcl_tar_entry) {
        .type = entry_type(headers),
        .name = wcl_buffer_text(&headers->name),
        .name_size = headers->name.size,
        .link = wcl_buffer_text(&headers->link),
        .link_size = headers->link.size,
        .records = &headers->records,
        .header_offset = scanner->headers_start,
        .data_offset = scanner->headers_start + scanner->headers_bytes.size,
    };
}

wcl_status wcl_scan_take_entry(wcl_tar_scanner *scanner, struct archive_entry *from,
                               wcl_error *error)
{
    wcl_tar_entry *entry = &scanner->entry;

    *entry = entry_of(scanner, &scanner->headers);
    entry->mode = archive_entry_perm(from) & 07777;
    entry->uid = (uint64_t)archive_entry_uid(from);
    entry->gid = (uint64_t)archive_entry_gid(from);
    entry->device_major = (uint64_t)archive_entry_rdevmajor(from);
    entry->device_minor = (uint64_t)archive_entry_rdevminor(from);
    scanner->has_entry = true;
    if (take_seconds(entry, from, &scanner->headers, error) == WCL_OK &&
        take_layout(scanner, from, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, entry->name);
}

/* ---- Entries that are plain ----------------------------------------------------------------- */

/* Whether nothing but what is kept of the record depends on it. */
static bool is_plain_record(const wcl_pax_record *record)
{
    static const char *const keys[] = { "path",  "linkpath", "size",  "mtime",
                                        "atime", "ctime",    "uname", "gname" };
    static const char *const prefixes[] = { "MSWINDOWS.", "LIBARCHIVE.creationtime",
                                            "LIBARCHIVE.xattr.", "SCHILY.xattr." };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (wcl_pax_has_prefix(record, prefixes[i]))
            return true;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (record->key_size == strlen(keys[i]) &&
            memcmp(record->key, keys[i], record->key_size) == 0)
            return true;
    return false;
}

static bool has_plain_records(const wcl_pax_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->items[i].is_global || !is_plain_record(&records->items[i]))
            return false;
    return true;
}

/* Whether the entry has as much data as `size` says, and no other reader could think otherwise. */
static bool has_plain_size(const wcl_tar_headers *headers, uint64_t size)
{
    const wcl_buffer *name = &headers->name;

    switch (headers->type) {
    case '0':
        return headers->body_size <= INT64_MAX / 2 && name->size > 0 &&
               name->data[name->size - 1] != '/';
    case '1':
    case '2':
    case '5':
        return size == 0 && headers->body_size == 0;
    default:
        return false;
    }
}

bool wcl_scan_take_plain(wcl_tar_scanner *scanner, const uint8_t main[WCL_TAR_BLOCK_SIZE])
{
    const wcl_tar_headers *headers = &scanner->plain_headers;
    wcl_tar_numbers numbers;

    if (!wcl_tar_header_numbers(main, &numbers) || !has_plain_size(headers, numbers.size) ||
        !has_plain_records(&headers->records))
        return false;
    wcl_tar_entry entry = entry_of(scanner, headers);
    entry.mode = numbers.mode & 07777;
    entry.uid = numbers.uid;
    entry.gid = numbers.gid;
    entry.modified.tv_sec = (time_t)numbers.modified;
    entry.size = headers->body_size;
    if (take_times(&entry, headers, NULL) != WCL_OK || !place_end(&entry, entry.size))
        return false;
    const wcl_tar_headers taken = *headers;
    scanner->plain_headers = scanner->headers;
    scanner->headers = taken;
    entry.records = &scanner->headers.records;
    scanner->entry = entry;
    return true;
}
