/* Addresses of servers, on libcurl's URL parser. */
#include "image/registry/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "image/registry/curl.h"

#define ADDRESS_SIZE_MAX (16 * 1024)

void wcl_address_free(wcl_address *address)
{
    free(address->text);
    free(address->origin);
    free(address->host);
    *address = (wcl_address)WCL_ADDRESS_INIT;
}

/* The host's name without port and brackets. */
static void bare_host(const char *host, char name[256])
{
    const char *end = NULL;

    if (*host == '[') {
        host++;
        end = strchr(host, ']');
    } else if (strchr(host, ':') == strrchr(host, ':')) {
        end = strchr(host, ':');
    }
    snprintf(name, 256, "%.*s", end ? (int)(end - host) : 255, host);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);

    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

bool wcl_host_is_loopback(const char *host)
{
    char name[256];
    struct in_addr four;
    struct in6_addr six;

    bare_host(host, name);
    if (strcasecmp(name, "localhost") == 0 || ends_with(name, ".localhost"))
        return true;
    if (inet_pton(AF_INET, name, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, name, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static void free_url(CURLU **url)
{
    wcl_curl()->curl_url_cleanup(*url);
}

static void free_text(char **text)
{
    wcl_curl()->curl_free(*text);
}
#define CLEANUP_TEXT __attribute__((cleanup(free_text)))

static bool has_user(CURLU *url)
{
    CLEANUP_TEXT char *user = NULL;
    CLEANUP_TEXT char *password = NULL;

    return wcl_curl()->curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK ||
           wcl_curl()->curl_url_get(url, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
}

static wcl_status take_parts(CURLU *url, const char *given, wcl_address *address, wcl_error *error)
{
    CLEANUP_TEXT char *scheme = NULL;
    CLEANUP_TEXT char *host = NULL;
    CLEANUP_TEXT char *port = NULL;
    CLEANUP_TEXT char *text = NULL;

    if (wcl_curl()->curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.200s' is not the address of a server",
                        given);
    address->is_plain = strcmp(scheme, "http") == 0;
    if (!address->is_plain && strcmp(scheme, "https") != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "'%.200s' is refused: only http and https addresses are gone to", given);
    if (wcl_curl()->curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host ||
        wcl_curl()->curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        wcl_curl()->curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.200s' is not the address of a server",
                        given);
    for (char *at = host; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    address->text = strdup(text);
    address->host = strdup(host);
    if (asprintf(&address->origin, "%s://%s:%s", scheme, host, port) < 0)
        address->origin = NULL;
    if (!address->text || !address->host || !address->origin)
        return wcl_fail_memory(error);
    address->is_loopback = wcl_host_is_loopback(host);
    return WCL_OK;
}

wcl_status wcl_address_parse(const char *text, const wcl_address *base, wcl_address *address,
                             wcl_error *error)
{
    wcl_address made = WCL_ADDRESS_INIT;

    if (wcl_curl_load(error) != WCL_OK)
        return WCL_FAILED;
    __attribute__((cleanup(free_url))) CURLU *url = wcl_curl()->curl_url();
    if (!url)
        return wcl_fail_memory(error);
    if (strlen(text) > ADDRESS_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the address '%.100s...' is longer than %d bytes", text, ADDRESS_SIZE_MAX);
    if (base && wcl_curl()->curl_url_set(url, CURLUPART_URL, base->text, 0) != CURLUE_OK)
        return wcl_fail_memory(error);
    CURLUcode code = wcl_curl()->curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.200s' is not the address of a server: %s",
                        text, wcl_curl()->curl_url_strerror(code));
    if (has_user(url))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the address '...@%.200s' has a user in it, which is refused",
                        strrchr(text, '@') ? strrchr(text, '@') + 1 : "");
    wcl_curl()->curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    if (take_parts(url, text, &made, error) != WCL_OK) {
        wcl_address_free(&made);
        return WCL_FAILED;
    }
    *address = made;
    return WCL_OK;
}
