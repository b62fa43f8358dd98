/*
 * The bytes of a blob, from the registry or, of a foreign layer, from where it says. A connection
 * that breaks is made anew and the rest asked for by Range; a server that sends all from the start
 * again is let, and what was had already is passed over; so is one that answers a Range wrongly.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "image/registry/repository.h"

/* After so many bytes of progress a failure is the first one again. */
#define PROGRESS (64 * 1024)
#define SKIP_SIZE (64 * 1024)

typedef struct blob_stream {
    wcl_blob_stream base;
    wcl_repository *repository;
    wcl_descriptor descriptor; /* its texts are the caller's */
    char *digest;
    char **urls; /* the registry's own first, then those of a foreign layer */
    size_t url_count;
    size_t url;    /* the one that is read */
    bool no_range; /* that one answers a Range wrongly */
    int status;    /* of its last answer; 0: none came */
    uint64_t offset;
    uint64_t settled; /* the offset at which failures were last forgotten */
    wcl_http_exchange *exchange;
    wcl_retry retry;
} blob_stream;

/* ---- Answers --------------------------------------------------------------------------------- */

static wcl_status fail_length(const blob_stream *stream, uint64_t got, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_DATA,
                    "the blob %s has %" PRIu64
                    " bytes by its manifest, but '%.200s' gives %" PRIu64,
                    stream->digest, stream->descriptor.size, stream->urls[stream->url], got);
}

/* Reads off what a server sends again that ignores Range. */
static wcl_status skip(blob_stream *stream, wcl_error *error)
{
    WCL_CLEANUP_FREE char *waste = malloc(SKIP_SIZE);
    uint64_t left = stream->offset;
    size_t got;

    if (!waste)
        return wcl_fail_memory(error);
    while (left) {
        size_t size = left < SKIP_SIZE ? (size_t)left : SKIP_SIZE;
        if (wcl_http_read(stream->exchange, waste, size, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (!got)
            return wcl_fail(error, WCL_CODE_CONNECTION_LOST, "the blob %s ended early",
                            stream->digest);
        left -= got;
    }
    return WCL_OK;
}

/* "bytes FIRST-LAST/TOTAL"; the total may be "*". */
static wcl_status check_range(const blob_stream *stream, const char *range, wcl_error *error)
{
    uint64_t first, last, total;
    int fields =
        range ? sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &total) : 0;

    if (fields < 2 || first != stream->offset)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "byte %" PRIu64 " and on of the blob %s were asked for, and '%.200s' "
                        "answers with the range '%.60s'",
                        stream->offset, stream->digest, stream->urls[stream->url],
                        range ? range : "");
    return fields == 3 && total != stream->descriptor.size ? fail_length(stream, total, error)
                                                           : WCL_OK;
}

static wcl_status check_answer(blob_stream *stream, wcl_error *error)
{
    const int status = wcl_http_status(stream->exchange);
    uint64_t length;

    if (status == 206) {
        if (check_range(stream, wcl_http_header(stream->exchange, "Content-Range", 0), error) !=
            WCL_OK)
            return WCL_FAILED;
        return wcl_http_length(stream->exchange, &length) &&
                       length != stream->descriptor.size - stream->offset
                   ? fail_length(stream, length + stream->offset, error)
                   : WCL_OK;
    }
    if (status == 416)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "'%.200s' does not have all %" PRIu64 " bytes of the blob %s",
                        stream->urls[stream->url], stream->descriptor.size, stream->digest);
    if (status != 200) {
        char what[100];
        snprintf(what, sizeof(what), "the blob %s", stream->digest);
        return wcl_registry_fail(stream->exchange, what, error);
    }
    if (wcl_http_length(stream->exchange, &length) && length != stream->descriptor.size)
        return fail_length(stream, length, error);
    return skip(stream, error);
}

/* ---- Where from ------------------------------------------------------------------------------ */

