/* Zstandard output: one frame with a checksum, made by zstd's own threads. */
#include <stdlib.h>
#include <zstd.h>

#include "base/error.h"
#include "compress/output_encoder.h"
#include "base/thread.h"

/* With a job of this size per worker, memory stays bounded on large machines. A job that sees half
 * a window of the one before makes up for the small size. Who asks for a high level asks for the
 * least bytes, and gets the large jobs that make them. */
#define MOST_WORKERS 8
#define MOST_FRUGAL_LEVEL 9
#define JOB_SIZE (2 * 1024 * 1024)
#define OVERLAP_LOG 8
#define OUT_SIZE (256u * 1024)

struct wcl_encoder {
    wcl_sink sink;
    ZSTD_CCtx *context;
    uint8_t data[OUT_SIZE];
};

static wcl_status fail_zstd(size_t result, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_GEN_FAILURE, "zstd cannot compress: %s",
                    ZSTD_getErrorName(result));
}

static void free_encoder(wcl_encoder *encoder)
{
    ZSTD_freeCCtx(encoder->context);
    free(encoder);
}

static wcl_status output_zstd_new_encoder(wcl_sink sink, int level, wcl_encoder **encoder,
                                          wcl_error *error)
{
    wcl_encoder *made = malloc(sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->sink = sink;
    made->context = ZSTD_createCCtx();
    if (!made->context) {
        free(made);
        return wcl_fail_memory(error);
    }
    ZSTD_CCtx_setParameter(made->context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(made->context, ZSTD_c_checksumFlag, 1);
    /* Always a worker, even on one processor: with none the bytes would be others. A libzstd
     * without threads refuses both and compresses here. */
    unsigned workers = wcl_thread_count(MOST_WORKERS);
    bool threaded =
        !ZSTD_isError(ZSTD_CCtx_setParameter(made->context, ZSTD_c_nbWorkers, (int)workers));
    if (threaded && level <= MOST_FRUGAL_LEVEL) {
        ZSTD_CCtx_setParameter(made->context, ZSTD_c_jobSize, JOB_SIZE);
        ZSTD_CCtx_setParameter(made->context, ZSTD_c_overlapLog, OVERLAP_LOG);
    }
    *encoder = made;
    return WCL_OK;
}

/* Runs zstd once and passes on what it made; `*left` is what it says is still inside. */
static wcl_status compress_some(wcl_encoder *encoder, ZSTD_inBuffer *in,
                                ZSTD_EndDirective directive, size_t *left, wcl_error *error)
{
    ZSTD_outBuffer out = { encoder->data, OUT_SIZE, 0 };
    *left = ZSTD_compressStream2(encoder->context, &out, in, directive);
    if (ZSTD_isError(*left))
        return fail_zstd(*left, error);
    if (out.pos == 0)
        return WCL_OK;
    return encoder->sink.write(encoder->sink.context, encoder->data, out.pos, error);
}

static wcl_status write_zstd(wcl_encoder *encoder, const void *data, size_t size, wcl_error *error)
{
    ZSTD_inBuffer in = { data, size, 0 };
    size_t left;

    while (in.pos < in.size)
        if (compress_some(encoder, &in, ZSTD_e_continue, &left, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status output_zstd_finish(wcl_encoder *encoder, wcl_error *error)
{
    ZSTD_inBuffer in = { NULL, 0, 0 };
    size_t left;

    do {
        if (compress_some(encoder, &in, ZSTD_e_end, &left, error) != WCL_OK)
            return WCL_FAILED;
    } while (left > 0);
    return WCL_OK;
}

const wcl_encoder_ops wcl_encoder_zstd = {
    .name = "zstd",
    .least_level = 1,
    .most_level = 19,
    .usual_level = 3,
    .new = output_zstd_new_encoder,
    .write = write_zstd,
    .finish = output_zstd_finish,
    .free = free_encoder,
};
