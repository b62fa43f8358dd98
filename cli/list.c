/* list, stat and cat: looking into a layer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/describe.h"

#define COPY_SIZE (64 * 1024)
#define PATH_SIZE_MAX 32768 /* of an entry, with its NUL */

/* A path as a person may write it: backslashes, a leading slash or a drive, a trailing slash. */
static char *tidy_path(const char *path)
{
    char *copy = strdup(path);

    if (!copy)
        return NULL;
    for (char *at = copy; *at; at++)
        if (*at == '\\')
            *at = '/';
    size_t skip = strspn(copy, "/");
    memmove(copy, copy + skip, strlen(copy + skip) + 1);
    size_t length = strlen(copy);
    while (length && copy[length - 1] == '/')
        copy[--length] = '\0';
    return copy;
}

/* Whether `path` starts with the whole components of `prefix`; names of Windows compare without
 * case. */
static bool is_under(const char *path, const char *prefix, bool posix, const char **rest)
{
    size_t components = 0, length = 0;

    if (!*prefix) {
        *rest = path;
        return true;
    }
    for (const char *at = prefix; *at; at++)
        components += *at == '/';
    while (path[length] && (path[length] != '/' || components--))
        length++;
    char head[PATH_SIZE_MAX];
    if (length >= sizeof(head))
        return false;
    memcpy(head, path, length);
    head[length] = '\0';
    bool equal = (posix ? strcmp(head, prefix) : wcl_name_compare(head, prefix)) == 0;
    *rest = path + length + (path[length] == '/');
    return equal;
}

typedef struct list_options {
    bool recursive;
    bool merged;
    char *path;
} list_options;

static wcl_status list_entry(cli *cli, wcl_layer_reader *reader, const wcl_entry *entry,
                             const list_options *options, bool *found, wcl_error *error)
{
    const char *rest;
    description description;

    if (!is_under(entry->path, options->path, entry->has_posix, &rest))
        return WCL_OK;
    *found = true;
    if (!options->recursive && strchr(rest, '/'))
        return WCL_OK;
    if (!options->recursive && !*rest && *options->path && entry->kind == WCL_ENTRY_DIRECTORY)
        return WCL_OK;
    wcl_status status = describe_entry(reader, entry, !cli->json, &description, error);
    if (status == WCL_OK && cli->json)
        print_entry_json(stdout, entry, &description);
    else if (status == WCL_OK)
        print_entry_line(stdout, entry, &description, entry->has_posix);
    description_free(&description);
    return status;
}

static wcl_status list_all(cli *cli, wcl_layer_reader *reader, const list_options *options,
                           bool *found)
{
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, &cli->error)) == WCL_OK) {
        if (list_entry(cli, reader, &entry, options, found, &cli->error) != WCL_OK)
            return WCL_FAILED;
        if (ferror(stdout)) {
            cli_fail(cli, WCL_CODE_IO, "write", "standard output", "%s", strerror(errno));
            return WCL_FAILED;
        }
        if (cli_interrupted())
            return WCL_FAILED;
    }
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status open_merged(cli *cli, const char *layer, wcl_layer_reader **reader)
{
    wcl_driver driver = cli_driver(cli);
    char *id = cli_layer_id(cli, layer, &cli->error);

    if (!id)
        return WCL_FAILED;
    wcl_status status = wcl_layer_merged_reader_open(&driver, id, reader, &cli->error);
    free(id);
    return status;
}

int command_list(cli *cli, int argc, char **argv)
{
    list_options options = { .recursive = false };
    const cli_option table[] = {
        CLI_FLAG("recursive", 'R', "all of it, not only what is directly in PATH",
                 &options.recursive),
        CLI_FLAG("merged", 0, "the layer together with its parents", &options.merged), CLI_END
    };
    wcl_layer_reader *reader = NULL;
    bool found = false;

    int result = cli_parse(cli, table, &argc, argv, 1, 2, 0);
    if (result)
        return result;
    options.path = tidy_path(argc > 2 ? argv[2] : "");
    if (!options.path)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "list", argv[1], "out of memory");
    static char output_buffer[256 * 1024];
    setvbuf(stdout, output_buffer, _IOFBF, sizeof(output_buffer));
    wcl_status status = options.merged ? open_merged(cli, argv[1], &reader)
                                       : cli_open_layer(cli, argv[1], NULL, &reader, &cli->error);
    if (status == WCL_OK)
        status = list_all(cli, reader, &options, &found);
    if (status == WCL_OK && !found && *options.path) {
        cli_fail(cli, WCL_CODE_FILE_NOT_FOUND, "list", argv[1], "'%s' is not in it", options.path);
        status = WCL_FAILED;
    }
    wcl_layer_reader_close(reader, NULL);
    free(options.path);
    return status == WCL_OK ? 0 : EXIT_FAILED;
}

