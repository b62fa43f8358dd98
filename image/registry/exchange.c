/*
 * One HTTP request and its answer. libcurl is driven by whoever reads the body, and only as far as
 * he reads: what comes goes straight to his buffer, and the little that does not fit is kept for
 * his next call, so that a slow reader slows the sender down and memory stays constant.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "image/registry/http_private.h"

/* What libcurl takes from a socket at a time, and so what can be left over. */
#define RECEIVE_SIZE (256 * 1024)
#define SPARE_MAX (2 * RECEIVE_SIZE)
#define SEND_SIZE (512 * 1024)
#define HEADERS_SIZE_MAX (256 * 1024)
/* How much of a body is read off to keep its connection. */
#define DRAIN_MAX (64 * 1024)
/* How often a wait looks whether it was cancelled, in milliseconds. */
#define LOOK_EVERY 100

struct wcl_http_exchange {
    wcl_http *http;
    wcl_http_line *line;
    wcl_address address;
    struct curl_slist *headers;
    char reason[CURL_ERROR_SIZE];
    /* The answer. */
    int status;
    size_t headers_size;
    bool has_headers;
    bool is_done;
    CURLcode result;
    /* The body: where it is wanted, and what came beyond that. */
    uint8_t *wanted;
    size_t room;
    size_t filled;
    wcl_buffer spare;
    size_t spare_taken;
    bool is_paused;
    bool is_memory_short;
    uint64_t received;
    bool is_head;
    /* The request's body. */
    const uint8_t *body;
    size_t body_size;
    size_t body_sent;
    /* Bytes that went either way, by which a stall shows. */
    uint64_t moved;
};

/* ---- What libcurl calls ---------------------------------------------------------------------- */

static size_t on_header(char *data, size_t one, size_t size, void *context)
{
    wcl_http_exchange *exchange = context;
    long status = 0;

    size *= one;
    exchange->headers_size += size;
    exchange->moved += size;
    if (exchange->headers_size > HEADERS_SIZE_MAX)
        return 0;
    if (size <= 2 && (*data == '\r' || *data == '\n') && !exchange->has_headers) {
        wcl_curl()->curl_easy_getinfo(exchange->line->easy, CURLINFO_RESPONSE_CODE, &status);
        exchange->status = (int)status;
        exchange->has_headers = status >= 200;
    }
    return size;
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    wcl_http_exchange *exchange = context;

    size *= one;
    size_t direct = exchange->room - exchange->filled;
    if (direct > size)
        direct = size;
    if (exchange->spare.size - exchange->spare_taken + (size - direct) > SPARE_MAX) {
        exchange->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (direct)
        memcpy(exchange->wanted + exchange->filled, data, direct);
    exchange->filled += direct;
    if (size > direct &&
        wcl_buffer_append(&exchange->spare, data + direct, size - direct, NULL) != WCL_OK) {
        exchange->is_memory_short = true;
        return 0;
    }
    exchange->moved += size;
    exchange->received += size;
    __atomic_add_fetch(&exchange->http->received, size, __ATOMIC_RELAXED);
    return size;
}

static size_t on_send(char *data, size_t one, size_t size, void *context)
{
    wcl_http_exchange *exchange = context;
    size_t left = exchange->body_size - exchange->body_sent;

    size *= one;
    if (size > left)
        size = left;
    if (size)
        memcpy(data, exchange->body + exchange->body_sent, size);
    exchange->body_sent += size;
    exchange->moved += size;
    return size;
}

/* libcurl would send a request again whose connection died; but what came of a piece of an upload
 * is not known then, and a registry might append it twice. */
static int on_rewind(void *context, curl_off_t offset, int origin)
{
    const wcl_http_exchange *exchange = context;

    return origin == SEEK_SET && offset == 0 && exchange->body_sent == 0 ? CURL_SEEKFUNC_OK
                                                                         : CURL_SEEKFUNC_FAIL;
}

/* ---- Setting up ------------------------------------------------------------------------------ */

static bool add_header(wcl_http_exchange *exchange, const char *header)
{
    struct curl_slist *longer = wcl_curl()->curl_slist_append(exchange->headers, header);

    if (longer)
        exchange->headers = longer;
    return longer != NULL;
}

static bool add_headers(wcl_http_exchange *exchange, const wcl_http_request *request)
{
    bool all = add_header(exchange, "Expect:");

    if (request->authorization) {
        WCL_CLEANUP_BUFFER wcl_buffer line = WCL_BUFFER_INIT;
        all =
            all &&
            wcl_buffer_printf(&line, NULL, "Authorization: %s", request->authorization) == WCL_OK &&
            add_header(exchange, wcl_buffer_text(&line));
    }
    for (const char *const *header = request->headers; all && header && *header; header++)
        all = add_header(exchange, *header);
    return all;
}

static void set_method(wcl_http_exchange *exchange, CURL *easy, const wcl_http_request *request)
{
    if (strcmp(request->method, "HEAD") == 0) {
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        exchange->is_head = true;
        return;
    }
    if (strcmp(request->method, "GET") == 0) {
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    exchange->body = request->body;
    exchange->body_size = request->body_size;
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_size);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_SIZE);
}

