/* A container's network. */
#include "container/oci/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "container/oci/client.h"

#define RESOLV_CONF "resolv.conf"

static bool given(const char *text)
{
    return text && *text;
}

void wcl_network_free(wcl_network *network)
{
    free(network->path);
    free(network->resolv_conf);
    memset(network, 0, sizeof(*network));
}

/* The namespace of the container whose network is shared. */
static wcl_status share(const wcl_place *place, const char *other, wcl_network *network,
                        wcl_error *error)
{
    WCL_CLEANUP_PLACE wcl_place sibling = { 0 };
    const wcl_request request = { .type = WCL_REQUEST_STATUS };
    wcl_reply reply;

    if (strchr(other, '/') || other[0] == '.')
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "NetworkSharedContainerName: '%s' is not a container's id", other);
    if (wcl_place_sibling(place, other, &sibling, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_supervisor_call(&sibling, &request, -1, &reply, NULL, error) != WCL_OK)
        return wcl_error_context(error, NULL, "NetworkSharedContainerName");
    if (reply.init_pid <= 0)
        return wcl_fail(error, (uint32_t)WCL_CODE_HCS_INVALID_STATE,
                        "NetworkSharedContainerName: the container '%s' has stopped", other);
    if (asprintf(&network->path, "/proc/%d/ns/net", reply.init_pid) < 0) {
        network->path = NULL;
        return wcl_fail_memory(error);
    }
    return WCL_OK;
}

/* The name servers of the host. */
static wcl_status add_host_servers(wcl_buffer *text, wcl_error *error)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char *line = NULL;
    size_t capacity = 0;
    wcl_status status = WCL_OK;

    while (file && status == WCL_OK && getline(&line, &capacity, file) > 0)
        if (strncmp(line, "nameserver", strlen("nameserver")) == 0)
            status = wcl_buffer_append_text(text, line, error);
    free(line);
    if (file)
        fclose(file);
    return status;
}

/* The search list, its commas turned into blanks; it says where a short name is looked for. A name
 * without a dot is not asked for as it stands unless that is allowed. */
static wcl_status add_search(const wcl_container_config *config, wcl_buffer *text, wcl_error *error)
{
    if (given(config->dns_search_list)) {
        if (strpbrk(config->dns_search_list, "\r\n"))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "DNSSearchList has a line break");
        size_t start = text->size;
        if (wcl_buffer_printf(text, error, "search %s\n", config->dns_search_list) != WCL_OK)
            return WCL_FAILED;
        for (size_t at = start; at < text->size; at++)
            if (text->data[at] == ',')
                text->data[at] = ' ';
    }
    if (config->allow_unqualified_dns_query)
        return WCL_OK;
    return wcl_buffer_append_text(text, "options no-tld-query\n", error);
}

static wcl_status write_resolv_conf(const wcl_place *place, const wcl_container_config *config,
                                    const char *servers, int folder, wcl_network *network,
                                    wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_status status =
        servers ? wcl_buffer_append_text(&text, servers, error) : add_host_servers(&text, error);

    if (status == WCL_OK)
        status = add_search(config, &text, error);
    if (status == WCL_OK)
        status = wcl_place_write(folder, RESOLV_CONF, wcl_buffer_text(&text), error);
    if (status != WCL_OK)
        return WCL_FAILED;
    if (asprintf(&network->resolv_conf, "%s/%s", place->path, RESOLV_CONF) < 0) {
        network->resolv_conf = NULL;
        return wcl_fail_memory(error);
    }
    return WCL_OK;
}

wcl_status wcl_network_prepare(const wcl_place *place, const wcl_container_config *config,
                               const char *id, int folder, wcl_network *network, wcl_error *error)
{
    (void)id;
    if (config->endpoint_count > 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "EndpointList is refused: this build has no networks");
    if (given(config->network_shared_container_name) &&
        share(place, config->network_shared_container_name, network, error) != WCL_OK)
        return WCL_FAILED;
    if (!given(config->dns_search_list) && !given(config->network_shared_container_name))
        return WCL_OK;
    return write_resolv_conf(place, config, NULL, folder, network, error);
}

wcl_status wcl_network_unprepare(const char *id, wcl_error *error)
{
    (void)id;
    (void)error;
    return WCL_OK;
}
