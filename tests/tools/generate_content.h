/* What is in generated files: bytes that compress about as Windows' own do, made at memory speed.
 */
#ifndef GENERATE_CONTENT_H
#define GENERATE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum content_kind {
    CONTENT_BINARY, /* like machine code and its tables */
    CONTENT_TEXT,   /* like manifests and scripts */
    CONTENT_WIDE,   /* like resources: UTF-16 */
    CONTENT_RANDOM, /* like what is compressed or signed */
    CONTENT_KINDS,
} content_kind;

typedef struct content content;

/* NULL when out of memory. What is repetitive compresses twice to three times as well as Windows'
 * own files do, since most of it repeats what is just before it. */
content *content_new(uint64_t seed, bool repetitive);
void content_free(content *content);

#define CONTENT_PIECE 65536u
/* The bytes of file `id` from `offset` on, which is a multiple of CONTENT_PIECE: at most one piece,
 * valid until the next call. */
const uint8_t *content_piece(content *content, content_kind kind, uint64_t id, uint64_t offset);

#endif
