/* The reader of layer tars. */
#include "layer/tar/tar_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "layer/entry/path.h"
#include "layer/tar/limits.h"
#include "layer/tar/tar_names.h"

static wcl_tar_reader *tar_reader_of(wcl_layer_reader *base)
{
    return (wcl_tar_reader *)base;
}

/* ---- Going through the tar ------------------------------------------------------------------ */

static wcl_status next_block(void *context, wcl_block **block, wcl_error *error)
{
    return wcl_input_next(context, block, error);
}

/* Passes over what is unread of the entry that was given. */
static wcl_status skip_streams(wcl_tar_reader *reader, wcl_error *error)
{
    while (reader->has_table || reader->is_taking) {
        wcl_status status = wcl_tar_reader_advance(reader, error);
        if (status != WCL_OK)
            return status == WCL_END ? WCL_OK : status;
        if (!wcl_tar_reader_is_stream_ahead(reader))
            return WCL_OK;
        reader->is_ahead = false;
    }
    return WCL_OK;
}

/* ---- Folders that are not listed ------------------------------------------------------------ */

/* Gives a folder that the tar does not list before what is in it. */
static wcl_status give_missing_folder(wcl_tar_reader *reader, size_t size, wcl_entry *entry,
                                      wcl_error *error)
{
    const char *path = wcl_buffer_text(&reader->tar_path);

    wcl_buffer_clear(&reader->path);
    if (wcl_buffer_append(&reader->path, path, size, error) != WCL_OK ||
        wcl_given_add(reader->folders, path, size, error) != WCL_OK ||
        wcl_tar_count_entries(&reader->entries, 1, reader->entries_max, error) != WCL_OK)
        return WCL_FAILED;
    wcl_stream_table_clear(&reader->table);
    reader->has_table = false;
    reader->is_taking = false;
    reader->in_body = false;
    reader->left = 0;
    reader->header_size = 0;
    reader->header_given = 0;
    reader->next_row = 0;
    entry->path = wcl_buffer_text(&reader->path);
    entry->kind = WCL_ENTRY_DIRECTORY;
    entry->flags = WCL_ENTRY_IMPLICIT | WCL_ENTRY_IN_ORDER;
    entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
    if (reader->os != WCL_OS_WINDOWS) {
        entry->has_posix = true;
        entry->mode = 0755;
    }
    return WCL_OK;
}

/* ---- Entries -------------------------------------------------------------------------------- */

static void settle_os(wcl_tar_reader *reader)
{
    const wcl_pax_records *records = reader->tar_entry->records;
    bool is_windows = wcl_tar_path_is_windows(wcl_buffer_text(&reader->tar_path));

    for (size_t i = 0; i < records->count && !is_windows; i++)
        is_windows = wcl_pax_has_prefix(&records->items[i], "MSWINDOWS.");
    reader->os = is_windows ? WCL_OS_WINDOWS : WCL_OS_LINUX;
}

/* Whether the entry is of no layer: its root, or what aufs keeps for itself. */
static bool is_passed_over(const wcl_tar_reader *reader)
{
    const char *path = wcl_buffer_text(&reader->tar_path);

    if (*path == '\0')
        return reader->tar_entry->type == WCL_TAR_DIRECTORY;
    if (reader->os != WCL_OS_LINUX)
        return false;
    for (const char *at = path; *at; at += at[0] == '/') {
        size_t size = strcspn(at, "/");
        if (strncmp(at, WCL_WHITEOUT_META_PREFIX, strlen(WCL_WHITEOUT_META_PREFIX)) == 0 &&
            (size != strlen(WCL_WHITEOUT_OPAQUE) || memcmp(at, WCL_WHITEOUT_OPAQUE, size) != 0))
            return true;
        at += size;
    }
    return false;
}

