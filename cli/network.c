/* wcl network: create, list, remove and restore networks. */
#include "cli/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/system.h"

#define MOST_SUBNETS 16
#define NOT_GIVEN UINT64_MAX

wcl_hns *cli_networks_make(cli *cli)
{
    WCL_CLEANUP_FREE char *state_dir = NULL;
    wcl_hns *hns = NULL;

    if (asprintf(&state_dir, "%s/hns", cli->home) < 0) {
        state_dir = NULL;
        cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "open networks", cli->home, "out of memory");
        return NULL;
    }
    const wcl_hns_options options = { .struct_size = sizeof(options),
                                      .state_dir = state_dir,
                                      .run_dir = getenv("WCL_RUN"),
                                      .hooks = &cli->hooks };
    wcl_hns_open(&options, &hns, &cli->error);
    return hns;
}

wcl_hns *cli_networks_open(cli *cli)
{
    if (cli_system_has_networks(cli->home))
        return cli_networks_make(cli);
    cli_fail(cli, WCL_CODE_PATH_NOT_FOUND, "open networks", NULL, "there is no store at '%s'",
             cli->home);
    return NULL;
}

bool cli_is_named(const char *text, const char *name)
{
    return text && strcasecmp(text, name) == 0;
}

wcl_status cli_find_network(wcl_hns *hns, const char *name, char id[37], wcl_error *error)
{
    wcl_hns_network **networks = NULL;
    size_t count = 0;
    bool found = false;

    if (wcl_hns_list_networks(hns, "GET", "", "", &networks, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count && !found; i++)
        if (cli_is_named(networks[i]->id, name) || cli_is_named(networks[i]->name, name)) {
            snprintf(id, 37, "%s", networks[i]->id);
            found = true;
        }
    wcl_hns_network_list_free(networks, count);
    if (found)
        return WCL_OK;
    wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "there is no such network");
    return wcl_error_context(error, "find network", name);
}

/* ---- create ---- */

typedef struct create_options {
    const char *type, *adapter, *dns, *suffix, *management, *request;
    uint64_t vlan, vsid; /* NOT_GIVEN, or that */
    cli_list subnets;
} create_options;

/* "PREFIX[,GATEWAY]"; the texts stay parts of a copy that `memory` owns. */
static bool parse_subnet(const char *text, wcl_hns_subnet *subnet, char **memory)
{
    *memory = strdup(text);
    if (!*memory)
        return false;
    char *comma = strchr(*memory, ',');
    if (comma)
        *comma = '\0';
    subnet->address_prefix = *memory;
    subnet->gateway_address = comma ? comma + 1 : NULL;
    return true;
}

/* The VLAN and the VSID; the latter is the subnets', or the network's where it names none. */
static void add_policies(const create_options *options, wcl_hns_policy *policies,
                         wcl_hns_network *network)
{
    if (options->vlan != NOT_GIVEN)
        policies[network->policy_count++] =
            (wcl_hns_policy) { .type = WCL_HNS_POLICY_VLAN, .vlan = { (uint32_t)options->vlan } };
    if (options->vsid != NOT_GIVEN)
        policies[network->policy_count++] =
            (wcl_hns_policy) { .type = WCL_HNS_POLICY_VSID, .vsid = { (uint32_t)options->vsid } };
}

