/* wcl endpoint: create, list, remove, attach and detach endpoints. */
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/network.h"

#define MOST_POLICIES 64
#define NOT_GIVEN UINT64_MAX

wcl_status cli_find_endpoint(wcl_hns *hns, const char *name, char id[37], wcl_error *error)
{
    wcl_hns_endpoint **endpoints = NULL;
    size_t count = 0;
    bool found = false;

    if (wcl_hns_list_endpoints(hns, &endpoints, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count && !found; i++)
        if (cli_is_named(endpoints[i]->id, name) || cli_is_named(endpoints[i]->name, name)) {
            snprintf(id, 37, "%s", endpoints[i]->id);
            found = true;
        }
    wcl_hns_endpoint_list_free(endpoints, count);
    if (found)
        return WCL_OK;
    wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "there is no such endpoint");
    return wcl_error_context(error, "find endpoint", name);
}

/* ---- create ---- */

typedef struct create_options {
    const char *ip, *mac, *dns, *remote, *request;
    uint64_t rate, vlan; /* NOT_GIVEN, or that */
    bool isolated;
    cli_list ports;
} create_options;

bool cli_parse_port(const char *text, wcl_hns_nat_policy *nat)
{
    unsigned external, internal;
    char protocol[4] = "tcp", rest;
    int fields = sscanf(text, "%5u:%5u/%3[a-z]%c", &external, &internal, protocol, &rest);

    if ((fields != 2 && fields != 3) || external > 65535 || internal > 65535 ||
        (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
        return false;
    nat->external_port = (uint16_t)external;
    nat->internal_port = (uint16_t)internal;
    nat->protocol = strcmp(protocol, "tcp") == 0 ? "TCP" : "UDP";
    return true;
}

/* Turns the options into policies. */
static int make_policies(cli *cli, const create_options *options, wcl_hns_policy *policies,
                         size_t *count)
{
    if (options->ports.count > MOST_POLICIES - 3)
        return cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "create endpoint", "",
                        "there are more than %d port mappings", MOST_POLICIES - 3);
    for (size_t i = 0; i < options->ports.count; i++) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_NAT;
        if (!cli_parse_port(options->ports.items[i], &policy->nat))
            return cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "create endpoint", "",
                            "'%s' is not a value for --publish", options->ports.items[i]);
    }
    if (options->rate != NOT_GIVEN) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_QOS;
        policy->qos.maximum_outgoing_bandwidth_in_bytes = options->rate;
    }
    if (options->vlan != NOT_GIVEN) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_VLAN;
        policy->vlan.vlan = (uint32_t)options->vlan;
    }
    if (options->remote) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_PA;
        policy->pa.pa = options->remote;
    }
    return 0;
}

