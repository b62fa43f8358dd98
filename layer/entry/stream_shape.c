/* The size of a file and the order of its streams, from their headers. */
#include "layer/entry/stream_shape.h"

#include <string.h>

enum {
    RANK_SECURITY = 1,
    RANK_EA,
    RANK_REPARSE,
    RANK_DATA,
    RANK_ALTERNATE,
    RANK_NONE,
};

bool wcl_stream_is_plain_name(const char *stream)
{
    size_t size = strlen(stream);
    size_t suffix = strlen(WCL_STREAM_SUFFIX);

    return stream[0] == ':' && size > 1 + suffix && !strpbrk(stream, "/\\") &&
           strcmp(stream + size - suffix, WCL_STREAM_SUFFIX) == 0;
}

/* Where the stream belongs in BackupRead's order; RANK_NONE when nowhere. */
static int rank_of(const wcl_backup_header *header)
{
    bool named = header->name && header->name[0];

    switch (header->id) {
    case WCL_BACKUP_SECURITY_DATA:
        return named || header->size > WCL_SD_MAX ? RANK_NONE : RANK_SECURITY;
    case WCL_BACKUP_EA_DATA:
        return named || header->size > WCL_EA_MAX ? RANK_NONE : RANK_EA;
    case WCL_BACKUP_REPARSE_DATA:
        return named || header->size > WCL_REPARSE_MAX ? RANK_NONE : RANK_REPARSE;
    case WCL_BACKUP_DATA:
        return named ? RANK_NONE : RANK_DATA;
    case WCL_BACKUP_ALTERNATE_DATA:
        return named && !header->attributes && wcl_stream_is_plain_name(header->name)
                   ? RANK_ALTERNATE
                   : RANK_NONE;
    default:
        return RANK_NONE;
    }
}

void wcl_stream_shape_add(wcl_stream_shape *shape, const wcl_backup_header *header)
{
    int rank = rank_of(header);
    uint64_t end;

    if (rank == RANK_NONE || rank < shape->rank || (rank == shape->rank && rank != RANK_ALTERNATE))
        shape->out_of_order = true;
    shape->rank = rank;
    if (header->id == WCL_BACKUP_SPARSE_BLOCK) {
        if (__builtin_add_overflow(header->offset, header->size, &end))
            end = UINT64_MAX;
    } else {
        shape->in_data = header->id == WCL_BACKUP_DATA && !(header->name && header->name[0]);
        end = header->size;
    }
    if (shape->in_data && end > shape->size)
        shape->size = end;
}
