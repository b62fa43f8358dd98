/* How the threads and their memory behave: blocks are shared, limits hold, memory is bounded, and
 * an end at any time is clean. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "support.h"

#define MIB (1024u * 1024)
/* What an input may take in before anybody asks for a block: its blocks and its buffer. */
#define MOST_AHEAD (9 * MIB)

/* A read function that repeats its context's data for ever. */
static wcl_status read_endless(void *context, void *buffer, size_t size, size_t *got,
                               wcl_error *error)
{
    memory_source *source = context;
    if (source->position == source->size)
        source->position = 0;
    return read_memory(source, buffer, size, got, error);
}

static void blocks_come_back_to_their_pool(void **state)
{
    (void)state;
    wcl_block_pool *pool;
    assert_int_equal(wcl_block_pool_new(2, 100, &pool, NULL), WCL_OK);
    wcl_block *first = wcl_block_get(pool);
    wcl_block *second = wcl_block_get(pool);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->size, 0);
    assert_ptr_equal(wcl_block_ref(first), first);
    wcl_block_unref(first);
    first->size = 3; /* still held once */
    wcl_block_unref(first);
    wcl_block *again = wcl_block_get(pool);
    assert_ptr_equal(again, first);
    assert_int_equal(again->size, 0);
    wcl_block_unref(again);
    wcl_block_unref(second);
    wcl_block_unref(NULL);
    wcl_block_pool_cancel(pool);
    assert_null(wcl_block_get(pool));
    wcl_block_pool_free(pool);
}

static void an_input_tells_its_compression(void **state)
{
    (void)state;
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        WCL_CLEANUP_BUFFER wcl_buffer compressed = WCL_BUFFER_INIT;
        compress_all("x", 1, (wcl_compression)compression, 0, &compressed);
        memory_source source = { .data = compressed.data, .size = compressed.size, .piece = 1 };
        wcl_input *input;
        assert_int_equal(wcl_input_open(read_memory, &source, NULL, &input, NULL), WCL_OK);
        assert_int_equal(wcl_input_compression(input), compression);
        wcl_input_free(input);
    }
}

static void nobody_asking_holds_the_reading_back(void **state)
{
    (void)state;
    uint8_t *data = make_contents(1, MIB);
    memory_source source = { .data = data, .size = MIB };
    wcl_input *input;
    uint64_t before = 1;
    assert_int_equal(wcl_input_open(read_endless, &source, NULL, &input, NULL), WCL_OK);
    for (uint64_t now = 0; now != before; now = wcl_input_consumed(input)) {
        before = now;
        usleep(100000);
    }
    assert_true(before <= MOST_AHEAD);
    wcl_input_free(input);
    free(data);
}

static void a_bomb_ends_at_the_limit(void **state)
{
    (void)state;
    static const uint64_t limits[] = { 1, 1000, 512 * 1024, 512 * 1024 + 1, 300 * MIB + 5 };
    uint8_t *zeros = calloc(1, 16 * MIB);
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        WCL_CLEANUP_BUFFER wcl_buffer bomb = WCL_BUFFER_INIT;
        compress_all(zeros, 16 * MIB, (wcl_compression)compression, 0, &bomb);
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
            memory_source source = { .data = bomb.data, .size = bomb.size };
            wcl_input_options options = { .max_size = limits[i] };
            wcl_error error = WCL_ERROR_INIT;
            wcl_input *input;
            wcl_block *block;
            wcl_status status;
            uint64_t size = 0;
            assert_int_equal(wcl_input_open(read_endless, &source, &options, &input, NULL), WCL_OK);
            while ((status = wcl_input_next(input, &block, &error)) == WCL_OK) {
                size += block->size;
                wcl_block_unref(block);
            }
            assert_int_equal(status, WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
            assert_non_null(strstr(error.message, "bytes that are allowed"));
            assert_int_equal(size, limits[i]);
            wcl_input_free(input);
        }
    }
    free(zeros);
}

static void exactly_the_limit_is_allowed(void **state)
{
    (void)state;
    static const size_t limits[] = { 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 2 * MIB };
    uint8_t *data = make_contents(9, 2 * MIB);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        for (int compression = 0; compression < (int)built_compressions(); compression++) {
            WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
            WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
            wcl_input_options options = { .max_size = limits[i] };
            compress_all(data, limits[i], (wcl_compression)compression, 0, &file);
            memory_source source = { .data = file.data, .size = file.size };
            assert_int_equal(decompress_from(&source, &options, &contents, NULL), WCL_END);
            assert_int_equal(contents.size, limits[i]);
        }
    free(data);
}

