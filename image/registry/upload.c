/*
 * Sending a blob: the registry takes it from another of its repositories where it can, else it is
 * sent, a small one in one request and a large one in pieces. After a broken connection the
 * registry is asked how far it got, and the rest is sent.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "image/registry/repository.h"

/* What one request sends; a registry may ask for more at a time. */
#define PIECE_SIZE ((uint64_t)8 * 1024 * 1024)
#define PIECE_SIZE_MAX ((uint64_t)64 * 1024 * 1024)
/* What is sent at least, though the registry refuses more at a time. */
#define PIECE_SIZE_MIN ((uint64_t)1024 * 1024)
/* Repositories that are tried to take a blob from. */
#define MOUNTS_MAX 4

typedef struct upload {
    wcl_repository *repository;
    wcl_auth *auth; /* the repository's, or one that may read another repository as well */
    const wcl_push_blob *blob;
    const char *digest;
    uint64_t size;
    char *location;     /* where the next request goes; NULL: not begun */
    uint64_t offset;    /* bytes that the registry has */
    uint64_t announced; /* bytes that the engine was told of */
    uint64_t piece_size;
    uint64_t piece_wanted; /* the piece size where the registry does not ask for more */
    uint64_t piece_least;  /* what the registry asks for at least */
    uint8_t *piece;
    size_t piece_room; /* what `piece` holds; every beginning may make pieces larger */
    bool is_complete;
    bool is_unclear; /* how much the registry has: it begins anew */
    int status;      /* of the last answer; 0: none came */
    int refused;     /* the status with which the last piece was refused */
    wcl_retry retry;
    uint64_t retry_after; /* what the last answer asked for */
} upload;

/* ---- Requests -------------------------------------------------------------------------------- */

/* Sends with the login, unless the registry sent the upload to somebody else. */
static wcl_status send_once(const upload *upload, const wcl_http_request *request,
                            wcl_http_exchange **exchange, wcl_error *error)
{
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;

    if (wcl_address_parse(request->url, NULL, &address, error) != WCL_OK)
        return WCL_FAILED;
    const bool is_own = strcmp(address.origin, upload->repository->origin.origin) == 0;
    return wcl_registry_send_once(upload->repository->http, is_own ? upload->auth : NULL, request,
                                  exchange, error);
}

static bool may_be_smaller(const upload *upload)
{
    const uint64_t half = upload->piece_size / 2;

    return half >= PIECE_SIZE_MIN && half >= upload->piece_least;
}

/* What may be done about a refusal: after 416 the registry is elsewhere in the blob, after either
 * a piece may have been too large for it. */
static bool is_worth_recovery(const upload *upload, const wcl_http_request *request, int status)
{
    return wcl_retry_status_is_worth(status) || status == 416 ||
           (status == 413 && strcmp(request->method, "PATCH") == 0 && may_be_smaller(upload));
}

/* One request without repetition, whose answer is to have one of the statuses `wanted`. An answer
 * that may be another one next time is a failure with CONNECTION_LOST, so that one test finds all
 * that is worth trying again. */
static wcl_status ask(upload *upload, const wcl_http_request *request, const int wanted[4],
                      const char *what, wcl_http_exchange **exchange, wcl_error *error)
{
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *answer = NULL;

    upload->retry_after = 0;
    upload->status = 0;
    if (send_once(upload, request, &answer, error) != WCL_OK)
        return WCL_FAILED;
    const int status = upload->status = wcl_http_status(answer);
    for (size_t i = 0; i < 4; i++)
        if (status == wanted[i]) {
            *exchange = answer;
            answer = NULL;
            return WCL_OK;
        }
    upload->retry_after = wcl_retry_after(wcl_http_header(answer, "Retry-After", 0), time(NULL));
    wcl_registry_fail(answer, what, error);
    if (is_worth_recovery(upload, request, status) && error)
        error->code = WCL_CODE_CONNECTION_LOST;
    return WCL_FAILED;
}

static void what_blob(const upload *upload, char what[120])
{
    snprintf(what, 120, "the blob %s", upload->digest);
}