/* Goes to entry number `number` of that path, from 1; WCL_END with how many there are when these
 * are fewer. */
static wcl_status go_to_entry(cli *cli, wcl_layer_reader *reader, const char *path, size_t number,
                              wcl_entry *entry, size_t *count)
{
    wcl_status status;
    const char *rest;

    *count = 0;
    while ((status = wcl_layer_reader_next(reader, entry, &cli->error)) == WCL_OK) {
        if (is_under(entry->path, path, entry->has_posix, &rest) && !*rest && ++*count == number)
            return WCL_OK;
        if (cli_interrupted())
            return WCL_FAILED;
    }
    return status;
}

/* Whether standard input, given as a layer, could be read twice. */
static bool keep_input(cli *cli, const char *layer)
{
    if (strcmp(layer, "-") != 0 || lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
        return true;
    FILE *kept = tmpfile();
    char *piece = malloc(COPY_SIZE);
    cli_input input = { STDIN_FILENO };
    wcl_status status = kept && piece ? WCL_OK : WCL_FAILED;
    size_t got = 1;
    while (status == WCL_OK && got) {
        status = cli_read(&input, piece, COPY_SIZE, &got, &cli->error);
        if (status == WCL_OK && fwrite(piece, 1, got, kept) != got)
            status = WCL_FAILED;
    }
    if (status == WCL_OK && (fflush(kept) != 0 || dup2(fileno(kept), STDIN_FILENO) < 0 ||
                             lseek(STDIN_FILENO, 0, SEEK_SET) < 0))
        status = WCL_FAILED;
    if (kept)
        fclose(kept);
    free(piece);
    return status == WCL_OK;
}

/* Opens the layer and goes to the entry of that path: the last one, which is what counts, where a
 * tar has several. WCL_FAILED with FILE_NOT_FOUND when there is none. */
static wcl_status open_entry(cli *cli, const char *layer, const char *path,
                             wcl_layer_reader **reader, wcl_entry *entry)
{
    size_t number = 1, count;

    *reader = NULL;
    if (cli_is_tar(cli, layer)) {
        if (!keep_input(cli, layer) ||
            cli_open_layer(cli, layer, NULL, reader, &cli->error) != WCL_OK)
            return WCL_FAILED;
        wcl_status status = go_to_entry(cli, *reader, path, SIZE_MAX, entry, &number);
        wcl_layer_reader_close(*reader, NULL);
        *reader = NULL;
        if (status != WCL_END)
            return WCL_FAILED;
    }
    wcl_status status = number ? cli_open_layer(cli, layer, NULL, reader, &cli->error) : WCL_END;
    if (status == WCL_OK)
        status = go_to_entry(cli, *reader, path, number, entry, &count);
    if (status == WCL_END)
        cli_fail(cli, WCL_CODE_FILE_NOT_FOUND, cli->command->name, path,
                 "no such entry in the layer");
    return status == WCL_OK ? WCL_OK : WCL_FAILED;
}

int command_stat(cli *cli, int argc, char **argv)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;
    description description = { .sddl = NULL };

    char *path = tidy_path(argv[2]);
    wcl_status status = path ? open_entry(cli, argv[1], path, &reader, &entry) : WCL_FAILED;
    if (status == WCL_OK)
        status = describe_entry(reader, &entry, false, &description, &cli->error);
    if (status == WCL_OK && cli->json)
        print_entry_json(stdout, &entry, &description);
    else if (status == WCL_OK)
        print_entry_long(stdout, &entry, &description);
    description_free(&description);
    wcl_layer_reader_close(reader, NULL);
    free(path);
    return status == WCL_OK ? 0 : EXIT_FAILED;
}

