/* Damaged, cut and hostile input is an error, after the bytes that were good, and never a crash or
 * wrong bytes without an error. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "compress/input_decoder.h"
#include "support.h"

#define CONTENTS_SIZE 70000

/* Decompresses a gzip file through zlib, which is not what the input uses where ISA-L is there. */
static wcl_status inflate_with_zlib(memory_source *memory, wcl_buffer *contents, wcl_error *error)
{
    wcl_input_source source = { .read = read_memory, .context = memory };
    wcl_decoder *decoder;
    uint8_t piece[4096];
    size_t made;
    wcl_status status;

    assert_int_equal(wcl_input_source_init(&source, NULL), WCL_OK);
    assert_int_equal(wcl_gzip_decoder_new(&wcl_inflater_zlib, &decoder, NULL), WCL_OK);
    do {
        status = decoder->ops->decode(decoder, &source, piece, sizeof(piece), &made, error);
        assert_int_equal(wcl_buffer_append(contents, piece, made, NULL), WCL_OK);
    } while (status == WCL_OK);
    decoder->ops->free(decoder);
    wcl_input_source_free(&source);
    return status;
}

typedef wcl_status (*decompress_fn)(memory_source *source, wcl_buffer *contents, wcl_error *error);

static wcl_status through_input(memory_source *source, wcl_buffer *contents, wcl_error *error)
{
    return decompress_from(source, NULL, contents, error);
}

