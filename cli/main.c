/* The wcl program: finds the command, runs it, prints its error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/system.h"

/* In the order of the help. Those of a group have its name in front. */
static const command commands[] = {
    { "import", "[-l PARENT]... [-i TAR] [--expect-digest D] [--os OS] ID",
      "Make a layer of the store of a layer tar", "The tar may be plain, gzip, zstd, xz or bzip2.",
      command_import, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "export", "[-o TAR] [-z|--gzip[=LEVEL]|--zstd[=LEVEL]] ID|IMAGE",
      "Write a layer's tar as it was imported, or what changed in a sandbox", NULL, command_export,
      CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "create", "-l PARENT|IMAGE [--size SIZE] ID", "Make a sandbox: a writable layer", NULL,
      command_create, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "expand", "ID SIZE", "Let a sandbox grow", NULL, command_expand, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(2, 2) },
    { "mount", "ID|IMAGE [TARGET]", "Mount a layer with its parents and print where", NULL,
      command_mount, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, 2) },
    { "unmount", "ID|IMAGE", "Undo the mount", NULL, command_unmount, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(1, 1) },
    { "remove", "ID", "Remove a layer", NULL, command_remove, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(1, 1) },
    { "layers", "", "List all layers of the store", NULL, command_layers, CLI_NEEDS_NO_RIGHTS,
      CLI_ARGUMENTS(0, 0) },
    { "diff", "ID|IMAGE [OTHER]", "Show what a layer changes: A added, C changed, D deleted", NULL,
      command_diff, CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(1, 2) },
    { "verify", "[ID|IMAGE]", "Check layers: digests, indexes, parents", NULL, command_verify,
      CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(0, 1) },
    { "images", "", "List all images of the store", NULL, command_images, CLI_NEEDS_NO_RIGHTS,
      CLI_ARGUMENTS(0, 0) },
    { "pull", "[--platform PLATFORM] REF", "Fetch an image from a registry",
      "Layers that are there already are not fetched, and an interrupted pull is resumed.\n"
      "Credentials are docker's (docker login). Registries on this machine may speak plain HTTP.",
      command_pull, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "push", "IMAGE [REF]", "Send an image to a registry",
      "Without REF, to where its name says. Foreign layers are not sent.", command_push,
      CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "load", "[-i PATH] [--name NAME] [--platform PLATFORM]",
      "Load images of an OCI layout or docker archive",
      "PATH is a folder or a tar, which may be compressed. What has no name there is loaded by "
      "its\n"
      "digest.",
      command_load, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "save", "[-o PATH] [--format FORMAT] IMAGE...",
      "Save images as an OCI layout or docker archive",
      "Every digest stays what it was, except with --format docker, which has plain layers only.",
      command_save, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "tag", "IMAGE NAME", "Give an image another name", NULL, command_tag, CLI_NEEDS_NO_RIGHTS,
      CLI_ARGUMENTS(2, 2) },
    { "rmi", "[-f] [--unused] [IMAGE]...", "Remove images, and what nothing else uses of them",
      "IMAGE is a name, which is taken from the image, or the beginning of a digest.", command_rmi,
      CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "append", "[OPTIONS] -t NAME IMAGE|scratch INPUT",
      "Make an image of another one and a layer of files",
      "INPUT is a folder, or a tar of any kind (- for standard input) that is not a layer yet. "
      "The\n"
      "layer is for the system that IMAGE is for; on scratch, for what --os or --platform says.",
      command_append, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "inspect", "[--html FILE] IMAGE", "Say what an image is, or make a page of its layers",
      "The page shows what each layer adds, changes, deletes and wastes.", command_inspect,
      CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "convert", "[--from FORMAT] --to FORMAT IN OUT",
      "Convert a layer between an OCI tar, a transport folder and a plain folder",
      "FORMAT is oci, transport or dir; that of IN is recognised where it is not given. IN and "
      "OUT\n"
      "may be - for standard input and output where they are tars; a name in .gz, .tgz or .zst "
      "makes\n"
      "OUT a compressed one. OUT must not exist, or be an empty folder.",
      command_convert, CLI_NEEDS_NO_RIGHTS_FOR_TARS, CLI_OWN_OPTIONS },
    { "list", "[-R] [--merged] LAYER [PATH]", "List what is in a layer",
      "LAYER is an id in the store, a tar file (- for standard input), or a folder that convert "
      "made.",
      command_list, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "stat", "LAYER PATH", "Show everything known of one entry of a layer", NULL, command_stat,
      CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(2, 2) },
    { "cat", "LAYER PATH[:STREAM]", "Write a file's contents, or an alternate stream's", NULL,
      command_cat, CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(2, 2) },
    { "registry", "[-r] [--layer] [--value NAME] [--reg] LAYER [KEY]",
      "Show the registry that a layer's hives and those below it make up",
      "KEY is one of HKLM\\SAM, HKLM\\SECURITY, HKLM\\SOFTWARE, HKLM\\SYSTEM and HKU\\.DEFAULT, or "
      "below.\n"
      "Without it the hives that are there are listed. What --layer shows as deleted, the layers\n"
      "below may have.",
      command_registry, CLI_NEEDS_NO_RIGHTS, CLI_OWN_OPTIONS },
    { "sddl", "TEXT|BASE64", "Turn SDDL into a security descriptor (in base64), or back", NULL,
      command_sddl, CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "guid", "NAME", "Print the GUIDs that stand for a name", NULL, command_guid,
      CLI_NEEDS_NO_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "network", "create|list|remove|restore ...", "Make, list and remove container networks", NULL,
      NULL, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, -1) },
    { "network create", "[-t TYPE] [-s PREFIX[,GATEWAY]]... [-a ADAPTER] [NAME]",
      "Make a network and print its id", NULL, command_network_create, CLI_NEEDS_ALL_RIGHTS,
      CLI_OWN_OPTIONS },
    { "network list", "", "List the networks", NULL, command_network_list, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(0, 0) },
    { "network remove", "NETWORK", "Remove a network, named by its name or id", NULL,
      command_network_remove, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "network restore", "", "Rebuild what is missing of the networks and endpoints", NULL,
      command_network_restore, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(0, 0) },
    { "endpoint", "create|list|remove|attach|detach ...",
      "Make, list and remove endpoints, and attach them to containers", NULL, NULL,
      CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, -1) },
    { "endpoint create", "[-p PORT:PORT[/udp]]... [OPTIONS] NETWORK [NAME]",
      "Make an endpoint on a network and print its id", NULL, command_endpoint_create,
      CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "endpoint list", "", "List the endpoints", NULL, command_endpoint_list, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(0, 0) },
    { "endpoint remove", "ENDPOINT", "Remove an endpoint, named by its name or id", NULL,
      command_endpoint_remove, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "endpoint attach", "ENDPOINT CONTAINER|--compartment N",
      "Put an endpoint into a container, or a compartment of the host", NULL,
      command_endpoint_attach, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "endpoint detach", "ENDPOINT", "Take an endpoint out of what it is attached to", NULL,
      command_endpoint_detach, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "graphdriver", "[--socket PATH]", "Serve Docker's graph driver plugin, in the foreground",
      "dockerd finds it by the socket's name: --storage-driver wcl --experimental.",
      command_graphdriver, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "snapshotter", "[--socket PATH] [--content-socket PATH]",
      "Serve containerd's snapshotter and differ, in the foreground",
      "containerd finds it by its configuration: [proxy_plugins.wcl]; docs/containerd.md says "
      "more.",
      command_snapshotter, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "run", "[--network NET] [-m DIR:DIR[:ro]]... [-i] [-t] [-d] ID|IMAGE [--] COMMAND...",
      "Run a command in a container of a sandbox or an image",
      "ID is a sandbox of the store, or the path of a plain root folder. The exit code is the\n"
      "command's. The container ends with it, also when -d leaves it running. An image gets a "
      "sandbox\n"
      "that goes with the container, its own environment, and its own command where none is given.",
      command_run, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "ps", "[ID]", "List containers, or the processes of one", NULL, command_ps,
      CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(0, 1) },
    { "exec", "[-i] [-t] ID [--] COMMAND...", "Run a command in a container that runs",
      "The exit code is the command's.", command_exec, CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "kill", "[-s] ID [PID]", "End a container, or a process in it", NULL, command_kill,
      CLI_NEEDS_ALL_RIGHTS, CLI_OWN_OPTIONS },
    { "wait", "ID [PID]", "Wait for a container's or a process's end",
      "Of a process, the exit code is printed.", command_wait, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(1, 2) },
    { "pause", "ID", "Stop all processes of a container from running", NULL, command_pause,
      CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(1, 1) },
    { "resume", "ID", "Let them go on", NULL, command_resume, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(1, 1) },
    { "stats", "ID", "Show what a container has used", NULL, command_stats, CLI_NEEDS_ALL_RIGHTS,
      CLI_ARGUMENTS(1, 1) },
    { "info", "", "Say what this program and this host can do, and why not where not", NULL,
      command_info, CLI_NEEDS_ALL_RIGHTS, CLI_ARGUMENTS(0, 0) },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_commands(FILE *stream)
{
    fprintf(stream, "usage: wcl COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                    "Windows container layers, on every machine.\n\ncommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strchr(commands[i].name, ' '))
            fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(stream, "\n'wcl COMMAND --help' explains one.\n");
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const command *find_in_group(const char *group, const char *verb)
{
    char name[64];

    snprintf(name, sizeof(name), "%s %s", group, verb);
    return find_command(name);
}

/* Where the word stands that names a command; global options may stand before it. */
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

/* Moves global options behind the word that names the command, where cli_parse() takes them. */
static void move_to_front(char **argv, int at)
{
    char *name = argv[at];

    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
    argv[1] = name;
}

/* What a container or dockerd must not lose ends in its own way; all else may be killed at any
 * instant. */
static bool ends_by_itself(const command *command)
{
    return command->run == command_run || command->run == command_exec ||
           command->run == command_wait || command->run == command_graphdriver ||
           command->run == command_snapshotter;
}

static int parse_plain(cli *cli, int *argc, char **argv)
{
    const cli_arguments *arguments = &cli->command->taken;

    return arguments->are_all
               ? cli_parse(cli, NULL, argc, argv, arguments->least, arguments->most, 0)
               : 0;
}

static int run_command(cli *cli, int argc, char **argv)
{
    if (!cli->command->run) {
        int at = command_position(argc, argv);
        const command *found = at < argc ? find_in_group(argv[0], argv[at]) : NULL;
        if (!found) {
            int result = parse_plain(cli, &argc, argv);
            return result ? result : cli_usage_error(cli, "there is no '%s'", argv[1]);
        }
        move_to_front(argv, at);
        cli->command = found;
        argc--;
        argv++;
    }
    if (!ends_by_itself(cli->command))
        cli_system_end_in_time();
    int result = parse_plain(cli, &argc, argv);
    return result ? result : cli->command->run(cli, argc, argv);
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
    move_to_front(argv, at);
    return run_command(cli, argc - 1, argv + 1);
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
    /* A command that ran in a container may have exited with the same code, which is no error. */
    if (result == EXIT_FAILED && cli.error.code != 0) {
        char text[1400];
        cli_say("wcl: %s", wcl_error_format(&cli.error, text, sizeof(text)));
    }
    return exit_code(result);
}
