/* Inflating a gzip member with zlib. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "compress/input_decoder.h"

struct wcl_inflater {
    z_stream stream;
};

static wcl_status new_inflater(wcl_inflater **inflater, wcl_error *error)
{
    wcl_inflater *made = calloc(1, sizeof(*made));
    if (!made || inflateInit2(&made->stream, MAX_WBITS + 16) != Z_OK) {
        free(made);
        return wcl_fail_memory(error);
    }
    *inflater = made;
    return WCL_OK;
}

static void reset(wcl_inflater *inflater)
{
    inflateReset(&inflater->stream);
}

static wcl_status fail_inflate(const z_stream *stream, int result, wcl_error *error)
{
    const char *message = stream->msg ? stream->msg : "cannot inflate the data";

    if (result == Z_MEM_ERROR)
        return wcl_fail_memory(error);
    if (strcmp(message, "incorrect data check") == 0 ||
        strcmp(message, "incorrect length check") == 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM,
                        "the gzip data is damaged: its checksum does not match its contents");
    return wcl_fail(error, WCL_CODE_CORRUPT, "the gzip data is damaged: %s", message);
}

static wcl_status inflate_step(wcl_inflater *inflater, wcl_inflate_step *step, wcl_error *error)
{
    z_stream *stream = &inflater->stream;
    uInt in_size = step->in_size > UINT_MAX ? UINT_MAX : (uInt)step->in_size;
    uInt out_size = step->out_size > UINT_MAX ? UINT_MAX : (uInt)step->out_size;

    stream->next_in = (Bytef *)step->in;
    stream->avail_in = in_size;
    stream->next_out = step->out;
    stream->avail_out = out_size;
    int result = inflate(stream, Z_NO_FLUSH);
    step->in_size -= in_size - stream->avail_in;
    step->out_size -= out_size - stream->avail_out;
    step->done = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
        return WCL_OK;
    return fail_inflate(stream, result, error);
}

static void free_inflater(wcl_inflater *inflater)
{
    inflateEnd(&inflater->stream);
    free(inflater);
}

const wcl_inflater_ops wcl_inflater_zlib = {
    .new = new_inflater,
    .reset = reset,
    .inflate = inflate_step,
    .free = free_inflater,
};