static const struct {
    decompress_fn decompress;
    wcl_compression compression;
} ways[] = {
    { through_input, WCL_COMPRESSION_GZIP },
    { inflate_with_zlib, WCL_COMPRESSION_GZIP },
    { through_input, WCL_COMPRESSION_ZSTD },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Without zstd, the last is not there. */
static size_t built_ways(void)
{
    return built_compressions() == 3 ? WAYS : WAYS - 1;
}

/* The checksum and what follows it. */
static const size_t trailer_sizes[WAYS] = { 8, 8, 4 };

static void a_cut_at_any_place_is_told(void **state)
{
    (void)state;
    uint8_t *data = make_contents(1, CONTENTS_SIZE);
    for (size_t way = 0; way < built_ways(); way++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        compress_all(data, CONTENTS_SIZE, ways[way].compression, 0, &compressed);
        size_t last = compressed.size - 1;
        for (size_t cut = 4; cut <= last; cut += cut < 40 || cut + 40 > last ? 1 : 257) {
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            wcl_error error = WCL_ERROR_INIT;
            memory_source source = { .data = compressed.data, .size = cut };
            assert_int_equal(ways[way].decompress(&source, &contents, &error), WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_TRUNCATED);
            assert_true(contents.size <= CONTENTS_SIZE);
            if (contents.size)
                assert_memory_equal(contents.data, data, contents.size);
        }
    }
    free(data);
}

static void the_good_bytes_come_before_the_error(void **state)
{
    (void)state;
    size_t size = 3 * 1024 * 1024;
    uint8_t *data = make_contents(2, size);
    for (size_t way = 0; way < built_ways(); way++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
        compress_all(data, size, ways[way].compression, 0, &compressed);
        memory_source source = { .data = compressed.data, .size = compressed.size - 1 };
        assert_int_equal(ways[way].decompress(&source, &contents, NULL), WCL_FAILED);
        assert_true(contents.size > size / 2);
        assert_memory_equal(contents.data, data, contents.size);
    }
    free(data);
}

static void a_flipped_bit_never_passes_for_good(void **state)
{
    (void)state;
    uint8_t *data = make_contents(3, CONTENTS_SIZE);
    for (size_t way = 0; way < built_ways(); way++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        size_t refused = 0;
        compress_all(data, CONTENTS_SIZE, ways[way].compression, 0, &compressed);
        size_t bits = compressed.size * 8;
        for (size_t bit = 32; bit < bits; bit += bit < 256 || bit + 256 > bits ? 1 : 331) {
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            compressed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            memory_source source = { .data = compressed.data, .size = compressed.size };
            if (ways[way].decompress(&source, &contents, NULL) == WCL_FAILED) {
                refused++;
            } else { /* a bit that means nothing: in a header, or padding */
                assert_true(bit / 8 < compressed.size - trailer_sizes[way]);
                assert_int_equal(contents.size, CONTENTS_SIZE);
                assert_memory_equal(contents.data, data, CONTENTS_SIZE);
            }
            compressed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(refused > 500);
    }
    free(data);
}

static void a_wrong_checksum_is_named(void **state)
{
    (void)state;
    for (size_t way = 0; way < built_ways(); way++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        compress_all("contents", 8, ways[way].compression, 0, &compressed);
        compressed.data[compressed.size - trailer_sizes[way]] ^= 1;
        memory_source source = { .data = compressed.data, .size = compressed.size };
        assert_int_equal(ways[way].decompress(&source, &contents, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_CHECKSUM);
    }
}

static void append_member(wcl_buffer *file, const char *text)
{
    compress_all(text, strlen(text), WCL_COMPRESSION_GZIP, 0, file);
}

/* Members whose borders fall anywhere in what one read gives. */
static void members_follow_each_other(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
        append_member(&file, "");
        append_member(&file, "one ");
        append_member(&file, "");
        append_member(&file, "");
        append_member(&file, "two");
        append_member(&file, "");
        size_t size = file.size;
        assert_int_equal(wcl_buffer_append_zeros(&file, 1000, NULL), WCL_OK);
        for (size_t padded = 0; padded < 2; padded++)
            for (size_t piece = 1; piece < 60; piece++) {
                WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
                memory_source source = { .data = file.data,
                                         .size = padded ? file.size : size,
                                         .piece = piece };
                assert_int_equal(ways[way].decompress(&source, &contents, NULL), WCL_END);
                assert_string_equal(wcl_buffer_text(&contents), "one two");
            }
    }
}

static void something_else_behind_a_member_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } tails[] = {
        { "x", 1 }, { "\x1f\x8c", 2 }, { "\0x", 2 }, { "\0\0\x1f\x8b", 4 }, { "PK\3\4", 4 },
    };
    for (size_t way = 0; way < 2; way++)
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            wcl_error error = WCL_ERROR_INIT;
            append_member(&file, "good");
            assert_int_equal(wcl_buffer_append(&file, tails[i].bytes, tails[i].size, NULL), WCL_OK);
            memory_source source = { .data = file.data, .size = file.size };
            assert_int_equal(ways[way].decompress(&source, &contents, &error), WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_CORRUPT);
            assert_string_equal(wcl_buffer_text(&contents), "good");
        }
}

