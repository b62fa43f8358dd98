/*
 * HTTP on libcurl: one request and its answer at a time, whose body the caller reads at his own
 * pace, in constant memory. Connections are kept and used again.
 *
 * A wcl_http may be used by several threads at once, an exchange by one.
 */
#ifndef WCL_REGISTRY_HTTP_H
#define WCL_REGISTRY_HTTP_H

#include <wcl/base.h>

#include "base/buffer.h"
#include "image/registry/address.h"

typedef struct wcl_http wcl_http;
typedef struct wcl_http_exchange wcl_http_exchange;

typedef struct wcl_http_options {
    const char *ca_file;          /* more certificate authorities (PEM), or NULL */
    bool insecure;                /* plain HTTP to any host, certificates that nobody vouches for */
    bool is_loopback;             /* plain HTTP to this machine is all right */
    unsigned connect_seconds;     /* how long connecting may take; 0: 30 */
    unsigned stall_seconds;       /* how long nothing may come or go; 0: 60 */
    bool (*cancelled)(void *ctx); /* asked several times a second, by any thread; or NULL */
    void *cancelled_context;
} wcl_http_options;

wcl_status wcl_http_open(const wcl_http_options *options, wcl_http **http, wcl_error *error);
/* All its exchanges must have been freed. NULL is allowed. */
void wcl_http_free(wcl_http *http);

/* Fails with CANCELLED when the caller wants no more. */
wcl_status wcl_http_check_cancelled(const wcl_http *http, wcl_error *error);
/* Bytes of bodies that came so far. */
uint64_t wcl_http_received(const wcl_http *http);

typedef struct wcl_http_request {
    const char *method;         /* "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE" */
    const char *url;            /* whole */
    const char *authorization;  /* for the url's own origin only; or NULL */
    const char *const *headers; /* more headers, "Name: value", ended by NULL; or NULL */
    const void *body;           /* of POST, PUT and PATCH */
    size_t body_size;
    bool has_secret; /* the body is for the url's own origin only: it is redirected nowhere else */
} wcl_http_request;

/*
 * Sends the request, follows up to ten redirects, and returns once the last answer's headers are
 * there, whatever its status. Codes of failures: CONNECTION_REFUSED, CONNECTION_LOST, TIMEOUT,
 * HOST_NOT_FOUND, ACCESS_DENIED (TLS), INVALID_DATA, CANCELLED.
 */
wcl_status wcl_http_send(wcl_http *http, const wcl_http_request *request,
                         wcl_http_exchange **exchange, wcl_error *error);

/* Up to `size` bytes of the body; `*got` is 0 at its end. CONNECTION_LOST when it broke off. */
wcl_status wcl_http_read(wcl_http_exchange *exchange, void *buffer, size_t size, size_t *got,
                         wcl_error *error);

/* Appends all of the body; more than `limit` bytes are refused with FILE_TOO_LARGE. */
wcl_status wcl_http_read_all(wcl_http_exchange *exchange, size_t limit, wcl_buffer *body,
                             wcl_error *error);

int wcl_http_status(const wcl_http_exchange *exchange);
/* The value of a header, its `index`-th if it came several times; NULL if it did not. Stays the
 * exchange's, until the next call. */
const char *wcl_http_header(wcl_http_exchange *exchange, const char *name, size_t index);
/* Content-Length; false where there is none. */
bool wcl_http_length(wcl_http_exchange *exchange, uint64_t *length);
/* Where the answer came from, after redirects. */
const wcl_address *wcl_http_address(const wcl_http_exchange *exchange);

/* Frees it, and breaks off what is not yet read unless little is left. NULL is allowed. */
void wcl_http_exchange_free(wcl_http_exchange *exchange);

static inline void wcl_http_exchange_cleanup(wcl_http_exchange **exchange)
{
    wcl_http_exchange_free(*exchange);
}
#define WCL_CLEANUP_EXCHANGE __attribute__((cleanup(wcl_http_exchange_cleanup)))

#endif
