/* A container's network. */
#include "container/oci/network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/hns.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
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

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* What the container whose network is shared asks: its name servers, and its search list unless
 * there is another one. Nothing where it has no network but its own. */
static wcl_status take_dns(const wcl_container_folder *sibling, bool with_search, char **lines,
                           wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT, taken = WCL_BUFFER_INIT;
    WCL_CLEANUP_FD int folder = open(sibling->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder '%s'", sibling->path);
    if (wcl_container_folder_read(folder, RESOLV_CONF, &text, error) == WCL_FAILED)
        return WCL_FAILED;
    for (const char *at = wcl_buffer_text(&text); *at;) {
        size_t size = strcspn(at, "\n");
        if ((begins(at, "nameserver ") || (with_search && begins(at, "search "))) &&
            wcl_buffer_printf(&taken, error, "%.*s\n", (int)size, at) != WCL_OK)
            return WCL_FAILED;
        at += size + (at[size] == '\n');
    }
    *lines = wcl_buffer_detach(&taken, NULL, error);
    return *lines ? WCL_OK : WCL_FAILED;
}

/* The namespace of the container whose network is shared, and its DNS settings. */
static wcl_status share(const wcl_container_folder *place, const wcl_container_config *config,
                        wcl_network *network, char **servers, wcl_error *error)
{
    const char *other = config->network_shared_container_name;
    WCL_CLEANUP_CONTAINER_FOLDER wcl_container_folder sibling = { 0 };
    const wcl_supervisor_request request = { .type = WCL_REQUEST_STATUS };
    wcl_reply reply;

    if (strchr(other, '/') || other[0] == '.')
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "NetworkSharedContainerName: '%s' is not a container's id", other);
    if (wcl_container_folder_sibling(place, other, &sibling, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_supervisor_call(&sibling, &request, -1, &reply, NULL, error) != WCL_OK)
        return wcl_error_context(error, NULL, "NetworkSharedContainerName");
    if (reply.init_pid <= 0)
        return wcl_fail(error, WCL_CODE_HCS_INVALID_STATE,
                        "NetworkSharedContainerName: the container '%s' is not running", other);
    if (asprintf(&network->path, "/proc/%d/ns/net", reply.init_pid) < 0) {
        network->path = NULL;
        return wcl_fail_memory(error);
    }
    return take_dns(&sibling, !given(config->dns_search_list), servers, error);
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

static wcl_status write_resolv_conf(const wcl_container_folder *place,
                                    const wcl_container_config *config, const char *servers,
                                    int folder, wcl_network *network, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_status status =
        servers ? wcl_buffer_append_text(&text, servers, error) : add_host_servers(&text, error);

    if (status == WCL_OK)
        status = add_search(config, &text, error);
    if (status == WCL_OK)
        status = wcl_container_folder_write(folder, RESOLV_CONF, wcl_buffer_text(&text), error);
    if (status != WCL_OK)
        return WCL_FAILED;
    if (asprintf(&network->resolv_conf, "%s/%s", place->path, RESOLV_CONF) < 0) {
        network->resolv_conf = NULL;
        return wcl_fail_memory(error);
    }
    return WCL_OK;
}

/* Opens the networks; their run folder is the one that containers' lies in. */
static wcl_status open_networks(const char *containers, const char *network_dir, wcl_hns **hns,
                                wcl_error *error)
{
    wcl_hns_options options = { .struct_size = sizeof(options), .state_dir = network_dir };
    const char *slash = strrchr(containers, '/');
    WCL_CLEANUP_FREE char *run_dir = strndup(containers, (size_t)(slash - containers));

    if (!run_dir)
        return wcl_fail_memory(error);
    options.provider = "linux";
    options.run_dir = run_dir;
    return wcl_hns_open(&options, hns, error);
}

/* A namespace of the container's own with its endpoints in it. */
static wcl_status attach(wcl_hns *hns, const wcl_container_config *config, const char *id,
                         wcl_network *network, char **servers, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = NULL;

    if (wcl_hns_namespace_create(hns, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (wcl_hns_attach_namespace(hns, config->endpoint_list[i], id, path, error) != WCL_OK)
            return wcl_error_context(error, NULL, "EndpointList");
    if (wcl_hns_resolv_conf(hns, config->endpoint_list, config->endpoint_count, servers, error) !=
        WCL_OK)
        return WCL_FAILED;
    network->path = path;
    path = NULL;
    return WCL_OK;
}

wcl_status wcl_network_prepare(const wcl_container_folder *place,
                               const wcl_container_config *config, const char *id, int folder,
                               wcl_network *network, wcl_error *error)
{
    WCL_CLEANUP_FREE char *servers = NULL;

    if (config->endpoint_count > 0) {
        wcl_hns *hns;
        if (open_networks(place->run_dir, place->network_dir, &hns, error) != WCL_OK)
            return WCL_FAILED;
        wcl_status status = attach(hns, config, id, network, &servers, error);
        wcl_hns_close(hns);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    if (given(config->network_shared_container_name) &&
        share(place, config, network, &servers, error) != WCL_OK)
        return WCL_FAILED;
    if (!given(config->dns_search_list) && !network->path)
        return WCL_OK;
    return write_resolv_conf(place, config, servers, folder, network, error);
}

/* The networks beside the container's folder. */
static wcl_status open_networks_of(const char *path, const char *network_dir, wcl_hns **hns,
                                   wcl_error *error)
{
    const char *slash = strrchr(path, '/');
    WCL_CLEANUP_FREE char *containers = strndup(path, (size_t)(slash - path));

    if (!containers)
        return wcl_fail_memory(error);
    return open_networks(containers, network_dir, hns, error);
}

static wcl_status unless_gone(wcl_status status, const wcl_error *own, wcl_error *error)
{
    if (status == WCL_OK || wcl_error_is_not_exist(own))
        return WCL_OK;
    if (error)
        *error = *own;
    return WCL_FAILED;
}

wcl_status wcl_network_unprepare(const char *path, const char *network_dir, const char *id,
                                 wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;
    wcl_hns *hns;

    if (open_networks_of(path, network_dir, &hns, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = unless_gone(wcl_hns_namespace_remove(hns, id, &own), &own, error);
    wcl_hns_close(hns);
    return status;
}

wcl_status wcl_network_remove_endpoints(const char *path, const char *network_dir,
                                        const cJSON *endpoints, wcl_error *error)
{
    wcl_status status = WCL_OK;
    const cJSON *endpoint;
    wcl_hns *hns;

    if (cJSON_GetArraySize(endpoints) == 0)
        return WCL_OK;
    if (open_networks_of(path, network_dir, &hns, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(endpoint, endpoints)
    {
        wcl_error own = WCL_ERROR_INIT;
        if (cJSON_IsString(endpoint) &&
            unless_gone(
                wcl_hns_endpoint_request(hns, "DELETE", endpoint->valuestring, "", NULL, &own),
                &own, error) != WCL_OK)
            status = WCL_FAILED;
    }
    wcl_hns_close(hns);
    return status;
}

static bool add_endpoint(cJSON *list, const char *id, const wcl_hns_statistics *statistics)
{
    cJSON *item = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return wcl_json_add_u64(item, "BytesReceived", statistics->bytes_received) &&
           wcl_json_add_u64(item, "BytesSent", statistics->bytes_sent) &&
           wcl_json_add_u64(item, "PacketsReceived", statistics->packets_received) &&
           wcl_json_add_u64(item, "PacketsSent", statistics->packets_sent) &&
           wcl_json_add_u64(item, "DroppedPacketsIncoming", statistics->dropped_packets_incoming) &&
           wcl_json_add_u64(item, "DroppedPacketsOutgoing", statistics->dropped_packets_outgoing) &&
           cJSON_AddStringToObject(item, "EndpointId", id);
}

wcl_status wcl_network_statistics(const wcl_container_folder *place, const cJSON *endpoints,
                                  cJSON **list, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *made = cJSON_CreateArray();
    const cJSON *endpoint;
    wcl_hns *hns;

    if (!made)
        return wcl_fail_memory(error);
    if (open_networks(place->run_dir, place->network_dir, &hns, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = WCL_OK;
    cJSON_ArrayForEach(endpoint, endpoints)
    {
        wcl_hns_statistics statistics = WCL_HNS_STATISTICS_INIT;
        if (!cJSON_IsString(endpoint))
            continue;
        status = wcl_hns_endpoint_statistics(hns, endpoint->valuestring, &statistics, error);
        if (status == WCL_OK && !add_endpoint(made, endpoint->valuestring, &statistics))
            status = wcl_fail_memory(error);
        if (status != WCL_OK)
            break;
    }
    wcl_hns_close(hns);
    if (status != WCL_OK)
        return WCL_FAILED;
    *list = made;
    made = NULL;
    return WCL_OK;
}
