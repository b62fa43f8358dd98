/* A backup stream put together of pieces: headers and metadata from memory, data from files. */
#ifndef WCL_STORE_PIECES_H
#define WCL_STORE_PIECES_H

#include "base/buffer.h"

/* A run of bytes of a file that stays the caller's, and open, or of the pieces' own memory. What is
 * past a file's end reads as zeros. */
typedef struct wcl_piece {
    int fd; /* -1: memory */
    uint64_t offset;
    uint64_t size;
} wcl_piece;

typedef struct wcl_pieces {
    wcl_buffer memory;
    wcl_piece *list;
    size_t count;
    size_t capacity;
    size_t at; /* the piece being read, and how much of it was */
    uint64_t position;
} wcl_pieces;

#define WCL_PIECES_INIT                                                                            \
    {                                                                                              \
        .list = NULL                                                                               \
    }

void wcl_pieces_clear(wcl_pieces *pieces);
void wcl_pieces_free(wcl_pieces *pieces);

/* Adds the header of a stream (wcl/backupstream.h). */
wcl_status wcl_pieces_add_header(wcl_pieces *pieces, uint32_t id, uint32_t attributes,
                                 const char *name, uint64_t size, wcl_error *error);
/* Adds the header of a sparse block that belongs at `offset`. */
wcl_status wcl_pieces_add_block(wcl_pieces *pieces, uint64_t offset, uint64_t size,
                                wcl_error *error);
wcl_status wcl_pieces_add_memory(wcl_pieces *pieces, const void *bytes, size_t size,
                                 wcl_error *error);
wcl_status wcl_pieces_add_file(wcl_pieces *pieces, int fd, uint64_t offset, uint64_t size,
                               wcl_error *error);

/* Header and data of a stream of metadata; none where it has no bytes. */
wcl_status wcl_pieces_add_metadata(wcl_pieces *pieces, uint32_t id, const void *bytes, size_t size,
                                   wcl_error *error);

/* The next bytes; `*got` is 0 at the end. */
wcl_status wcl_pieces_read(wcl_pieces *pieces, void *buffer, size_t size, size_t *got,
                           wcl_error *error);

#endif
