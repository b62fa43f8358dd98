/* One gzip member at a time, with libdeflate where it was found and zlib otherwise. The header has
 * no name and no time, so that the same contents give the same bytes. */
#include "compress/output_deflate.h"

#ifdef WCL_HAVE_LIBDEFLATE

#include <libdeflate.h>

wcl_deflater *wcl_deflater_new(int level)
{
    return (wcl_deflater *)libdeflate_alloc_compressor(level);
}

size_t wcl_deflate_bound(size_t size)
{
    return libdeflate_gzip_compress_bound(NULL, size);
}

size_t wcl_deflate_member(wcl_deflater *deflater, const void *data, size_t size, void *member,
                          size_t room)
{
    return libdeflate_gzip_compress((struct libdeflate_compressor *)deflater, data, size, member,
                                    room);
}

void wcl_deflater_free(wcl_deflater *deflater)
{
    libdeflate_free_compressor((struct libdeflate_compressor *)deflater);
}

#else

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct wcl_deflater {
    z_stream stream;
};

wcl_deflater *wcl_deflater_new(int level)
{
    wcl_deflater *deflater = calloc(1, sizeof(*deflater));
    if (!deflater || deflateInit2(&deflater->stream, level, Z_DEFLATED, MAX_WBITS + 16, 8,
                                  Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

size_t wcl_deflate_bound(size_t size)
{
    return compressBound((uLong)size) + 32;
}

size_t wcl_deflate_member(wcl_deflater *deflater, const void *data, size_t size, void *member,
                          size_t room)
{
    z_stream *stream = &deflater->stream;

    if (size > UINT_MAX || room > UINT_MAX || deflateReset(stream) != Z_OK)
        return 0;
    stream->next_in = (Bytef *)data;
    stream->avail_in = (uInt)size;
    stream->next_out = member;
    stream->avail_out = (uInt)room;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return 0;
    return room - stream->avail_out;
}

void wcl_deflater_free(wcl_deflater *deflater)
{
    if (!deflater)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

#endif