/* Where the answer says that the upload goes on. */
static wcl_status take_location(upload *upload, wcl_http_exchange *exchange, wcl_error *error)
{
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;
    const char *location = wcl_http_header(exchange, "Location", 0);

    if (!location)
        return upload->location ? WCL_OK
                                : wcl_fail(error, WCL_CODE_INVALID_DATA,
                                           "'%.200s' does not say where the blob %s is to be sent",
                                           upload->repository->origin.origin, upload->digest);
    if (wcl_address_parse(location, wcl_http_address(exchange), &address, error) != WCL_OK)
        return WCL_FAILED;
    if (address.is_plain && !wcl_http_address(exchange)->is_plain)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "'%.200s' wants the blob %s sent to '%.200s', from https to plain http, "
                        "which is refused: a proxy in front of the registry has to tell it that "
                        "it is reached by https (X-Forwarded-Proto)",
                        wcl_http_address(exchange)->origin, upload->digest, address.origin);
    free(upload->location);
    upload->location = address.text;
    address.text = NULL;
    return WCL_OK;
}

/* The upload that was begun is not resumed; registries clear such up later, too. */
static void give_up(upload *upload)
{
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    const wcl_http_request request = { .method = "DELETE", .url = upload->location };

    if (!upload->location)
        return;
    send_once(upload, &request, &exchange, NULL);
    free(upload->location);
    upload->location = NULL;
}

static wcl_status announce(upload *upload, wcl_error *error)
{
    if (upload->offset <= upload->announced)
        return WCL_OK;
    uint64_t bytes = upload->offset - upload->announced;
    upload->announced = upload->offset;
    return upload->blob->advance ? upload->blob->advance(upload->blob, bytes, error) : WCL_OK;
}

/* How far the registry is, as it says when asked: "0-LAST". Without the header it has `sent`. */
static wcl_status take_range(upload *upload, wcl_http_exchange *exchange, uint64_t sent,
                             wcl_error *error)
{
    const char *range = wcl_http_header(exchange, "Range", 0);
    uint64_t last = 0;

    if (range && strncmp(range, "bytes=", 6) == 0)
        range += 6;
    if (!range || sscanf(range, "0-%" SCNu64, &last) != 1) {
        upload->offset = sent;
        return announce(upload, error);
    }
    /* "0-0" is said of nothing as well as of one byte. */
    if (last == 0 && sent > 1) {
        upload->is_unclear = true;
        upload->offset = 0;
        return WCL_OK;
    }
    uint64_t has = sent ? last + 1 : 0;
    if (last == UINT64_MAX || has > sent)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "'%.200s' says that it has %" PRIu64
                        " bytes of the blob %s, of which %" PRIu64 " were sent",
                        upload->repository->origin.origin, has, upload->digest, sent);
    upload->offset = has;
    return announce(upload, error);
}

/* ---- Beginning ------------------------------------------------------------------------------- */

static void take_piece_size(upload *upload, wcl_http_exchange *exchange)
{
    const char *least = wcl_http_header(exchange, "OCI-Chunk-Min-Length", 0);
    unsigned long long size = least ? strtoull(least, NULL, 10) : 0;

    upload->piece_least = size < PIECE_SIZE_MAX ? size : PIECE_SIZE_MAX;
    upload->piece_size =
        upload->piece_least > upload->piece_wanted ? upload->piece_least : upload->piece_wanted;
}

/* Begins an upload, or has the registry take the blob from the repository `from` (may be NULL). */
static wcl_status upload_begin(upload *upload, const char *from, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    char what[120];
    wcl_http_request request = { .method = "POST" };

    what_blob(upload, what);
    if (wcl_repository_url(upload->repository, "blobs", "uploads/", &url, error) != WCL_OK ||
        (from &&
         wcl_buffer_printf(&url, error, "?mount=%s&from=%s", upload->digest, from) != WCL_OK))
        return WCL_FAILED;
    request.url = wcl_buffer_text(&url);
    if (ask(upload, &request, (const int[4]) { 202, from ? 201 : 202 }, what, &exchange, error) !=
        WCL_OK)
        return WCL_FAILED;
    upload->offset = 0;
    if (wcl_http_status(exchange) == 201) {
        upload->is_complete = true;
        upload->offset = upload->size;
        return announce(upload, error);
    }
    take_piece_size(upload, exchange);
    return take_location(upload, exchange, error);
}

/* With a token of its own: other blobs are sent meanwhile with the repository's, which must not
 * suffer where this one is denied. */
