/* The reader of layer tars and what is wrong with some of them: each is refused with an error that
 * names the entry, and none does harm. */
#include "tests/conformance/tar/tar_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer/tar/pax_write.h"
#include "system/system.h"
#include "tests/tools/outcome.h"

/* Reads a whole layer, every stream of it. */
static wcl_status read_layer(const wcl_buffer *tar, size_t size, wcl_os os, wcl_error *error)
{
    memory_source source = { .data = tar->data, .size = size };
    wcl_tar_reader_options options = { .struct_size = sizeof(options), .os = os };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;
    uint8_t bytes[8192];

    if (wcl_tar_reader_open(read_memory, &source, &options, &reader, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        size_t got = 1;
        while (status == WCL_OK && got > 0)
            status = wcl_layer_reader_read(reader, bytes, sizeof(bytes), &got, error);
        if (status != WCL_OK)
            break;
    }
    if (wcl_layer_reader_close(reader, NULL) != WCL_OK)
        status = WCL_FAILED;
    return status == WCL_END ? WCL_OK : status;
}

static void expect_refusal(const wcl_buffer *tar, wcl_os os, const char *name, const char *why)
{
    wcl_error error = WCL_ERROR_INIT;
    char text[1600];

    assert_int_equal(read_layer(tar, tar->size, os, &error), WCL_FAILED);
    wcl_error_format(&error, text, sizeof(text));
    if (!strstr(text, name) || !strstr(text, why))
        fail_msg("'%s' and '%s' were wanted, not '%s'", name, why, text);
}

/* ---- Truncated and flipped ------------------------------------------------------------------ */

static void a_tar_that_ends_early_is_refused_with_its_entry(void **state)
{
    static const int distances[] = { -1, 0, 1, 255 };
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    size_t refused = 0;
    size_t whole = 0;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    for (size_t at = 1024; at < tar.size - 1024; at += at < 60000 || at > 1300000 ? 512 : 65536) {
        for (size_t i = 0; i < 4; i++) {
            wcl_error error = WCL_ERROR_INIT;
            wcl_status status =
                read_layer(&tar, (size_t)((int)at + distances[i]), WCL_OS_UNKNOWN, &error);
            if (status == WCL_OK) {
                /* Only right behind an entry, where a tar without end blocks ends. */
                assert_int_equal(distances[i], 0);
                whole++;
                continue;
            }
            refused++;
            assert_int_equal(error.code, WCL_CODE_TRUNCATED);
            if (at > 2000)
                assert_true(strstr(error.subject, "Files") || strstr(error.subject, "Hives"));
        }
    }
    assert_true(refused > 900);
    assert_true(whole < 60);
}

static void flipped_bits_do_no_harm(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    uint32_t random = 12345;
    size_t refused = 0;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    for (int i = 0; i < 1500; i++) {
        wcl_error error = WCL_ERROR_INIT;
        random = random * 1103515245u + 12345u;
        /* Mostly in the small entries at both ends. */
        size_t at = (random >> 4) % 60000;
        if (i % 2)
            at = tar.size - 1 - at;
        uint8_t bit = (uint8_t)(1u << (random & 7));
        tar.data[at] ^= bit;
        if (read_layer(&tar, tar.size, WCL_OS_UNKNOWN, &error) != WCL_OK) {
            refused++;
            assert_int_not_equal(error.code, 0);
            assert_true(error.message[0] != '\0');
        }
        tar.data[at] ^= bit;
    }
    assert_true(refused > 100);
}

/* ---- Entries made by hand ------------------------------------------------------------------- */

typedef struct pair {
    const char *key;
    const char *value;
} pair;

static void append_entry(wcl_buffer *tar, char type, const char *name, const char *link,
                         uint64_t size, const pair *pairs, size_t count)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_pax_record records[4];
    wcl_tar_header header = { .type = type,
                              .name = name,
                              .link = link,
                              .size = size,
                              .format = WCL_TAR_FORMAT_PAX,
                              .records = records,
                              .record_count = count };

    for (size_t i = 0; i < count; i++)
        records[i] = (wcl_pax_record) { pairs[i].key, strlen(pairs[i].key), pairs[i].value,
                                        strlen(pairs[i].value), false };
    assert_ok(wcl_tar_header_append(&header, tar, &error), &error);
}

