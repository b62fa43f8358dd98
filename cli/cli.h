/* What the commands of the program share: options, output, errors, progress. */
#ifndef WCL_CLI_H
#define WCL_CLI_H

#include <stdio.h>
#include <wcl/image.h>
#include <wcl/layer.h>
#include <wcl/tar.h>

#define CLI_PATH_SIZE 4096

/* Exit codes. */
#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* The global options, and what every command needs. */
typedef struct cli {
    const char *home; /* --home, WCL_HOME, or /var/lib/wcl */
    bool json;
    bool quiet;
    int verbose;
    wcl_hooks hooks; /* to be passed to the library: progress bar, log, Ctrl-C */
    wcl_error error; /* filled in by a command that returns EXIT_FAILED; printed by main */
    const struct command *command;
    struct progress_bar *bar;
} cli;

/* What a command cannot do without, when root runs it (docs/security.md). */
typedef enum cli_needs {
    CLI_NEEDS_ALL_RIGHTS = 0,
    CLI_NEEDS_NO_RIGHTS = 1, /* except for sandboxes and folders, whose files may be anyone's */
    CLI_NEEDS_NO_RIGHTS_FOR_TARS = 2, /* the same, and the last argument is where it writes to */
} cli_needs;

/* Runs a command and returns an exit code. argv[0] is the command's name. */
typedef int command_run_fn(cli *cli, int argc, char **argv);

/* What main.c parses for a command that takes arguments and no options of its own. */
typedef struct cli_arguments {
    bool are_all;
    int least, most; /* how many; most -1: any number */
} cli_arguments;
#define CLI_ARGUMENTS(least, most)                                                                 \
    {                                                                                              \
        true, least, most                                                                          \
    }
#define CLI_OWN_OPTIONS                                                                            \
    {                                                                                              \
        false, 0, 0                                                                                \
    } /* it calls cli_parse() itself */

typedef struct command {
    const char *name;
    const char *arguments; /* "[-o TAR] ID": behind the name in the usage line */
    const char *summary;   /* one line for the list of commands */
    const char *help;      /* more, for --help; may be NULL */
    command_run_fn *run;
    cli_needs needs;
    cli_arguments taken;
} command;

/* ---- Options -------------------------------------------------------------------------------- */

typedef struct cli_list {
    const char **items; /* freed with cli_list_free() */
    size_t count;
    size_t capacity;
} cli_list;

typedef enum cli_option_kind {
    CLI_OPTION_FLAG = 0,           /* sets *flag */
    CLI_OPTION_VALUE = 1,          /* sets *value */
    CLI_OPTION_OPTIONAL_VALUE = 2, /* sets *flag, and *value where "=VALUE" was given */
    CLI_OPTION_LIST = 3,           /* appends to *list */
    CLI_OPTION_NUMBER = 4,         /* sets *number, as cli_parse_number() reads it */
    CLI_OPTION_SIZE = 5,           /* the same, as cli_parse_size() reads it */
    CLI_OPTION_LIMIT = 6,          /* the same, or UINT64_MAX for "none" */
} cli_option_kind;

typedef struct cli_option {
    const char *name; /* long name, without dashes; NULL ends a table */
    char letter;      /* or 0 */
    cli_option_kind kind;
    const char *value_name; /* for the help: "TAR" */
    const char *help;
    union {
        bool *flag;
        cli_list *list;
        uint64_t *number;
    };
    const char **value;
    uint64_t least, most; /* of a number; of a size `least` only */
} cli_option;

/* Rows of a table of options. */
#define CLI_FLAG(name, letter, help, flag)                                                         \
    {                                                                                              \
        name, letter, CLI_OPTION_FLAG, NULL, help, { flag }, NULL, 0, 0                            \
    }
#define CLI_VALUE(name, letter, value_name, help, value)                                           \
    {                                                                                              \
        name, letter, CLI_OPTION_VALUE, value_name, help, { NULL }, value, 0, 0                    \
    }
#define CLI_OPTIONAL_VALUE(name, letter, value_name, help, flag, value)                            \
    {                                                                                              \
        name, letter, CLI_OPTION_OPTIONAL_VALUE, value_name, help, { flag }, value, 0, 0           \
    }
#define CLI_LIST(name, letter, value_name, help, items)                                            \
    {                                                                                              \
        name, letter, CLI_OPTION_LIST, value_name, help, { .list = (items) }, NULL, 0, 0           \
    }
