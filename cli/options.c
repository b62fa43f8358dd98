/* Options: one parser for all commands, so that the global options work everywhere. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "cli/cli.h"

/* The options that every command takes. */
typedef struct global_options {
    cli_option table[6];
    bool help;
    bool verbose;
} global_options;

static void set_globals(global_options *globals, cli *cli)
{
    const cli_option table[] = {
        CLI_VALUE("home", 0, "DIR", "the store (default: WCL_HOME, else /var/lib/wcl)", &cli->home),
        CLI_FLAG("json", 0, "JSON on standard output", &cli->json),
        CLI_FLAG("quiet", 'q', "no progress bar, no warnings", &cli->quiet),
        CLI_FLAG("verbose", 'v', "say more; twice for even more", &globals->verbose),
        CLI_FLAG("help", 'h', "this help", &globals->help),
        CLI_END
    };
    memcpy(globals->table, table, sizeof(table));
}

int cli_usage_error(cli *cli, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cli_say("wcl %s: %s", cli->command->name, text);
    fprintf(stderr, "usage: wcl %s %s\n", cli->command->name, cli->command->arguments);
    return EXIT_USAGE;
}

static void print_option(const cli_option *option)
{
    char left[64];

    snprintf(left, sizeof(left), "%c%c%s--%s%s%s%s", option->letter ? '-' : ' ',
             option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
             option->kind == CLI_OPTION_OPTIONAL_VALUE ? "[="
             : option->value_name                      ? " "
                                                       : "",
             option->value_name ? option->value_name : "",
             option->kind == CLI_OPTION_OPTIONAL_VALUE ? "]" : "");
    printf("  %-28s %s\n", left, option->help);
}

static void print_help(cli *cli, const cli_option *options, const cli_option *globals)
{
    printf("usage: wcl %s %s\n\n%s.\n", cli->command->name, cli->command->arguments,
           cli->command->summary);
    if (cli->command->help)
        printf("\n%s\n", cli->command->help);
    printf("\noptions:\n");
    for (; options && options->name; options++)
        print_option(options);
    for (; globals->name; globals++)
        print_option(globals);
}

static const cli_option *cli_options_find_in(const cli_option *table, const char *name,
                                             size_t length, char letter)
{
    for (; table && table->name; table++)
        if (letter ? table->letter == letter
                   : strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

static const cli_option *cli_options_find(const cli_option *options, const cli_option *globals,
                                          const char *name, size_t length, char letter)
{
    const cli_option *found = cli_options_find_in(options, name, length, letter);
    return found ? found : cli_options_find_in(globals, name, length, letter);
}

static bool append(cli_list *list, const char *item)
{
    if (WCL_LIST_RESERVE(list->items, list->count, list->capacity, NULL) != WCL_OK)
        return false;
    list->items[list->count++] = item;
    return true;
}

void cli_list_free(cli_list *list)
{
    free(list->items);
    *list = (cli_list) { .items = NULL };
}

bool cli_parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return !*end && errno == 0 && *number >= least && *number <= most;
}

bool cli_parse_size(const char *text, uint64_t *size)
{
    static const char units[] = "KMGTP";
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    unsigned long long number = strtoull(text, &end, 10);
    uint64_t factor = 1;
    if (*end) {
        const char *unit = strchr(units, *end >= 'a' ? *end - 32 : *end);
        if (!unit)
            return false;
        factor <<= 10 * (unit - units + 1);
        end++;
        if (strcmp(end, "") != 0 && strcmp(end, "B") != 0 && strcmp(end, "iB") != 0)
            return false;
    }
    return !__builtin_mul_overflow(number, factor, size);
}

static int apply_number(cli *cli, const cli_option *option, const char *value)
{
    uint64_t number = UINT64_MAX;
    bool is_plain = option->kind == CLI_OPTION_NUMBER;
    bool is_none = option->kind == CLI_OPTION_LIMIT && strcmp(value, "none") == 0;

    if ((is_plain ? cli_parse_number(value, option->least, option->most, &number)
                  : is_none || cli_parse_size(value, &number)) &&
        number >= option->least) {
        *option->number = number;
        return 0;
    }
    if (is_plain)
        return cli_usage_error(cli, "--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64,
                               option->name, value, option->least, option->most);
    return cli_usage_error(
        cli, "--%s: '%s' is not a number from %" PRIu64 " on, which K, M, G or T may follow%s",
        option->name, value, option->least, option->kind == CLI_OPTION_LIMIT ? ", or none" : "");
}

static int cli_options_apply(cli *cli, const cli_option *option, const char *value)
{
    switch (option->kind) {
    case CLI_OPTION_FLAG:
        *option->flag = true;
        if (option->letter == 'v')
            cli->verbose++;
        return 0;
    case CLI_OPTION_OPTIONAL_VALUE:
        *option->flag = true;
        if (value)
            *option->value = value;
        return 0;
    case CLI_OPTION_VALUE:
        *option->value = value;
        return 0;
    case CLI_OPTION_NUMBER:
    case CLI_OPTION_SIZE:
    case CLI_OPTION_LIMIT:
        return apply_number(cli, option, value);
    case CLI_OPTION_LIST:
        return append(option->list, value)
                   ? 0
                   : cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "read", "arguments", "out of memory");
    }
    return 0;
}

