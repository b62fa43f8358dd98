/* The commands of containers. */
#ifndef WCL_CLI_CONTAINER_H
#define WCL_CLI_CONTAINER_H

#include <wcl/container.h>

#include "cli/cli.h"

int command_run(cli *cli, int argc, char **argv);
int command_exec(cli *cli, int argc, char **argv);
int command_ps(cli *cli, int argc, char **argv);
int command_kill(cli *cli, int argc, char **argv);
int command_wait(cli *cli, int argc, char **argv);
int command_pause(cli *cli, int argc, char **argv);
int command_resume(cli *cli, int argc, char **argv);
int command_stats(cli *cli, int argc, char **argv);

/* Where containers are; `network_dir` is a buffer for the path of the home's networks. */
wcl_container_options cli_container_options(const cli *cli, char *network_dir, size_t size);

/* Opens the container of that id; NULL with cli->error on failure. */
wcl_container *cli_open_container(cli *cli, const char *id);

/* The process of that pid in the container, or NULL with cli->error. */
wcl_process *cli_open_process(cli *cli, wcl_container *container, const char *pid);

/* Terminates a container, waits for its end and frees the handle. */
int cli_end_container(cli *cli, wcl_container *container);

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
