/* Commands about containers that run: ps, kill, wait, pause, resume, stats. */
#include "cli/container.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"

wcl_container_options cli_container_options(const cli *cli, char *network_dir, size_t size)
{
    wcl_container_options options = WCL_CONTAINER_OPTIONS_INIT;

    snprintf(network_dir, size, "%s/hns", cli->home);
    options.network_dir = network_dir;
    return options;
}

wcl_container *cli_open_container(cli *cli, const char *id)
{
    char network_dir[4096];
    wcl_container_options options = cli_container_options(cli, network_dir, sizeof(network_dir));
    wcl_container *container = NULL;

    wcl_container_open(&options, id, &container, &cli->error);
    return container;
}

wcl_process *cli_open_process(cli *cli, wcl_container *container, const char *pid)
{
    wcl_process *process = NULL;
    uint64_t number;

    if (!cli_parse_number(pid, 1, UINT32_MAX, &number)) {
        cli_fail(cli, WCL_CODE_INVALID_PARAMETER, cli->command->name, pid, "this is not a pid");
        return NULL;
    }
    wcl_process_open(container, (uint32_t)number, &process, &cli->error);
    return process;
}

static int end_container(cli *cli, wcl_container *container, bool gently)
{
    wcl_status status = gently ? wcl_container_shutdown(container, &cli->error)
                               : wcl_container_terminate(container, &cli->error);

    if (status == WCL_OK || status == WCL_PENDING ||
        (!gently && wcl_error_is_already_stopped(&cli->error)))
        status = wcl_container_wait(container, &cli->error);
    return cli_exit_code(status);
}

int cli_end_container(cli *cli, wcl_container *container)
{
    return end_container(cli, container, false);
}

/* ---- ps ------------------------------------------------------------------------------------- */