#define CLI_NUMBER(name, value_name, help, least, most, to)                                        \
    {                                                                                              \
        name, 0, CLI_OPTION_NUMBER, value_name, help, { .number = (to) }, NULL, least, most        \
    }
#define CLI_SIZE(name, help, least, to)                                                            \
    {                                                                                              \
        name, 0, CLI_OPTION_SIZE, "SIZE", help, { .number = (to) }, NULL, least, UINT64_MAX        \
    }
#define CLI_LIMIT(name, value_name, help, to)                                                      \
    {                                                                                              \
        name, 0, CLI_OPTION_LIMIT, value_name, help, { .number = (to) }, NULL, 1, UINT64_MAX       \
    }
#define CLI_END                                                                                    \
    {                                                                                              \
        NULL, 0, CLI_OPTION_FLAG, NULL, NULL, { NULL }, NULL, 0, 0                                 \
    }

/*
 * Takes the options (the command's own and the global ones) out of argv, wherever they stand before
 * a
 * "--", and checks that between `least` and `most` arguments are left, which then are argv[1...]. 0
 * when all is well; else the code to exit with at once, -1 meaning 0 (after --help). With
 * `stop_at_argument`, everything from argument number `stop_at_argument` on (counted from 1) is
 * left alone.
 */
int cli_parse(cli *cli, const cli_option *options, int *argc, char **argv, int least, int most,
              int stop_at_argument);
void cli_list_free(cli_list *list);

/* Gives up the capabilities that the command, with these options and arguments, does not need. */
void cli_drop_rights(cli *cli, const cli_option *options, int argc, char **argv);

/* Says what is wrong with the usage; returns EXIT_USAGE. */
int cli_usage_error(cli *cli, const char *format, ...) WCL_PRINTF(2, 3);

/* Sizes as people write them: "20G", "512M", "4096"; powers of 1024. */
bool cli_parse_size(const char *text, uint64_t *size);

/* A number in decimal digits from `least` to `most`. */
bool cli_parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* What a layer's tar may cost (wcl/tar.h); 0: the default. */
typedef struct cli_limits {
    uint64_t max_size, max_entries, max_ratio, max_memory;
} cli_limits;

#define CLI_TAR_LIMITS(limits)                                                                     \
    CLI_LIMIT("max-size", "SIZE", "refuse more (decompressed) bytes (128G; none)",                 \
              &(limits).max_size),                                                                 \
        CLI_LIMIT("max-entries", "N", "refuse more entries (4000000; none)",                       \
                  &(limits).max_entries),                                                          \
        CLI_LIMIT("max-ratio", "N",                                                                \
                  "refuse what is inflated to more than N times its size (1000; none)",            \
                  &(limits).max_ratio)
#define CLI_MEMORY_LIMIT(limits)                                                                   \
    CLI_LIMIT("max-memory", "SIZE", "refuse a layer whose index takes more memory (4G; none)",     \
              &(limits).max_memory)
/* Puts them into options of the library. */
#define CLI_SET_LIMITS(options, limits)                                                            \
    ((options)->max_size = (limits)->max_size, (options)->max_entries = (limits)->max_entries,     \
     (options)->max_ratio = (limits)->max_ratio)

/* How a tar that is written is compressed. */
#define CLI_COMPRESSIONS 8 /* more than there are */
typedef struct cli_compression {
    bool is_chosen[CLI_COMPRESSIONS];
    const char *level;
    char help[CLI_COMPRESSIONS][64];
} cli_compression;

/* Adds the options that choose to a table with room for CLI_COMPRESSIONS more. */
void cli_compression_options(cli_compression *choice, cli_option *table);
/* Puts what was chosen, else what the file's name tells, into `tar`. 0, or the code to exit with.
 */
int cli_compression_read(cli *cli, const cli_compression *choice, const char *file,
                         wcl_tar_writer_options *tar);

/* Fills cli->error and returns EXIT_FAILED. */
int cli_fail(cli *cli, uint32_t code, const char *operation, const char *subject,
             const char *format, ...) WCL_PRINTF(5, 6);

/* The exit code of a command that ended so, or has begun what the system completes: 0 or
 * EXIT_FAILED. */
static inline int cli_exit_code(wcl_status status)
{
    return status == WCL_OK || status == WCL_PENDING ? 0 : EXIT_FAILED;
}