static wcl_status mount_from(upload *upload, const wcl_reference *reference, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer scope = WCL_BUFFER_INIT;
    wcl_auth *auth = NULL;

    if (wcl_buffer_printf(&scope, error, "repository:%s:pull", reference->repository) != WCL_OK ||
        wcl_auth_with_scope(upload->auth, wcl_buffer_text(&scope), &auth, error) != WCL_OK)
        return WCL_FAILED;
    give_up(upload);
    upload->auth = auth;
    wcl_status status = upload_begin(upload, reference->repository, error);
    upload->auth = upload->repository->auth;
    wcl_auth_free(auth);
    return status;
}

/* Tries the repositories in which the blob was seen. That none has it, or that asking fails, is no
 * fault: then it is sent. */
static wcl_status mount(upload *upload, wcl_error *error)
{
    int tried = 0;

    for (size_t i = 0; i < upload->blob->name_count && tried < MOUNTS_MAX; i++) {
        WCL_CLEANUP_FREE wcl_reference *reference = NULL;
        wcl_error why = WCL_ERROR_INIT;
        if (wcl_reference_parse(upload->blob->names[i], &reference, &why) != WCL_OK ||
            strcmp(reference->registry, upload->repository->registry) != 0 ||
            strcmp(reference->repository, upload->repository->path) == 0)
            continue;
        tried++;
        if (mount_from(upload, reference, &why) == WCL_OK && upload->is_complete)
            return WCL_OK;
        if (wcl_http_check_cancelled(upload->repository->http, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Sending --------------------------------------------------------------------------------- */

static wcl_status make_room(upload *upload, size_t size, wcl_error *error)
{
    if (upload->piece && size <= upload->piece_room)
        return WCL_OK;
    free(upload->piece);
    upload->piece_room = size;
    upload->piece = malloc(size ? size : 1);
    return upload->piece ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status read_piece(upload *upload, size_t size, wcl_error *error)
{
    size_t done = 0, got;

    if (make_room(upload, size, error) != WCL_OK)
        return WCL_FAILED;
    while (done < size) {
        if (upload->blob->read_at(upload->blob, upload->offset + done, upload->piece + done,
                                  size - done, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (!got)
            return wcl_fail(error, WCL_CODE_TRUNCATED, "the blob %s ends early", upload->digest);
        done += got;
    }
    return WCL_OK;
}

static size_t next_size(const upload *upload)
{
    uint64_t left = upload->size - upload->offset;

    return (size_t)(left < upload->piece_size ? left : upload->piece_size);
}

static wcl_status send_piece(upload *upload, wcl_error *error)
{
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    const size_t size = next_size(upload);
    char range[80], what[120];
    const char *const headers[] = { "Content-Type: application/octet-stream", range, NULL };

    what_blob(upload, what);
    snprintf(range, sizeof(range), "Content-Range: %" PRIu64 "-%" PRIu64, upload->offset,
             upload->offset + size - 1);
    if (read_piece(upload, size, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_http_request request = { .method = "PATCH",
                                       .url = upload->location,
                                       .headers = headers,
                                       .body = upload->piece,
                                       .body_size = size };
    if (ask(upload, &request, (const int[4]) { 202, 201, 204, 200 }, what, &exchange, error) !=
        WCL_OK) {
        upload->refused = upload->status;
        return WCL_FAILED;
    }
    if (take_location(upload, exchange, error) != WCL_OK)
        return WCL_FAILED;
    /* It took the piece; the ranges that registries give here are not all meant alike. */
    upload->offset += size;
    return announce(upload, error);
}

/* LOCATION with the digest behind it. */
static wcl_status last_url(const upload *upload, wcl_buffer *url, wcl_error *error)
{
    return wcl_buffer_printf(url, error, "%s%cdigest=%s", upload->location,
                             strchr(upload->location, '?') ? '&' : '?', upload->digest);
}

/* Ends the upload with what is left: nothing of a large blob, all of a small one. */
static wcl_status send_last(upload *upload, wcl_error *error)
{
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
    const size_t size = next_size(upload);
    char what[120];

    what_blob(upload, what);
    if (read_piece(upload, size, error) != WCL_OK || last_url(upload, &url, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_http_request request = { .method = "PUT",
                                       .url = wcl_buffer_text(&url),
                                       .headers = headers,
                                       .body = upload->piece,
                                       .body_size = size };
    if (ask(upload, &request, (const int[4]) { 201, 204, 202, 200 }, what, &exchange, error) !=
        WCL_OK)
        return WCL_FAILED;
    upload->is_complete = true;
    upload->offset = upload->size;
    return announce(upload, error);
}

static wcl_status go_on(upload *upload, wcl_error *error)
{
    if (upload->is_unclear)
        give_up(upload);
    upload->is_unclear = false;
    upload->refused = 0;
    if (!upload->location && upload_begin(upload, NULL, error) != WCL_OK)
        return WCL_FAILED;
    if (upload->size > upload->piece_size && upload->offset < upload->size)
        return send_piece(upload, error);
    return send_last(upload, error);
}

/* ---- Going on after a failure ---------------------------------------------------------------- */

static wcl_status is_there(upload *upload, bool *there, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    wcl_http_request request = { .method = "HEAD" };

    if (wcl_repository_url(upload->repository, "blobs", upload->digest, &url, error) != WCL_OK)
        return WCL_FAILED;
    request.url = wcl_buffer_text(&url);
    if (ask(upload, &request, (const int[4]) { 200, 404 }, "the blob", &exchange, error) != WCL_OK)
        return WCL_FAILED;
    *there = wcl_http_status(exchange) == 200;
    return WCL_OK;
}

/* Where the registry is, when an upload was broken off; an upload that it knows nothing of begins
 * anew. */
static wcl_status find_offset(upload *upload, wcl_error *error)
{
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    const wcl_http_request request = { .method = "GET", .url = upload->location };

    if (!upload->location)
        return WCL_OK;
    uint64_t sent = upload->offset + next_size(upload);
    if (ask(upload, &request, (const int[4]) { 204, 200 }, "the upload", &exchange, error) !=
        WCL_OK) {
        give_up(upload);
        upload->offset = 0;
        return WCL_OK;
    }
    if (take_location(upload, exchange, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_http_header(exchange, "Range", 0))
        sent = upload->offset;
    return take_range(upload, exchange, sent, error);
}

/* A piece refused for its size, or at the place where the registry is, may have been too large. It
 * is no failure to count: pieces never grow again, and small ones are not halved. */
static void adapt_piece_size(upload *upload, uint64_t offset)
{
    const bool is_too_large =
        upload->refused == 413 || (upload->refused == 416 && upload->offset == offset);

    upload->refused = 0;
    if (!is_too_large || !may_be_smaller(upload))
        return;
    upload->piece_size /= 2;
    upload->piece_wanted = upload->piece_size;
    upload->retry.failed--;
}

/* Finds out what the registry has got. */
static wcl_status recover(upload *upload, wcl_error *error)
{
    const uint64_t offset = upload->offset;
    bool there = false;

    if (is_there(upload, &there, error) != WCL_OK)
        return WCL_FAILED;
    if (there) {
        upload->is_complete = true;
        return WCL_OK;
    }
    if (find_offset(upload, error) != WCL_OK)
        return WCL_FAILED;
    adapt_piece_size(upload, offset);
    return WCL_OK;
}

/* Whether another attempt is to be made; `error` stays what it was where not. */
static bool try_again(upload *upload, wcl_error *error)
{
    wcl_error why = *error;

    while (wcl_retry_is_worth(why.code) &&
           wcl_retry_again(&upload->retry, upload->repository->http, upload->retry_after)) {
        if (recover(upload, &why) == WCL_OK)
            return true;
        *error = why;
    }
    return false;
}

static wcl_status upload_run(upload *upload, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    if (mount(upload, error) != WCL_OK)
        return WCL_FAILED;
    while (!upload->is_complete) {
        /* Progress is what was never had before: what is lost and sent again is none. */
        uint64_t most = upload->announced;
        if (go_on(upload, &why) == WCL_OK || try_again(upload, &why)) {
            if (upload->announced > most)
                upload->retry.failed = 0;
            continue;
        }
        return wcl_error_pass(error, &why);
    }
    return WCL_OK;
}

wcl_status wcl_repository_put_blob(wcl_repository *repository, const wcl_push_blob *blob,
                                   wcl_error *error)
{
    upload upload = { .repository = repository,
                      .auth = repository->auth,
                      .blob = blob,
                      .digest = blob->descriptor->digest,
                      .size = blob->descriptor->size,
                      .piece_size = PIECE_SIZE,
                      .piece_wanted = PIECE_SIZE,
                      .retry = { &repository->policy, 0 } };

    wcl_status status = upload_run(&upload, error);
    if (status != WCL_OK)
        give_up(&upload);
    free(upload.location);
    free(upload.piece);
    return status;
}
