#include "tests/unit/tar/scan_notes.h"

#include "tests/tools/check.h"
#include "tests/unit/tar/tar_blocks.h"

static void append(wcl_buffer *notes, const void *data, size_t size)
{
    CHECK(wcl_buffer_append(notes, data, size, NULL) == WCL_OK);
}

static void note_time(wcl_buffer *notes, bool has, struct timespec time)
{
    CHECK(wcl_buffer_printf(notes, NULL, " %d %lld.%ld", has, (long long)time.tv_sec,
                            time.tv_nsec) == WCL_OK);
}

static void note_entry(wcl_buffer *notes, const wcl_tar_entry *entry)
{
    append(notes, entry->name, entry->name_size + 1);
    append(notes, entry->link, entry->link_size + 1);
    CHECK(wcl_buffer_printf(
              notes, NULL, "%c %llu %o %llu:%llu %llu,%llu %llu %llu %llu %d", entry->type,
              (unsigned long long)entry->size, entry->mode, (unsigned long long)entry->uid,
              (unsigned long long)entry->gid, (unsigned long long)entry->device_major,
              (unsigned long long)entry->device_minor, (unsigned long long)entry->header_offset,
              (unsigned long long)entry->data_offset, (unsigned long long)entry->end_offset,
              entry->is_sparse) == WCL_OK);
    note_time(notes, true, entry->modified);
    note_time(notes, entry->has_accessed, entry->accessed);
    note_time(notes, entry->has_changed, entry->changed);
    for (size_t i = 0; i < entry->records->count; i++) {
        const wcl_pax_record *record = &entry->records->items[i];
        append(notes, record->key, record->key_size);
        append(notes, record->value, record->value_size);
        append(notes, &record->is_global, sizeof(record->is_global));
    }
    for (size_t i = 0; i < entry->segment_count; i++)
        append(notes, &entry->segments[i], sizeof(entry->segments[i]));
}

/* In how many pieces it comes says nothing. */
static wcl_status note_data(wcl_buffer *notes, wcl_tar_scanner *scanner, wcl_error *error)
{
    const void *data;
    uint64_t offset, next = UINT64_MAX;
    size_t size;
    wcl_status status;

    while ((status = wcl_tar_scanner_read(scanner, &data, &size, &offset, error)) == WCL_OK) {
        if (size && offset != next)
            append(notes, &offset, sizeof(offset));
        append(notes, data, size);
        next = offset + size;
    }
    return status == WCL_END ? WCL_OK : status;
}

void note_scan(const void *tar, size_t size, size_t step, wcl_buffer *notes)
{
    wcl_tar_scanner *scanner;
    tar_blocks blocks;
    wcl_error error = WCL_ERROR_INIT;
    const wcl_tar_entry *entry;
    bool shall_read = false;
    wcl_status status;

    tar_blocks_open(&blocks, tar, size, step, &scanner);
    while ((status = wcl_tar_scanner_next(scanner, &entry, &error)) == WCL_OK) {
        note_entry(notes, entry);
        shall_read = !shall_read;
        if (shall_read && (status = note_data(notes, scanner, &error)) != WCL_OK)
            break;
    }
    CHECK(wcl_buffer_printf(notes, NULL, "ends %d: %u %s: %s, %llu", status, error.code,
                            error.subject, error.message,
                            status == WCL_END
                                ? (unsigned long long)wcl_tar_scanner_trailing(scanner)
                                : 0ULL) == WCL_OK);
    tar_blocks_close(&blocks, scanner);
}
