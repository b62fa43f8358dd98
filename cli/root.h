/* The root of a container that is run from a layer of the home. */
#ifndef WCL_CLI_ROOT_H
#define WCL_CLI_ROOT_H

#include "cli/container.h"

/* What a configuration points into. */
typedef struct cli_root {
    char *volume;
    wcl_container_layer *layers;
    size_t count;
} cli_root;

/*
 * Does what has to be done to the layer before the container is made: Windows wants it prepared,
 * and its volume and its parents in the configuration; other systems do that by themselves.
 */
int cli_root_begin(cli *cli, const char *layer, wcl_container_config *config, cli_root *root);

/* Whether a container ends with its command, and what it was given goes with it, without this
 * program: on Windows it is this program that does that, while it waits. */
bool cli_root_ends_by_itself(void);

/* Forgets it; with `give_back` the layer is as it was before. */
void cli_root_end(cli *cli, const char *layer, bool give_back, cli_root *root);

#endif
