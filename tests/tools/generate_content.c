/* What is in generated files. */
#include "generate_content.h"

#include <stdlib.h>
#include <string.h>

#include "generate_names.h"
#include "generate_random.h"

/* Each kind's bytes are made once, further than any usual window; a file is made of slices of them,
 * each with a few bytes of the file's own. */
#define POOL_SIZE (6u * 1024 * 1024)
#define SLICE 4096u

struct content {
    bool repetitive;
    uint8_t *pools[CONTENT_KINDS];
    uint8_t piece[CONTENT_PIECE];
};

static void fill_random(uint8_t *pool, uint64_t seed)
{
    for (size_t at = 0; at < POOL_SIZE; at += 8) {
        uint64_t random = mix(seed, at);
        memcpy(pool + at, &random, 8);
    }
}

/* Instructions: few opcodes, fewer registers, small displacements; now and then a table. */
static void fill_binary(uint8_t *pool, uint64_t seed)
{
    static const uint8_t opcodes[16] = { 0x48, 0x8b, 0x89, 0x48, 0xe8, 0x0f, 0x83, 0x8d,
                                         0x48, 0x74, 0xc3, 0xcc, 0x44, 0x85, 0x33, 0xff };
    size_t at = 0;
    while (at < POOL_SIZE - 64) {
        uint64_t random = mix(seed, at);
        unsigned what = random & 15;
        if (what < 3 && at > 8192) { /* a sequence seen before */
            size_t length = 6 + (random >> 4) % 22;
            memcpy(pool + at, pool + at - 64 - (random >> 16) % 8000, length);
            at += length;
        } else if (what < 9) {
            pool[at++] = opcodes[random >> 4 & 15];
            pool[at++] = opcodes[random >> 8 & 15];
            pool[at++] = (uint8_t)(random >> 12 & 0x3f);
            pool[at++] = (uint8_t)(random >> 20 & 0x7f) & (uint8_t)(random >> 28);
        } else if (what < 13) {
            memcpy(pool + at, &random, 3);
            memset(pool + at + 3, what & 1 ? 0xff : 0, 1);
            at += 4;
        } else if (what < 15) {
            uint32_t entry = (uint32_t)(at * 3 & 0xfffff0) | (uint32_t)(random >> 40 & 0xf);
            memcpy(pool + at, &entry, 4);
            memset(pool + at + 4, 0, 4);
            at += 8;
        } else {
            at += 4 + (random >> 8) % 28;
        }
    }
}

static void fill_text(uint8_t *pool, uint64_t seed)
{
    static const char *const marks[] = { "\" name=\"",
                                         "\" version=\"10.0.",
                                         ".",
                                         "-",
                                         "</assembly>\r\n",
                                         "<file hash=\"",
                                         "\\",
                                         "=",
                                         "\r\n    <",
                                         "\" importPath=\"$(build.",
                                         ", ",
                                         " " };
    size_t at = 0;
    while (at < POOL_SIZE - 64) {
        uint64_t random = mix(seed, at);
        const char *word = name_word(random >> 8);
        const char *mark = marks[(random >> 32) % 12];
        memcpy(pool + at, word, strlen(word));
        at += strlen(word);
        memcpy(pool + at, mark, strlen(mark));
        at += strlen(mark);
        for (unsigned digits = random >> 60; digits > 8; digits--)
            pool[at++] = (uint8_t) "0123456789abcdef"[mix(random, digits) & 15];
    }
}

static void fill_wide(uint8_t *pool, uint64_t seed)
{
    size_t at = 0;
    while (at < POOL_SIZE - 96) {
        uint64_t random = mix(seed, at);
        for (const char *c = name_word(random); *c; c++, at += 2)
            pool[at] = (uint8_t)*c;
        pool[at] = random >> 20 & 7 ? ' ' : 0;
        at += 2;
        if ((random >> 24 & 1) == 0) {
            memcpy(pool + at, &random, 6);
            at += 6;
        }
    }
}

content *content_new(uint64_t seed, bool repetitive)
{
    static void (*const fill[])(uint8_t *, uint64_t) = { fill_binary, fill_text, fill_wide,
                                                         fill_random };
    content *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->repetitive = repetitive;
    for (int kind = 0; kind < CONTENT_KINDS; kind++) {
        made->pools[kind] = calloc(1, POOL_SIZE);
        if (!made->pools[kind]) {
            content_free(made);
            return NULL;
        }
        fill[kind](made->pools[kind], mix(seed, (uint64_t)kind));
    }
    return made;
}

void content_free(content *content)
{
    if (!content)
        return;
    for (int kind = 0; kind < CONTENT_KINDS; kind++)
        free(content->pools[kind]);
    free(content);
}

const uint8_t *content_piece(content *content, content_kind kind, uint64_t id, uint64_t offset)
{
    const uint8_t *pool = content->pools[kind];

    for (unsigned at = 0; at < CONTENT_PIECE; at += SLICE) {
        uint64_t random = mix(id, (offset + at) / SLICE);
        if (content->repetitive && at && random >> 61) {
            memcpy(content->piece + at, content->piece + at - SLICE, SLICE);
            continue;
        }
        memcpy(content->piece + at, pool + random % (POOL_SIZE - SLICE), SLICE);
        memcpy(content->piece + at + (random >> 40) % (SLICE - 8), &random, 8);
    }
    return content->piece;
}