/* The path that a whiteout removes, or whose contents it hides. */
static wcl_status describe_whiteout(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const char *path = wcl_buffer_text(&reader->tar_path);
    const char *base = wcl_path_base(path);
    bool is_opaque = strcmp(base, WCL_WHITEOUT_OPAQUE) == 0;

    if (is_opaque && reader->os == WCL_OS_WINDOWS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the entry makes a folder opaque, which a Windows layer cannot");
    size_t kept = (size_t)(base - path);
    wcl_buffer_clear(&reader->path);
    if (wcl_buffer_append(&reader->path, path, kept, error) != WCL_OK)
        return WCL_FAILED;
    if (is_opaque && kept > 0)
        reader->path.data[--reader->path.size] = '\0';
    else if (wcl_buffer_append_text(&reader->path,
                                    is_opaque ? "." : base + strlen(WCL_WHITEOUT_PREFIX),
                                    error) != WCL_OK)
        return WCL_FAILED;
    entry->kind = is_opaque ? WCL_ENTRY_OPAQUE : WCL_ENTRY_DELETED;
    entry->path = wcl_buffer_text(&reader->path);
    if (is_opaque && kept == 0)
        return WCL_OK;
    return wcl_tar_path_check(entry->path, reader->os, error);
}

static wcl_status describe_link(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;

    entry->kind = WCL_ENTRY_HARD_LINK;
    if (wcl_tar_name_clean(tar->link, tar->link_size, &reader->target, error) != WCL_OK)
        return WCL_FAILED;
    entry->target = wcl_buffer_text(&reader->target);
    return wcl_tar_path_check(entry->target, reader->os, error);
}

static wcl_status tar_reader_describe(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const char *path = wcl_buffer_text(&reader->tar_path);

    wcl_stream_table_clear(&reader->table);
    reader->has_table = false;
    reader->is_taking = false;
    wcl_tar_reader_begin_stream(reader);
    if (strncmp(wcl_path_base(path), WCL_WHITEOUT_PREFIX, strlen(WCL_WHITEOUT_PREFIX)) == 0)
        return describe_whiteout(reader, entry, error);
    if (reader->os == WCL_OS_WINDOWS && wcl_tar_path_stream(path))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "the entry is an alternate stream by its name, but does not come behind "
                        "the file that it belongs to");
    wcl_buffer_clear(&reader->path);
    if (wcl_tar_path_check(path, reader->os, error) != WCL_OK ||
        wcl_buffer_append(&reader->path, path, reader->tar_path.size, error) != WCL_OK)
        return WCL_FAILED;
    entry->path = wcl_buffer_text(&reader->path);
    if (reader->tar_entry->type == WCL_TAR_HARD_LINK &&
        describe_link(reader, entry, error) != WCL_OK)
        return WCL_FAILED;
    return reader->os == WCL_OS_WINDOWS ? wcl_tar_reader_describe_windows(reader, entry, error)
                                        : wcl_tar_reader_describe_linux(reader, entry, error);
}

