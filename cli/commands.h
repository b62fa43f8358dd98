/* The commands: main.c has the table of them. */
#ifndef WCL_CLI_COMMANDS_H
#define WCL_CLI_COMMANDS_H

#include "cli/cli.h"

/* Layers of the store. */
command_run_fn command_import, command_export, command_create, command_expand, command_mount,
    command_unmount, command_remove, command_layers, command_diff, command_verify;
/* Images. */
command_run_fn command_images, command_pull, command_push, command_load, command_save, command_tag,
    command_rmi, command_append, command_inspect;
/* Layers in any form. */
command_run_fn command_convert, command_list, command_stat, command_cat, command_registry;
/* Networks and endpoints. */
command_run_fn command_network_create, command_network_list, command_network_remove,
    command_network_restore, command_endpoint_create, command_endpoint_list,
    command_endpoint_remove, command_endpoint_attach, command_endpoint_detach;
/* Containers. */
command_run_fn command_run, command_ps, command_exec, command_kill, command_wait, command_pause,
    command_resume, command_stats;
/* The rest. */
command_run_fn command_sddl, command_guid, command_graphdriver, command_snapshotter, command_info;

#endif
