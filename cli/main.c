/* The wcl program: finds the command, runs it, prints its error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/append.h"
#include "cli/cli.h"
#include "cli/container.h"
#include "cli/graphdriver.h"
#include "cli/image.h"
#include "cli/network.h"
#include "cli/progress.h"
#include "cli/store.h"
#include "cli/system.h"

static const command commands[] = {
    { "import", "[-l PARENT]... [-i TAR] [--expect-digest D] [--os OS] ID",
      "Make a layer of the store of a layer tar", "The tar may be plain, gzip, zstd, xz or bzip2.",
      command_import, CLI_NEEDS_NO_RIGHTS },
    { "export", "[-o TAR] [-z|--gzip[=LEVEL]|--zstd[=LEVEL]] ID|IMAGE",
      "Write a layer's tar as it was imported, or what changed in a sandbox", NULL, command_export,
      CLI_NEEDS_NO_RIGHTS },
    { "create", "-l PARENT|IMAGE [--size SIZE] ID", "Make a sandbox: a writable layer", NULL,
      command_create, CLI_NEEDS_ALL_RIGHTS },
    { "expand", "ID SIZE", "Let a sandbox grow", NULL, command_expand, CLI_NEEDS_ALL_RIGHTS },
    { "mount", "ID|IMAGE [TARGET]", "Mount a layer with its parents and print where", NULL,
      command_mount, CLI_NEEDS_ALL_RIGHTS },
    { "unmount", "ID|IMAGE", "Undo the mount", NULL, command_unmount, CLI_NEEDS_ALL_RIGHTS },
    { "remove", "ID", "Remove a layer", NULL, command_remove, CLI_NEEDS_ALL_RIGHTS },
    { "layers", "", "List all layers of the store", NULL, command_layers, CLI_NEEDS_NO_RIGHTS },
    { "diff", "ID|IMAGE [OTHER]", "Show what a layer changes: A added, C changed, D deleted", NULL,
      command_diff, CLI_NEEDS_NO_RIGHTS },
    { "verify", "[ID|IMAGE]", "Check layers: digests, indexes, parents", NULL, command_verify,
      CLI_NEEDS_NO_RIGHTS },
    { "images", "", "List all images of the store", NULL, command_images, CLI_NEEDS_NO_RIGHTS },
    { "pull", "[--platform PLATFORM] REF", "Fetch an image from a registry",
      "Layers that are there already are not fetched, and a pull that broke off is gone on with.\n"
      "Credentials are docker's (docker login). Registries on this machine may speak plain HTTP.",
      command_pull, CLI_NEEDS_NO_RIGHTS },
    { "push", "IMAGE [REF]", "Send an image to a registry",
      "Without REF, to where its name says. Foreign layers are not sent.", command_push,
      CLI_NEEDS_NO_RIGHTS },
    { "load", "[-i PATH] [--name NAME] [--platform PLATFORM]",
      "Load images of an OCI layout or docker archive",
      "PATH is a folder or a tar, which may be compressed. What has no name there is loaded by "
      "its\n"
      "digest.",
      command_load, CLI_NEEDS_NO_RIGHTS },
    { "save", "[-o PATH] [--format FORMAT] IMAGE...",
      "Save images as an OCI layout or docker archive",
      "Every digest stays what it was, except with --format docker, which has plain layers only.",
      command_save, CLI_NEEDS_NO_RIGHTS },
    { "tag", "IMAGE NAME", "Give an image another name", NULL, command_tag, CLI_NEEDS_NO_RIGHTS },
    { "rmi", "[-f] [--unused] [IMAGE]...", "Remove images, and what nothing else uses of them",
      "IMAGE is a name, which is taken from the image, or the beginning of a digest.", command_rmi,
      CLI_NEEDS_ALL_RIGHTS },
    { "append", "[OPTIONS] -t NAME IMAGE|scratch INPUT",
      "Make an image of another one and a layer of files",
      "INPUT is a folder, or a tar of any kind (- for standard input) that is no layer yet. The\n"
      "layer is for the system that IMAGE is for; on scratch, for what --os or --platform says.",
      command_append, CLI_NEEDS_NO_RIGHTS },
    { "inspect", "[--html FILE] IMAGE", "Say what an image is, or make a page of its layers",
      "The page shows what each layer adds, changes, deletes and wastes.", command_inspect,
      CLI_NEEDS_NO_RIGHTS },
    { "convert", "[--from FORMAT] --to FORMAT IN OUT",
      "Convert a layer between an OCI tar, a transport folder and a plain folder",
      "FORMAT is oci, transport or dir. IN's is recognised when it is not given. IN and OUT may be "
      "-\n"
      "for standard input and output where they are tars. OUT must not exist, or be an empty "
      "folder.",
      command_convert, CLI_NEEDS_NO_RIGHTS_FOR_TARS },
    { "list", "[-R] [--merged] LAYER [PATH]", "List what is in a layer",
      "LAYER is an id in the store, a tar file (- for standard input), or a folder that convert "
      "made.",
      command_list, CLI_NEEDS_NO_RIGHTS },
    { "stat", "LAYER PATH", "Show everything known of one entry of a layer", NULL, command_stat,
      CLI_NEEDS_NO_RIGHTS },
    { "cat", "LAYER PATH[:STREAM]", "Write a file's contents, or an alternate stream's", NULL,
      command_cat, CLI_NEEDS_NO_RIGHTS },
    { "sddl", "TEXT|BASE64", "Turn SDDL into a security descriptor (in base64), or back", NULL,
      command_sddl, CLI_NEEDS_NO_RIGHTS },
    { "guid", "NAME", "Print the GUIDs that stand for a name", NULL, command_guid,
      CLI_NEEDS_NO_RIGHTS },
    { "network", "create|list|remove|restore ...", "Make, list and remove container networks", NULL,
      command_network, CLI_NEEDS_ALL_RIGHTS },
    { "endpoint", "create|list|remove|attach|detach ...",
      "Make, list and remove endpoints, and attach them to containers", NULL, command_endpoint,
      CLI_NEEDS_ALL_RIGHTS },
    { "graphdriver", "[--socket PATH]", "Serve Docker's graph driver plugin, in the foreground",
      "dockerd finds it by the socket's name: --storage-driver wcl --experimental.",
      command_graphdriver, CLI_NEEDS_ALL_RIGHTS },
    { "snapshotter", "[--socket PATH] [--content-socket PATH]",
      "Serve containerd's snapshotter and differ, in the foreground",
      "containerd finds it by its configuration: [proxy_plugins.wcl]; docs/containerd.md says "
      "more.",
      command_snapshotter, CLI_NEEDS_ALL_RIGHTS },
    { "run", "[--network NET] [-m DIR:DIR[:ro]]... [-i] [-t] [-d] ID|IMAGE [--] COMMAND...",
      "Run a command in a container of a sandbox or an image",
      "ID is a sandbox of the store, or the path of a plain root folder. The exit code is the\n"
      "command's. The container ends with it, also when -d leaves it running. An image gets a "
      "sandbox\n"
      "that goes with the container, its own environment, and its own command where none is given.",
      command_run, CLI_NEEDS_ALL_RIGHTS },
    { "ps", "[ID]", "List containers, or the processes of one", NULL, command_ps,
      CLI_NEEDS_ALL_RIGHTS },
    { "exec", "[-i] [-t] ID [--] COMMAND...", "Run a command in a container that runs",
      "The exit code is the command's.", command_exec, CLI_NEEDS_ALL_RIGHTS },
    { "kill", "[-s] ID [PID]", "End a container, or a process in it", NULL, command_kill,
      CLI_NEEDS_ALL_RIGHTS },
    { "wait", "ID [PID]", "Wait for a container's or a process's end",
      "Of a process, the exit code is printed.", command_wait, CLI_NEEDS_ALL_RIGHTS },
    { "pause", "ID", "Stop all processes of a container from running", NULL, command_pause,
      CLI_NEEDS_ALL_RIGHTS },
    { "resume", "ID", "Let them go on", NULL, command_resume, CLI_NEEDS_ALL_RIGHTS },
    { "stats", "ID", "Show what a container has used", NULL, command_stats, CLI_NEEDS_ALL_RIGHTS },
    { "info", "", "Say what this program and this host can do, and why not where not", NULL,
      command_info, CLI_NEEDS_ALL_RIGHTS },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_commands(FILE *stream)
{
    fprintf(stream, "usage: wcl COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                    "Windows container layers, on every machine.\n\ncommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(stream, "\n'wcl COMMAND --help' says more of one.\n");
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Global options in front of the command: moves them behind it, where cli_parse() takes them. */
static int command_position(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-' && argv[at][1]) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0 ||
            strcmp(argv[at], "--version") == 0)
            return at;
        at += strcmp(argv[at], "--home") == 0 ? 2 : 1;
    }
    return at < argc ? at : argc;
}

