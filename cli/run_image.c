/* Running a container of an image. */
#include "cli/run_image.h"

#include <stdlib.h>
#include <string.h>

/* ---- What to run ---------------------------------------------------------------------------- */

static int put_arguments(cli *cli, const char *image, char **arguments, int count,
                         cli_image_run *run)
{
    const wcl_image_command *command = run->command;
    size_t given = (size_t)count, all = command->entrypoint_count + command->cmd_count + given;
    char **to = calloc(all + 3, sizeof(*to));

    if (!to)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", image, "out of memory");
    run->arguments = to;
    *to++ = (char *)"run";
    *to++ = run->sandbox;
    for (size_t i = 0; i < command->entrypoint_count; i++)
        *to++ = (char *)command->entrypoint[i];
    for (size_t i = 0; i < given; i++)
        *to++ = arguments[i];
    for (size_t i = 0; given == 0 && i < command->cmd_count; i++)
        *to++ = (char *)command->cmd[i];
    run->argument_count = (int)(to - run->arguments);
    return run->argument_count > 2
               ? 0
               : cli_usage_error(cli, "the image does not say what to run, so a command is needed");
}

static bool is_overridden(const cli_list *environment, const char *variable)
{
    size_t length = strcspn(variable, "=");

    for (size_t i = 0; i < environment->count; i++)
        if (strncmp(environment->items[i], variable, length) == 0 &&
            (environment->items[i][length] == '=' || environment->items[i][length] == '\0'))
            return true;
    return false;
}

static int put_environment(cli *cli, const char *image, const cli_list *environment,
                           cli_image_run *run)
{
    const wcl_image_command *command = run->command;
    const char **to = calloc(command->env_count + environment->count + 1, sizeof(*to));

    if (!to)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", image, "out of memory");
    run->environment = (cli_list) { .items = to };
    for (size_t i = 0; i < command->env_count; i++)
        if (!is_overridden(environment, command->env[i]))
            to[run->environment.count++] = command->env[i];
    for (size_t i = 0; i < environment->count; i++)
        to[run->environment.count++] = environment->items[i];
    return 0;
}

/* ---- The sandbox ---------------------------------------------------------------------------- */

static wcl_status make_sandbox(cli *cli, const char *image, cli_image_run *run)
{
    wcl_driver driver = cli_driver(cli);
    wcl_guid guid;
    char text[37];

    char *layer = cli_layer_id(cli, image, &cli->error);
    if (!layer)
        return WCL_FAILED;
    wcl_status status = wcl_guid_random(&guid, &cli->error);
    if (status == WCL_OK) {
        wcl_guid_format(&guid, text);
        snprintf(run->sandbox, sizeof(run->sandbox), "run-%.8s%.4s", text, text + 9);
        status = wcl_layer_create_sandbox(&driver, run->sandbox, layer, (wcl_parents) { NULL, 0 },
                                          0, &cli->error);
        if (status != WCL_OK)
            *run->sandbox = '\0';
    }
    free(layer);
    return status;
}

int cli_image_run_begin(cli *cli, const char *image, char **arguments, int count,
                        const cli_list *environment, cli_image_run *run)
{
    wcl_driver driver = cli_driver(cli);

    *run = (cli_image_run) { .sandbox = "" };
    int result = make_sandbox(cli, image, run) == WCL_OK &&
                         wcl_image_get_command(&driver, image, &run->command, &cli->error) == WCL_OK
                     ? 0
                     : EXIT_FAILED;
    if (result == 0)
        result = put_arguments(cli, image, arguments, count, run);
    if (result == 0)
        result = put_environment(cli, image, environment, run);
    if (result)
        cli_image_run_end(cli, run, true);
    return result;
}

void cli_image_run_end(cli *cli, cli_image_run *run, bool remove_sandbox)
{
    wcl_driver driver = cli_driver(cli);

    if (remove_sandbox && *run->sandbox)
        wcl_layer_destroy(&driver, run->sandbox, NULL);
    cli_list_free(&run->environment);
    free(run->arguments);
    wcl_free(run->command);
}
