/* pull, push: images from and to registries. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/registry.h>

#include "cli/image.h"

#define PASSWORD_SIZE_MAX 65536

/* The options that both commands have. */
typedef struct registry_arguments {
    const char *user;
    const char *ca_file;
    const char *retries;
    const char *retry_delay;
    const char *stall;
    const char *parallel;
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
        { "user", 'u', CLI_VALUE, "USER", "who asks (default: as docker login said)", NULL,
          &arguments->user, NULL },
        { "password-stdin", 0, CLI_FLAG, NULL, "read the password from standard input",
          &arguments->password_stdin, NULL, NULL },
        { "ca", 0, CLI_VALUE, "FILE", "trust these certificate authorities (PEM) too", NULL,
          &arguments->ca_file, NULL },
        { "insecure", 0, CLI_FLAG, NULL,
          "allow plain HTTP, and certificates that nobody vouches for", &arguments->insecure, NULL,
          NULL },
        { "retries", 0, CLI_VALUE, "N",
          "how often to try again what fails for a while (default: 4)", NULL, &arguments->retries,
          NULL },
        { "retry-delay", 0, CLI_VALUE, "MS",
          "how long to wait before, in milliseconds; doubles each time (default: 250)", NULL,
          &arguments->retry_delay, NULL },
        { "stall", 0, CLI_VALUE, "SECONDS", "how long a connection may be silent (default: 60)",
          NULL, &arguments->stall, NULL },
        { "parallel", 0, CLI_VALUE, "N", "layers at a time (default: 3)", NULL,
          &arguments->parallel, NULL },
        { .name = NULL },
    };

    memcpy(table + own, both, sizeof(both));
}

/* A number from `least` to 60000; an exit code. */
static int parse_number(cli *cli, const char *option, const char *text, unsigned least,
                        unsigned *number)
{
    char *end;

    if (!text)
        return 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < least || value > 60000)
        return cli_usage_error(cli, "'%s' is no number for --%s", text, option);
    *number = (unsigned)value;
    return 0;
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
    unsigned retries = 4;

    if (arguments->password_stdin && !arguments->user)
        return cli_usage_error(cli, "--password-stdin wants --user");
    int result = parse_number(cli, "retries", arguments->retries, 0, &retries);
    if (!result)
        result =
            parse_number(cli, "retry-delay", arguments->retry_delay, 1, &registry->retry_delay);
    if (!result)
        result = parse_number(cli, "stall", arguments->stall, 1, &registry->stall_seconds);
    if (!result)
        result = parse_number(cli, "parallel", arguments->parallel, 1, &options->parallel);
    if (!result && arguments->password_stdin)
        result = read_password(cli, &arguments->password);
    registry->attempts = retries + 1;
    registry->username = arguments->user;
    registry->password = arguments->password;
    registry->ca_file = arguments->ca_file;
    registry->insecure = arguments->insecure;
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
    registry_arguments arguments = { .user = NULL };
    wcl_registry_options registry = { .struct_size = sizeof(registry) };
    const char *platform = NULL;
    cli_limits limits = { .size = NULL };
    cli_option table[OPTIONS_MAX] = {
        { "platform", 0, CLI_VALUE, "PLATFORM",
          "of an index, the image for OS[(VERSION)][/ARCHITECTURE[/VARIANT]]", NULL, &platform,
          NULL },
        CLI_TAR_LIMITS(limits),
        CLI_MEMORY_LIMIT(limits),
        { "foreign", 0, CLI_FLAG, NULL,
          "fetch foreign layers from other hosts than the registry, as the image says",
          &registry.foreign_hosts, NULL, NULL },
    };
    image_output output = { cli, { stdout, false } };
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
    if (!result && cli->json)
        printf("\n");
    wcl_free(info);
    wcl_free(parsed);
    free_arguments(&arguments);
    return result;
}

/* ---- push ----------------------------------------------------------------------------------- */

static void print_pushed(cli *cli, const char *reference, const char *digest)
{
    json_out out = { stdout, false };

    if (cli->json) {
        json_begin(&out, NULL, '{');
        json_text(&out, "name", reference);
        json_text(&out, "digest", digest);
        json_end(&out, '{');
        printf("\n");
    } else if (!cli->quiet) {
        printf("%s %s\n", cli_shown(reference), cli_shown(digest));
    }
}

int command_push(cli *cli, int argc, char **argv)
{
    registry_arguments arguments = { .user = NULL };
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
