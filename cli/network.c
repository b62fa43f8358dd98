/* wcl network: create, list, remove and restore networks. */
#include "cli/network.h"

#define MOST_SUBNETS 16

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wcl/hns.h>

#include "cli/system.h"

wcl_hns *cli_networks_make(cli *cli)
{
    wcl_hns_options options = { .struct_size = sizeof(options), .hooks = &cli->hooks };
    char *state_dir = NULL;
    wcl_hns *hns = NULL;

    if (asprintf(&state_dir, "%s/hns", cli->home) < 0) {
        cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "open networks", cli->home, "out of memory");
        return NULL;
    }
    options.state_dir = state_dir;
    options.run_dir = getenv("WCL_RUN");
    wcl_hns_open(&options, &hns, &cli->error);
    free(state_dir);
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

/* Where the word is that says what to do; global options may stand in front of it. */
static int find_verb(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-')
        at += strcmp(argv[at], "--home") == 0 ? 2 : 1;
    return at < argc ? at : 0;
}

int cli_run_subcommand(cli *cli, const command *table, int argc, char **argv)
{
    int at = find_verb(argc, argv);

    for (const command *entry = table; at && entry->name; entry++)
        /* The table's names carry the command in front: "network create". */
        if (strcmp(strchr(entry->name, ' ') + 1, argv[at]) == 0) {
            char *verb = argv[at];
            memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
            argv[1] = verb;
            cli->command = entry;
            return entry->run(cli, argc - 1, argv + 1);
        }
    int result = cli_parse(cli, NULL, &argc, argv, 1, -1, 0);
    return result ? result : cli_usage_error(cli, "there is no '%s'", argv[1]);
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
    if (error) {
        *error = (wcl_error) { .code = WCL_CODE_ELEMENT_NOT_FOUND, .operation = "find network" };
        snprintf(error->subject, sizeof(error->subject), "%s", name);
        snprintf(error->message, sizeof(error->message), "there is no such network");
    }
    return WCL_FAILED;
}

/* ---- create ---- */

typedef struct create_options {
    const char *type, *adapter, *dns, *suffix, *vlan, *vsid, *management, *request;
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

bool cli_parse_u32(const char *text, uint32_t *number)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    *number = (uint32_t)value;
    return !*end && errno == 0 && value <= UINT32_MAX;
}

