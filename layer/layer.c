/* Readers and writers of layers: the checks that every form needs, and the copy from one to
 * another. */
#include "layer/entry/ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/options.h"
#include "base/utf16.h"
#include "layer/entry/path.h"
#include "layer/entry/windows_names.h"

/* Bytes moved at a time between a reader and a writer. */
#define COPY_SIZE (256 * 1024)

/* ---- Readers -------------------------------------------------------------------------------- */

wcl_status wcl_layer_reader_next(wcl_layer_reader *reader, wcl_entry *entry, wcl_error *error)
{
    wcl_entry own = WCL_ENTRY_INIT;

    if (WCL_CHECK_SIZE(wcl_entry, entry, __func__, error) != WCL_OK)
        return WCL_FAILED;
    if (reader->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the layer reader failed before");
    if (reader->at_end)
        return WCL_END;
    wcl_status status = reader->ops->next(reader, &own, error);
    if (status != WCL_OK)
        own = (wcl_entry)WCL_ENTRY_INIT;
    WCL_GIVE(wcl_entry, entry, &own);
    reader->at_end = status == WCL_END;
    reader->failed = status == WCL_FAILED;
    return status == WCL_FAILED ? wcl_error_context(error, reader->ops->name, NULL) : status;
}

wcl_status wcl_layer_reader_read(wcl_layer_reader *reader, void *buffer, size_t size, size_t *got,
                                 wcl_error *error)
{
    *got = 0;
    if (reader->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the layer reader failed before");
    if (reader->at_end || size == 0)
        return WCL_OK;
    if (reader->ops->read(reader, buffer, size, got, error) == WCL_OK)
        return WCL_OK;
    reader->failed = true;
    return wcl_error_context(error, reader->ops->name, NULL);
}

wcl_status wcl_layer_reader_close(wcl_layer_reader *reader, wcl_error *error)
{
    if (!reader)
        return WCL_OK;
    bool complete = reader->at_end;
    bool failed = reader->failed;
    const char *name = reader->ops->name;
    reader->ops->free(reader);
    if (complete)
        return WCL_OK;
    wcl_fail(error, WCL_CODE_INVALID_STATE,
             failed ? "cannot read the layer" : "the layer was not read to its end");
    return wcl_error_context(error, name, NULL);
}

/* ---- Writers -------------------------------------------------------------------------------- */

static wcl_status fail_writer(wcl_layer_writer *writer, const char *subject, wcl_error *error)
{
    writer->failed = true;
    return wcl_error_context(error, writer->ops->name, subject);
}

/* Ends the entry at hand, if there is one, and refuses to go on after a failure. */
static wcl_status layer_end_entry(wcl_layer_writer *writer, wcl_error *error)
{
    if (writer->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the layer writer failed before");
    if (!writer->in_entry)
        return WCL_OK;
    writer->in_entry = false;
    if (writer->ops->end_entry(writer, error) != WCL_OK)
        return fail_writer(writer, writer->current, error);
    return WCL_OK;
}

/* Of two names that are one to Windows a layer keeps only the later when it is used. */
static wcl_status check_case(wcl_layer_writer *writer, const char *path, wcl_error *error)
{
    return writer->cases ? wcl_case_check_add(writer->cases, path, error) : WCL_OK;
}

static bool is_windows_entry(const wcl_entry *entry)
{
    return !entry->has_posix &&
           (entry->kind == WCL_ENTRY_FILE || entry->kind == WCL_ENTRY_DIRECTORY);
}

static wcl_status layer_check_name(wcl_layer_writer *writer, const wcl_entry *entry,
                                   wcl_error *error)
{
    if (entry->kind == WCL_ENTRY_OPAQUE && strcmp(entry->path, ".") == 0)
        return WCL_OK;
    if (!is_windows_entry(entry))
        return wcl_path_check(entry->path, error);
    writer->is_windows = true;
    if (wcl_path_check_windows(entry->path, error) != WCL_OK ||
        (!writer->cases && !writer->ops->keeps_case &&
         wcl_case_check_new(&writer->cases, error) != WCL_OK))
        return WCL_FAILED;
    return check_case(writer, entry->path, error);
}

static wcl_status layer_add_link_entry(wcl_layer_writer *writer, const wcl_entry *entry,
                                       wcl_error *error)
{
    if (wcl_path_check(entry->path, error) != WCL_OK ||
        wcl_path_check(entry->target, error) != WCL_OK ||
        check_case(writer, entry->path, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->ops->add_link_entry)
        return writer->ops->add_link_entry(writer, entry, error);
    return writer->ops->add_link(writer, entry->path, entry->target, error);
}

static wcl_status begin_entry(wcl_layer_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    if (layer_check_name(writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    free(writer->current);
    writer->current = strdup(entry->path);
    if (!writer->current)
        return wcl_fail_memory(error);
    if (writer->ops->add(writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    writer->in_entry = true;
    return WCL_OK;
}

static wcl_status layer_remove_path(wcl_layer_writer *writer, const char *path, wcl_error *error)
{
    if (wcl_path_check(path, error) != WCL_OK)
        return WCL_FAILED;
    return writer->ops->remove(writer, path, error);
}

static wcl_status add_entry(wcl_layer_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    wcl_status status;

    if (layer_end_entry(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_HARD_LINK)
        status = layer_add_link_entry(writer, entry, error);
    else if (entry->kind == WCL_ENTRY_DELETED)
        status = layer_remove_path(writer, entry->path, error);
    else
        status = begin_entry(writer, entry, error);
    return status == WCL_OK ? WCL_OK : fail_writer(writer, entry->path, error);
}

/* Puts slashes in the place of backslashes, as callers for Windows write them; `*copy` holds it. */
static wcl_status take_backslashes(const char **path, char **copy, wcl_error *error)
{
    if (!*path || !strchr(*path, '\\'))
        return WCL_OK;
    *copy = strdup(*path);
    if (!*copy)
        return wcl_fail_memory(error);
    for (char *at = *copy; (at = strchr(at, '\\'));)
        *at = '/';
    *path = *copy;
    return WCL_OK;
}

wcl_status wcl_layer_writer_add(wcl_layer_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = NULL;
    WCL_CLEANUP_FREE char *target = NULL;
    wcl_entry own = WCL_ENTRY_INIT;

    if (WCL_TAKE(wcl_entry, &own, entry, __func__, error) != WCL_OK)
        return WCL_FAILED;
    bool is_windows = !own.has_posix && (is_windows_entry(&own) || writer->is_windows);
    if (is_windows && (take_backslashes(&own.path, &path, error) != WCL_OK ||
                       take_backslashes(&own.target, &target, error) != WCL_OK))
        return WCL_FAILED;
    return add_entry(writer, &own, error);
}

wcl_status wcl_layer_writer_add_link(wcl_layer_writer *writer, const char *path, const char *target,
                                     wcl_error *error)
{
    WCL_CLEANUP_FREE char *own_path = NULL;
    WCL_CLEANUP_FREE char *own_target = NULL;

    if (layer_end_entry(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->is_windows && (take_backslashes(&path, &own_path, error) != WCL_OK ||
                               take_backslashes(&target, &own_target, error) != WCL_OK))
        return WCL_FAILED;
    if (wcl_path_check(path, error) != WCL_OK || wcl_path_check(target, error) != WCL_OK ||
        check_case(writer, path, error) != WCL_OK ||
        writer->ops->add_link(writer, path, target, error) != WCL_OK)
        return fail_writer(writer, path, error);
    return WCL_OK;
}

wcl_status wcl_layer_writer_remove(wcl_layer_writer *writer, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *own_path = NULL;

    if (layer_end_entry(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->is_windows && take_backslashes(&path, &own_path, error) != WCL_OK)
        return WCL_FAILED;
    if (layer_remove_path(writer, path, error) != WCL_OK)
        return fail_writer(writer, path, error);
    return WCL_OK;
}

wcl_status wcl_layer_writer_write(wcl_layer_writer *writer, const void *data, size_t size,
                                  wcl_error *error)
{
    if (writer->failed || !writer->in_entry)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        writer->failed ? "the layer writer failed before"
                                       : "no entry was begun that could take data");
    if (size == 0 || writer->ops->write(writer, data, size, error) == WCL_OK)
        return WCL_OK;
    return fail_writer(writer, writer->current, error);
}

wcl_status wcl_layer_writer_close(wcl_layer_writer *writer, wcl_error *error)
{
    if (!writer)
        return WCL_OK;
    const char *name = writer->ops->name;
    wcl_status status = layer_end_entry(writer, error);
    if (status == WCL_OK && writer->ops->finish(writer, error) != WCL_OK)
        status = wcl_error_context(error, name, NULL);
    wcl_layer_writer_abort(writer);
    return status;
}

void wcl_layer_writer_abort(wcl_layer_writer *writer)
{
    if (!writer)
        return;
    free(writer->current);
    wcl_case_check_free(writer->cases);
    writer->ops->free(writer);
}

/* ---- Copying -------------------------------------------------------------------------------- */

typedef struct copy_state {
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;
    const wcl_hooks *hooks;
    wcl_progress progress;
    uint8_t *buffer;
} copy_state;

static wcl_status layer_report(copy_state *state, wcl_error *error)
{
    return wcl_hooks_report(state->hooks, &state->progress, error);
}

static wcl_status copy_stream(copy_state *state, wcl_error *error)
{
    for (;;) {
        size_t got;
        if (wcl_layer_reader_read(state->reader, state->buffer, COPY_SIZE, &got, error) != WCL_OK)
            return WCL_FAILED;
        if (got == 0)
            return WCL_OK;
        if (wcl_layer_writer_write(state->writer, state->buffer, got, error) != WCL_OK)
            return WCL_FAILED;
        state->progress.done += got;
        if (layer_report(state, error) != WCL_OK)
            return WCL_FAILED;
    }
}

static wcl_status copy_entry(copy_state *state, const wcl_entry *entry, wcl_error *error)
{
    /* A backslash here is in a name, and is refused as one. */
    if (add_entry(state->writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_HARD_LINK || entry->kind == WCL_ENTRY_DELETED)
        return WCL_OK;
    return copy_stream(state, error);
}

wcl_status wcl_layer_copy(wcl_layer_reader *reader, wcl_layer_writer *writer,
                          const wcl_hooks *hooks, wcl_error *error)
{
    copy_state state = { .reader = reader, .writer = writer, .hooks = hooks };
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    if (wcl_hooks_check(hooks, __func__, error) != WCL_OK)
        return WCL_FAILED;
    state.progress.operation = writer->ops->name;
    reader->hooks = writer->hooks = hooks;
    state.buffer = malloc(COPY_SIZE);
    if (!state.buffer)
        return wcl_fail_memory(error);
    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        state.progress.subject = entry.path;
        state.progress.entries++;
        status = layer_report(&state, error);
        if (status == WCL_OK)
            status = copy_entry(&state, &entry, error);
        if (status != WCL_OK)
            break;
    }
    free(state.buffer);
    if (status == WCL_END)
        status = layer_end_entry(writer, error);
    reader->hooks = writer->hooks = NULL;
    return status;
}