/* A driver on the home that was asked for, and the callbacks. */
wcl_driver cli_driver(cli *cli);

/* ---- Progress and cancellation -------------------------------------------------------------- */

/* Where a bar takes its figures from when the library's own are not known: bytes taken of a reader.
 */
void cli_progress_source(cli *cli, wcl_layer_reader *tar_reader, uint64_t total);
/* How much there is in all, where the library cannot know. */
void cli_progress_total(cli *cli, uint64_t total);
/* The `layers` of wcl_transfer_options, whose context is the cli: a bar for each layer. */
void cli_draw_layers(void *context, const wcl_transfer *layers, size_t count);
/* Begins to watch for signals, and makes cli->hooks and the bar. */
void cli_progress_start(cli *cli);
void cli_progress_stop(cli *cli);
/* Clears the bar from the terminal. */
void cli_progress_done(cli *cli);
/* Whether Ctrl-C or SIGTERM came; and the signal, or 0. */
bool cli_interrupted(void);
int cli_signal(void);

/* ---- Input ---------------------------------------------------------------------------------- */

/* A file being read, in a way that Ctrl-C ends even while nothing comes. */
typedef struct cli_input {
    int fd;
} cli_input;

/* Opens a file that may stall, a FIFO for instance, or takes standard input for "-"; fails with -1
 * where it is another kind of file, or cannot be opened. */
int cli_open_stalling(const char *path);

/* A wcl_read_fn; the context is a cli_input. */
wcl_status cli_read(void *context, void *buffer, size_t size, size_t *got, wcl_error *error);

/* ---- Layers named on the command line ------------------------------------------------------- */

/*
 * Opens what LAYER names: "-" or a tar file, a transport or plain folder, else the id of a layer in
 * the home. `format` is "oci", "transport", "dir" or NULL to recognise it.
 */
wcl_status cli_open_layer(cli *cli, const char *layer, const char *format,
                          wcl_layer_reader **reader, wcl_error *error);
/* The same with limits on a tar. */
wcl_status cli_open_layer_limited(cli *cli, const char *layer, const char *format,
                                  const cli_limits *limits, wcl_layer_reader **reader,
                                  wcl_error *error);

/* Whether that opens a layer of the home, or an image. */
bool cli_is_stored(cli *cli, const char *layer);

/* Whether that opens a tar: its entries come as they are in it, so that the last of a path counts.
 */
bool cli_is_tar(cli *cli, const char *layer);

/*
 * The id of the layer that a name means: a layer's own, else that of an image's uppermost layer.
 * Freed with free(). NULL with `error` where there is neither.
 */
char *cli_layer_id(cli *cli, const char *name, wcl_error *error);
/* Whether it is the id of a layer in the home, which is not made where it is missing. */
bool cli_is_layer(cli *cli, const char *id);

/* ---- Showing text --------------------------------------------------------------------------- */

/*
 * The text as it may be shown to people: what is not printable or not UTF-8 as \xNN, NULL as
 * nothing. The text itself, or memory that this thread's next calls use again.
 */
const char *cli_shown(const char *text);

/* A line on standard error, made fit to be shown as a whole. */
void cli_say(const char *format, ...) WCL_PRINTF(1, 2);

/* ---- JSON output ---------------------------------------------------------------------------- */

/*
 * Writes one JSON value at a time to a stream, with the commas where they belong and a line feed
 * behind the outermost.
 */
typedef struct json_out {
    FILE *stream;
    bool comma;
    unsigned depth;
} json_out;

void json_begin(json_out *out, const char *name, char bracket); /* '{' or '['; name may be NULL */
void json_end(json_out *out, char bracket);
void json_text(json_out *out, const char *name, const char *text); /* NULL is null */
/* A text that may hold NULs. */
void json_text_sized(json_out *out, const char *name, const char *text, size_t size);
/* An object of texts: names and values up to a NULL name. */
#define json_texts(out, ...) json_texts_to_null(out, __VA_ARGS__, (const char *)NULL)
void json_texts_to_null(json_out *out, const char *name, ...) __attribute__((sentinel));
void json_number(json_out *out, const char *name, int64_t number);
void json_unsigned(json_out *out, const char *name, uint64_t number);
void json_bool(json_out *out, const char *name, bool value);

#endif
