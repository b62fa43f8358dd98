/*
 * Reading a read-only layer of the store: its tar's entries, a folder always before what is in it
 * and no path twice, whatever order the tar itself has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/store/read/entries.h"
#include "layer/store/read/scattered.h"
#include "layer/tar/given.h"

typedef struct store_reader {
    wcl_layer_reader base;
    wcl_store store;
    wcl_store_layer layer;
    int tar_fd;
    uint64_t position;
    wcl_layer_reader *tar;
    wcl_scattered *scattered; /* NULL where the tar is not */
    wcl_given *given;         /* the folders given so far */
    /* The entry to give next, while folders that lead to it are given. */
    wcl_entry waiting;
    const wcl_kept_entry *waiting_kept; /* where its stream is, if not in the tar */
    bool is_waiting;
    /* The entry at hand, where it is a folder put in or one that was kept. */
    wcl_buffer folder; /* its path */
    const wcl_kept_entry *kept;
    uint64_t kept_position;
    bool is_put_in; /* it has no stream, unless it is kept */
} store_reader;

/* ---- The tar -------------------------------------------------------------------------------- */

static wcl_status read_tar(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    store_reader *reader = context;

    if (wcl_pread_full(reader->tar_fd, buffer, size, reader->position, got, error) != WCL_OK)
        return WCL_FAILED;
    reader->position += *got;
    return WCL_OK;
}

static wcl_status store_reader_open_tar(store_reader *reader, wcl_error *error)
{
    const wcl_tar_reader_options options = { .struct_size = sizeof(options),
                                             .os = reader->layer.record.os,
                                             .max_size = WCL_TAR_NO_LIMIT,
                                             .max_entries = WCL_TAR_NO_LIMIT };

    reader->position = 0;
    return wcl_tar_reader_open(read_tar, reader, &options, &reader->tar, error);
}

/* ---- Folders given so far ------------------------------------------------------------------- */

