/* Compressing and decompressing gives the same bytes, here and with the peers, both ways. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "system/system.h"
#include "support.h"

#define CHUNK (512u * 1024)

static const wcl_compression compressions[] = { WCL_COMPRESSION_NONE, WCL_COMPRESSION_GZIP,
                                                WCL_COMPRESSION_ZSTD };
static const size_t sizes[] = {
    0,
    1,
    2,
    511,
    65535,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK - 1,
    2 * CHUNK,
    2 * CHUNK + 1,
    4 * CHUNK - 1,
    4 * CHUNK,
    4 * CHUNK + 1,
    5 * CHUNK,
    9 * CHUNK + 77,
    20 * CHUNK,
    20 * CHUNK + 1,
};

static void assert_same(const wcl_buffer *contents, const void *data, size_t size)
{
    assert_int_equal(contents->size, size);
    if (size)
        assert_memory_equal(contents->data, data, size);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *data = make_contents(i, sizes[i]);
        for (size_t c = 0; c < built_compressions(); c++) {
            WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            compress_all(data, sizes[i], compressions[c], 0, &compressed);
            assert_int_equal(decompress_all(compressed.data, compressed.size, &contents, NULL),
                             WCL_END);
            assert_same(&contents, data, sizes[i]);
        }
        free(data);
    }
}

static void every_level_comes_back(void **state)
{
    (void)state;
    size_t size = CHUNK + 1234;
    uint8_t *data = make_contents(5, size);
    for (size_t c = 1; c < built_compressions(); c++)
        for (int level = 1; level <= wcl_compression_info_of(compressions[c])->most_level;
             level++) {
            WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            compress_all(data, size, compressions[c], level, &compressed);
            assert_true(compressed.size < size);
            assert_int_equal(decompress_all(compressed.data, compressed.size, &contents, NULL),
                             WCL_END);
            assert_same(&contents, data, size);
        }
    free(data);
}

static void a_level_out_of_range_is_refused(void **state)
{
    (void)state;
    static const struct {
        wcl_compression compression;
        int level;
        const char *message;
    } cases[] = {
        { WCL_COMPRESSION_GZIP, 10, "gzip does not have the level 10; its levels are 1 to 9" },
        { WCL_COMPRESSION_GZIP, -1, "gzip does not have the level -1; its levels are 1 to 9" },
        { WCL_COMPRESSION_NONE, 3, "level 3 makes no sense without compression" },
        { (wcl_compression)9, 0, "there is no compression 9" },
        { WCL_COMPRESSION_ZSTD, 20, "zstd does not have the level 20; its levels are 1 to 19" },
    };
    size_t count = sizeof(cases) / sizeof(cases[0]);
    for (size_t i = 0; i < (built_compressions() == 3 ? count : count - 1); i++) {
        wcl_output *output;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_output_open(write_buffer, NULL, cases[i].compression, cases[i].level,
                                         &output, &error),
                         WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
        assert_string_equal(error.message, cases[i].message);
    }
}

/* The bytes must not depend on how they were written, nor on how many processors there are. */
static void compress_in_pieces(const uint8_t *data, size_t size, wcl_compression compression,
                               size_t piece, wcl_buffer *compressed)
{
    wcl_output *output;
    assert_int_equal(wcl_output_open(write_buffer, compressed, compression, 0, &output, NULL),
                     WCL_OK);
    for (size_t at = 0; at < size; at += piece) {
        size_t some = size - at < piece ? size - at : piece;
        assert_int_equal(wcl_output_write(output, data + at, some, NULL), WCL_OK);
    }
    assert_int_equal(wcl_output_finish(output, NULL), WCL_OK);
    wcl_output_free(output);
}

static void the_bytes_do_not_depend_on_processors_or_pieces(void **state)
{
    (void)state;
    size_t size = 11 * CHUNK + 99;
    uint8_t *data = make_contents(8, size);
    for (size_t c = 0; c < built_compressions(); c++) {
        WCL_CLEANUP_BUFFER wcl_buffer many = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer single = WCL_BUFFER_INIT;
        compress_in_pieces(data, size, compressions[c], size, &many);
        system_use_one_processor(true);
        compress_in_pieces(data, size, compressions[c], 4093, &single);
        system_use_one_processor(false);
        assert_same(&single, many.data, many.size);
    }
    free(data);
}

static void a_gzip_header_has_no_name_and_no_time(void **state)
{
    (void)state;
    WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
    compress_all("layer", 5, WCL_COMPRESSION_GZIP, 0, &compressed);
    assert_memory_equal(compressed.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
}

static void peers_read_what_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        const char *command;
        wcl_compression compression;
    } peers[] = {
        { "gzip", "gzip -dc", WCL_COMPRESSION_GZIP },
        { "pigz", "pigz -dc", WCL_COMPRESSION_GZIP },
        { "igzip", "igzip -dc", WCL_COMPRESSION_GZIP },
        { "python3",
          "python3 -c 'import gzip,sys; "
          "sys.stdout.buffer.write(gzip.open(sys.stdin.buffer).read())'",
          WCL_COMPRESSION_GZIP },
        { "zstd", "zstd -dc", WCL_COMPRESSION_ZSTD },
    };
    size_t size = 3 * CHUNK + 17;
    uint8_t *data = make_contents(3, size);
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        if (!has_peer(peers[i].program))
            continue;
        for (size_t part = 0; part < 2; part++) {
            size_t some = part == 0 ? size : 0;
            WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            compress_all(data, some, peers[i].compression, 0, &compressed);
            run_peer(peers[i].command, compressed.data, compressed.size, &contents);
            assert_same(&contents, data, some);
        }
    }
    free(data);
}

static void what_peers_write_is_read(void **state)
{
    (void)state;
    static const char *const peers[][2] = {
        { "gzip", "gzip -c" },
        { "gzip", "gzip -1 -c" },
        { "pigz", "pigz -c" },
        { "pigz", "pigz -i -c" },
        { "pigz", "pigz -11 -b 128 -I 1 -c" },
        { "igzip", "igzip -c" },
        { "igzip", "igzip -3 -c" },
        { "zstd", "zstd -c" },
        { "zstd", "zstd -19 -c" },
        { "zstd", "zstd --fast -T2 --long=27 -c" },
        { "zstd", "zstd --no-check -c" },
        { "xz", "xz -c" },
        { "xz", "xz -9e -T2 --block-size=65536 --check=sha256 -c" },
        { "bzip2", "bzip2 -c" },
        { "bzip2", "bzip2 -1 -c" },
    };
    const size_t first_through_libarchive = 13; /* which refuses what holds nothing */
    size_t size = 2 * CHUNK + 4711;
    uint8_t *data = make_contents(4, size);
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        if (!has_peer(peers[i][0]))
            continue;
        for (size_t part = 0; part < 2; part++) {
            size_t some = part == 0 ? size : i < first_through_libarchive ? 0 : 1;
            WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            run_peer(peers[i][1], data, some, &compressed);
            assert_int_equal(decompress_all(compressed.data, compressed.size, &contents, NULL),
                             WCL_END);
            assert_same(&contents, data, some);
        }
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(every_level_comes_back),
        cmocka_unit_test(a_level_out_of_range_is_refused),
        cmocka_unit_test(the_bytes_do_not_depend_on_processors_or_pieces),
        cmocka_unit_test(a_gzip_header_has_no_name_and_no_time),
        cmocka_unit_test(peers_read_what_is_written),
        cmocka_unit_test(what_peers_write_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
