/* wcl run and wcl exec: containers and processes with this program's input and output. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/container.h"
#include "cli/network.h"
#include "cli/root.h"
#include "cli/run_image.h"

#define MOST_MAPPINGS 64
#define MOST_PORTS 64
#define MEGABYTE (1024 * 1024)

typedef struct run_options {
    cli_attach attach;
    const char *name, *network, *host_name, *pids;
    uint64_t memory, processors;
    cli_list mappings, ports, security;
    bool detach;
} run_options;

/* "HOST:CONTAINER[:ro]"; a drive letter's colon belongs to its path. Splits the copy in place. */
static bool parse_mapping(char *text, wcl_mapped_dir *mapped)
{
    char *colon = strchr(text, ':');

    if (!colon || colon == text || !colon[1])
        return false;
    *colon = '\0';
    mapped->struct_size = sizeof(*mapped);
    mapped->host_path = text;
    mapped->container_path = colon + 1;
    char *end = strrchr(colon + 1, ':');
    if (end && strcmp(end, ":ro") == 0) {
        *end = '\0';
        mapped->read_only = true;
    }
    return true;
}

static int parse_mappings(cli *cli, const cli_list *list, wcl_mapped_dir *mapped, char **copies)
{
    if (list->count > MOST_MAPPINGS)
        return cli_usage_error(cli, "there are more than %d mappings", MOST_MAPPINGS);
    for (size_t i = 0; i < list->count; i++) {
        copies[i] = strdup(list->items[i]);
        if (!copies[i])
            return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", NULL, "out of memory");
        if (!parse_mapping(copies[i], &mapped[i]))
            return cli_usage_error(cli, "'%s' is not HOST:CONTAINER[:ro]", list->items[i]);
    }
    return 0;
}

/* ---- Security ------------------------------------------------------------------------------- */

#define PROFILE_LIMIT (1024 * 1024)

/* The text of a profile, for free(). */
static int read_profile(cli *cli, const char *path, char **text)
{
    FILE *file = fopen(path, "rb");
    char *made = file ? malloc(PROFILE_LIMIT + 1) : NULL;
    size_t size = made ? fread(made, 1, PROFILE_LIMIT + 1, file) : 0;
    bool failed = !file || (made && ferror(file));

    if (file)
        fclose(file);
    if (!failed && made && size > 0 && size <= PROFILE_LIMIT && !memchr(made, 0, size)) {
        made[size] = '\0';
        *text = made;
        return 0;
    }
    free(made);
    if (failed)
        return cli_fail(cli, WCL_CODE_FILE_NOT_FOUND, "run", path, "cannot read the profile");
    if (!made)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", path, "out of memory");
    return cli_fail(cli, WCL_CODE_INVALID_DATA, "run", path,
                    "this is not a profile of at most %d bytes", PROFILE_LIMIT);
}

/* Docker's letters: no-new-privileges[=true|false], seccomp=unconfined|builtin|FILE. */
static int parse_security(cli *cli, const cli_list *list, wcl_container_config *config,
                          char **profile)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *option = list->items[i];
        size_t name = strcspn(option, "=:");
        const char *value = option[name] ? option + name + 1 : "";
        if (name == strlen("seccomp") && strncmp(option, "seccomp", name) == 0 && *value) {
            free(*profile);
            *profile = NULL;
            config->seccomp_profile = NULL;
            int result = strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0
                             ? 0
                             : read_profile(cli, value, profile);
            if (result != 0)
                return result;
            if (strcmp(value, "builtin") != 0)
                config->seccomp_profile = *profile ? *profile : "unconfined";
        } else if (name == strlen("no-new-privileges") &&
                   strncmp(option, "no-new-privileges", name) == 0 &&
                   (!*value || strcmp(value, "true") == 0 || strcmp(value, "false") == 0)) {
            config->no_new_privileges = strcmp(value, "false") != 0;
        } else {
            return cli_usage_error(cli,
                                   "'%s' is not no-new-privileges, seccomp=unconfined or "
                                   "seccomp=FILE",
                                   option);
        }
    }
    return 0;
}