static bool wants_value(const cli_option *option)
{
    return option->kind != CLI_OPTION_FLAG && option->kind != CLI_OPTION_OPTIONAL_VALUE;
}

/* Where the parser stands in argv. */
typedef struct parse_state {
    cli *cli;
    const cli_option *options;
    const cli_option *globals;
    int argc;
    char **argv;
    int at;
} parse_state;

static int parse_long(parse_state *state)
{
    const char *name = state->argv[state->at++] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const cli_option *option = cli_options_find(state->options, state->globals, name, length, 0);

    if (!option)
        return cli_usage_error(state->cli, "there is no option --%.*s", (int)length, name);
    if (option->kind == CLI_OPTION_FLAG && value)
        return cli_usage_error(state->cli, "the option --%s takes no value", option->name);
    if (wants_value(option) && !value) {
        if (state->at >= state->argc)
            return cli_usage_error(state->cli, "the option --%s wants a value", option->name);
        value = state->argv[state->at++];
    }
    return cli_options_apply(state->cli, option, value);
}

static int parse_short(parse_state *state)
{
    const char *letters = state->argv[state->at++] + 1;

    while (*letters) {
        const cli_option *option =
            cli_options_find(state->options, state->globals, NULL, 0, *letters);
        const char *value = NULL;
        if (!option)
            return cli_usage_error(state->cli, "there is no option -%c", *letters);
        letters++;
        if (wants_value(option)) {
            if (!*letters && state->at >= state->argc)
                return cli_usage_error(state->cli, "the option -%c wants a value", option->letter);
            value = *letters ? letters : state->argv[state->at++];
            letters = "";
        }
        int result = cli_options_apply(state->cli, option, value);
        if (result)
            return result;
    }
    return 0;
}

int cli_parse(cli *cli, const cli_option *options, int *argc, char **argv, int least, int most,
              int stop_at_argument)
{
    global_options globals = { .help = false };
    set_globals(&globals, cli);
    parse_state state = { cli, options, globals.table, *argc, argv, 1 };
    int kept = 1;
    bool options_end = false;

    while (state.at < state.argc) {
        const char *argument = argv[state.at];
        if (!options_end && strcmp(argument, "--") == 0) {
            options_end = true;
            state.at++;
            continue;
        }
        if (options_end || argument[0] != '-' || argument[1] == '\0' ||
            (stop_at_argument && kept >= stop_at_argument)) {
            argv[kept++] = argv[state.at++];
            continue;
        }
        int result = argument[1] == '-' ? parse_long(&state) : parse_short(&state);
        if (result)
            return result;
    }
    *argc = kept;
    argv[kept] = NULL;
    if (globals.help) {
        print_help(cli, options, globals.table);
        return -1;
    }
    if (kept - 1 < least)
        return cli_usage_error(cli, "too few arguments");
    if (most >= 0 && kept - 1 > most)
        return cli_usage_error(cli, "too many arguments: '%s'", argv[most + 1]);
    cli_drop_rights(cli, options, kept, argv);
    return 0;
}
