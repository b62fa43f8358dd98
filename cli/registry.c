/* pull, push: images from and to registries. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/registry.h>

#include "cli/commands.h"
#include "cli/image.h"

#define PASSWORD_SIZE_MAX 65536
#define NUMBER_MAX 60000

/* The options that both commands have. */
typedef struct registry_arguments {
    const char *user;
    const char *ca_file;
    uint64_t retries, retry_delay, stall, parallel;
    bool password_stdin;
    bool insecure;
    char *password;
} registry_arguments;

/* Options of both commands, and room for those of one. */
#define OPTIONS_MAX 16

/* Puts the options that both commands have behind the `own` ones of a command. */
static void add_options(cli_option table[OPTIONS_MAX], size_t own, registry_arguments *arguments)
{
    const cli_option both[] = {
        CLI_VALUE("user", 'u', "USER", "who asks (default: what docker login stored)",
                  &arguments->user),
        CLI_FLAG("password-stdin", 0, "read the password from standard input",
                 &arguments->password_stdin),
        CLI_VALUE("ca", 0, "FILE", "trust these certificate authorities (PEM) too",
                  &arguments->ca_file),
        CLI_FLAG("insecure", 0, "allow plain HTTP, and certificates that nobody vouches for",
                 &arguments->insecure),
        CLI_NUMBER("retries", "N", "how often to try again what fails for a while (default: 4)", 0,
                   NUMBER_MAX, &arguments->retries),
        CLI_NUMBER("retry-delay", "MS",
                   "how long to wait before, in milliseconds; doubles each time (default: 250)", 1,
                   NUMBER_MAX, &arguments->retry_delay),
        CLI_NUMBER("stall", "SECONDS", "how long a connection may be silent (default: 60)", 1,
                   NUMBER_MAX, &arguments->stall),
        CLI_NUMBER("parallel", "N", "layers at a time (default: 3)", 1, NUMBER_MAX,
                   &arguments->parallel),
        CLI_END
    };

    memcpy(table + own, both, sizeof(both));
}

/* One line of standard input. */
static int read_password(cli *cli, char **password)
{
    size_t size = 0;

    *password = calloc(1, PASSWORD_SIZE_MAX + 1);
    if (!*password)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "read", "password", "out of memory");
    while (size < PASSWORD_SIZE_MAX) {
        ssize_t got = read(STDIN_FILENO, *password + size, PASSWORD_SIZE_MAX - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    (*password)[strcspn(*password, "\r\n")] = '\0';
    return 0;
}

static int take_arguments(cli *cli, registry_arguments *arguments, wcl_registry_options *registry,
                          wcl_transfer_options *options)
{
    if (arguments->password_stdin && !arguments->user)
        return cli_usage_error(cli, "--password-stdin wants --user");
    options->parallel = (unsigned)arguments->parallel;
    registry->attempts = (unsigned)arguments->retries + 1;
    registry->retry_delay = (unsigned)arguments->retry_delay;
    registry->stall_seconds = (unsigned)arguments->stall;
    registry->username = arguments->user;
    registry->ca_file = arguments->ca_file;
    registry->insecure = arguments->insecure;
    int result = arguments->password_stdin ? read_password(cli, &arguments->password) : 0;
    registry->password = arguments->password;
    return result;
}

static void free_arguments(registry_arguments *arguments)
{
    if (arguments->password)
        explicit_bzero(arguments->password, PASSWORD_SIZE_MAX);
    free(arguments->password);
}

/* ---- pull ----------------------------------------------------------------------------------- */

int command_pull(cli *cli, int argc, char **argv)
{
    registry_arguments arguments = { .retries = 4 };
    wcl_registry_options registry = { .struct_size = sizeof(registry) };
    const char *platform = NULL;
    cli_limits limits = { .max_size = 0 };
    cli_option table[OPTIONS_MAX] = {
        CLI_VALUE("platform", 0, "PLATFORM",
                  "of an index, the image for OS[(VERSION)][/ARCHITECTURE[/VARIANT]]", &platform),
        CLI_TAR_LIMITS(limits),
        CLI_MEMORY_LIMIT(limits),
        CLI_FLAG("foreign", 0,
                 "fetch foreign layers from hosts other than the registry, as the image says",
                 &registry.foreign_hosts),
    };
    image_output output = { cli, { .stream = stdout } };
    wcl_transfer_options options;
    wcl_platform *parsed = NULL;
    wcl_image_info *info = NULL;

    add_options(table, 6, &arguments);
    int result = cli_parse(cli, table, &argc, argv, 1, 1, 0);
    if (!result)
        result = cli_transfer_options(cli, platform, &limits, &parsed, &options);
    if (!result)
        result = take_arguments(cli, &arguments, &registry, &options);
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        if (wcl_image_pull(&driver, argv[1], &registry, &options, &info, &cli->error) == WCL_OK)
            cli_print_loaded(&output, info);
        else
            result = EXIT_FAILED;
    }
    cli_progress_done(cli);
    wcl_free(info);
    wcl_free(parsed);
    free_arguments(&arguments);
    return result;
}

/* ---- push ----------------------------------------------------------------------------------- */

static void print_pushed(cli *cli, const char *reference, const char *digest)
{
    json_out out = { .stream = stdout };

    if (cli->json) {
        json_texts(&out, "name", reference, "digest", digest);
    } else if (!cli->quiet) {
        printf("%s %s\n", cli_shown(reference), cli_shown(digest));
    }
}

int command_push(cli *cli, int argc, char **argv)
{
    registry_arguments arguments = { .retries = 4 };
    wcl_registry_options registry = { .struct_size = sizeof(registry) };
    cli_option table[OPTIONS_MAX];
    wcl_transfer_options options;
    wcl_platform *none = NULL;
    char digest[72];

    add_options(table, 0, &arguments);
    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);
    if (!result)
        result = cli_transfer_options(cli, NULL, NULL, &none, &options);
    if (!result)
        result = take_arguments(cli, &arguments, &registry, &options);
    if (!result) {
        wcl_driver driver = cli_driver(cli);
        const char *reference = argv[argc - 1];
        if (wcl_image_push(&driver, argv[1], reference, &registry, &options, digest, &cli->error) !=
            WCL_OK)
            result = EXIT_FAILED;
        cli_progress_done(cli);
        if (!result)
            print_pushed(cli, reference, digest);
    }
    free_arguments(&arguments);
    return result;
}
