/* The library's compression and decompression alone, as a filter from stdin to stdout, to be timed
 * against gzip, pigz, igzip and zstd: `wcl-bench-compress none|gzip|zstd [LEVEL]` compresses,
 * `wcl-bench-compress decompress` decompresses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "compress/compress.h"

static wcl_status read_stdin(void *context, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    (void)context;
    ssize_t count = read(STDIN_FILENO, buffer, size);
    if (count < 0)
        return wcl_fail_errno(error, errno, "standard input cannot be read");
    *got = (size_t)count;
    return WCL_OK;
}

static wcl_status write_stdout(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context;
    const char *bytes = data;
    while (size > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, size);
        if (count < 0)
            return wcl_fail_errno(error, errno, "standard output cannot be written");
        bytes += count;
        size -= (size_t)count;
    }
    return WCL_OK;
}

static wcl_status decompress(wcl_error *error)
{
    wcl_input *input;
    wcl_block *block;
    wcl_status status;

    if (wcl_input_open(read_stdin, NULL, NULL, &input, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_input_next(input, &block, error)) == WCL_OK) {
        status = write_stdout(NULL, block->data, block->size, error);
        wcl_block_unref(block);
        if (status != WCL_OK)
            break;
    }
    wcl_input_free(input);
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status compress(wcl_compression compression, int level, wcl_error *error)
{
    static uint8_t buffer[128 * 1024];
    wcl_output *output;
    size_t got = 0;

    wcl_status status = wcl_output_open(write_stdout, NULL, compression, level, &output, error);
    if (status != WCL_OK)
        return status;
    do {
        status = read_stdin(NULL, buffer, sizeof(buffer), &got, error);
        if (status == WCL_OK)
            status = wcl_output_write(output, buffer, got, error);
    } while (status == WCL_OK && got > 0);
    if (status == WCL_OK)
        status = wcl_output_finish(output, error);
    wcl_output_free(output);
    return status;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int level = argc > 2 ? atoi(argv[2]) : 0;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status;
    char text[1400];

    if (strcmp(what, "decompress") == 0) {
        status = decompress(&error);
    } else if (strcmp(what, "none") == 0) {
        status = compress(WCL_COMPRESSION_NONE, level, &error);
    } else if (strcmp(what, "gzip") == 0) {
        status = compress(WCL_COMPRESSION_GZIP, level, &error);
    } else if (strcmp(what, "zstd") == 0) {
        status = compress(WCL_COMPRESSION_ZSTD, level, &error);
    } else {
        fprintf(stderr, "usage: wcl-bench-compress none|gzip|zstd [LEVEL] | decompress\n");
        return 2;
    }
    if (status == WCL_OK)
        return 0;
    fprintf(stderr, "wcl-bench-compress: %s\n", wcl_error_format(&error, text, sizeof(text)));
    return 1;
}