/* 0 and -1 are no limit, as they are for docker. */
static int parse_pids(cli *cli, const char *text, wcl_container_config *config)
{
    char *end;

    if (!text)
        return 0;
    long long limit = strtoll(text, &end, 10);
    if (end == text || *end || limit < -1)
        return cli_usage_error(cli, "'%s' is not a number of processes, or -1", text);
    config->pids_limit = limit > 0 ? limit : -1;
    return 0;
}

/* ---- Networks ------------------------------------------------------------------------------- */

static int parse_ports(cli *cli, const cli_list *list, wcl_hns_policy *policies)
{
    if (list->count > MOST_PORTS)
        return cli_usage_error(cli, "there are more than %d ports", MOST_PORTS);
    for (size_t i = 0; i < list->count; i++) {
        policies[i].type = WCL_HNS_POLICY_NAT;
        if (!cli_parse_port(list->items[i], &policies[i].nat))
            return cli_usage_error(cli, "'%s' is not PORT:PORT[/udp]", list->items[i]);
    }
    return 0;
}

/* An endpoint that lives as long as the container. */
static int make_endpoint(cli *cli, const run_options *options, char id[37])
{
    wcl_hns_policy policies[MOST_PORTS] = { 0 };
    wcl_hns_endpoint wanted = { .struct_size = sizeof(wanted),
                                .policies = policies,
                                .policy_count = options->ports.count };
    wcl_hns_endpoint *made = NULL;
    int result = parse_ports(cli, &options->ports, policies);

    if (result != 0)
        return result;
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);
    if (!hns || cli_make_endpoint(cli, hns, &wanted, options->network, &made) != WCL_OK)
        return EXIT_FAILED;
    if (made)
        snprintf(id, 37, "%s", made->id);
    wcl_hns_endpoint_free(made);
    return 0;
}

static void remove_endpoint(cli *cli, const char *id)
{
    wcl_error kept = cli->error;
    CLI_CLEANUP_NETWORKS wcl_hns *hns = cli_networks_open(cli);

    if (hns)
        wcl_hns_endpoint_request(hns, "DELETE", id, "", NULL, NULL);
    cli->error = kept;
}

/* ---- Run ------------------------------------------------------------------------------------ */

/* Ends a container for which something failed. */
static void give_up(cli *cli, wcl_container *container)
{
    wcl_error kept = cli->error;

    cli_end_container(cli, container);
    wcl_container_free(container);
    cli->error = kept;
}

/* The container of a layer of the home, or of a folder when the name is a path. */
static wcl_container *make_container(cli *cli, const char *layer, const run_options *options,
                                     wcl_container_config *config)
{
    char network_dir[4096], folder[4096];
    wcl_container_options where = cli_container_options(cli, network_dir, sizeof(network_dir));
    const char *slash = strrchr(layer, '/');
    const char *name = options->name ? options->name : slash ? slash + 1 : layer;
    wcl_container *container = NULL;

    snprintf(folder, sizeof(folder), "%s/%s", cli->home, layer);
    config->layer_folder_path = slash ? layer : folder;
    config->name = name;
    config->owner = "wcl";
    config->host_name = options->host_name;
    config->allow_unqualified_dns_query = true;
    if (wcl_container_create(&where, name, config, &container, &cli->error) != WCL_OK)
        return NULL;
    if (wcl_container_start(container, &cli->error) == WCL_OK)
        return container;
    give_up(cli, container);
    return NULL;
}

