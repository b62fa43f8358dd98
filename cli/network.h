/* The commands of networks and endpoints. */
#ifndef WCL_CLI_NETWORK_H
#define WCL_CLI_NETWORK_H

#include "cli/cli.h"

struct wcl_hns_nat_policy;

int command_network(cli *cli, int argc, char **argv);
int command_endpoint(cli *cli, int argc, char **argv);

/* Opens the networks of the home; a failure is in cli->error. */
struct wcl_hns *cli_networks_open(cli *cli);
/* The same for what makes networks: the home is made where it is missing. */
struct wcl_hns *cli_networks_make(cli *cli);
/* The id of the network or endpoint that a name or an id on the command line means. */
wcl_status cli_find_network(struct wcl_hns *hns, const char *name, char id[37], wcl_error *error);
wcl_status cli_find_endpoint(struct wcl_hns *hns, const char *name, char id[37], wcl_error *error);
/* Reads "HOSTPORT:PORT[/tcp|/udp]"; false where it is not that. */
bool cli_parse_port(const char *text, struct wcl_hns_nat_policy *nat);

/*
 * Runs the function that the first argument names, of a table ended by a NULL name, with it as
 * argv[0].
 */
int cli_run_subcommand(cli *cli, const command *table, int argc, char **argv);

/* Whether an object's id or name, which it may lack, is that one, in either case. */
bool cli_is_named(const char *text, const char *name);

/* A number in decimal digits; false where it is none, or too great. */
bool cli_parse_u32(const char *text, uint32_t *number);

#endif