static void an_input_can_be_freed_at_any_time(void **state)
{
    (void)state;
    uint8_t *data = make_contents(2, MIB);
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
        compress_all(data, MIB, (wcl_compression)compression, 0, &file);
        for (unsigned blocks = 0; blocks < 40; blocks++) {
            memory_source source = { .data = file.data, .size = file.size, .piece = 65536 };
            wcl_input *input;
            wcl_block *held[8] = { NULL };
            assert_int_equal(wcl_input_open(read_endless, &source, NULL, &input, NULL), WCL_OK);
            for (unsigned i = 0; i < blocks; i++) {
                wcl_block_unref(held[i % 8]);
                assert_int_equal(wcl_input_next(input, &held[i % 8], NULL), WCL_OK);
            }
            if (blocks % 3 == 0)
                usleep(2000); /* long enough for the thread to wait for a block */
            for (unsigned i = 0; i < 8; i++)
                wcl_block_unref(held[i]);
            wcl_input_free(input);
        }
    }
    wcl_input_free(NULL);
    free(data);
}

static wcl_status hash(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_sha256_update(context, data, size, error);
}

static void the_tap_sees_every_compressed_byte(void **state)
{
    (void)state;
    uint8_t *data = make_contents(7, 3 * MIB);
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
        uint8_t seen[WCL_SHA256_SIZE];
        uint8_t expected[WCL_SHA256_SIZE];
        wcl_sha256 *sha256;
        compress_all(data, 3 * MIB, (wcl_compression)compression, 0, &file);
        if (compression == WCL_COMPRESSION_GZIP)
            assert_int_equal(wcl_buffer_append_zeros(&file, 700, NULL), WCL_OK);
        assert_int_equal(wcl_sha256_new(&sha256, NULL), WCL_OK);
        wcl_input_options options = { .tap = hash, .tap_context = sha256 };
        memory_source source = { .data = file.data, .size = file.size, .piece = 10007 };
        assert_int_equal(decompress_from(&source, &options, &contents, NULL), WCL_END);
        assert_int_equal(wcl_sha256_finish(sha256, seen, NULL), WCL_OK);
        /* The blocks of plain input are what the tap would see. */
        if (compression != WCL_COMPRESSION_NONE)
            assert_int_equal(wcl_sha256_update(sha256, file.data, file.size, NULL), WCL_OK);
        assert_int_equal(wcl_sha256_finish(sha256, expected, NULL), WCL_OK);
        assert_memory_equal(seen, expected, sizeof(seen));
        wcl_sha256_free(sha256);
    }
    free(data);
}

static wcl_status refuse(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)data;
    size_t *left = context;
    if (size > *left)
        return wcl_fail(error, WCL_CODE_DISK_FULL, "no space is left");
    *left -= size;
    return WCL_OK;
}

static void a_failing_tap_fails_the_input(void **state)
{
    (void)state;
    size_t left = 5;
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer contents = WCL_BUFFER_INIT;
    wcl_input_options options = { .tap = refuse, .tap_context = &left };

    compress_all((const uint8_t *)"twelve bytes", 12, WCL_COMPRESSION_GZIP, 0, &file);
    memory_source source = { .data = file.data, .size = file.size, .piece = 6 };
    assert_int_equal(decompress_from(&source, &options, &contents, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
}

static void a_failing_write_fails_the_output_for_good(void **state)
{
    (void)state;
    uint8_t *data = make_contents(7, 20 * MIB);
    for (int compression = 0; compression < (int)built_compressions(); compression++) {
        size_t left = 2 * MIB;
        wcl_output *output;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(
            wcl_output_open(refuse, &left, (wcl_compression)compression, 0, &output, NULL), WCL_OK);
        wcl_status status = WCL_OK;
        for (size_t at = 0; at < 20 * MIB && status == WCL_OK; at += MIB / 4)
            status = wcl_output_write(output, data + at, MIB / 4, &error);
        assert_int_equal(status, WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_DISK_FULL);
        assert_int_equal(wcl_output_write(output, data, 1, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
        assert_int_equal(wcl_output_finish(output, NULL), WCL_FAILED);
        wcl_output_free(output);
    }
    free(data);
}

static void an_output_can_be_freed_at_any_time(void **state)
{
    (void)state;
    uint8_t *data = make_contents(7, 4 * MIB);
    for (int compression = 0; compression < (int)built_compressions(); compression++)
        for (size_t size = 0; size <= 4 * MIB; size += MIB / 2) {
            WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
            wcl_output *output;
            assert_int_equal(wcl_output_open(write_buffer, &file, (wcl_compression)compression, 0,
                                             &output, NULL),
                             WCL_OK);
            assert_int_equal(wcl_output_write(output, data, size, NULL), WCL_OK);
            wcl_output_free(output);
        }
    wcl_output_free(NULL);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_back_to_their_pool),
        cmocka_unit_test(an_input_tells_its_compression),
        cmocka_unit_test(nobody_asking_holds_the_reading_back),
        cmocka_unit_test(a_bomb_ends_at_the_limit),
        cmocka_unit_test(exactly_the_limit_is_allowed),
        cmocka_unit_test(an_input_can_be_freed_at_any_time),
        cmocka_unit_test(the_tap_sees_every_compressed_byte),
        cmocka_unit_test(a_failing_tap_fails_the_input),
        cmocka_unit_test(a_failing_write_fails_the_output_for_good),
        cmocka_unit_test(an_output_can_be_freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
