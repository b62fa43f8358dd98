/* wcl endpoint: create, list, remove, attach and detach endpoints. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wcl/hns.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/network.h"

#define MOST_POLICIES 64

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
    if (error) {
        *error = (wcl_error) { .code = WCL_CODE_ELEMENT_NOT_FOUND, .operation = "find endpoint" };
        snprintf(error->subject, sizeof(error->subject), "%s", name);
        snprintf(error->message, sizeof(error->message), "there is no such endpoint");
    }
    return WCL_FAILED;
}

/* ---- create ---- */

typedef struct create_options {
    const char *ip, *mac, *dns, *rate, *vlan, *remote, *request;
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

static int fail_option(cli *cli, const char *option, const char *value)
{
    return cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "create endpoint", "",
                    "'%s' is no value for --%s", value, option);
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
            return fail_option(cli, "publish", options->ports.items[i]);
    }
    if (options->rate) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_QOS;
        if (!cli_parse_size(options->rate, &policy->qos.maximum_outgoing_bandwidth_in_bytes))
            return fail_option(cli, "rate", options->rate);
    }
    if (options->vlan) {
        wcl_hns_policy *policy = &policies[(*count)++];
        policy->type = WCL_HNS_POLICY_VLAN;
        if (!cli_parse_u32(options->vlan, &policy->vlan.vlan))
            return fail_option(cli, "vlan", options->vlan);
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
    char *json = NULL;

    if (!cli->json) {
        puts(endpoint->id);
        return 0;
    }
    if (wcl_hns_endpoint_format(endpoint, &json, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    puts(json);
    wcl_free(json);
    return 0;
}

/* Makes the endpoint of `request`, or, where that is NULL, of `wanted` on the network `name`. */
static int post_endpoint(cli *cli, const char *request, wcl_hns_endpoint *wanted, const char *name)
{
    wcl_hns *hns = cli_networks_open(cli);
    wcl_hns_endpoint *endpoint = NULL;
    char network[37], *json = NULL;
    int result = EXIT_FAILED;
    bool ready = hns && request;

    if (hns && !request && cli_find_network(hns, name, network, &cli->error) == WCL_OK) {
        wanted->virtual_network = network;
        ready = wcl_hns_endpoint_format(wanted, &json, &cli->error) == WCL_OK;
    }
    if (ready && wcl_hns_endpoint_request(hns, "POST", "", request ? request : json, &endpoint,
                                          &cli->error) == WCL_OK)
        result = endpoint ? show_endpoint(cli, endpoint)
                          : cli_fail(cli, WCL_CODE_INVALID_DATA, "create endpoint", "",
                                     "HNS did not say what it made");
    wcl_hns_endpoint_free(endpoint);
    wcl_free(json);
    wcl_hns_close(hns);
    return result;
}

static bool is_alone(const create_options *options, int argc)
{
    return argc < 2 && !options->ip && !options->mac && !options->dns && !options->rate &&
           !options->vlan && !options->remote && !options->isolated && options->ports.count == 0;
}

static int endpoint_create(cli *cli, int argc, char **argv)
{
    create_options options = { .ip = NULL };
    const cli_option table[] = {
        { "ip", 0, CLI_VALUE, "IP", "the address (default: a free one)", NULL, &options.ip, NULL },
        { "mac", 0, CLI_VALUE, "MAC", "the MAC (default: a free one)", NULL, &options.mac, NULL },
        { "publish", 'p', CLI_LIST, "PORT:PORT[/udp]", "a port of the host and the endpoint's",
          NULL, NULL, &options.ports },
        { "rate", 0, CLI_VALUE, "SIZE", "most bytes a second that it may send", NULL, &options.rate,
          NULL },
        { "vlan", 0, CLI_VALUE, "N", "VLAN tag", NULL, &options.vlan, NULL },
        { "dns", 0, CLI_VALUE, "IP[,IP]", "name servers", NULL, &options.dns, NULL },
        { "no-icc", 0, CLI_FLAG, NULL, "no traffic with other endpoints of the network",
          &options.isolated, NULL, NULL },
        { "remote", 0, CLI_VALUE, "IP", "the endpoint lives on this other node of an overlay", NULL,
          &options.remote, NULL },
        { "request", 0, CLI_VALUE, "JSON", "the whole request, as HNS takes it", NULL,
          &options.request, NULL },
        { .name = NULL },
    };
    wcl_hns_policy policies[MOST_POLICIES];
    size_t count = 0;

    int result = cli_parse(cli, table, &argc, argv, 0, 2, 0);
    memset(policies, 0, sizeof(policies));
    if (result == 0 && !options.request && argc < 2)
        result = cli_usage_error(cli, "which network?");
    if (result == 0 && options.request && !is_alone(&options, argc))
        result = cli_usage_error(cli, "--request is the whole request; give nothing beside it");
    if (result == 0)
        result = make_policies(cli, &options, policies, &count);
    wcl_hns_endpoint wanted = { .struct_size = sizeof(wanted),
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
        char *json = NULL;
        if (wcl_hns_endpoint_format(endpoints[i], &json, &cli->error) != WCL_OK)
            return EXIT_FAILED;
        printf("%s%s", i ? "," : "", json);
        wcl_free(json);
    }
    puts("]");
    return 0;
}

static int endpoint_list(cli *cli, int argc, char **argv)
{
    wcl_hns_endpoint **endpoints = NULL;
    size_t count = 0;
    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
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
    wcl_hns_close(hns);
    return result;
}

static int endpoint_remove(cli *cli, int argc, char **argv)
{
    char id[37];
    int result = cli_parse(cli, NULL, &argc, argv, 1, 1, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK ||
        wcl_hns_endpoint_request(hns, "DELETE", id, "", NULL, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    wcl_hns_close(hns);
    return result;
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
    char *request, target[48];

    if (path)
        return wcl_hns_attach_namespace(hns, id, container, path, error);
    snprintf(target, sizeof(target), "%s/attach", id);
    if (make_request(container, compartment, &request, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_hns_endpoint_request(hns, "POST", target, request, NULL, error);
    wcl_free(request);
    return status;
}

static int endpoint_attach(cli *cli, int argc, char **argv)
{
    const char *compartment = NULL, *path = NULL;
    const cli_option table[] = {
        { "compartment", 0, CLI_VALUE, "N", "attach to this compartment of the host", NULL,
          &compartment, NULL },
        { "namespace", 0, CLI_VALUE, "PATH", "the container's network namespace", NULL, &path,
          NULL },
        { .name = NULL },
    };
    char id[37];
    uint32_t number = 0;
    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);

    if (result)
        return result;
    if ((argc > 2) == (compartment != NULL))
        return cli_usage_error(cli, "give either a container or --compartment");
    if (compartment && !cli_parse_u32(compartment, &number))
        return cli_usage_error(cli, "'%s' is not the number of a compartment", compartment);
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK ||
        attach(hns, id, argc > 2 ? argv[2] : NULL, number, path, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    wcl_hns_close(hns);
    return result;
}

static int endpoint_detach(cli *cli, int argc, char **argv)
{
    char id[37];
    int result = cli_parse(cli, NULL, &argc, argv, 1, 1, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_endpoint(hns, argv[1], id, &cli->error) != WCL_OK ||
        wcl_hns_detach(hns, id, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    wcl_hns_close(hns);
    return result;
}

int command_endpoint(cli *cli, int argc, char **argv)
{
    static const command table[] = {
        { "endpoint create", "[-p PORT:PORT[/udp]]... [OPTIONS] NETWORK [NAME]",
          "Make an endpoint on a network and print its id", NULL, endpoint_create,
          CLI_NEEDS_ALL_RIGHTS },
        { "endpoint list", "", "List the endpoints", NULL, endpoint_list, CLI_NEEDS_ALL_RIGHTS },
        { "endpoint remove", "ENDPOINT", "Remove an endpoint, named by its name or id", NULL,
          endpoint_remove, CLI_NEEDS_ALL_RIGHTS },
        { "endpoint attach", "ENDPOINT CONTAINER|--compartment N",
          "Put an endpoint into a container, or a compartment of the host", NULL, endpoint_attach,
          CLI_NEEDS_ALL_RIGHTS },
        { "endpoint detach", "ENDPOINT", "Take an endpoint out of what it is attached to", NULL,
          endpoint_detach, CLI_NEEDS_ALL_RIGHTS },
        { .name = NULL },
    };

    return cli_run_subcommand(cli, table, argc, argv);
}