static wcl_status give_entry(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    size_t missing;

    if (wcl_given_find_missing(reader->folders, wcl_buffer_text(&reader->tar_path), &missing,
                               error) != WCL_OK)
        return WCL_FAILED;
    if (missing > 0) {
        /* Checked first, since the folder will be given before the entry is looked at. */
        if (wcl_path_check(wcl_buffer_text(&reader->tar_path), error) != WCL_OK)
            return WCL_FAILED;
        return give_missing_folder(reader, missing, entry, error);
    }
    reader->is_ahead = false;
    if (tar_reader_describe(reader, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind != WCL_ENTRY_DIRECTORY)
        return WCL_OK;
    return wcl_given_add(reader->folders, entry->path, strlen(entry->path), error);
}

static wcl_status reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    wcl_tar_reader *reader = tar_reader_of(base);

    if (skip_streams(reader, error) != WCL_OK)
        return WCL_FAILED;
    for (;;) {
        wcl_status status = wcl_tar_reader_advance(reader, error);
        if (status != WCL_OK)
            return status;
        if (reader->os == WCL_OS_UNKNOWN && reader->tar_path.size > 0)
            settle_os(reader);
        if (reader->os == WCL_OS_WINDOWS)
            wcl_given_set_caseless(reader->folders);
        if (!is_passed_over(reader))
            break;
        reader->is_ahead = false;
    }
    if (give_entry(reader, entry, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, reader->tar_entry->name);
}

static wcl_status reader_read(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    wcl_tar_reader *reader = tar_reader_of(base);

    if (wcl_tar_reader_read_stream(reader, buffer, size, got, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, wcl_buffer_text(&reader->path));
}

static void reader_free(wcl_layer_reader *base)
{
    wcl_tar_reader *reader = tar_reader_of(base);

    wcl_tar_scanner_free(reader->scanner);
    wcl_input_free(reader->input);
    if (reader->owns_file)
        close(reader->file);
    wcl_given_free(reader->folders);
    wcl_buffer_free(&reader->tar_path);
    wcl_buffer_free(&reader->path);
    wcl_buffer_free(&reader->target);
    wcl_buffer_free(&reader->xattr_texts);
    free(reader->xattrs);
    wcl_win_metadata_free(&reader->metadata);
    wcl_stream_table_free(&reader->table);
    free(reader);
}

static const wcl_layer_reader_ops reader_ops = {
    .name = "read layer tar", .next = reader_next, .read = reader_read, .free = reader_free
};

/* ---- Opening -------------------------------------------------------------------------------- */

/* Reads the file whose descriptor `context` points to. */
static wcl_status tar_reader_read_file(void *context, void *buffer, size_t size, size_t *got,
                                       wcl_error *error)
{
    const int *file = context;
    ssize_t result;

    do
        result = read(*file, buffer, size);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return wcl_fail_errno(error, errno, "reading the file");
    *got = (size_t)result;
    return WCL_OK;
}

/* Reads what `read` gives, or the file where it is NULL. */
static wcl_status open_reader(wcl_read_fn read, void *context, int file,
                              const wcl_tar_reader_options *options, wcl_layer_reader **made,
                              wcl_error *error)
{
    wcl_input_options input_options = { 0 };
    wcl_tar_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return wcl_fail_memory(error);
    reader->base.ops = &reader_ops;
    reader->file = file;
    if (!read) {
        read = tar_reader_read_file;
        context = &reader->file;
    }
    reader->os = options->os;
    reader->zeros_max = wcl_tar_limit(options->max_size, WCL_TAR_SIZE_MAX);
    reader->entries_max = wcl_tar_limit(options->max_entries, WCL_TAR_ENTRIES_MAX);
    input_options.max_size = wcl_tar_limit(options->max_size, WCL_TAR_SIZE_MAX);
    input_options.max_ratio = wcl_tar_limit(options->max_ratio, WCL_TAR_RATIO_MAX);
    if (wcl_given_new(&reader->folders, error) != WCL_OK ||
        wcl_input_open(read, context, &input_options, &reader->input, error) != WCL_OK ||
        wcl_tar_scanner_new(next_block, reader->input, &reader->scanner, error) != WCL_OK) {
        reader_free(&reader->base);
        return WCL_FAILED;
    }
    *made = &reader->base;
    return WCL_OK;
}

wcl_status wcl_tar_reader_open(wcl_read_fn read, void *context,
                               const wcl_tar_reader_options *options, wcl_layer_reader **reader,
                               wcl_error *error)
{
    wcl_tar_reader_options own = WCL_TAR_READER_OPTIONS_INIT;

    *reader = NULL;
    if (WCL_TAKE(wcl_tar_reader_options, &own, options, __func__, error) != WCL_OK ||
        open_reader(read, context, -1, &own, reader, error) != WCL_OK)
        return wcl_error_context(error, reader_ops.name, NULL);
    return WCL_OK;
}

wcl_status wcl_tar_reader_open_file(const char *name, const wcl_tar_reader_options *options,
                                    wcl_layer_reader **reader, wcl_error *error)
{
    wcl_tar_reader_options own = WCL_TAR_READER_OPTIONS_INIT;
    bool is_stdin = strcmp(wcl_text(name), "-") == 0;

    *reader = NULL;
    if (WCL_TAKE(wcl_tar_reader_options, &own, options, __func__, error) != WCL_OK)
        return WCL_FAILED;
    int file = is_stdin ? STDIN_FILENO : open(wcl_text(name), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        wcl_fail_errno(error, errno, "cannot open the file");
        return wcl_error_context(error, reader_ops.name, name);
    }
    if (open_reader(NULL, NULL, file, &own, reader, error) == WCL_OK) {
        ((wcl_tar_reader *)*reader)->owns_file = !is_stdin;
        return WCL_OK;
    }
    if (!is_stdin)
        close(file);
    return wcl_error_context(error, reader_ops.name, name);
}

wcl_os wcl_tar_reader_os(const wcl_layer_reader *reader)
{
    return ((const wcl_tar_reader *)reader)->os;
}

uint64_t wcl_tar_reader_consumed(const wcl_layer_reader *reader)
{
    return wcl_input_consumed(((const wcl_tar_reader *)reader)->input);
}
