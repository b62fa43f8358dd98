/* What the commands of containers share. */
#ifndef WCL_CLI_CONTAINER_H
#define WCL_CLI_CONTAINER_H

#include <wcl/container.h>

#include "cli/cli.h"

/* Where containers are; `network_dir` is a buffer for the path of the home's networks. */
wcl_container_options cli_container_options(const cli *cli, char *network_dir, size_t size);

/* Opens the container of that id; NULL with cli->error on failure. */
wcl_container *cli_open_container(cli *cli, const char *id);

/* The process of that pid in the container, or NULL with cli->error. */
wcl_process *cli_open_process(cli *cli, wcl_container *container, const char *pid);

/* Terminates a container and waits for its end. */
int cli_end_container(cli *cli, wcl_container *container);

static inline void cli_container_cleanup(wcl_container **container)
{
    wcl_container_free(*container);
}
#define CLI_CLEANUP_CONTAINER __attribute__((cleanup(cli_container_cleanup)))

/* Waits for a process's end, which Ctrl-C brings about; its exit code, or EXIT_FAILED. */
int cli_wait_process(cli *cli, wcl_process *process, int *code);

/* How a process of a command line is run. */
typedef struct cli_attach {
    const char *user;
    const char *folder;
    cli_list environment; /* NAME=VALUE */
    bool interactive;     /* -i: standard input goes to it */
    bool terminal;        /* -t: it gets a console */
    bool ends_container;  /* which stops when the process has ended */
} cli_attach;

/* Starts the process and passes input and output between it and this program's own, to its end. */
int cli_run_process(cli *cli, wcl_container *container, const cli_attach *attach, char **arguments,
                    int count, int *code);

#endif
