/* A container's resolv.conf, made of the DNS settings of its endpoints. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "hns/objects.h"

#define MOST_SERVER 99
#define MOST_SUFFIX 253

/* Whether `line` of `size` bytes stands in `text` as a line of its own. */
static bool has_line(const wcl_buffer *text, const char *line, size_t size)
{
    const char *at = wcl_buffer_text(text);

    while (*at) {
        const char *end = strchr(at, '\n');
        if ((size_t)(end - at) == size && memcmp(at, line, size) == 0)
            return true;
        at = end + 1;
    }
    return false;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

/* Whether nothing in the word could end a line of a resolv.conf, or begin another one. */
static bool is_plain(const char *word, size_t size, const char *signs)
{
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)word[i]) && !strchr(signs, word[i]))
            return false;
    return true;
}

static wcl_status check_list(const char *list, const char *signs, size_t most, const char *name,
                             wcl_error *error)
{
    while (list && *list) {
        size_t size = strcspn(list, WCL_HNS_LIST_SEPARATORS);
        if (size > most || !is_plain(list, size, signs))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the %s has a word that is not a host's name or address", name);
        list += size;
        list += strspn(list, WCL_HNS_LIST_SEPARATORS);
    }
    return WCL_OK;
}

wcl_status wcl_hns_check_dns(const char *servers, const char *suffix, wcl_error *error)
{
    if (check_list(servers, ".:%-_", MOST_SERVER, "DNSServerList", error) != WCL_OK)
        return WCL_FAILED;
    return check_list(suffix, ".-_", MOST_SUFFIX, "DNSSuffix", error);
}

/* Adds "nameserver X" for each server of a list, once. */
static wcl_status add_servers(const char *list, wcl_buffer *text, wcl_error *error)
{
    while (*list) {
        size_t size = strcspn(list, WCL_HNS_LIST_SEPARATORS);
        char line[MOST_SERVER + 16];
        if (size > 0) {
            int length = snprintf(line, sizeof(line), "nameserver %.*s", (int)size, list);
            if (!has_line(text, line, (size_t)length) &&
                wcl_buffer_printf(text, error, "%s\n", line) != WCL_OK)
                return WCL_FAILED;
        }
        list += size;
        list += strspn(list, WCL_HNS_LIST_SEPARATORS);
    }
    return WCL_OK;
}

/* Adds the suffixes of a list, as words of the "search" line. */
static wcl_status add_suffixes(const char *list, wcl_buffer *words, wcl_error *error)
{
    while (*list) {
        size_t size = strcspn(list, WCL_HNS_LIST_SEPARATORS);
        if (size > 0 && wcl_buffer_printf(words, error, " %.*s", (int)size, list) != WCL_OK)
            return WCL_FAILED;
        list += size;
        list += strspn(list, WCL_HNS_LIST_SEPARATORS);
    }
    return WCL_OK;
}

static wcl_status add_endpoint(const wcl_hns_endpoint *endpoint, wcl_buffer *servers,
                               wcl_buffer *words, wcl_error *error)
{
    if (wcl_hns_check_dns(endpoint->dns_server_list, endpoint->dns_suffix, error) != WCL_OK)
        return wcl_error_context(error, NULL, endpoint->id);
    if (endpoint->dns_server_list &&
        add_servers(endpoint->dns_server_list, servers, error) != WCL_OK)
        return WCL_FAILED;
    return endpoint->dns_suffix ? add_suffixes(endpoint->dns_suffix, words, error) : WCL_OK;
}

/* ---- The file ------------------------------------------------------------------------------- */

wcl_status wcl_hns_resolv_conf(wcl_hns *hns, const char *const *endpoint_ids, size_t count,
                               char **text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer servers = WCL_BUFFER_INIT, words = WCL_BUFFER_INIT;

    *text = NULL;
    for (size_t i = 0; i < count; i++) {
        wcl_hns_endpoint *endpoint = NULL;
        if (wcl_hns_endpoint_request(hns, "GET", endpoint_ids[i], "", &endpoint, error) != WCL_OK)
            return WCL_FAILED;
        wcl_status status = endpoint ? add_endpoint(endpoint, &servers, &words, error) : WCL_OK;
        wcl_hns_endpoint_free(endpoint);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    if (servers.size == 0 && words.size == 0)
        return WCL_OK;
    if (words.size &&
        wcl_buffer_printf(&servers, error, "search%s\n", wcl_buffer_text(&words)) != WCL_OK)
        return WCL_FAILED;
    *text = wcl_buffer_detach(&servers, NULL, error);
    return *text ? WCL_OK : WCL_FAILED;
}
