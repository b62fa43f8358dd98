/* bzip2, which is read, through libarchive. Layers of images do not have it, but tars that people
 * made do. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "compress/formats.h"

typedef struct filter_decoder {
    wcl_decoder base;
    struct archive *archive;
    bool is_open;
    wcl_input_source *source; /* of the call under way */
    wcl_error why;            /* what the source failed with */
} filter_decoder;

/* The bytes stay where they are until the next call. */
static la_ssize_t give_source(struct archive *archive, void *context, const void **data)
{
    filter_decoder *decoder = context;
    wcl_input_source *source = decoder->source;

    if (wcl_input_source_fill(source, WCL_INPUT_SOURCE_SIZE / 2, &decoder->why) != WCL_OK) {
        archive_set_error(archive, EIO, "cannot read the input");
        return ARCHIVE_FATAL;
    }
    size_t ready = wcl_input_source_ready(source);
    *data = wcl_input_source_data(source);
    source->position += ready;
    return (la_ssize_t)ready;
}

static wcl_status fail_filter(const filter_decoder *decoder, const char *why, wcl_error *error)
{
    if (decoder->why.code)
        return wcl_error_pass(error, &decoder->why);
    if (archive_errno(decoder->archive) == ENOMEM)
        return wcl_fail_memory(error);
    return wcl_fail(error, WCL_CODE_CORRUPT, "cannot decompress the bzip2 data: %s",
                    why ? why : "it is damaged");
}

/* Takes what follows the compressed data, so that the tap sees it. */
static wcl_status drain(wcl_input_source *source, wcl_error *error)
{
    do {
        source->position = source->end;
        if (wcl_input_source_fill(source, 1, error) != WCL_OK)
            return WCL_FAILED;
    } while (wcl_input_source_ready(source) > 0);
    return WCL_END;
}

static wcl_status filter_decode(wcl_decoder *base, wcl_input_source *source, uint8_t *data,
                                size_t size, size_t *made, wcl_error *error)
{
    filter_decoder *decoder = (filter_decoder *)base;
    struct archive_entry *entry;

    *made = 0;
    decoder->source = source;
    if (!decoder->is_open) {
        if (archive_read_open(decoder->archive, decoder, NULL, give_source, NULL) != ARCHIVE_OK ||
            archive_read_next_header(decoder->archive, &entry) != ARCHIVE_OK)
            return fail_filter(decoder, "it is damaged in its first block, or holds nothing",
                               error);
        decoder->is_open = true;
    }
    while (*made < size) {
        la_ssize_t got = archive_read_data(decoder->archive, data + *made, size - *made);
        if (got < 0)
            return fail_filter(decoder, archive_error_string(decoder->archive), error);
        if (got == 0)
            return drain(source, error);
        *made += (size_t)got;
    }
    return WCL_OK;
}

static void free_filter(wcl_decoder *base)
{
    filter_decoder *decoder = (filter_decoder *)base;

    archive_read_free(decoder->archive);
    free(decoder);
}

static const wcl_decoder_ops filter_ops = { .decode = filter_decode, .free = free_filter };

/* The filter is said, not found out: what is inside is not looked at for another one. */
static wcl_status new_bzip2_decoder(wcl_decoder **decoder, wcl_error *error)
{
    filter_decoder *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &filter_ops;
    made->why = (wcl_error)WCL_ERROR_INIT;
    made->archive = archive_read_new();
    if (!made->archive || archive_read_support_format_raw(made->archive) != ARCHIVE_OK) {
        free_filter(&made->base);
        return wcl_fail_memory(error);
    }
    /* A warning says that it would run a program. */
    if (archive_read_append_filter(made->archive, ARCHIVE_FILTER_BZIP2) != ARCHIVE_OK) {
        free_filter(&made->base);
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the input is compressed with bzip2, which this libarchive cannot read");
    }
    *decoder = &made->base;
    return WCL_OK;
}

/* The block size stands between the name and the first block, or the end where there is none. */
static bool begins_as_bzip2(const uint8_t *data, size_t size)
{
    return size >= 10 && memcmp(data, "BZh", 3) == 0 &&
           (memcmp(data + 4, "1AY&SY", 6) == 0 ||
            memcmp(data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

const wcl_format wcl_format_bzip2 = {
    .info = { .compression = WCL_COMPRESSION_BZIP2,
              .name = "bzip2",
              .suffixes = { ".bz2", ".tbz2" } },
    .begins = begins_as_bzip2,
    .new_decoder = new_bzip2_decoder,
};