/* Other hosts are asked only where that is allowed: it tells them who pulls what. */
static wcl_status check_host(const blob_stream *stream, wcl_error *error)
{
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;
    const char *url = stream->urls[stream->url];

    if (stream->url == 0 || stream->repository->foreign_hosts)
        return WCL_OK;
    if (wcl_address_parse(url, NULL, &address, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(address.origin, stream->repository->origin.origin) == 0)
        return WCL_OK;
    return wcl_fail(
        error, WCL_CODE_ACCESS_DENIED,
        "the registry '%s' does not have the foreign layer %s; fetching it from '%.200s' "
        "has to be allowed",
        stream->repository->registry, stream->digest, url);
}

static wcl_status send_request(blob_stream *stream, wcl_error *error)
{
    char range[64];
    const char *const headers[] = { range, NULL };
    wcl_repository *repository = stream->repository;
    wcl_http_request request = { .method = "GET", .url = stream->urls[stream->url] };

    if (check_host(stream, error) != WCL_OK)
        return WCL_FAILED;
    if (stream->offset && !stream->no_range) {
        snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-", stream->offset);
        request.headers = headers;
    }
    return wcl_registry_send(repository->http, stream->url == 0 ? repository->auth : NULL,
                             &stream->retry, &request, &stream->exchange, error);
}

static void hang_up(blob_stream *stream)
{
    wcl_http_exchange_free(stream->exchange);
    stream->exchange = NULL;
}

/* Whether a Range was asked for, and the answer is none: a refusal that all of the blob need not
 * meet with ("not in the blob" is one), or another part. */
static bool is_wrong_range(const blob_stream *stream)
{
    const int status = wcl_http_status(stream->exchange);
    const char *range = wcl_http_header(stream->exchange, "Content-Range", 0);
    uint64_t first;

    if (!stream->offset || stream->no_range)
        return false;
    return (status >= 400 && status != 404 && !wcl_retry_status_is_worth(status)) ||
           (status == 206 && (!range || sscanf(range, "bytes %" SCNu64 "-", &first) != 1 ||
                              first != stream->offset));
}

/* Asks for the rest, and of a server that cannot give it for all. */
static wcl_status ask_for_rest(blob_stream *stream, wcl_error *error)
{
    if (send_request(stream, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_wrong_range(stream))
        return WCL_OK;
    hang_up(stream);
    stream->no_range = true;
    return send_request(stream, error);
}

static wcl_status connect_to_one(blob_stream *stream, wcl_error *error)
{
    if (ask_for_rest(stream, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = check_answer(stream, error);
    /* Its status tells whether the registry has the blob. */
    stream->status = wcl_http_status(stream->exchange);
    if (status != WCL_OK)
        hang_up(stream);
    return status;
}

/* Whether the next address may have what this one failed to give. Where other hosts are not
 * allowed, a fault of the registry is what is to be told, unless it has not got the blob. */
static bool has_next(const blob_stream *stream)
{
    return stream->url + 1 < stream->url_count &&
           (stream->url > 0 || stream->repository->foreign_hosts || stream->status == 404);
}

/* Opens the blob where the stream stands, at the first address that gives it; each has all
 * attempts.
 */
static wcl_status connect_once(blob_stream *stream, wcl_error *error)
{
    for (;;) {
        wcl_error why = WCL_ERROR_INIT;
        stream->status = 0;
        if (connect_to_one(stream, &why) == WCL_OK)
            return WCL_OK;
        if (wcl_http_check_cancelled(stream->repository->http, error) != WCL_OK)
            return WCL_FAILED;
        if (!has_next(stream))
            return wcl_error_pass(error, &why);
        stream->url++;
        stream->no_range = false;
        stream->retry.failed = 0;
    }
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Forgets failures once there was progress since. */
static void blob_stream_settle(blob_stream *stream)
{
    if (stream->offset - stream->settled < PROGRESS)
        return;
    stream->settled = stream->offset;
    stream->retry.failed = 0;
}

/* A blob that goes on behind its size is refused here, where it can be said by whom. */
static wcl_status check_end(blob_stream *stream, wcl_error *error)
{
    uint8_t more;
    size_t got = 0;
    uint64_t length;

    if (wcl_http_length(stream->exchange, &length))
        return WCL_OK;
    wcl_status status = wcl_http_read(stream->exchange, &more, 1, &got, NULL);
    hang_up(stream);
    if (status == WCL_OK && got)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the blob %s has %" PRIu64
                        " bytes by its manifest, but '%.200s' gives more",
                        stream->digest, stream->descriptor.size, stream->urls[stream->url]);
    return WCL_OK;
}

static wcl_status read_once(blob_stream *stream, void *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    uint64_t left = stream->descriptor.size - stream->offset;

    if (!stream->exchange && connect_once(stream, error) != WCL_OK)
        return WCL_FAILED;
    if (size > left)
        size = (size_t)left;
    wcl_status status = wcl_http_read(stream->exchange, buffer, size, got, error);
    if (status == WCL_OK && !*got)
        return wcl_fail(error, WCL_CODE_CONNECTION_LOST,
                        "the blob %s has %" PRIu64 " bytes by its manifest, but '%.200s' ended it "
                        "after %" PRIu64,
                        stream->digest, stream->descriptor.size, stream->urls[stream->url],
                        stream->offset);
    return status;
}

static wcl_status stream_read(wcl_blob_stream *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    blob_stream *stream = (blob_stream *)base;

    *got = 0;
    while (stream->offset < stream->descriptor.size) {
        wcl_error why = WCL_ERROR_INIT;
        if (read_once(stream, buffer, size, got, &why) == WCL_OK) {
            stream->offset += *got;
            blob_stream_settle(stream);
            return stream->offset == stream->descriptor.size ? check_end(stream, error) : WCL_OK;
        }
        hang_up(stream);
        if (!wcl_retry_is_worth(why.code) ||
            !wcl_retry_again(&stream->retry, stream->repository->http, 0))
            return wcl_error_pass(error, &why);
    }
    return WCL_OK;
}

static void stream_free(wcl_blob_stream *base)
{
    blob_stream *stream = (blob_stream *)base;

    hang_up(stream);
    for (size_t i = 0; i < stream->url_count; i++)
        free(stream->urls[i]);
    free(stream->urls);
    free(stream->digest);
    free(stream);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static wcl_status add_url(blob_stream *stream, const char *url, wcl_error *error)
{
    stream->urls[stream->url_count] = strdup(url);
    return stream->urls[stream->url_count++] ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status set_urls(blob_stream *stream, const wcl_descriptor *descriptor, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer own = WCL_BUFFER_INIT;

    stream->urls = calloc(descriptor->url_count + 1, sizeof(*stream->urls));
    stream->digest = strdup(descriptor->digest);
    if (!stream->urls || !stream->digest)
        return wcl_fail_memory(error);
    if (wcl_repository_url(stream->repository, "blobs", descriptor->digest, &own, error) !=
            WCL_OK ||
        add_url(stream, wcl_buffer_text(&own), error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < descriptor->url_count; i++)
        if (add_url(stream, descriptor->urls[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_repository_open_blob(wcl_repository *repository, const wcl_descriptor *descriptor,
                                    uint64_t offset, wcl_blob_stream **stream, wcl_error *error)
{
    static const wcl_blob_stream_ops ops = { .read = stream_read, .free = stream_free };
    blob_stream *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->repository = repository;
    made->descriptor.size = descriptor->size;
    made->offset = made->settled = offset;
    made->retry = (wcl_retry) { &repository->policy, 0 };
    if (set_urls(made, descriptor, error) != WCL_OK) {
        stream_free(&made->base);
        return WCL_FAILED;
    }
    *stream = &made->base;
    return WCL_OK;
}
