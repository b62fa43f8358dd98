/* The reader and the decoder: damage, extremes, and every shape a sparse file takes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "system/system.h"

static const char *const damaged[] = {
    "entry-005.backup", "entry-011.backup", "entry-017.backup",
    "entry-018.backup", "entry-023.backup", "entry-030.backup",
};

#define DAMAGED_COUNT (sizeof(damaged) / sizeof(damaged[0]))

/* Where the streams of a backup stream end: a cut there is no damage. */
static bool is_stream_end(const wcl_buffer *backup, size_t position)
{
    size_t at = 0;

    while (at < position)
        at += WCL_BACKUP_HEADER_SIZE + wcl_load_le64(backup->data + at + 8) +
              wcl_load_le32(backup->data + at + 16);
    return at == position;
}

static void a_cut_anywhere_is_told_as_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < DAMAGED_COUNT; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector(damaged[i]);
        for (size_t size = 0; size < backup.size; size++) {
            wcl_error pulled = WCL_ERROR_INIT, pushed = WCL_ERROR_INIT;
            if (is_stream_end(&backup, size)) {
                assert_int_equal(pull_all(backup.data, size, &pulled), WCL_END);
                assert_int_equal(push_all(backup.data, size, &pushed), WCL_OK);
                continue;
            }
            assert_int_equal(pull_all(backup.data, size, &pulled), WCL_FAILED);
            assert_int_equal(push_all(backup.data, size, &pushed), WCL_FAILED);
            assert_int_equal(pulled.code, WCL_CODE_TRUNCATED);
            assert_int_equal(pushed.code, WCL_CODE_TRUNCATED);
            assert_non_null(strstr(pulled.message, "offset"));
            assert_string_equal(pulled.message, pushed.message);
        }
    }
}