static void set_connection(const wcl_http_exchange *exchange, CURL *easy)
{
    const wcl_http_options *options = &exchange->http->options;

    wcl_curl()->curl_easy_setopt(easy, CURLOPT_URL, exchange->address.text);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)options->connect_seconds);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_USERAGENT, "wcl");
    if (exchange->address.is_loopback)
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (options->ca_file)
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    if (options->insecure) {
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        wcl_curl()->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static void set_callbacks(wcl_http_exchange *exchange, CURL *easy)
{
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->reason);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    wcl_curl()->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
}

/* ---- Failures -------------------------------------------------------------------------------- */

static uint32_t code_of(CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return WCL_CODE_HOST_NOT_FOUND;
    case CURLE_COULDNT_CONNECT:
        return WCL_CODE_CONNECTION_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return WCL_CODE_TIMEOUT;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
        return WCL_CODE_CONNECTION_LOST;
    case CURLE_OUT_OF_MEMORY:
        return WCL_CODE_OUT_OF_MEMORY;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
        return WCL_CODE_ACCESS_DENIED;
    case CURLE_SSL_CACERT_BADFILE:
        return WCL_CODE_FILE_NOT_FOUND;
    default:
        return WCL_CODE_INVALID_DATA;
    }
}

static wcl_status fail_transfer(const wcl_http_exchange *exchange, wcl_error *error)
{
    CURLcode result = exchange->result;

    if (exchange->is_memory_short)
        return wcl_fail_memory(error);
    if (exchange->headers_size > HEADERS_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the headers that '%.*s' answers with are larger than %d bytes",
                        WCL_ADDRESS_SHOWN(&exchange->address), HEADERS_SIZE_MAX);
    return wcl_fail(
        error, code_of(result), "cannot get '%.*s': %s", WCL_ADDRESS_SHOWN(&exchange->address),
        exchange->reason[0] ? exchange->reason : wcl_curl()->curl_easy_strerror(result));
}

/* ---- Driving --------------------------------------------------------------------------------- */

