/* A container's resolv.conf, made of the DNS settings of its endpoints. */
#include <stdio.h>
#include <string.h>

#include "hns/objects.h"

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

/* Adds "nameserver X" for each server of a list separated by commas or blanks, once. */
static wcl_status add_servers(const char *list, wcl_buffer *text, wcl_error *error)
{
    while (*list) {
        size_t size = strcspn(list, ", \t");
        char line[128];
        if (size > 0 && size < 100) {
            int length = snprintf(line, sizeof(line), "nameserver %.*s", (int)size, list);
            if (!has_line(text, line, (size_t)length) &&
                wcl_buffer_printf(text, error, "%s\n", line) != WCL_OK)
                return WCL_FAILED;
        }
        list += size;
        list += strspn(list, ", \t");
    }
    return WCL_OK;
}

/* Adds the suffixes of a list separated by commas, as words of the "search" line. */
static wcl_status add_suffixes(const char *list, wcl_buffer *words, wcl_error *error)
{
    while (*list) {
        size_t size = strcspn(list, ", \t");
        if (size > 0 && wcl_buffer_printf(words, error, " %.*s", (int)size, list) != WCL_OK)
            return WCL_FAILED;
        list += size;
        list += strspn(list, ", \t");
    }
    return WCL_OK;
}

wcl_status wcl_hns_resolv_conf(wcl_hns *hns, const char *const *endpoint_ids, size_t count,
                               char **text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer servers = WCL_BUFFER_INIT, words = WCL_BUFFER_INIT;

    *text = NULL;
    for (size_t i = 0; i < count; i++) {
        wcl_hns_endpoint *endpoint = NULL;
        if (wcl_hns_endpoint_request(hns, "GET", endpoint_ids[i], "", &endpoint, error) != WCL_OK)
            return WCL_FAILED;
        wcl_status status = WCL_OK;
        if (endpoint && endpoint->dns_server_list)
            status = add_servers(endpoint->dns_server_list, &servers, error);
        if (status == WCL_OK && endpoint && endpoint->dns_suffix)
            status = add_suffixes(endpoint->dns_suffix, &words, error);
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