/* The request's JSON of the options. */
static int format_request(cli *cli, const create_options *options, const char *name, char **json)
{
    wcl_hns_subnet subnets[MOST_SUBNETS] = { { NULL, NULL, NULL, 0, NULL } };
    char *memory[MOST_SUBNETS] = { NULL };
    wcl_hns_policy policies[2];
    wcl_hns_network network = { .struct_size = sizeof(network),
                                .name = name,
                                .type = options->type ? options->type : "nat",
                                .network_adapter_name = options->adapter,
                                .dns_server_list = options->dns,
                                .dns_suffix = options->suffix,
                                .management_ip = options->management,
                                .subnets = subnets,
                                .policies = policies };

    memset(policies, 0, sizeof(policies));
    if (options->subnets.count > MOST_SUBNETS)
        return cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "create network", "",
                        "there are more than %d subnets", MOST_SUBNETS);
    add_policies(options, policies, &network);
    int result = 0;
    for (size_t i = 0; result == 0 && i < options->subnets.count; i++) {
        network.subnet_count++;
        if (!parse_subnet(options->subnets.items[i], &subnets[i], &memory[i]))
            result = cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "create network", "", "out of memory");
    }
    /* Windows looks for the VSID with the subnet. */
    if (result == 0 && options->vsid != NOT_GIVEN && network.subnet_count) {
        network.policy_count--;
        for (size_t i = 0; i < network.subnet_count; i++) {
            subnets[i].policies = &policies[network.policy_count];
            subnets[i].policy_count = 1;
        }
    }
    if (result == 0 && wcl_hns_network_format(&network, json, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    for (size_t i = 0; i < network.subnet_count; i++)
        free(memory[i]);
    return result;
}

static int show_network(cli *cli, const wcl_hns_network *network)
{
    WCL_CLEANUP_FREE char *json = NULL;

    if (cli->json && wcl_hns_network_format(network, &json, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    puts(json ? json : network->id);
    return 0;
}

static int create_network(cli *cli, const char *request)
{
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_make(cli);
    wcl_hns_network *network = NULL;

    if (!hns || wcl_hns_network_request(hns, "POST", "", request, &network, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    int result = network ? show_network(cli, network)
                         : cli_fail(cli, WCL_CODE_INVALID_DATA, "create network", "",
                                    "HNS did not say what it made");
    wcl_hns_network_free(network);
    return result;
}

static bool is_alone(const create_options *options, int argc)
{
    return argc < 2 && !options->type && !options->adapter && !options->dns && !options->suffix &&
           options->vlan == NOT_GIVEN && options->vsid == NOT_GIVEN && !options->management &&
           options->subnets.count == 0;
}

int command_network_create(cli *cli, int argc, char **argv)
{
    create_options options = { .vlan = NOT_GIVEN, .vsid = NOT_GIVEN };
    char *made = NULL;
    const cli_option table[] = {
        CLI_VALUE("type", 't', "TYPE",
                  "nat (default), transparent, l2bridge, overlay, private or internal",
                  &options.type),
        CLI_LIST("subnet", 's', "PREFIX[,GATEWAY]", "a subnet; may be given again",
                 &options.subnets),
        CLI_VALUE("adapter", 'a', "NAME", "the host's adapter to build on", &options.adapter),
        CLI_VALUE("dns", 0, "IP[,IP]", "name servers of the containers", &options.dns),
        CLI_VALUE("dns-suffix", 0, "NAME", "search domain of the containers", &options.suffix),
        CLI_NUMBER("vlan", "N", "VLAN tag of the endpoints", 0, UINT32_MAX, &options.vlan),
        CLI_NUMBER("vsid", "N", "virtual subnet of an overlay", 0, UINT32_MAX, &options.vsid),
        CLI_VALUE("management-ip", 0, "IP", "this node's address, for an overlay",
                  &options.management),
        CLI_VALUE("request", 0, "JSON", "the whole request, as HNS takes it", &options.request),
        CLI_END
    };

    int result = cli_parse(cli, table, &argc, argv, 0, 1, 0);
    if (result == 0 && options.request && !is_alone(&options, argc))
        result = cli_usage_error(cli, "--request is the whole request; give nothing else");
    if (result == 0 && !options.request)
        result = format_request(cli, &options, argc > 1 ? argv[1] : NULL, &made);
    if (result == 0)
        result = create_network(cli, options.request ? options.request : made);
    wcl_free(made);
    cli_list_free(&options.subnets);
    return result;
}

/* ---- list, remove, restore ---- */

static void print_networks(wcl_hns_network *const *networks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s  %-12s %-20s", networks[i]->id, cli_shown(networks[i]->type),
               cli_shown(networks[i]->name));
        for (size_t j = 0; j < networks[i]->subnet_count; j++)
            printf(" %s", cli_shown(networks[i]->subnets[j].address_prefix));
        putchar('\n');
    }
}

static int print_networks_json(cli *cli, wcl_hns_network *const *networks, size_t count)
{
    putchar('[');
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_FREE char *json = NULL;
        if (wcl_hns_network_format(networks[i], &json, &cli->error) != WCL_OK)
            return EXIT_FAILED;
        printf("%s%s", i ? "," : "", json);
    }
    puts("]");
    return 0;
}

int command_network_list(cli *cli, int argc, char **argv)
{
    wcl_hns_network **networks = NULL;
    size_t count = 0;
    int result = 0;
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    if (!hns || wcl_hns_list_networks(hns, "GET", "", "", &networks, &count, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    else if (cli->json)
        result = print_networks_json(cli, networks, count);
    else
        print_networks(networks, count);
    wcl_hns_network_list_free(networks, count);
    return result;
}

int command_network_remove(cli *cli, int argc, char **argv)
{
    char id[37];
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_network(hns, argv[1], id, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    return cli_exit_code(wcl_hns_network_request(hns, "DELETE", id, "", NULL, &cli->error));
}

int command_network_restore(cli *cli, int argc, char **argv)
{
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    return hns ? cli_exit_code(wcl_hns_restore(hns, &cli->error)) : EXIT_FAILED;
}