static int run_detached(cli *cli, wcl_container *container, const run_options *options,
                        char **arguments, int count)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.arguments = (const char *const *)arguments;
    config.argument_count = (size_t)count;
    config.user = options->attach.user;
    config.working_directory = options->attach.folder;
    config.ends_container = options->attach.ends_container;
    if (wcl_process_create(container, &config, &process, &cli->error) != WCL_OK) {
        give_up(cli, container);
        return EXIT_FAILED;
    }
    if (cli->json) {
        json_out out = { .stream = stdout };
        json_begin(&out, NULL, '{');
        json_text(&out, "id", wcl_container_id(container));
        json_unsigned(&out, "pid", wcl_process_pid(process));
        json_end(&out, '{');
    } else {
        printf("%s %u\n", cli_shown(wcl_container_id(container)), wcl_process_pid(process));
    }
    wcl_process_free(process);
    wcl_container_free(container);
    return 0;
}

static int run_prepared(cli *cli, const run_options *options, wcl_container_config *config,
                        int argc, char **argv)
{
    char endpoint[37] = "";
    const char *endpoints[1] = { endpoint };
    int code = 0, result = EXIT_FAILED;

    if (!options->network && options->ports.count)
        return cli_usage_error(cli, "--publish goes with --network");
    if (options->network) {
        result = make_endpoint(cli, options, endpoint);
        if (result != 0)
            return result;
        result = EXIT_FAILED;
        config->endpoint_list = endpoints;
        config->endpoint_count = 1;
        config->remove_endpoints_on_exit = cli_root_ends_by_itself();
    }
    wcl_container *container = make_container(cli, argv[1], options, config);
    if (container && options->detach)
        return run_detached(cli, container, options, argv + 2, argc - 2);
    if (container) {
        result = cli_run_process(cli, container, &options->attach, argv + 2, argc - 2, &code);
        wcl_error kept = cli->error;
        if (cli_end_container(cli, container) == 0 || result != 0)
            cli->error = kept;
        else
            result = EXIT_FAILED;
        wcl_container_free(container);
    }
    if (*endpoint)
        remove_endpoint(cli, endpoint);
    return result == 0 ? code : result;
}

static int run_in(cli *cli, const run_options *options, wcl_container_config *config, int argc,
                  char **argv)
{
    cli_root root;

    if (strchr(argv[1], '/'))
        return run_prepared(cli, options, config, argc, argv);
    int result = cli_root_begin(cli, argv[1], config, &root);
    if (result != 0)
        return result;
    result = run_prepared(cli, options, config, argc, argv);
    cli_root_end(cli, argv[1], !options->detach || result == EXIT_FAILED, &root);
    return result;
}

/* Whether a name is not an image's: that of a layer, or a path. */
static bool is_root(cli *cli, const char *name)
{
    struct stat info;

    return *name == '/' || *name == '.' || (strchr(name, '/') && stat(name, &info) == 0) ||
           cli_is_layer(cli, name);
}

/* Runs in a sandbox on the image, which goes with the container. */
static int run_image(cli *cli, run_options *options, wcl_container_config *config, int argc,
                     char **argv)
{
    cli_image_run run;
    cli_list given = options->attach.environment;

    int result = cli_image_run_begin(cli, argv[1], argv + 2, argc - 2, &given, &run);
    if (result)
        return result;
    options->attach.environment = run.environment;
    if (!options->attach.user && *run.command->user)
        options->attach.user = run.command->user;
    if (!options->attach.folder && *run.command->working_directory)
        options->attach.folder = run.command->working_directory;
    config->remove_layer_on_exit = cli_root_ends_by_itself();
    result = run_in(cli, options, config, run.argument_count, run.arguments);
    options->attach.environment = given;
    cli_image_run_end(cli, &run, !options->detach || result == EXIT_FAILED);
    return result;
}