static int print_containers(cli *cli)
{
    wcl_container_properties **list = NULL;
    size_t list_count;
    char network_dir[4096];
    wcl_container_options options = cli_container_options(cli, network_dir, sizeof(network_dir));

    if (cli->json) {
        char *json = NULL;
        if (wcl_containers_query_json(&options, NULL, &json, &cli->error) != WCL_OK)
            return EXIT_FAILED;
        puts(json);
        wcl_free(json);
        return 0;
    }
    if (wcl_containers_query(&options, NULL, &list, &list_count, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (!cli->quiet)
        printf("%-32s %-8s %s\n", "ID", "STATE", "NAME");
    for (size_t i = 0; i < list_count; i++) {
        const wcl_container_properties *one = list[i];
        printf("%-32s %-8s %s\n", cli_shown(one->id), cli_shown(one->state), cli_shown(one->name));
    }
    wcl_free(list);
    return 0;
}

/* Prints what a query about one container answers, as JSON. */
static int print_properties_json(cli *cli, wcl_container *container, const char *query)
{
    char *json = NULL;

    if (wcl_container_properties_json(container, query, &json, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    puts(json);
    wcl_free(json);
    return 0;
}

static int print_processes(cli *cli, wcl_container *container)
{
    wcl_container_properties *one = NULL;

    if (cli->json)
        return print_properties_json(cli, container, "{\"PropertyTypes\":[\"ProcessList\"]}");
    if (wcl_container_process_list(container, &one, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (!cli->quiet)
        printf("%8s %10s %10s %12s %s\n", "PID", "USER", "KERNEL", "PRIVATE", "IMAGE");
    for (size_t i = 0; i < one->process_count; i++) {
        const wcl_process_list_item *item = &one->processes[i];
        printf("%8u %9.2fs %9.2fs %11" PRIu64 "K %s\n", item->process_id,
               (double)item->user_time_100ns / 1e7, (double)item->kernel_time_100ns / 1e7,
               item->memory_working_set_private_bytes / 1024, cli_shown(item->image_name));
    }
    wcl_free(one);
    return 0;
}

int command_ps(cli *cli, int argc, char **argv)
{
    if (argc < 2)
        return print_containers(cli);
    CLI_CLEANUP_CONTAINER wcl_container *container = cli_open_container(cli, argv[1]);
    return container ? print_processes(cli, container) : EXIT_FAILED;
}

/* ---- kill, wait ----------------------------------------------------------------------------- */

int command_kill(cli *cli, int argc, char **argv)
{
    bool gently = false;
    const cli_option table[] = {
        CLI_FLAG("shutdown", 's', "ask its processes to end, and wait until they have", &gently),
        CLI_END
    };

    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);
    if (result != 0)
        return result;
    CLI_CLEANUP_CONTAINER wcl_container *container = cli_open_container(cli, argv[1]);
    if (!container)
        return EXIT_FAILED;
    if (argc < 3)
        return end_container(cli, container, gently);
    wcl_process *process = cli_open_process(cli, container, argv[2]);
    result = process ? cli_exit_code(wcl_process_kill(process, &cli->error)) : EXIT_FAILED;
    wcl_process_free(process);
    return result;
}

/* Waits in pieces, so that Ctrl-C is noticed. */
static int wait_container(cli *cli, wcl_container *container)
{
    do
        if (wcl_container_wait_timeout(container, 200, &cli->error) == WCL_OK)
            return 0;
    while (wcl_error_is_timeout(&cli->error) && !cli_interrupted());
    return EXIT_FAILED;
}

static int wait_process(cli *cli, wcl_process *process)
{
    int32_t code;

    while (wcl_process_wait_timeout(process, 200, &cli->error) != WCL_OK)
        if (!wcl_error_is_timeout(&cli->error) || cli_interrupted())
            return EXIT_FAILED;
    if (wcl_process_exit_code(process, &code, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    if (cli->json)
        printf("{\"pid\":%u,\"exit_code\":%d}\n", wcl_process_pid(process), code);
    else
        printf("%d\n", code);
    return 0;
}

int command_wait(cli *cli, int argc, char **argv)
{
    CLI_CLEANUP_CONTAINER wcl_container *container = cli_open_container(cli, argv[1]);
    if (!container)
        return EXIT_FAILED;
    if (argc < 3)
        return wait_container(cli, container);
    wcl_process *process = cli_open_process(cli, container, argv[2]);
    int result = process ? wait_process(cli, process) : EXIT_FAILED;
    wcl_process_free(process);
    return result;
}

/* ---- pause, resume, stats ------------------------------------------------------------------- */

static int container_change(cli *cli, const char *id,
                            wcl_status (*call)(wcl_container *container, wcl_error *error))
{
    CLI_CLEANUP_CONTAINER wcl_container *container = cli_open_container(cli, id);
    return container ? cli_exit_code(call(container, &cli->error)) : EXIT_FAILED;
}

int command_pause(cli *cli, int argc, char **argv)
{
    return container_change(cli, argv[1], wcl_container_pause);
}

int command_resume(cli *cli, int argc, char **argv)
{
    return container_change(cli, argv[1], wcl_container_resume);
}

static void print_statistics(const wcl_statistics *statistics)
{
    printf("uptime                %.1f s\n", (double)statistics->uptime_100ns / 1e7);
    printf("processor             %.2f s (user %.2f, kernel %.2f)\n",
           (double)statistics->processor.total_runtime_100ns / 1e7,
           (double)statistics->processor.runtime_user_100ns / 1e7,
           (double)statistics->processor.runtime_kernel_100ns / 1e7);
    printf("memory                %" PRIu64 " KiB (peak %" PRIu64 ", private %" PRIu64 ")\n",
           statistics->memory.usage_commit_bytes / 1024,
           statistics->memory.usage_commit_peak_bytes / 1024,
           statistics->memory.usage_private_working_set_bytes / 1024);
    printf("storage read          %" PRIu64 " KiB in %" PRIu64 "\n",
           statistics->storage.read_size_bytes / 1024, statistics->storage.read_count_normalized);
    printf("storage written       %" PRIu64 " KiB in %" PRIu64 "\n",
           statistics->storage.write_size_bytes / 1024, statistics->storage.write_count_normalized);
    for (size_t i = 0; i < statistics->network_count; i++)
        printf("network %-13s received %" PRIu64 " B, sent %" PRIu64 " B\n",
               cli_shown(statistics->network[i].instance_id), statistics->network[i].bytes_received,
               statistics->network[i].bytes_sent);
}

int command_stats(cli *cli, int argc, char **argv)
{
    wcl_container_properties *properties = NULL;
    CLI_CLEANUP_CONTAINER wcl_container *container = cli_open_container(cli, argv[1]);
    if (!container)
        return EXIT_FAILED;
    if (cli->json)
        return print_properties_json(cli, container, "{\"PropertyTypes\":[\"Statistics\"]}");
    if (wcl_container_statistics(container, &properties, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    print_statistics(&properties->statistics);
    wcl_free(properties);
    return 0;
}