static void frames_follow_each_other(void **state)
{
    (void)state;
    need_zstd();
    WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    /* A skippable frame, frames, an empty one. */
    assert_int_equal(wcl_buffer_append(&file, "\x53\x2a\x4d\x18\x02\0\0\0hi", 10, NULL), WCL_OK);
    compress_all("one ", 4, WCL_COMPRESSION_ZSTD, 0, &file);
    compress_all("", 0, WCL_COMPRESSION_ZSTD, 0, &file);
    compress_all("two", 3, WCL_COMPRESSION_ZSTD, 0, &file);
    for (size_t piece = 1; piece < 30; piece++) {
        WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;
        memory_source source = { .data = file.data, .size = file.size, .piece = piece };
        assert_int_equal(through_input(&source, &again, NULL), WCL_END);
        assert_string_equal(wcl_buffer_text(&again), "one two");
    }
    assert_int_equal(wcl_buffer_append_text(&file, "tail", NULL), WCL_OK);
    assert_int_equal(decompress_all(file.data, file.size, &contents, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CORRUPT);
    assert_string_equal(wcl_buffer_text(&contents), "one two");
}

static void a_failing_read_is_told_behind_what_it_gave(void **state)
{
    (void)state;
    uint8_t *data = make_contents(6, CONTENTS_SIZE);
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        compress_all(data, CONTENTS_SIZE, (wcl_compression)compression, 0, &compressed);
        memory_source source = { .data = compressed.data,
                                 .size = compressed.size - (compression ? 1 : 0),
                                 .piece = 1000,
                                 .fails_at_end = true };
        assert_int_equal(decompress_from(&source, NULL, &contents, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_IO);
        assert_string_equal(error.message, "the disk is gone");
        assert_true(contents.size > CONTENTS_SIZE / 4 * 3 || compression == 2);
        if (contents.size)
            assert_memory_equal(contents.data, data, contents.size);
    }
    free(data);
}

/* Those that are not written: never short or wrong bytes without an error. */
static void damage_to_what_is_only_read_is_told(void **state)
{
    (void)state;
    static const char *const peers[][2] = { { "xz", "xz -c" }, { "bzip2", "bzip2 -c" } };
    uint8_t *data = make_contents(6, CONTENTS_SIZE);

    for (size_t i = 0; i < 2; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer whole = WCL_BUFFER_INIT;
        if (!has_peer(peers[i][0]))
            continue;
        run_peer(peers[i][1], data, CONTENTS_SIZE, &whole);
        for (size_t cut = 10; cut < whole.size;
             cut += cut < 40 || cut + 40 > whole.size ? 1 : 257) {
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            wcl_error error = WCL_ERROR_INIT;
            assert_int_equal(decompress_all(whole.data, cut, &contents, &error), WCL_FAILED);
            assert_int_equal(error.code, i == 0 ? WCL_CODE_TRUNCATED : WCL_CODE_CORRUPT);
            assert_non_null(strstr(error.message, peers[i][0]));
        }
        for (size_t at = 10; at < whole.size; at += 97) {
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            whole.data[at] ^= 0x10;
            assert_int_equal(decompress_all(whole.data, whole.size, &contents, NULL), WCL_FAILED);
            whole.data[at] ^= 0x10;
        }
        WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        memory_source source = { .data = whole.data, .size = whole.size / 2, .fails_at_end = true };
        assert_int_equal(decompress_from(&source, NULL, &contents, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_IO);
    }
    free(data);
}

static void a_window_too_large_is_refused(void **state)
{
    (void)state;
    need_zstd();
    /* A frame header that asks for a window of 2 GiB. */
    static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00, 0x00 };
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;

    assert_int_equal(decompress_all(frame, sizeof(frame), &contents, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "128 MiB"));
}

static void a_dictionary_too_large_is_refused(void **state)
{
    /* "x", with a dictionary of 512 MiB. */
    static const uint8_t xz[] = { 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x01, 0x69, 0x22,
                                  0xde, 0x36, 0x02, 0x00, 0x21, 0x01, 0x22, 0x00, 0x00, 0x00,
                                  0x82, 0x40, 0xac, 0xdc, 0x01, 0x00, 0x00, 0x78, 0x00, 0x00,
                                  0x00, 0x00, 0x83, 0x16, 0xdc, 0x8c, 0x00, 0x01, 0x15, 0x01,
                                  0xa9, 0x63, 0x34, 0x60, 0x90, 0x42, 0x99, 0x0d, 0x01, 0x00,
                                  0x00, 0x00, 0x00, 0x01, 0x59, 0x5a };
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;

    (void)state;
    if (!has_peer("xz"))
        return;
    assert_int_equal(decompress_all(xz, sizeof(xz), &contents, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "256 MiB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_at_any_place_is_told),
        cmocka_unit_test(the_good_bytes_come_before_the_error),
        cmocka_unit_test(a_flipped_bit_never_passes_for_good),
        cmocka_unit_test(a_wrong_checksum_is_named),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(something_else_behind_a_member_is_refused),
        cmocka_unit_test(frames_follow_each_other),
        cmocka_unit_test(a_failing_read_is_told_behind_what_it_gave),
        cmocka_unit_test(damage_to_what_is_only_read_is_told),
        cmocka_unit_test(a_window_too_large_is_refused),
        cmocka_unit_test(a_dictionary_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