static int show_endpoint(cli *cli, const wcl_hns_endpoint *endpoint)
{
    WCL_CLEANUP_FREE char *json = NULL;

    if (cli->json && wcl_hns_endpoint_format(endpoint, &json, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    puts(json ? json : endpoint->id);
    return 0;
}

wcl_status cli_make_endpoint(cli *cli, wcl_hns *hns, const wcl_hns_endpoint *wanted,
                             const char *network, wcl_hns_endpoint **made)
{
    WCL_CLEANUP_FREE char *json = NULL;
    wcl_hns_endpoint endpoint = *wanted;
    char id[37];

    if (cli_find_network(hns, network, id, &cli->error) != WCL_OK)
        return WCL_FAILED;
    endpoint.virtual_network = id;
    if (wcl_hns_endpoint_format(&endpoint, &json, &cli->error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_endpoint_request(hns, "POST", "", json, made, &cli->error);
}

/* Makes the endpoint of `request`, or, where that is NULL, of `wanted` on the network `name`. */
static int post_endpoint(cli *cli, const char *request, const wcl_hns_endpoint *wanted,
                         const char *name)
{
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    wcl_hns_endpoint *endpoint = NULL;

    if (!hns)
        return EXIT_FAILED;
    wcl_status status =
        request ? wcl_hns_endpoint_request(hns, "POST", "", request, &endpoint, &cli->error)
                : cli_make_endpoint(cli, hns, wanted, name, &endpoint);
    if (status != WCL_OK)
        return EXIT_FAILED;
    int result = endpoint ? show_endpoint(cli, endpoint)
                          : cli_fail(cli, WCL_CODE_INVALID_DATA, "create endpoint", "",
                                     "HNS did not say what it made");
    wcl_hns_endpoint_free(endpoint);
    return result;
}

static bool is_alone(const create_options *options, int argc)
{
    return argc < 2 && !options->ip && !options->mac && !options->dns &&
           options->rate == NOT_GIVEN && options->vlan == NOT_GIVEN && !options->remote &&
           !options->isolated && options->ports.count == 0;
}

int command_endpoint_create(cli *cli, int argc, char **argv)
{
    create_options options = { .rate = NOT_GIVEN, .vlan = NOT_GIVEN };
    const cli_option table[] = {
        CLI_VALUE("ip", 0, "IP", "the address (default: a free one)", &options.ip),
        CLI_VALUE("mac", 0, "MAC", "the MAC (default: a free one)", &options.mac),
        CLI_LIST("publish", 'p', "PORT:PORT[/udp]", "a port of the host and the endpoint's",
                 &options.ports),
        CLI_SIZE("rate", "most bytes a second that it may send", 0, &options.rate),
        CLI_NUMBER("vlan", "N", "VLAN tag", 0, UINT32_MAX, &options.vlan),
        CLI_VALUE("dns", 0, "IP[,IP]", "name servers", &options.dns),
        CLI_FLAG("no-icc", 0, "no traffic with other endpoints of the network", &options.isolated),
        CLI_VALUE("remote", 0, "IP", "the endpoint lives on this other node of an overlay",
                  &options.remote),
        CLI_VALUE("request", 0, "JSON", "the whole request, as HNS takes it", &options.request),
        CLI_END
    };
    wcl_hns_policy policies[MOST_POLICIES];
    size_t count = 0;

    int result = cli_parse(cli, table, &argc, argv, 0, 2, 0);
    memset(policies, 0, sizeof(policies));
    if (result == 0 && !options.request && argc < 2)
        result = cli_usage_error(cli, "which network?");
    if (result == 0 && options.request && !is_alone(&options, argc))
        result = cli_usage_error(cli, "--request is the whole request; give nothing else");
    if (result == 0)
        result = make_policies(cli, &options, policies, &count);
    const wcl_hns_endpoint wanted = { .struct_size = sizeof(wanted),
                                      .name = argc > 2 ? argv[2] : NULL,
                                      .ip_address = options.ip,
                                      .mac_address = options.mac,
                                      .dns_server_list = options.dns,
                                      .disable_icc = options.isolated,
                                      .is_remote_endpoint = options.remote != NULL,
                                      .policies = policies,
                                      .policy_count = count };
    if (result == 0)
        result = post_endpoint(cli, options.request, &wanted, argv[1]);
    cli_list_free(&options.ports);
    return result;
}

/* ---- list, remove ---- */

static int print_endpoints_json(cli *cli, wcl_hns_endpoint *const *endpoints, size_t count)
{
    putchar('[');
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_FREE char *json = NULL;
        if (wcl_hns_endpoint_format(endpoints[i], &json, &cli->error) != WCL_OK)
            return EXIT_FAILED;
        printf("%s%s", i ? "," : "", json);
    }
    puts("]");
    return 0;
}

int command_endpoint_list(cli *cli, int argc, char **argv)
{
    wcl_hns_endpoint **endpoints = NULL;
    size_t count = 0;
    int result = 0;
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    if (!hns || wcl_hns_list_endpoints(hns, &endpoints, &count, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    else if (cli->json)
        result = print_endpoints_json(cli, endpoints, count);
    else
        for (size_t i = 0; i < count; i++)
            printf("%s  %-20s %-20s %-18s %s\n", endpoints[i]->id,
                   cli_shown(endpoints[i]->virtual_network_name), cli_shown(endpoints[i]->name),
                   endpoints[i]->ip_address ? cli_shown(endpoints[i]->ip_address) : "-",
                   cli_shown(endpoints[i]->mac_address));
    wcl_hns_endpoint_list_free(endpoints, count);
    return result;
}

int command_endpoint_remove(cli *cli, int argc, char **argv)
{
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    char id[37];

    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    return cli_exit_code(wcl_hns_endpoint_request(hns, "DELETE", id, "", NULL, &cli->error));
}

/* ---- attach, detach ---- */

static wcl_status make_request(const char *container, uint32_t compartment, char **request,
                               wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    bool made = json && wcl_json_add_text(json, "SystemType", container ? "Container" : "Host") &&
                (container ? wcl_json_add_text(json, "ContainerId", container)
                           : wcl_json_add_u64(json, "CompartmentId", compartment));

    *request = made ? wcl_json_print(json) : NULL;
    return *request ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status attach(wcl_hns *hns, const char *id, const char *container, uint32_t compartment,
                         const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *request = NULL;
    char target[48];

    if (path)
        return wcl_hns_attach_namespace(hns, id, container, path, error);
    snprintf(target, sizeof(target), "%s/attach", id);
    if (make_request(container, compartment, &request, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_hns_endpoint_request(hns, "POST", target, request, NULL, error);
}

int command_endpoint_attach(cli *cli, int argc, char **argv)
{
    uint64_t compartment = NOT_GIVEN;
    const char *path = NULL;
    const cli_option table[] = {
        CLI_NUMBER("compartment", "N", "attach to this compartment of the host", 0, UINT32_MAX,
                   &compartment),
        CLI_VALUE("namespace", 0, "PATH", "the container's network namespace", &path), CLI_END
    };
    char id[37];
    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);

    if (result)
        return result;
    if ((argc > 2) == (compartment != NOT_GIVEN))
        return cli_usage_error(cli, "give either a container or --compartment");
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    return cli_exit_code(attach(hns, id, argv[2], (uint32_t)compartment, path, &cli->error));
}

int command_endpoint_detach(cli *cli, int argc, char **argv)
{
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    char id[37];

    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    return cli_exit_code(wcl_hns_detach(hns, id, &cli->error));
}
