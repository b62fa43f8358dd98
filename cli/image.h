/* What the commands of images share. */
#ifndef WCL_CLI_IMAGE_H
#define WCL_CLI_IMAGE_H

#include "cli/cli.h"

/* Options of a transfer, with a bar for each layer. `platform` (NULL: none asked for) is parsed
 * into `*parsed`, which wcl_free() frees. An exit code; 0 when all is well. */
int cli_transfer_options(cli *cli, const char *platform, const cli_limits *limits,
                         wcl_platform **parsed, wcl_transfer_options *options);

/* Prints what was loaded or pulled: a wcl_image_loaded_fn whose context is an image_output. */
typedef struct image_output {
    cli *cli;
    json_out out;
} image_output;
void cli_print_loaded(void *context, const wcl_image_info *image);

/* The name that people know an image by, or its digest; freed with free(). */
char *cli_image_name(const char *canonical);

#endif