/* Splits "path:stream"; a Windows path has no other colon. */
static char *split_stream(char *path)
{
    char *colon = strchr(path, ':');

    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static bool is_wanted(const wcl_backup_header *header, const char *stream)
{
    size_t length = stream ? strlen(stream) : 0;

    if (!stream)
        return header->id == WCL_BACKUP_DATA || header->id == WCL_BACKUP_SPARSE_BLOCK;
    return header->id == WCL_BACKUP_ALTERNATE_DATA && header->name[0] == ':' &&
           strncmp(header->name + 1, stream, length) == 0 &&
           (strcmp(header->name + 1 + length, ":$DATA") == 0 || header->name[1 + length] == '\0');
}

static wcl_status write_zeros(uint64_t count)
{
    static const char zeros[65536];

    while (count) {
        size_t part = count < sizeof(zeros) ? (size_t)count : sizeof(zeros);
        if (cli_interrupted() || fwrite(zeros, 1, part, stdout) != part)
            return WCL_FAILED;
        count -= part;
    }
    return WCL_OK;
}

static wcl_status cli_list_write_stream(wcl_backup_reader *backup, uint64_t *written,
                                        wcl_error *error)
{
    uint8_t buffer[COPY_SIZE];
    wcl_status status = WCL_OK;
    size_t got = 1;

    while (status == WCL_OK && got) {
        status = wcl_backup_reader_read(backup, buffer, COPY_SIZE, &got, error);
        if (status == WCL_OK && (cli_interrupted() || fwrite(buffer, 1, got, stdout) != got))
            status = WCL_FAILED;
        *written += got;
    }
    return status;
}

/* Writes the wanted stream; holes of a sparse one as zeros. */
static wcl_status cat_entry(wcl_layer_reader *reader, const char *stream, bool *found,
                            wcl_error *error)
{
    wcl_backup_reader *backup = NULL;
    wcl_backup_header header;
    uint64_t written = 0;

    wcl_status status = wcl_backup_reader_new(cli_read_entry, reader, &backup, error);
    while (status == WCL_OK &&
           (status = wcl_backup_reader_next(backup, &header, error)) == WCL_OK) {
        if (!is_wanted(&header, stream))
            continue;
        *found = true;
        if (header.id == WCL_BACKUP_SPARSE_BLOCK && header.offset > written) {
            status = write_zeros(header.offset - written);
            written = header.offset;
        }
        if (status == WCL_OK)
            status = cli_list_write_stream(backup, &written, error);
    }
    wcl_backup_reader_free(backup);
    return status == WCL_END ? WCL_OK : status;
}

/* Opens the layer, goes to the path and writes the stream; hard links are followed in a second
 * pass. */
static wcl_status cat_path(cli *cli, const char *layer, const char *path, const char *stream,
                           char **link)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;
    bool found = false;

    wcl_status status = open_entry(cli, layer, path, &reader, &entry);
    if (status == WCL_OK && entry.kind == WCL_ENTRY_HARD_LINK) {
        *link = strdup(entry.target);
        if (!*link)
            cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "cat", path, "out of memory");
        status = *link ? WCL_OK : WCL_FAILED;
    } else if (status == WCL_OK && (entry.kind != WCL_ENTRY_FILE && !stream)) {
        cli_fail(cli, WCL_CODE_DIRECTORY, "cat", path, "it is a %s and has no contents",
                 entry_kind_name(entry.kind));
        status = WCL_FAILED;
    } else if (status == WCL_OK) {
        status = cat_entry(reader, stream, &found, &cli->error);
        if (status == WCL_OK && !found && stream) {
            cli_fail(cli, WCL_CODE_FILE_NOT_FOUND, "cat", path, "it has no stream '%s'", stream);
            status = WCL_FAILED;
        }
    }
    wcl_layer_reader_close(reader, NULL);
    return status;
}

int command_cat(cli *cli, int argc, char **argv)
{
    char *link = NULL;

    char *path = tidy_path(argv[2]);
    if (!path)
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "cat", argv[2], "out of memory");
    char *stream = split_stream(path);
    wcl_status status = cat_path(cli, argv[1], path, stream, &link);
    if (status == WCL_OK && link) {
        char *target = link;
        link = NULL;
        status = cat_path(cli, argv[1], target, stream, &link);
        free(target);
        free(link);
    }
    free(path);
    if (status != WCL_OK && cli->error.code == 0 && !cli_interrupted())
        cli_fail(cli, WCL_CODE_IO, "cat", argv[2], "cannot write: %s", strerror(errno));
    return status == WCL_OK ? 0 : EXIT_FAILED;
}
