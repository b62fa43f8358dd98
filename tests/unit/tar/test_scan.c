/* The scanner: offsets, names, times and sparse maps of entries in every dialect, whatever the
 * blocks are that the tar comes in. */
#include "tests/conformance/tar/tar_vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer/tar/pax_write.h"
#include "tests/unit/tar/scan_notes.h"
#include "tests/unit/tar/tar_blocks.h"
#include "tests/tools/outcome.h"

static void open_scanner(tar_blocks *source, const wcl_buffer *tar, size_t step,
                         wcl_tar_scanner **scanner)
{
    tar_blocks_open(source, tar->data, tar->size, step, scanner);
}

/* ---- Offsets -------------------------------------------------------------------------------- */

static void offsets_are_exact_whatever_the_blocks(void **state)
{
    static const size_t steps[] = { 1, 100, 511, 512, 513, 1024, 4096, 65536, 2000000 };
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        tar_blocks source;
        wcl_tar_scanner *scanner;
        const wcl_tar_entry *entry;
        uint64_t end = 0;
        size_t count = 0;
        open_scanner(&source, &tar, steps[i], &scanner);
        while (wcl_tar_scanner_next(scanner, &entry, NULL) == WCL_OK) {
            count++;
            assert_int_equal(entry->header_offset, end);
            end = entry->end_offset;
            assert_int_equal(end, entry->data_offset + entry->size + wcl_tar_padding(entry->size));
            /* The block before the data is the entry's own header. */
            assert_memory_equal(tar.data + entry->data_offset - 512 + 257, "ustar", 6);
            assert_int_equal(tar.data[entry->data_offset - 512 + 156], entry->type);
        }
        assert_int_equal(count, 57);
        assert_int_equal(end, tar.size - 1024);
        assert_int_equal(source.given, tar.size);
        assert_int_equal(wcl_tar_scanner_trailing(scanner), 0);
        tar_blocks_close(&source, scanner);
    }
}

static void data_that_is_read_is_what_lies_at_the_offset(void **state)
{
    static const size_t steps[] = { 100, 512, 65536 };
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        tar_blocks source;
        wcl_tar_scanner *scanner;
        const wcl_tar_entry *entry;
        uint64_t total = 0;
        uint64_t wanted = 0;
        open_scanner(&source, &tar, steps[i], &scanner);
        while (wcl_tar_scanner_next(scanner, &entry, NULL) == WCL_OK) {
            const void *data;
            size_t size;
            uint64_t offset;
            wanted += entry->size;
            while (wcl_tar_scanner_read(scanner, &data, &size, &offset, NULL) == WCL_OK) {
                assert_memory_equal(data, tar.data + entry->data_offset + offset, size);
                total += size;
            }
        }
        assert_int_equal(total, wanted);
        assert_true(total > 1000000);
        tar_blocks_close(&source, scanner);
    }
}

static void bytes_behind_the_end_are_taken_and_counted(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    tar_blocks source;
    wcl_tar_scanner *scanner;
    const wcl_tar_entry *entry;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    assert_ok(wcl_buffer_append_zeros(&tar, 8000, &error), &error);
    assert_ok(wcl_buffer_append_text(&tar, "and more", &error), &error);
    open_scanner(&source, &tar, 700, &scanner);
    while (wcl_tar_scanner_next(scanner, &entry, NULL) == WCL_OK)
        ;
    assert_int_equal(wcl_tar_scanner_trailing(scanner), 8008);
    assert_int_equal(source.given, tar.size);
    tar_blocks_close(&source, scanner);
}

/* ---- Records, names and times --------------------------------------------------------------- */

static void scan_one(const wcl_buffer *tar, tar_blocks *source, wcl_tar_scanner **scanner,
                     const wcl_tar_entry **entry)
{
    wcl_error error = WCL_ERROR_INIT;

    open_scanner(source, tar, 512, scanner);
    assert_ok(wcl_tar_scanner_next(*scanner, entry, &error), &error);
}