/* The VLAN and the VSID; the latter is the subnets', or the network's where it names none. */
static int read_policies(cli *cli, const create_options *options, wcl_hns_policy *policies,
                         wcl_hns_network *network)
{
    const struct {
        const char *option, *text;
        wcl_hns_policy_type type;
    } numbers[] = { { "vlan", options->vlan, WCL_HNS_POLICY_VLAN },
                    { "vsid", options->vsid, WCL_HNS_POLICY_VSID } };

    for (size_t i = 0; i < 2; i++) {
        uint32_t number;
        if (!numbers[i].text)
            continue;
        if (!cli_parse_u32(numbers[i].text, &number))
            return cli_fail(cli, WCL_CODE_INVALID_PARAMETER, "create network", "",
                            "'%s' is no value for --%s", numbers[i].text, numbers[i].option);
        wcl_hns_policy *policy = &policies[network->policy_count++];
        policy->type = numbers[i].type;
        if (policy->type == WCL_HNS_POLICY_VLAN)
            policy->vlan.vlan = number;
        else
            policy->vsid.vsid = number;
    }
    return 0;
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
    int result = read_policies(cli, options, policies, &network);
    for (size_t i = 0; result == 0 && i < options->subnets.count; i++) {
        network.subnet_count++;
        if (!parse_subnet(options->subnets.items[i], &subnets[i], &memory[i]))
            result = cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "create network", "", "out of memory");
    }
    /* Windows looks for the VSID with the subnet. */
    if (result == 0 && options->vsid && network.subnet_count) {
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
    char *json = NULL;

    if (!cli->json) {
        puts(network->id);
        return 0;
    }
    if (wcl_hns_network_format(network, &json, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    puts(json);
    wcl_free(json);
    return 0;
}

static int create_network(cli *cli, const char *request)
{
    wcl_hns_network *network = NULL;
    wcl_hns *hns = cli_networks_make(cli);
    int result = EXIT_FAILED;

    if (hns && wcl_hns_network_request(hns, "POST", "", request, &network, &cli->error) == WCL_OK)
        result = network ? show_network(cli, network)
                         : cli_fail(cli, WCL_CODE_INVALID_DATA, "create network", "",
                                    "HNS did not say what it made");
    wcl_hns_network_free(network);
    wcl_hns_close(hns);
    return result;
}

static bool is_alone(const create_options *options, int argc)
{
    return argc < 2 && !options->type && !options->adapter && !options->dns && !options->suffix &&
           !options->vlan && !options->vsid && !options->management && options->subnets.count == 0;
}

static int network_create(cli *cli, int argc, char **argv)
{
    create_options options = { .type = NULL };
    char *made = NULL;
    const cli_option table[] = {
        { "type", 't', CLI_VALUE, "TYPE",
          "nat (default), transparent, l2bridge, overlay, private or internal", NULL, &options.type,
          NULL },
        { "subnet", 's', CLI_LIST, "PREFIX[,GATEWAY]", "a subnet; may be given again", NULL, NULL,
          &options.subnets },
        { "adapter", 'a', CLI_VALUE, "NAME", "the host's adapter to build on", NULL,
          &options.adapter, NULL },
        { "dns", 0, CLI_VALUE, "IP[,IP]", "name servers of the containers", NULL, &options.dns,
          NULL },
        { "dns-suffix", 0, CLI_VALUE, "NAME", "search domain of the containers", NULL,
          &options.suffix, NULL },
        { "vlan", 0, CLI_VALUE, "N", "VLAN tag of the endpoints", NULL, &options.vlan, NULL },
        { "vsid", 0, CLI_VALUE, "N", "virtual subnet of an overlay", NULL, &options.vsid, NULL },
        { "management-ip", 0, CLI_VALUE, "IP", "this node's address, for an overlay", NULL,
          &options.management, NULL },
        { "request", 0, CLI_VALUE, "JSON", "the whole request, as HNS takes it", NULL,
          &options.request, NULL },
        { .name = NULL },
    };

    int result = cli_parse(cli, table, &argc, argv, 0, 1, 0);
    if (result == 0 && options.request && !is_alone(&options, argc))
        result = cli_usage_error(cli, "--request is the whole request; give nothing beside it");
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
        char *json = NULL;
        if (wcl_hns_network_format(networks[i], &json, &cli->error) != WCL_OK)
            return EXIT_FAILED;
        printf("%s%s", i ? "," : "", json);
        wcl_free(json);
    }
    puts("]");
    return 0;
}

static int network_list(cli *cli, int argc, char **argv)
{
    wcl_hns_network **networks = NULL;
    size_t count = 0;
    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || wcl_hns_list_networks(hns, "GET", "", "", &networks, &count, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    else if (cli->json)
        result = print_networks_json(cli, networks, count);
    else
        print_networks(networks, count);
    wcl_hns_network_list_free(networks, count);
    wcl_hns_close(hns);
    return result;
}

static int network_remove(cli *cli, int argc, char **argv)
{
    char id[37];
    int result = cli_parse(cli, NULL, &argc, argv, 1, 1, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_find_network(hns, argv[1], id, &cli->error) != WCL_OK ||
        wcl_hns_network_request(hns, "DELETE", id, "", NULL, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    wcl_hns_close(hns);
    return result;
}

static int network_restore(cli *cli, int argc, char **argv)
{
    int result = cli_parse(cli, NULL, &argc, argv, 0, 0, 0);

    if (result)
        return result;
    wcl_hns *hns = cli_networks_open(cli);
    if (!hns || wcl_hns_restore(hns, &cli->error) != WCL_OK)
        result = EXIT_FAILED;
    wcl_hns_close(hns);
    return result;
}

int command_network(cli *cli, int argc, char **argv)
{
    static const command table[] = {
        { "network create", "[-t TYPE] [-s PREFIX[,GATEWAY]]... [-a ADAPTER] [NAME]",
          "Make a network and print its id", NULL, network_create, CLI_NEEDS_ALL_RIGHTS },
        { "network list", "", "List the networks", NULL, network_list, CLI_NEEDS_ALL_RIGHTS },
        { "network remove", "NETWORK", "Remove a network, named by its name or id", NULL,
          network_remove, CLI_NEEDS_ALL_RIGHTS },
        { "network restore", "", "Build anew what is missing of the networks and endpoints", NULL,
          network_restore, CLI_NEEDS_ALL_RIGHTS },
        { .name = NULL },
    };

    return cli_run_subcommand(cli, table, argc, argv);
}