static void refuse_name(const char *name, wcl_os os, const char *why)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    append_entry(&tar, '0', name, NULL, 0, NULL, 0);
    assert_ok(wcl_buffer_append_zeros(&tar, 1024, &error), &error);
    expect_refusal(&tar, os, name, why);
}

static void names_that_lead_out_of_the_layer_are_refused(void **state)
{
    (void)state;
    refuse_name("../x", WCL_OS_WINDOWS, "'..'");
    refuse_name("../x", WCL_OS_LINUX, "'..'");
    refuse_name("Files/../../x", WCL_OS_WINDOWS, "'..'");
    refuse_name("a/..", WCL_OS_LINUX, "'..'");
    refuse_name("/..", WCL_OS_LINUX, "'..'");
    refuse_name("Files/.wh...", WCL_OS_LINUX, "'..'");
    refuse_name("Files/.wh.", WCL_OS_WINDOWS, "component");
}

static void names_that_windows_cannot_have_are_refused(void **state)
{
    (void)state;
    refuse_name("C:/x", WCL_OS_WINDOWS, "colon");
    refuse_name("Files/a:b/x", WCL_OS_WINDOWS, "colon");
    refuse_name("Files/a\\b", WCL_OS_WINDOWS, "backslash");
    refuse_name("Files/a\x01", WCL_OS_WINDOWS, "control");
    refuse_name("Files/\xff", WCL_OS_WINDOWS, "UTF-8");
    refuse_name("Files/a:s", WCL_OS_WINDOWS, "alternate stream");
    refuse_name("Files/.wh..wh..opq", WCL_OS_WINDOWS, "opaque");
}

static void a_nul_in_a_name_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    append_entry(&tar, '0', "Files/ab\xc3\xa4", NULL, 0, NULL, 0);
    /* The record stands behind its header, and keeps its length. */
    memcpy(tar.data + 512, "19 path=Files/ab\0c\n", 19);
    expect_refusal(&tar, WCL_OS_WINDOWS, "Files/ab", "NUL");
}

static void links_out_of_the_layer_are_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    append_entry(&tar, '1', "Files/link", "../../etc/passwd", 0, NULL, 0);
    expect_refusal(&tar, WCL_OS_LINUX, "Files/link", "'..'");
    expect_refusal(&tar, WCL_OS_WINDOWS, "Files/link", "'..'");
}

static void devices_are_refused_in_a_windows_layer(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    append_entry(&tar, '6', "Files/fifo", NULL, 0, NULL, 0);
    expect_refusal(&tar, WCL_OS_WINDOWS, "Files/fifo", "FIFO");
}

static void ten_thousand_nested_folders_are_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    for (int i = 0; i < 10000; i++)
        assert_ok(wcl_buffer_append_text(&name, "d/", &error), &error);
    append_entry(&tar, '5', wcl_buffer_text(&name), NULL, 0, NULL, 0);
    expect_refusal(&tar, WCL_OS_LINUX, "d/d/d", "1024 folders");
}

static void refuse_record(const char *key, const char *value, const char *why)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    pair pairs[] = { { key, value } };

    append_entry(&tar, '0', "Files/f", NULL, 0, pairs, 1);
    expect_refusal(&tar, WCL_OS_WINDOWS, "Files/f", why);
}

