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

typedef struct command {
    const char *name;
    const char *arguments; /* "[-o TAR] ID": behind the name in the usage line */
    const char *summary;   /* one line for the list of commands */
    const char *help;      /* more, for --help; may be NULL */
    /* Returns an exit code. argv[0] is the command's name. */
    int (*run)(cli *cli, int argc, char **argv);
    cli_needs needs;
} command;

/* ---- Options -------------------------------------------------------------------------------- */

typedef struct cli_list {
    const char **items; /* freed with cli_list_free() */
    size_t count;
} cli_list;

typedef enum cli_option_kind {
    CLI_FLAG = 0,           /* sets *flag */
    CLI_VALUE = 1,          /* sets *value */
    CLI_OPTIONAL_VALUE = 2, /* sets *flag, and *value where "=VALUE" was given */
    CLI_LIST = 3,           /* appends to *list */
} cli_option_kind;

typedef struct cli_option {
    const char *name; /* long name, without dashes; NULL ends a table */
    char letter;      /* or 0 */
    cli_option_kind kind;
    const char *value_name; /* for the help: "TAR" */
    const char *help;
    bool *flag;
    const char **value;
    cli_list *list;
} cli_option;

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

/* How a tar that is written is compressed. */
#define CLI_COMPRESSIONS 8 /* more than there are */
typedef struct cli_compression {
    bool is_chosen[CLI_COMPRESSIONS];
    const char *level;
    char help[CLI_COMPRESSIONS][64];
} cli_compression;

/* Adds the options that choose to a table with room for CLI_COMPRESSIONS more. */
void cli_compression_options(cli_compression *choice, cli_option *table);
/* What was chosen, else what the file's name tells; 0, or the code to exit with. */
int cli_compression_read(cli *cli, const cli_compression *choice, const char *file,
                         wcl_tar_writer_options *tar);

/* What a layer's tar may cost (wcl/tar.h): what the options below say, and what that means. */
typedef struct cli_limits {
    const char *size, *entries, *ratio, *memory;
    uint64_t max_size, max_entries, max_ratio, max_memory; /* 0: the default */
} cli_limits;

/* clang-format off */
#define CLI_TAR_LIMITS(limits)                                                                     \
    { "max-size", 0, CLI_VALUE, "SIZE", "refuse more (decompressed) bytes (128G; none)", NULL,     \
      &(limits).size, NULL },                                                                      \
    { "max-entries", 0, CLI_VALUE, "N", "refuse more entries (4000000; none)", NULL,               \
      &(limits).entries, NULL },                                                                   \
    { "max-ratio", 0, CLI_VALUE, "N", "refuse what is inflated to more than N times its size "     \
      "(1000; none)", NULL, &(limits).ratio, NULL }
#define CLI_MEMORY_LIMIT(limits)                                                                   \
    { "max-memory", 0, CLI_VALUE, "SIZE", "refuse a layer whose index takes more memory "          \
      "(4G; none)", NULL, &(limits).memory, NULL }
/* clang-format on */
/* 0, or what cli_usage_error() gives. */
int cli_limits_read(cli *cli, cli_limits *limits);

/* Fills cli->error and returns EXIT_FAILED. */
int cli_fail(cli *cli, uint32_t code, const char *operation, const char *subject,
             const char *format, ...) WCL_PRINTF(5, 6);

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

/* Writes one JSON value at a time to a stream, with the commas where they belong. */
typedef struct json_out {
    FILE *stream;
    bool comma;
} json_out;

void json_begin(json_out *out, const char *name, char bracket); /* '{' or '['; name may be NULL */
void json_end(json_out *out, char bracket);
void json_text(json_out *out, const char *name, const char *text);
void json_number(json_out *out, const char *name, int64_t number);
void json_unsigned(json_out *out, const char *name, uint64_t number);
void json_bool(json_out *out, const char *name, bool value);
void json_null(json_out *out, const char *name);

/* ---- Commands ------------------------------------------------------------------------------- */

int command_convert(cli *cli, int argc, char **argv);
int command_list(cli *cli, int argc, char **argv);
int command_stat(cli *cli, int argc, char **argv);
int command_cat(cli *cli, int argc, char **argv);
int command_sddl(cli *cli, int argc, char **argv);
int command_guid(cli *cli, int argc, char **argv);
int command_info(cli *cli, int argc, char **argv);

#endif
