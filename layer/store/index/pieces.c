/* Backup streams in pieces. */
#include "layer/store/index/pieces.h"

#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"

void wcl_pieces_clear(wcl_pieces *pieces)
{
    wcl_buffer_clear(&pieces->memory);
    pieces->count = pieces->at = 0;
    pieces->position = 0;
}

void wcl_pieces_free(wcl_pieces *pieces)
{
    wcl_buffer_free(&pieces->memory);
    free(pieces->list);
    *pieces = (wcl_pieces)WCL_PIECES_INIT;
}

static wcl_status pieces_add(wcl_pieces *pieces, wcl_piece piece, wcl_error *error)
{
    if (piece.size == 0)
        return WCL_OK;
    if (WCL_LIST_RESERVE(pieces->list, pieces->count, pieces->capacity, error) != WCL_OK)
        return WCL_FAILED;
    pieces->list[pieces->count++] = piece;
    return WCL_OK;
}

wcl_status wcl_pieces_add_memory(wcl_pieces *pieces, const void *bytes, size_t size,
                                 wcl_error *error)
{
    wcl_piece piece = { -1, pieces->memory.size, size };

    if (wcl_buffer_append(&pieces->memory, bytes, size, error) != WCL_OK)
        return WCL_FAILED;
    return pieces_add(pieces, piece, error);
}

wcl_status wcl_pieces_add_file(wcl_pieces *pieces, int fd, uint64_t offset, uint64_t size,
                               wcl_error *error)
{
    return pieces_add(pieces, (wcl_piece) { fd, offset, size }, error);
}

static wcl_status add_encoded(wcl_pieces *pieces, const wcl_backup_header *header, wcl_error *error)
{
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    if (wcl_backup_header_encode(header, bytes, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_pieces_add_memory(pieces, bytes, size, error);
}

wcl_status wcl_pieces_add_header(wcl_pieces *pieces, uint32_t id, uint32_t attributes,
                                 const char *name, uint64_t size, wcl_error *error)
{
    const wcl_backup_header header = {
        .id = id, .attributes = attributes, .name = name, .size = size
    };

    return add_encoded(pieces, &header, error);
}

wcl_status wcl_pieces_add_block(wcl_pieces *pieces, uint64_t offset, uint64_t size,
                                wcl_error *error)
{
    const wcl_backup_header header = { .id = WCL_BACKUP_SPARSE_BLOCK,
                                       .attributes = WCL_STREAM_SPARSE,
                                       .offset = offset,
                                       .size = size };

    return add_encoded(pieces, &header, error);
}

wcl_status wcl_pieces_add_metadata(wcl_pieces *pieces, uint32_t id, const void *bytes, size_t size,
                                   wcl_error *error)
{
    if (size == 0)
        return WCL_OK;
    if (wcl_pieces_add_header(pieces, id, 0, NULL, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_pieces_add_memory(pieces, bytes, size, error);
}

static wcl_status pieces_read_file(const wcl_piece *piece, uint64_t position, void *buffer,
                                   size_t size, wcl_error *error)
{
    size_t got;

    if (wcl_pread_full(piece->fd, buffer, size, piece->offset + position, &got, error) != WCL_OK)
        return WCL_FAILED;
    memset((uint8_t *)buffer + got, 0, size - got);
    return WCL_OK;
}

wcl_status wcl_pieces_read(wcl_pieces *pieces, void *buffer, size_t size, size_t *got,
                           wcl_error *error)
{
    *got = 0;
    if (pieces->at == pieces->count)
        return WCL_OK;
    const wcl_piece *piece = &pieces->list[pieces->at];
    uint64_t left = piece->size - pieces->position;
    size_t part = left < size ? (size_t)left : size;
    if (piece->fd < 0)
        memcpy(buffer, pieces->memory.data + piece->offset + pieces->position, part);
    else if (pieces_read_file(piece, pieces->position, buffer, part, error) != WCL_OK)
        return WCL_FAILED;
    *got = part;
    pieces->position += part;
    if (pieces->position == piece->size) {
        pieces->at++;
        pieces->position = 0;
    }
    return WCL_OK;
}