static void records_that_make_no_sense_are_refused_by_name(void **state)
{
    (void)state;
    refuse_record("MSWINDOWS.fileattr", "ten", "MSWINDOWS.fileattr");
    refuse_record("MSWINDOWS.fileattr", "4294967296", "MSWINDOWS.fileattr");
    refuse_record("MSWINDOWS.fileattr", "", "MSWINDOWS.fileattr");
    refuse_record("MSWINDOWS.fileattr", "16", "folder");
    refuse_record("MSWINDOWS.rawsd", "AQA", "MSWINDOWS.rawsd");
    refuse_record("MSWINDOWS.rawsd", "AQ=A", "MSWINDOWS.rawsd");
    refuse_record("MSWINDOWS.sd", "O:nobody", "MSWINDOWS.sd");
    refuse_record("MSWINDOWS.xattr.A", "!!!!", "MSWINDOWS.xattr.A");
    refuse_record("LIBARCHIVE.creationtime", "1.2.3", "LIBARCHIVE.creationtime");
    refuse_record("LIBARCHIVE.creationtime", "99999999999999999999", "LIBARCHIVE.creationtime");
    refuse_record("WCL.reparse", "x", "WCL.reparse");
    refuse_record("WCL.streams", "AAA", "WCL.streams");
    refuse_record("WCL.streams", "", "stream table");
    refuse_record("WCL.streams", "CQA=", "version");
    /* Version 1, no flags; then rows. */
    refuse_record("WCL.streams", "AQD/", "row 0");
    /* A data stream of 5 bytes in a body that has none. */
    refuse_record("WCL.streams", "AQAMAAAF", "not within the data");
    /* An alternate stream in an entry that does not follow. */
    refuse_record("WCL.streams", "AQAlAAAA", "more alternate streams");
}

static void a_size_beyond_the_tars_end_is_refused_with_the_entry(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;

    (void)state;
    append_entry(&tar, '0', "Files/huge", NULL, UINT64_C(5) << 30, NULL, 0);
    assert_ok(wcl_buffer_append_zeros(&tar, 10000, &error), &error);
    expect_refusal(&tar, WCL_OS_WINDOWS, "Files/huge", "ends after");
}

/* ---- Large but bounded ---------------------------------------------------------------------- */

typedef struct endless_source {
    wcl_buffer start;
    uint64_t position;
    uint64_t size; /* the start, then zeros */
} endless_source;

static wcl_status read_endless(void *context, void *buffer, size_t size, size_t *got,
                               wcl_error *error)
{
    endless_source *source = context;

    (void)error;
    if (size > source->size - source->position)
        size = (size_t)(source->size - source->position);
    memset(buffer, 0, size);
    for (size_t i = 0; i < size && source->position + i < source->start.size; i++)
        ((uint8_t *)buffer)[i] = source->start.data[source->position + i];
    source->position += size;
    *got = size;
    return WCL_OK;
}

static void memory_does_not_grow_with_the_file(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size = UINT64_C(600) << 20;
    endless_source source = { .start = WCL_BUFFER_INIT };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    static uint8_t bytes[65536];
    uint64_t total = 0;
    size_t got;
    long before = system_peak_memory();

    (void)state;
    append_entry(&source.start, '0', "Files/large", NULL, size, NULL, 0);
    source.size = source.start.size + size + 1024;
    assert_ok(wcl_tar_reader_open(read_endless, &source, NULL, &reader, &error), &error);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    do {
        assert_ok(wcl_layer_reader_read(reader, bytes, sizeof(bytes), &got, &error), &error);
        total += got;
    } while (got > 0);
    assert_int_equal(total, size + 20);
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
    assert_true(system_peak_memory() - before < 64 * 1024);
    wcl_buffer_free(&source.start);
}

static void input_beyond_the_limit_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_tar_reader_options options = { .struct_size = sizeof(options), .max_size = 100000 };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status;

    (void)state;
    read_vector("layer.tar", -1, &tar);
    memory_source source = { .data = tar.data, .size = tar.size };
    assert_int_equal(wcl_tar_reader_open(read_memory, &source, &options, &reader, NULL), WCL_OK);
    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK)
        ;
    assert_int_equal(status, WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tar_that_ends_early_is_refused_with_its_entry),
        cmocka_unit_test(flipped_bits_do_no_harm),
        cmocka_unit_test(names_that_lead_out_of_the_layer_are_refused),
        cmocka_unit_test(names_that_windows_cannot_have_are_refused),
        cmocka_unit_test(a_nul_in_a_name_is_refused),
        cmocka_unit_test(links_out_of_the_layer_are_refused),
        cmocka_unit_test(devices_are_refused_in_a_windows_layer),
        cmocka_unit_test(ten_thousand_nested_folders_are_refused),
        cmocka_unit_test(records_that_make_no_sense_are_refused_by_name),
        cmocka_unit_test(a_size_beyond_the_tars_end_is_refused_with_the_entry),
        cmocka_unit_test(memory_does_not_grow_with_the_file),
        cmocka_unit_test(input_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