/* The first folder on the way to `path` that was not given yet, into reader->folder. */
static wcl_status find_missing(store_reader *reader, const char *path, bool *is_missing,
                               wcl_error *error)
{
    size_t length;

    if (wcl_given_find_missing(reader->given, path, &length, error) != WCL_OK)
        return WCL_FAILED;
    *is_missing = length > 0;
    if (!*is_missing)
        return WCL_OK;
    wcl_buffer_clear(&reader->folder);
    return wcl_buffer_append(&reader->folder, path, length, error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void give(store_reader *reader, wcl_entry *entry, const wcl_kept_entry *kept, bool is_put_in)
{
    if (kept)
        *entry = kept->entry;
    reader->kept = kept;
    reader->kept_position = 0;
    reader->is_put_in = is_put_in || kept;
}

/* Gives the folder in reader->folder: as the tar lists it last, or as one that nobody lists. */
static wcl_status give_folder(store_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const char *path = wcl_buffer_text(&reader->folder);
    const wcl_kept_entry *kept = NULL;

    if (reader->scattered && wcl_scattered_folder(reader->scattered, path, &kept, error) != WCL_OK)
        return WCL_FAILED;
    if (!kept) {
        *entry = (wcl_entry)WCL_ENTRY_INIT;
        entry->kind = WCL_ENTRY_DIRECTORY;
        entry->flags = WCL_ENTRY_IN_ORDER | WCL_ENTRY_IMPLICIT;
        entry->path = path;
        entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
        entry->has_posix = reader->layer.record.os == WCL_OS_LINUX;
        entry->mode = 0755;
    }
    give(reader, entry, kept, true);
    return wcl_given_add(reader->given, path, strlen(path), error);
}

/* Of a scattered tar, what becomes of the entry that waits; `*pass`: nothing. */
static wcl_status store_reader_settle(store_reader *reader, bool *pass, wcl_error *error)
{
    wcl_entry *entry = &reader->waiting;
    wcl_scattered_fate fate;
    bool given = false;

    if (wcl_scattered_next(reader->scattered, reader->tar, entry, &fate, &reader->waiting_kept,
                           error) != WCL_OK)
        return WCL_FAILED;
    if (fate == WCL_SCATTERED_KEPT)
        *entry = reader->waiting_kept->entry;
    else if (fate == WCL_SCATTERED_GIVE && entry->kind == WCL_ENTRY_DIRECTORY &&
             (wcl_given_has(reader->given, entry->path, &given, error) != WCL_OK ||
              wcl_scattered_folder(reader->scattered, entry->path, &reader->waiting_kept, error) !=
                  WCL_OK))
        return WCL_FAILED;
    *pass = fate == WCL_SCATTERED_PASS || given;
    return WCL_OK;
}

static wcl_status fetch(store_reader *reader, wcl_error *error)
{
    wcl_status status;
    bool pass;

    reader->kept = NULL; /* what is kept moves when more is */
    do {
        pass = false;
        reader->waiting_kept = NULL;
        reader->waiting = (wcl_entry)WCL_ENTRY_INIT;
        status = wcl_layer_reader_next(reader->tar, &reader->waiting, error);
        if (status == WCL_OK && reader->scattered)
            status = store_reader_settle(reader, &pass, error);
    } while (status == WCL_OK && pass);
    reader->is_waiting = status == WCL_OK;
    return status;
}

static wcl_status store_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    store_reader *reader = (store_reader *)base;
    wcl_status status = WCL_OK;
    bool is_missing;

    if (!reader->is_waiting && (status = fetch(reader, error)) != WCL_OK)
        return status;
    if (find_missing(reader, reader->waiting.path, &is_missing, error) != WCL_OK)
        return WCL_FAILED;
    if (is_missing)
        return give_folder(reader, entry, error);
    *entry = reader->waiting;
    reader->is_waiting = false;
    give(reader, entry, reader->waiting_kept, false);
    return entry->kind == WCL_ENTRY_DIRECTORY
               ? wcl_given_add(reader->given, entry->path, strlen(entry->path), error)
               : WCL_OK;
}

static wcl_status store_reader_read_entry(wcl_layer_reader *base, void *buffer, size_t size,
                                          size_t *got, wcl_error *error)
{
    store_reader *reader = (store_reader *)base;

    if (!reader->is_put_in)
        return wcl_layer_reader_read(reader->tar, buffer, size, got, error);
    *got = 0;
    if (!reader->kept)
        return WCL_OK;
    wcl_status status = wcl_scattered_read(reader->scattered, reader->kept, reader->kept_position,
                                           buffer, size, got, error);
    reader->kept_position += *got;
    return status;
}

static void store_reader_free(wcl_layer_reader *base)
{
    store_reader *reader = (store_reader *)base;

    wcl_layer_reader_close(reader->tar, NULL);
    wcl_given_free(reader->given);
    wcl_scattered_free(reader->scattered);
    wcl_buffer_free(&reader->folder);
    if (reader->tar_fd >= 0)
        close(reader->tar_fd);
    wcl_store_layer_close(&reader->layer);
    wcl_store_close(&reader->store);
    free(reader);
}

static const wcl_layer_reader_ops ops = { "read layer", store_reader_next, store_reader_read_entry,
                                          store_reader_free };

/* Goes through the tar once, to know what must be given out of its own place. */
static wcl_status survey(store_reader *reader, wcl_error *error)
{
    if (store_reader_open_tar(reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_scattered_new(reader->tar, reader->layer.record.os, reader->store.hooks,
                                          &reader->scattered, error);
    wcl_layer_reader_close(reader->tar, NULL);
    reader->tar = NULL;
    return status;
}

static wcl_status store_reader_start(store_reader *reader, wcl_error *error)
{
    reader->tar_fd = openat(reader->layer.fd, "layer.tar", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (reader->tar_fd < 0)
        return wcl_fail_errno(error, errno, "cannot open layer.tar");
    if (wcl_given_new(&reader->given, error) != WCL_OK)
        return WCL_FAILED;
    if (reader->layer.record.os == WCL_OS_WINDOWS)
        wcl_given_set_caseless(reader->given);
    if (reader->layer.record.scattered && survey(reader, error) != WCL_OK)
        return WCL_FAILED;
    return store_reader_open_tar(reader, error);
}

wcl_status wcl_store_reader_open(wcl_store *store, wcl_store_layer *layer,
                                 wcl_layer_reader **reader, wcl_error *error)
{
    store_reader *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->store = *store;
    made->layer = *layer;
    made->tar_fd = -1;
    *store = (wcl_store)WCL_STORE_INIT;
    *layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    if (store_reader_start(made, error) != WCL_OK) {
        store_reader_free(&made->base);
        return WCL_FAILED;
    }
    *reader = &made->base;
    return WCL_OK;
}