static void records_keep_every_byte_of_their_values(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char value[] = "a=b\n\0\xff 12 c=d\n";
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_pax_record record = { "SCHILY.xattr.user.x", 19, value, sizeof(value), false };
    wcl_tar_header header = { .type = '0',
                              .name = "f",
                              .format = WCL_TAR_FORMAT_PAX,
                              .records = &record,
                              .record_count = 1 };
    tar_blocks source;
    wcl_tar_scanner *scanner;
    const wcl_tar_entry *entry;

    (void)state;
    assert_ok(wcl_tar_header_append(&header, &tar, &error), &error);
    scan_one(&tar, &source, &scanner, &entry);
    assert_int_equal(entry->records->count, 1);
    const wcl_pax_record *found = wcl_pax_records_find(entry->records, "SCHILY.xattr.user.x");
    assert_non_null(found);
    assert_int_equal(found->value_size, sizeof(value));
    assert_memory_equal(found->value, value, sizeof(value));
    tar_blocks_close(&source, scanner);
}

static void times_before_1970_are_exact(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const struct timespec times[] = { { -1, 500000000 },   { -473385601, 1 },
                                             { -1, 0 },           { 0, 1 },
                                             { 8589934592, 100 }, { -11644473600, 100 } };
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
        wcl_tar_header header = { .type = '0',
                                  .name = "f",
                                  .format = WCL_TAR_FORMAT_PAX,
                                  .has_modified = true,
                                  .modified = times[i],
                                  .has_accessed = true,
                                  .accessed = times[i] };
        tar_blocks source;
        wcl_tar_scanner *scanner;
        const wcl_tar_entry *entry;
        assert_ok(wcl_tar_header_append(&header, &tar, &error), &error);
        scan_one(&tar, &source, &scanner, &entry);
        assert_memory_equal(&entry->modified, &times[i], sizeof(times[i]));
        assert_true(entry->has_accessed);
        assert_false(entry->has_changed);
        assert_memory_equal(&entry->accessed, &times[i], sizeof(times[i]));
        tar_blocks_close(&source, scanner);
    }
}

static void names_come_back_byte_for_byte(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char names[6][400] = { "short", "\xff\xfe not UTF-8", "日本語", "", "", "" };

    (void)state;
    memset(names[3], 'a', 90);
    memcpy(names[3] + 80, "/", 1);
    memset(names[3] + 90, 'b', 80);
    memset(names[4], 'c', 300);
    memset(names[5], 'd', 100);
    for (size_t i = 0; i < 6; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
        wcl_tar_header header = { .type = '2', .name = names[i], .link = names[5 - i] };
        tar_blocks source;
        wcl_tar_scanner *scanner;
        const wcl_tar_entry *entry;
        assert_ok(wcl_tar_header_append(&header, &tar, &error), &error);
        scan_one(&tar, &source, &scanner, &entry);
        assert_string_equal(entry->name, names[i]);
        assert_string_equal(entry->link, names[5 - i]);
        tar_blocks_close(&source, scanner);
    }
}

/* ---- With libarchive and without ------------------------------------------------------------- */

static void assert_same_scans(const wcl_buffer *tar)
{
    static const size_t steps[] = { 511, 4096, 2000000 };
    WCL_CLEANUP_BUFFER wcl_buffer wanted = WCL_BUFFER_INIT;

    note_scan(tar->data, tar->size, 300, &wanted);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer found = WCL_BUFFER_INIT;
        note_scan(tar->data, tar->size, steps[i], &found);
        assert_int_equal(found.size, wanted.size);
        assert_memory_equal(found.data, wanted.data, wanted.size);
    }
}

static void set_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

/* Offsets of the headers in the layer, extended ones and all. */
static size_t list_headers(const wcl_buffer *tar, size_t *list, size_t most)
{
    size_t count = 0;

    for (size_t at = 0; at + 512 <= tar->size && count < most; at += 512)
        if (memcmp(tar->data + at + 257, "ustar", 5) == 0)
            list[count++] = at;
    return count;
}

