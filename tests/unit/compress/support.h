/* What the tests of compression share: contents, memory to read from and to write to, and peers. */
#ifndef WCL_TESTS_COMPRESS_SUPPORT_H
#define WCL_TESTS_COMPRESS_SUPPORT_H

#include "base/buffer.h"
#include "compress/compress.h"

/* A read function's context: memory given in pieces of at most `piece` bytes (0: as asked). */
typedef struct memory_source {
    const uint8_t *data;
    size_t size;
    size_t position;
    size_t piece;
    bool fails_at_end; /* with WCL_CODE_IO instead of ending */
} memory_source;

wcl_status read_memory(void *context, void *buffer, size_t size, size_t *got, wcl_error *error);

/* A write function whose context is a wcl_buffer. */
wcl_status write_buffer(void *context, const void *data, size_t size, wcl_error *error);

/* Contents that compress about as a layer does, the same for the same seed. */
uint8_t *make_contents(uint64_t seed, size_t size);

/* How many values of wcl_compression this build has: 3, or 2 where zstd, the last, is left out,
 * which is printed. */
size_t built_compressions(void);

/* Skips the test that calls it where zstd is left out. */
void need_zstd(void);

/* Compresses; must succeed. */
void compress_all(const void *data, size_t size, wcl_compression compression, int level,
                  wcl_buffer *compressed);

/* Decompresses all that `source` gives, appending what came before a failure too. */
wcl_status decompress_from(memory_source *source, const wcl_input_options *options,
                           wcl_buffer *contents, wcl_error *error);
wcl_status decompress_all(const void *data, size_t size, wcl_buffer *contents, wcl_error *error);

/* Runs a shell command as a filter over `data`; must succeed. */
void run_peer(const char *command, const void *data, size_t size, wcl_buffer *output);

/* Whether the program is installed. */
bool has_peer(const char *program);

#endif
