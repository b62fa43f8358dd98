/* What the commands of networks and endpoints share. */
#ifndef WCL_CLI_NETWORK_H
#define WCL_CLI_NETWORK_H

#include <wcl/hns.h>

#include "cli/cli.h"

/* Opens the networks of the home; a failure is in cli->error. */
wcl_hns *cli_networks_open(cli *cli);
/* The same for what makes networks: the home is made where it is missing. */
wcl_hns *cli_networks_make(cli *cli);
static inline void cli_networks_close(wcl_hns **hns)
{
    wcl_hns_close(*hns);
}
#define CLI_CLEANUP_NETWORKS __attribute__((cleanup(cli_networks_close)))

/* The id of the network or endpoint that a name or an id on the command line means. */
wcl_status cli_find_network(wcl_hns *hns, const char *name, char id[37], wcl_error *error);
wcl_status cli_find_endpoint(wcl_hns *hns, const char *name, char id[37], wcl_error *error);
/* Makes an endpoint like `wanted` on the network of that name or id. */
wcl_status cli_make_endpoint(cli *cli, wcl_hns *hns, const wcl_hns_endpoint *wanted,
                             const char *network, wcl_hns_endpoint **made);
/* Reads "HOSTPORT:PORT[/tcp|/udp]"; false where it is not that. */
bool cli_parse_port(const char *text, wcl_hns_nat_policy *nat);

/* Whether an object's id or name, which it may lack, is that one, in either case. */
bool cli_is_named(const char *text, const char *name);

#endif