static void a_cut_is_found_while_passing_over_data(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector("entry-014.backup");
    bytes_source source = { backup.data, backup.size - 1, 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_backup_reader *reader;
    wcl_backup_header header;

    (void)state;
    assert_int_equal(wcl_backup_reader_new(read_bytes, &source, &reader, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_TRUNCATED);
    assert_string_equal(error.message,
                        "the backup stream ends at offset 4295, 1 bytes before the end of the data "
                        "of its stream of kind 1");
    assert_int_equal(wcl_backup_reader_next(reader, &header, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
    wcl_backup_reader_free(reader);
}

static void a_flipped_bit_never_harms_and_both_ways_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < DAMAGED_COUNT; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector(damaged[i]);
        for (size_t bit = 0; bit < backup.size * 8 && bit < 8000; bit++) {
            wcl_error pulled = WCL_ERROR_INIT, pushed = WCL_ERROR_INIT;
            backup.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            bool pull_whole = pull_all(backup.data, backup.size, &pulled) == WCL_END;
            bool push_whole = push_all(backup.data, backup.size, &pushed) == WCL_OK;
            assert_int_equal(pull_whole, push_whole);
            assert_string_equal(pulled.message, pushed.message);
            backup.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void assert_impossible(const wcl_buffer *backup, const char *said)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(pull_all(backup->data, backup->size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
    assert_non_null(strstr(error.message, "at offset 0 "));
    if (!strstr(error.message, said))
        fail_msg("'%s' does not say '%s'", error.message, said);
}

static void impossible_headers_are_refused(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t size;
        uint32_t name_size;
        const char *said;
    } cases[] = {
        { 0, 0, 0, "has no kind" },
        { 1, UINT64_MAX, 0, "18446744073709551615 bytes of data" },
        { 1, (uint64_t)INT64_MAX + 1, 0, "9223372036854775808 bytes of data" },
        { 4, 0, WCL_BACKUP_NAME_MAX + 2, "1026 bytes of name" },
        { 4, 0, 0xFFFFFFFE, "4294967294 bytes of name" },
        { 4, 0, 3, "3 bytes of name" },
        { 9, 7, 0, "too few for its offset" },
        { 9, 16, 2, "gives a name to a sparse block" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
        append_header(&backup, cases[i].id, 0, cases[i].size, cases[i].name_size);
        wcl_buffer_append_zeros(&backup, 2000, NULL);
        assert_impossible(&backup, cases[i].said);
    }
}

static void a_sparse_block_beyond_any_file_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;

    (void)state;
    append_header(&backup, WCL_BACKUP_SPARSE_BLOCK, 8, 8 + 100, 0);
    wcl_buffer_append_le64(&backup, (uint64_t)INT64_MAX - 99, NULL);
    assert_impossible(&backup, "impossible file offset");
}

static void a_name_with_a_nul_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;

    (void)state;
    append_header(&backup, WCL_BACKUP_ALTERNATE_DATA, 0, 0, 6);
    wcl_buffer_append(&backup, "a\0\0\0b\0", 6, NULL);
    assert_impossible(&backup, "NUL");
}

/* The only header of a backup stream. */
static wcl_backup_header only_header(const wcl_buffer *backup, char *name, size_t name_size)
{
    bytes_source source = { backup->data, backup->size, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;

    assert_int_equal(wcl_backup_reader_new(read_bytes, &source, &reader, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
    assert_true(strlen(header.name) < name_size);
    strcpy(name, header.name);
    header.name = name;
    wcl_backup_reader_free(reader);
    return header;
}

static void the_longest_name_and_lone_surrogates_come_through(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
    uint8_t again[WCL_BACKUP_ENCODED_MAX];
    char name[2000];
    size_t size;

    (void)state;
    append_header(&backup, WCL_BACKUP_ALTERNATE_DATA, 0, 0, WCL_BACKUP_NAME_MAX);
    for (unsigned i = 0; i < WCL_BACKUP_NAME_MAX / 2; i++) {
        static const uint16_t units[] = { 0xD800, 0xDC00, 0xDFFF, 'x', 0xDBFF, 0x20AC, 0xD83D };
        wcl_buffer_append_le16(&backup, units[i % 7], NULL);
    }
    wcl_backup_header header = only_header(&backup, name, sizeof(name));
    assert_memory_equal(name, "\xF0\x90\x80\x80\xED\xBF\xBFx\xED\xAF\xBF\xE2\x82\xAC", 14);
    assert_int_equal(wcl_backup_header_encode(&header, again, &size, NULL), WCL_OK);
    assert_int_equal(size, backup.size);
    assert_memory_equal(again, backup.data, size);
}

static void an_unknown_kind_comes_through(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer backup = WCL_BUFFER_INIT;
    char name[10];

    (void)state;
    append_header(&backup, 11, 0x80, 4, 0);
    wcl_buffer_append(&backup, "data", 4, NULL);
    wcl_backup_header header = only_header(&backup, name, sizeof(name));
    assert_int_equal(header.id, 11);
    assert_int_equal(header.attributes, 0x80);
    assert_int_equal(header.size, 4);
    assert_int_equal(pull_all(backup.data, backup.size, NULL), WCL_END);
}

/* What the four shapes of a sparse file hold, as a line per stream. */
static void describe(const wcl_buffer *backup, char *text, size_t size)
{
    bytes_source source = { backup->data, backup->size, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    size_t used = 0;

    text[0] = '\0';
    assert_int_equal(wcl_backup_reader_new(read_bytes, &source, &reader, NULL), WCL_OK);
    while (wcl_backup_reader_next(reader, &header, NULL) == WCL_OK)
        used += (size_t)snprintf(text + used, size - used, "%u/%u+%llu@%llu ", header.id,
                                 header.attributes, (unsigned long long)header.size,
                                 (unsigned long long)header.offset);
    wcl_backup_reader_free(reader);
}

static void append_block(wcl_buffer *out, uint64_t offset, size_t size)
{
    append_header(out, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, 8 + size, 0);
    wcl_buffer_append_le64(out, offset, NULL);
    wcl_buffer_append_zeros(out, size, NULL);
}

static void all_four_shapes_of_a_sparse_file_are_read(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer empty_old = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer empty_new = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer one_range = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer ranges = WCL_BUFFER_INIT;
    char text[300];

    (void)state;
    describe(&empty_old, text, sizeof(text));
    assert_string_equal(text, "");

    append_header(&empty_new, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, 0, 0);
    describe(&empty_new, text, sizeof(text));
    assert_string_equal(text, "1/8+0@0 ");

    append_header(&one_range, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, 4096, 0);
    wcl_buffer_append_zeros(&one_range, 4096, NULL);
    describe(&one_range, text, sizeof(text));
    assert_string_equal(text, "1/8+4096@0 ");

    append_header(&ranges, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, 0, 0);
    append_block(&ranges, 65536, 4096);
    append_block(&ranges, UINT64_C(1) << 40, 10);
    append_block(&ranges, (UINT64_C(1) << 40) + 10, 0);
    describe(&ranges, text, sizeof(text));
    assert_string_equal(text, "1/8+0@0 9/8+4096@65536 9/8+10@1099511627776 9/8+0@1099511627786 ");
}

#define HUGE_SIZE (UINT64_C(5) << 30)

/* A backup stream of 5 GiB of data and a second stream, made as it is read. */
typedef struct huge_source {
    wcl_buffer head, tail;
    uint64_t position;
} huge_source;

static wcl_status read_huge(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    huge_source *source = context;
    uint64_t at = source->position, data_end = source->head.size + HUGE_SIZE;

    (void)error;
    *got = 0;
    if (at < source->head.size) {
        *got = source->head.size - (size_t)at;
        *got = size < *got ? size : *got;
        memcpy(buffer, source->head.data + at, *got);
    } else if (at < data_end) {
        *got = size < data_end - at ? size : (size_t)(data_end - at);
    } else if (at < data_end + source->tail.size) {
        *got = source->tail.size - (size_t)(at - data_end);
        *got = size < *got ? size : *got;
        memcpy(buffer, source->tail.data + (at - data_end), *got);
    }
    source->position += *got;
    return WCL_OK;
}

static void five_gigabytes_are_passed_over_in_constant_memory(void **state)
{
    huge_source source = { WCL_BUFFER_INIT, WCL_BUFFER_INIT, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    long before = system_peak_memory();

    (void)state;
    append_header(&source.head, WCL_BACKUP_DATA, 0, HUGE_SIZE, 0);
    append_header(&source.tail, WCL_BACKUP_ALTERNATE_DATA, 0, 0, 2);
    wcl_buffer_append(&source.tail, "z\0", 2, NULL);
    assert_int_equal(wcl_backup_reader_new(read_huge, &source, &reader, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
    assert_true(header.size == HUGE_SIZE);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
    assert_string_equal(header.name, "z");
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_END);
    assert_true(source.position == source.head.size + HUGE_SIZE + source.tail.size);
    assert_true(system_peak_memory() - before < 4096);
    wcl_backup_reader_free(reader);
    wcl_buffer_free(&source.head);
    wcl_buffer_free(&source.tail);
}

static wcl_status count_data(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)data, (void)error;
    *(uint64_t *)context += size;
    return WCL_OK;
}

static void five_gigabytes_are_decoded_in_constant_memory(void **state)
{
    const wcl_backup_events events = { NULL, count_data };
    WCL_CLEANUP_BUFFER wcl_buffer head = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer piece = WCL_BUFFER_INIT;
    wcl_backup_decoder *decoder;
    uint64_t seen = 0;
    long before = system_peak_memory();

    (void)state;
    append_header(&head, WCL_BACKUP_DATA, 0, HUGE_SIZE, 0);
    wcl_buffer_append_zeros(&piece, 1 << 20, NULL);
    assert_int_equal(wcl_backup_decoder_new(&events, &seen, &decoder, NULL), WCL_OK);
    assert_int_equal(wcl_backup_decoder_write(decoder, head.data, head.size, NULL), WCL_OK);
    for (unsigned i = 0; i < HUGE_SIZE >> 20; i++)
        assert_int_equal(wcl_backup_decoder_write(decoder, piece.data, piece.size, NULL), WCL_OK);
    assert_int_equal(wcl_backup_decoder_finish(decoder, NULL), WCL_OK);
    assert_true(seen == HUGE_SIZE);
    assert_true(system_peak_memory() - before < 8192);
    wcl_backup_decoder_free(decoder);
}

static wcl_status fail_to_read(void *context, void *buffer, size_t size, size_t *got,
                               wcl_error *error)
{
    (void)context, (void)buffer, (void)size, (void)got;
    return wcl_fail(error, WCL_CODE_IO, "the disk is gone");
}

static wcl_status read_too_much(void *context, void *buffer, size_t size, size_t *got,
                                wcl_error *error)
{
    (void)context, (void)buffer, (void)error;
    *got = size + 1;
    return WCL_OK;
}

static wcl_status claim_the_end(void *context, void *buffer, size_t size, size_t *got,
                                wcl_error *error)
{
    (void)context, (void)buffer, (void)size, (void)got, (void)error;
    return WCL_END;
}

static void assert_source_fails(wcl_read_fn read, uint32_t code)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_backup_reader *reader;
    wcl_backup_header header;

    assert_int_equal(wcl_backup_reader_new(read, NULL, &reader, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_next(reader, &header, &error), WCL_FAILED);
    assert_int_equal(error.code, code);
    wcl_backup_reader_free(reader);
}

static void a_failing_source_is_never_taken_for_an_end(void **state)
{
    (void)state;
    assert_source_fails(fail_to_read, WCL_CODE_IO);
    assert_source_fails(read_too_much, WCL_CODE_INVALID_PARAMETER);
    assert_source_fails(claim_the_end, WCL_CODE_NONE);
}

static wcl_status refuse_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    (void)context, (void)header;
    return wcl_fail(error, WCL_CODE_CANCELLED, "enough");
}

static void a_refused_header_stops_the_decoder_until_it_is_finished(void **state)
{
    const wcl_backup_events events = { refuse_header, NULL };
    WCL_CLEANUP_BUFFER wcl_buffer backup = load_vector("entry-014.backup");
    wcl_error error = WCL_ERROR_INIT;
    wcl_backup_decoder *decoder;

    (void)state;
    assert_int_equal(wcl_backup_decoder_new(&events, NULL, &decoder, NULL), WCL_OK);
    assert_int_equal(wcl_backup_decoder_write(decoder, backup.data, backup.size, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
    assert_int_equal(wcl_backup_decoder_write(decoder, "x", 1, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
    assert_int_equal(wcl_backup_decoder_finish(decoder, &error), WCL_FAILED);
    assert_int_equal(wcl_backup_decoder_finish(decoder, &error), WCL_OK);
    wcl_backup_decoder_free(decoder);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    wcl_backup_reader_free(NULL);
    wcl_backup_decoder_free(NULL);
    wcl_backup_writer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_anywhere_is_told_as_truncated),
        cmocka_unit_test(a_cut_is_found_while_passing_over_data),
        cmocka_unit_test(a_flipped_bit_never_harms_and_both_ways_agree),
        cmocka_unit_test(impossible_headers_are_refused),
        cmocka_unit_test(a_sparse_block_beyond_any_file_is_refused),
        cmocka_unit_test(a_name_with_a_nul_is_refused),
        cmocka_unit_test(the_longest_name_and_lone_surrogates_come_through),
        cmocka_unit_test(an_unknown_kind_comes_through),
        cmocka_unit_test(all_four_shapes_of_a_sparse_file_are_read),
        cmocka_unit_test(five_gigabytes_are_passed_over_in_constant_memory),
        cmocka_unit_test(five_gigabytes_are_decoded_in_constant_memory),
        cmocka_unit_test(a_failing_source_is_never_taken_for_an_end),
        cmocka_unit_test(a_refused_header_stops_the_decoder_until_it_is_finished),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