static int64_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void collect_end(wcl_http_exchange *exchange)
{
    CURLMsg *message;
    int left;

    while ((message = wcl_curl()->curl_multi_info_read(exchange->line->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        exchange->is_done = true;
        exchange->result = message->data.result;
    }
}

static bool has_headers(const wcl_http_exchange *exchange)
{
    return exchange->has_headers;
}

static bool has_body(const wcl_http_exchange *exchange)
{
    return exchange->filled > 0;
}

/* Lets the transfer go on until it is as far as `enough` wants it, or over. */
static wcl_status drive(wcl_http_exchange *exchange, bool (*enough)(const wcl_http_exchange *),
                        wcl_error *error)
{
    uint64_t moved = exchange->moved;
    int64_t since = seconds_now();
    int running;

    while (!exchange->is_done) {
        CURLMcode code = wcl_curl()->curl_multi_perform(exchange->line->multi, &running);
        if (code != CURLM_OK)
            return wcl_fail(error, WCL_CODE_GEN_FAILURE, "cannot get '%.*s': %s",
                            WCL_ADDRESS_SHOWN(&exchange->address),
                            wcl_curl()->curl_multi_strerror(code));
        collect_end(exchange);
        if (enough(exchange) || exchange->is_done)
            break;
        if (wcl_http_check_cancelled(exchange->http, error) != WCL_OK)
            return WCL_FAILED;
        if (exchange->moved != moved) {
            moved = exchange->moved;
            since = seconds_now();
        } else if (seconds_now() - since >= (int64_t)exchange->http->options.stall_seconds) {
            return wcl_fail(error, WCL_CODE_TIMEOUT, "'%.*s' gave nothing for %u seconds",
                            WCL_ADDRESS_SHOWN(&exchange->address),
                            exchange->http->options.stall_seconds);
        }
        wcl_curl()->curl_multi_poll(exchange->line->multi, NULL, 0, LOOK_EVERY, NULL);
    }
    return exchange->is_done && exchange->result != CURLE_OK && !enough(exchange)
               ? fail_transfer(exchange, error)
               : WCL_OK;
}

wcl_status wcl_http_exchange_start(wcl_http *http, const wcl_http_request *request,
                                   wcl_address *address, wcl_http_exchange **exchange,
                                   wcl_error *error)
{
    wcl_http_exchange *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->http = http;
    made->address = *address;
    *address = (wcl_address)WCL_ADDRESS_INIT;
    wcl_status status = wcl_http_take_line(http, &made->line, error);
    if (status == WCL_OK && !add_headers(made, request))
        status = wcl_fail_memory(error);
    if (status == WCL_OK) {
        set_connection(made, made->line->easy);
        set_callbacks(made, made->line->easy);
        set_method(made, made->line->easy, request);
        wcl_curl()->curl_multi_add_handle(made->line->multi, made->line->easy);
        status = drive(made, has_headers, error);
    }
    if (status == WCL_OK && !made->has_headers)
        status = wcl_fail(error, WCL_CODE_CONNECTION_LOST, "'%.*s' gave no answer",
                          WCL_ADDRESS_SHOWN(&made->address));
    if (status == WCL_OK)
        *exchange = made;
    else
        wcl_http_exchange_free(made);
    return status;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static size_t take_spare(wcl_http_exchange *exchange, void *buffer, size_t size)
{
    size_t left = exchange->spare.size - exchange->spare_taken;

    if (size > left)
        size = left;
    if (size)
        memcpy(buffer, exchange->spare.data + exchange->spare_taken, size);
    exchange->spare_taken += size;
    if (exchange->spare_taken == exchange->spare.size) {
        wcl_buffer_clear(&exchange->spare);
        exchange->spare_taken = 0;
    }
    return size;
}

wcl_status wcl_http_read(wcl_http_exchange *exchange, void *buffer, size_t size, size_t *got,
                         wcl_error *error)
{
    *got = take_spare(exchange, buffer, size);
    if (*got)
        return WCL_OK;
    exchange->wanted = buffer;
    exchange->room = size;
    exchange->filled = 0;
    if (exchange->is_paused) {
        exchange->is_paused = false;
        wcl_curl()->curl_easy_pause(exchange->line->easy, CURLPAUSE_CONT);
    }
    wcl_status status = has_body(exchange) ? WCL_OK : drive(exchange, has_body, error);
    *got = exchange->filled;
    exchange->wanted = NULL;
    exchange->room = exchange->filled = 0;
    if (status == WCL_OK && !*got && exchange->result != CURLE_OK)
        return fail_transfer(exchange, error);
    return status;
}

wcl_status wcl_http_read_all(wcl_http_exchange *exchange, size_t limit, wcl_buffer *body,
                             wcl_error *error)
{
    uint64_t length;
    size_t got;

    if (wcl_http_length(exchange, &length) && length > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "'%.*s' answers with %" PRIu64 " bytes; at most %zu are taken",
                        WCL_ADDRESS_SHOWN(&exchange->address), length, limit);
    do {
        size_t room = limit - body->size < 65536 ? limit - body->size + 1 : 65536;
        if (wcl_buffer_reserve(body, room, error) != WCL_OK ||
            wcl_http_read(exchange, body->data + body->size, room, &got, error) != WCL_OK)
            return WCL_FAILED;
        body->size += got;
        body->data[body->size] = 0;
        if (body->size > limit)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "'%.*s' answers with more than the %zu bytes that are taken",
                            WCL_ADDRESS_SHOWN(&exchange->address), limit);
    } while (got);
    return WCL_OK;
}

int wcl_http_status(const wcl_http_exchange *exchange)
{
    return exchange->status;
}

const char *wcl_http_header(wcl_http_exchange *exchange, const char *name, size_t index)
{
    struct curl_header *header;

    return wcl_curl()->curl_easy_header(exchange->line->easy, name, index, CURLH_HEADER, -1,
                                        &header) == CURLHE_OK
               ? header->value
               : NULL;
}

bool wcl_http_length(wcl_http_exchange *exchange, uint64_t *length)
{
    curl_off_t value = -1;

    wcl_curl()->curl_easy_getinfo(exchange->line->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &value);
    *length = value < 0 ? 0 : (uint64_t)value;
    return value >= 0;
}

const wcl_address *wcl_http_address(const wcl_http_exchange *exchange)
{
    return &exchange->address;
}

/* A connection is worth more than the few bytes that are left on it. */
static void drain(wcl_http_exchange *exchange)
{
    uint8_t rest[16384];
    uint64_t length = 0;
    size_t got, all = 0;

    if (!exchange->is_head &&
        (!wcl_http_length(exchange, &length) || length > exchange->received + DRAIN_MAX))
        return;
    while (!exchange->is_done && all <= DRAIN_MAX &&
           wcl_http_read(exchange, rest, sizeof(rest), &got, NULL) == WCL_OK && got)
        all += got;
}

void wcl_http_exchange_free(wcl_http_exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->line) {
        if (exchange->has_headers && !exchange->is_done)
            drain(exchange);
        wcl_curl()->curl_multi_remove_handle(exchange->line->multi, exchange->line->easy);
        wcl_http_return_line(exchange->http, exchange->line);
    }
    wcl_curl()->curl_slist_free_all(exchange->headers);
    wcl_buffer_free(&exchange->spare);
    wcl_address_free(&exchange->address);
    free(exchange);
}