/* Runs what the options say. */
static int run_with(cli *cli, run_options *options, int argc, char **argv)
{
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_mapped_dir mapped[MOST_MAPPINGS] = { 0 };
    char *copies[MOST_MAPPINGS] = { NULL }, *profile = NULL;

    int result = parse_mappings(cli, &options->mappings, mapped, copies);
    if (result == 0)
        result = parse_pids(cli, options->pids, &config);
    if (result == 0)
        result = parse_security(cli, &options->security, &config, &profile);
    config.memory_maximum_in_mb = (int64_t)(options->memory / MEGABYTE);
    config.processor_count = (uint32_t)options->processors;
    config.mapped_directories = mapped;
    config.mapped_directory_count = options->mappings.count;
    options->attach.ends_container = cli_root_ends_by_itself();
    if (result == 0 && !is_root(cli, argv[1]))
        result = run_image(cli, options, &config, argc, argv);
    else if (result == 0)
        result = argc > 2 ? run_in(cli, options, &config, argc, argv)
                          : cli_usage_error(cli, "a command is missing");
    for (size_t i = 0; i < MOST_MAPPINGS; i++)
        free(copies[i]);
    free(profile);
    return result;
}

int command_run(cli *cli, int argc, char **argv)
{
    run_options options = { 0 };
    const cli_option table[] = {
        CLI_FLAG("interactive", 'i', "pass standard input on", &options.attach.interactive),
        CLI_FLAG("tty", 't', "give the command a console", &options.attach.terminal),
        CLI_LIST("mount", 'm', "DIR:DIR[:ro]", "show a folder of the host in the container",
                 &options.mappings),
        CLI_VALUE("network", 0, "NET", "join a network (default: none)", &options.network),
        CLI_LIST("publish", 'p', "PORT:PORT[/udp]", "a port of the host and the container's",
                 &options.ports),
        CLI_VALUE("name", 0, "ID", "the container's id (default: the layer's)", &options.name),
        CLI_FLAG("detach", 'd', "print id and pid, and leave it running", &options.detach),
        CLI_VALUE("user", 'u', "USER[:GROUP]", "who the command runs as", &options.attach.user),
        CLI_VALUE("workdir", 'w', "DIR", "where it runs", &options.attach.folder),
        CLI_LIST("env", 'e', "NAME[=VALUE]", "a variable of its environment",
                 &options.attach.environment),
        CLI_SIZE("memory", "the most memory it may use", MEGABYTE, &options.memory),
        CLI_NUMBER("cpus", "N", "the most processors it may use", 1, 65535, &options.processors),
        CLI_VALUE("pids-limit", 0, "N", "the most processes (default 4096; -1: any number)",
                  &options.pids),
        CLI_LIST("security-opt", 0, "OPTION",
                 "no-new-privileges, seccomp=unconfined, or seccomp=FILE", &options.security),
        CLI_VALUE("hostname", 0, "NAME", "its host name", &options.host_name),
        CLI_END
    };

    int result = cli_parse(cli, table, &argc, argv, 1, -1, 2);
    if (result == 0)
        result = run_with(cli, &options, argc, argv);
    cli_list_free(&options.mappings);
    cli_list_free(&options.ports);
    cli_list_free(&options.security);
    cli_list_free(&options.attach.environment);
    return result;
}

int command_exec(cli *cli, int argc, char **argv)
{
    cli_attach attach = { 0 };
    const cli_option table[] = {
        CLI_FLAG("interactive", 'i', "pass standard input on", &attach.interactive),
        CLI_FLAG("tty", 't', "give the command a console", &attach.terminal),
        CLI_VALUE("user", 'u', "USER[:GROUP]", "who the command runs as", &attach.user),
        CLI_VALUE("workdir", 'w', "DIR", "where it runs", &attach.folder),
        CLI_LIST("env", 'e', "NAME[=VALUE]", "a variable of its environment", &attach.environment),
        CLI_END
    };
    int code = 0;

    int result = cli_parse(cli, table, &argc, argv, 2, -1, 2);
    CLI_CLEANUP_CONTAINER wcl_container *container =
        result == 0 ? cli_open_container(cli, argv[1]) : NULL;
    if (result == 0)
        result = container ? cli_run_process(cli, container, &attach, argv + 2, argc - 2, &code)
                           : EXIT_FAILED;
    cli_list_free(&attach.environment);
    return result == 0 ? code : result;
}
