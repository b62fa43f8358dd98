/* Addresses of servers: taken apart, resolved against each other, and compared. */
#ifndef WCL_REGISTRY_ADDRESS_H
#define WCL_REGISTRY_ADDRESS_H

#include <string.h>
#include <wcl/base.h>

typedef struct wcl_address {
    char *text;       /* the whole URL, without a fragment */
    char *origin;     /* scheme, host in lower case, and port: "https://example.org:443" */
    char *host;       /* in lower case, an IPv6 one in brackets */
    bool is_plain;    /* http and not https */
    bool is_loopback; /* this machine, by its name or number */
} wcl_address;

#define WCL_ADDRESS_INIT                                                                           \
    {                                                                                              \
        NULL, NULL, NULL, false, false                                                             \
    }

/*
 * Takes `text` apart, which may be relative to `base` (NULL: to nothing). Other schemes than http
 * and https, users and passwords in it, control characters and more than 16 KiB are refused.
 */
wcl_status wcl_address_parse(const char *text, const wcl_address *base, wcl_address *address,
                             wcl_error *error);
void wcl_address_free(wcl_address *address);
#define WCL_CLEANUP_ADDRESS __attribute__((cleanup(wcl_address_free)))

/* For errors, as "%.*s": the URL without its query, which may be a signature that lets in whoever
 * has it. */
static inline int wcl_address_shown(const wcl_address *address)
{
    size_t size = strcspn(address->text, "?");

    return size < 300 ? (int)size : 300;
}
#define WCL_ADDRESS_SHOWN(address) wcl_address_shown(address), (address)->text

/* Whether `host`, with or without a port, names this machine. */
bool wcl_host_is_loopback(const char *host);

#endif