/* Damages of all kinds to headers and records, each of them with a right checksum. */
static void what_is_read_here_is_what_libarchive_reads(void **state)
{
    static const char *const words[] = {
        "GNU.sparse.major=1", "GNU.sparse.map=0,1", "size=77", "size=-1",   "uid=5",
        "mtime=-1.5",         "SCHILY.realsize=9",  "path=x/", "linkpath=", "hdrcharset=BINARY"
    };
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    size_t headers[400];
    uint64_t random = 88172645463325252;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    tar.size = tar.size > 300000 ? 300000 : tar.size;
    assert_same_scans(&tar);
    size_t count = list_headers(&tar, headers, sizeof(headers) / sizeof(headers[0]));
    assert_true(count > 40);
    for (int round = 0; round < 3000; round++) {
        uint8_t old[1024];
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t at = headers[random % count];
        if (at + sizeof(old) > tar.size)
            continue;
        memcpy(old, tar.data + at, sizeof(old));
        if (random & 1 << 20) {
            /* Over a record's text, where it keeps its length. */
            const char *word = words[(random >> 24) % (sizeof(words) / sizeof(words[0]))];
            memcpy(tar.data + at + 512 + 3 + (random >> 32) % 200, word, strlen(word));
        } else {
            tar.data[at + (random >> 24) % 345] =
                (uint8_t) "\0 /01257\200\377gxLKSV-D"[(random >> 40) % 19];
        }
        set_checksum(tar.data + at);
        assert_same_scans(&tar);
        memcpy(tar.data + at, old, sizeof(old));
    }
}

/* ---- What is no tar ------------------------------------------------------------------------- */

static void expect_failure(const wcl_buffer *tar, uint32_t code, const char *text)
{
    tar_blocks source;
    wcl_tar_scanner *scanner;
    const wcl_tar_entry *entry;
    wcl_error error = WCL_ERROR_INIT;
    char message[1600];
    wcl_status status;

    open_scanner(&source, tar, 4096, &scanner);
    while ((status = wcl_tar_scanner_next(scanner, &entry, &error)) == WCL_OK)
        ;
    assert_int_equal(status, WCL_FAILED);
    wcl_error_format(&error, message, sizeof(message));
    if (error.code != code || !strstr(message, text))
        fail_msg("'%s' was wanted, not '%s'", text, message);
    tar_blocks_close(&source, scanner);
}

static void what_is_no_tar_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer input = WCL_BUFFER_INIT;

    (void)state;
    expect_failure(&input, WCL_CODE_INVALID_DATA, "empty");
    assert_ok(wcl_buffer_append_text(&input, "#!/bin/sh\n", &error), &error);
    expect_failure(&input, WCL_CODE_INVALID_DATA, "not a tar archive");
    for (int i = 0; i < 3000; i++)
        assert_ok(wcl_buffer_append_text(&input, "echo 1\n", &error), &error);
    expect_failure(&input, WCL_CODE_INVALID_DATA, "not a tar archive");
}

static void append_extension_of(wcl_buffer *tar, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer value = WCL_BUFFER_INIT;
    assert_ok(wcl_buffer_append_zeros(&value, size, &error), &error);
    wcl_pax_record record = { "k", 1, (const char *)value.data, size, false };
    assert_ok(wcl_tar_extension_append("Files/a", &record, 1, tar, &error), &error);
}

static void a_header_of_over_a_mebibyte_is_refused_by_name(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    append_extension_of(&tar, 1000000);
    /* The same with a size of 100 MB in its header, of which nothing is read. */
    memcpy(tar.data + 124, "00575360400", 11);
    set_checksum(tar.data);
    expect_failure(&tar, WCL_CODE_FILE_TOO_LARGE, "Files/PaxHeaders.0/a");
}

static void many_headers_of_one_entry_are_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    for (int i = 0; i < 100000; i++)
        append_extension_of(&tar, 10);
    expect_failure(&tar, WCL_CODE_CORRUPT, "extended headers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_exact_whatever_the_blocks),
        cmocka_unit_test(data_that_is_read_is_what_lies_at_the_offset),
        cmocka_unit_test(bytes_behind_the_end_are_taken_and_counted),
        cmocka_unit_test(records_keep_every_byte_of_their_values),
        cmocka_unit_test(times_before_1970_are_exact),
        cmocka_unit_test(names_come_back_byte_for_byte),
        cmocka_unit_test(what_is_read_here_is_what_libarchive_reads),
        cmocka_unit_test(what_is_no_tar_is_refused),
        cmocka_unit_test(a_header_of_over_a_mebibyte_is_refused_by_name),
        cmocka_unit_test(many_headers_of_one_entry_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