/* What a container or dockerd shall not lose ends by itself; all else may be killed at any instant.
 */
static bool ends_by_itself(const command *command)
{
    return command->run == command_run || command->run == command_exec ||
           command->run == command_wait || command->run == command_graphdriver ||
           command->run == command_snapshotter;
}

static int cli_main_run(cli *cli, int argc, char **argv)
{
    int at = command_position(argc, argv);

    if (at == argc) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0 ||
        strcmp(argv[at], "help") == 0) {
        print_commands(stdout);
        return 0;
    }
    if (strcmp(argv[at], "--version") == 0) {
        printf("wcl %s\n", wcl_version());
        return 0;
    }
    cli->command = find_command(argv[at]);
    if (!cli->command) {
        cli_say("wcl: there is no command '%s'; 'wcl help' lists them", argv[at]);
        return EXIT_USAGE;
    }
    char *name = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
    argv[1] = name;
    if (!ends_by_itself(cli->command))
        cli_system_end_in_time();
    return cli->command->run(cli, argc - 1, argv + 1);
}

/* As a shell has it for what a signal ended. */
static int exit_code(int result)
{
    if (result == -1)
        return 0;
    return result == EXIT_FAILED && cli_interrupted() ? 128 + cli_signal() : result;
}

int main(int argc, char **argv)
{
    const char *home = getenv("WCL_HOME");
    cli cli = { .home = home && *home ? home : cli_system_home() };

    if (!cli_system_begin(&argc, &argv))
        return EXIT_FAILED;
    cli_progress_start(&cli);
    int result = cli_main_run(&cli, argc, argv);
    cli_progress_stop(&cli);
    if (fflush(stdout) != 0 && result == 0)
        result = cli_fail(&cli, WCL_CODE_IO, "write", "standard output", "%s", strerror(errno));
    /* A command that ran in a container may have exited with the same code: that is no error. */
    if (result == EXIT_FAILED && cli.error.code != 0) {
        char text[1400];
        cli_say("wcl: %s", wcl_error_format(&cli.error, text, sizeof(text)));
    }
    return exit_code(result);
}
