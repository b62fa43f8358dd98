/* What the tests of compression share. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compress/formats.h"

#include "base/error.h"

wcl_status read_memory(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    memory_source *source = context;
    size_t left = source->size - source->position;

    if (left == 0 && source->fails_at_end)
        return wcl_fail(error, WCL_CODE_IO, "the disk is gone");
    if (source->piece && size > source->piece)
        size = source->piece;
    *got = left < size ? left : size;
    if (*got)
        memcpy(buffer, source->data + source->position, *got);
    source->position += *got;
    return WCL_OK;
}

wcl_status write_buffer(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

uint8_t *make_contents(uint64_t seed, size_t size)
{
    static const char *const words[] = { "System32", "\\drivers\\", "kernel",        "0x",
                                         "\r\n",     "policy",      "\0\0\0\0\0\0\0" };
    uint8_t *data = malloc(size + 16);
    uint64_t state = seed * 2 + 0x9e3779b97f4a7c15u;
    size_t at = 0;

    assert_non_null(data);
    while (at < size) {
        uint64_t random = next_random(&state);
        if (random % 3 == 0) {
            memcpy(data + at, &random, 8);
            at += 8;
        } else {
            const char *word = words[random % 7];
            size_t length = random % 7 == 6 ? 7 : strlen(word);
            memcpy(data + at, word, length);
            at += length;
        }
    }
    return data;
}

size_t built_compressions(void)
{
    static size_t count;
    wcl_output *output;
    wcl_error error = WCL_ERROR_INIT;

    if (count)
        return count;
    count = 3;
    if (wcl_output_open(write_buffer, NULL, WCL_COMPRESSION_ZSTD, 0, &output, &error) == WCL_OK) {
        wcl_output_free(output);
    } else {
        assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
        print_message("skipped: this build is without zstd\n");
        count = 2;
    }
    return count;
}

void need_zstd(void)
{
    if (built_compressions() < 3)
        skip();
}

void compress_all(const void *data, size_t size, wcl_compression compression, int level,
                  wcl_buffer *compressed)
{
    wcl_output *output;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_output_open(write_buffer, compressed, compression, level, &output, &error),
                     WCL_OK);
    assert_int_equal(wcl_output_write(output, data, size, &error), WCL_OK);
    assert_int_equal(wcl_output_finish(output, &error), WCL_OK);
    wcl_output_free(output);
}

wcl_status decompress_from(memory_source *source, const wcl_input_options *options,
                           wcl_buffer *contents, wcl_error *error)
{
    wcl_input *input;
    wcl_block *block;
    wcl_status status = wcl_input_open(read_memory, source, options, &input, error);
    if (status != WCL_OK)
        return status;
    while ((status = wcl_input_next(input, &block, error)) == WCL_OK) {
        assert_int_not_equal(block->size, 0);
        assert_int_equal(block->offset, contents->size);
        assert_int_equal(wcl_buffer_append(contents, block->data, block->size, NULL), WCL_OK);
        wcl_block_unref(block);
    }
    /* It stays at its end, or failed. */
    assert_int_equal(wcl_input_next(input, &block, NULL), status);
    if (status == WCL_END)
        assert_int_equal(wcl_input_consumed(input), source->size);
    wcl_input_free(input);
    return status;
}

wcl_status decompress_all(const void *data, size_t size, wcl_buffer *contents, wcl_error *error)
{
    memory_source source = { .data = data, .size = size };
    return decompress_from(&source, NULL, contents, error);
}

void run_peer(const char *command, const void *data, size_t size, wcl_buffer *output)
{
    char name[] = "/tmp/wcl-compress-XXXXXX";
    char line[256];
    uint8_t piece[65536];
    size_t got;

    int fd = mkstemp(name);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "wb");
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    snprintf(line, sizeof(line), "%s < %s", command, name);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    while ((got = fread(piece, 1, sizeof(piece), pipe)) > 0)
        assert_int_equal(wcl_buffer_append(output, piece, got, NULL), WCL_OK);
    assert_int_equal(pclose(pipe), 0);
    unlink(name);
}

bool has_peer(const char *program)
{
    char line[128];
    if (strcmp(program, "xz") == 0 && !wcl_format_find(WCL_COMPRESSION_XZ)->new_decoder) {
        print_message("skipped: this build is without xz\n");
        return false;
    }
    snprintf(line, sizeof(line), "command -v %s >/dev/null", program);
    bool found = system(line) == 0;
    if (!found)
        print_message("skipped: %s is not installed\n", program);
    return found;
}
