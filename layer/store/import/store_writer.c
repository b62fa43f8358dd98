/* Writing a new layer of the store, entry by entry: a tar in a staging folder, indexed at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/driver.h"
#include "layer/entry/ops.h"
#include "layer/store/read/entries.h"
#include "layer/store/import/import.h"
#include "layer/store/import/written.h"

typedef struct store_writer {
    wcl_layer_writer base;
    wcl_store store;
    wcl_stage stage;
    char *id;
    char **parent_paths;
    size_t parent_count;
    wcl_written *written;
    int tar_fd;
    uint64_t size;
    wcl_layer_writer *tar;
    bool passing_over; /* an entry that a layer does not list */
} store_writer;

static wcl_status write_tar(void *context, const void *data, size_t size, wcl_error *error)
{
    store_writer *writer = context;

    if (wcl_pwrite_full(writer->tar_fd, data, size, writer->size, error) != WCL_OK)
        return WCL_FAILED;
    writer->size += size;
    return WCL_OK;
}

static wcl_status store_writer_add(wcl_layer_writer *base, const wcl_entry *entry, wcl_error *error)
{
    store_writer *writer = (store_writer *)base;

    if (wcl_written_add(writer->written, entry, error) != WCL_OK)
        return WCL_FAILED;
    writer->passing_over = (entry->flags & WCL_ENTRY_IMPLICIT) != 0;
    return writer->passing_over ? WCL_OK : wcl_layer_writer_add(writer->tar, entry, error);
}

static wcl_status store_writer_add_link_entry(wcl_layer_writer *base, const wcl_entry *entry,
                                              wcl_error *error)
{
    store_writer *writer = (store_writer *)base;
    wcl_entry link = *entry;

    if (wcl_written_add_link(writer->written, &link, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_writer_add(writer->tar, &link, error);
}

static wcl_status store_writer_add_link(wcl_layer_writer *base, const char *path,
                                        const char *target, wcl_error *error)
{
    wcl_entry link = WCL_ENTRY_INIT;

    link.kind = WCL_ENTRY_HARD_LINK;
    link.path = path;
    link.target = target;
    return store_writer_add_link_entry(base, &link, error);
}

static wcl_status store_writer_remove_path(wcl_layer_writer *base, const char *path,
                                           wcl_error *error)
{
    store_writer *writer = (store_writer *)base;

    if (wcl_written_remove(writer->written, path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_writer_remove(writer->tar, path, error);
}

static wcl_status write_entry(wcl_layer_writer *base, const void *data, size_t size,
                              wcl_error *error)
{
    store_writer *writer = (store_writer *)base;

    return writer->passing_over ? WCL_OK : wcl_layer_writer_write(writer->tar, data, size, error);
}

/* The tar's writer ends its entry when the next begins or at its close. */
static wcl_status store_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    (void)base;
    (void)error;
    return WCL_OK;
}

static wcl_status store_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    store_writer *writer = (store_writer *)base;
    const wcl_parents parents = { (const char *const *)writer->parent_paths, writer->parent_count };
    wcl_layer_writer *tar = writer->tar;

    writer->tar = NULL;
    if (wcl_layer_writer_close(tar, error) != WCL_OK)
        return WCL_FAILED;
    wcl_os os = parents.count ? WCL_OS_UNKNOWN : wcl_written_os(writer->written);
    wcl_written_free(writer->written);
    writer->written = NULL;
    /* With parents their word counts; a layer of whiteouts alone says nothing itself. */
    const wcl_import_options options = { .struct_size = sizeof(options), .os = os };
    const wcl_import_request request = {
        .id = writer->id, .parents = parents, .stage = &writer->stage, .options = &options
    };
    return wcl_store_import(&writer->store, &request, NULL, error);
}

static void store_writer_free(wcl_layer_writer *base)
{
    store_writer *writer = (store_writer *)base;

    wcl_layer_writer_abort(writer->tar);
    wcl_written_free(writer->written);
    if (writer->tar_fd >= 0)
        close(writer->tar_fd);
    wcl_stage_end(&writer->store, &writer->stage);
    for (size_t i = 0; i < writer->parent_count; i++)
        free(writer->parent_paths[i]);
    free(writer->parent_paths);
    free(writer->id);
    wcl_store_close(&writer->store);
    free(writer);
}

static const wcl_layer_writer_ops ops = {
    .name = "write layer",
    .add = store_writer_add,
    .add_link = store_writer_add_link,
    .add_link_entry = store_writer_add_link_entry,
    .remove = store_writer_remove_path,
    .write = write_entry,
    .end_entry = store_writer_end_entry,
    .finish = store_writer_finish,
    .free = store_writer_free,
};

static wcl_status keep_parents(store_writer *writer, wcl_parents parents, wcl_error *error)
{
    writer->parent_paths = calloc(parents.count + 1, sizeof(char *));
    if (!writer->parent_paths)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < parents.count; i++) {
        const char *id;
        if (wcl_store_find_parent(&writer->store, parents.paths[i], &id, error) != WCL_OK)
            return WCL_FAILED;
        writer->parent_paths[i] = strdup(parents.paths[i]);
        if (!writer->parent_paths[i])
            return wcl_fail_memory(error);
        writer->parent_count++;
    }
    return WCL_OK;
}

static wcl_status store_writer_start(store_writer *writer, wcl_parents parents, wcl_error *error)
{
    const wcl_tar_writer_options options = { .struct_size = sizeof(options) };

    if (keep_parents(writer, parents, error) != WCL_OK ||
        wcl_written_new(&writer->store, parents.count ? parents.paths[0] : NULL, &writer->written,
                        error) != WCL_OK ||
        wcl_stage_begin(&writer->store, writer->id, &writer->stage, error) != WCL_OK)
        return WCL_FAILED;
    writer->tar_fd =
        openat(writer->stage.fd, "layer.tar", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->tar_fd < 0)
        return wcl_fail_errno(error, errno, "cannot create layer.tar");
    return wcl_tar_writer_open(write_tar, writer, &options, &writer->tar, error);
}

wcl_status wcl_store_writer_open(wcl_store *store, const char *id, wcl_parents parents,
                                 wcl_layer_writer **writer, wcl_error *error)
{
    store_writer *made = calloc(1, sizeof(*made));

    if (!made) {
        wcl_store_close(store);
        return wcl_fail_memory(error);
    }
    made->base.ops = &ops;
    made->store = *store;
    made->stage = (wcl_stage)WCL_STAGE_INIT;
    made->tar_fd = -1;
    *store = (wcl_store)WCL_STORE_INIT;
    made->id = strdup(id);
    if (!made->id || store_writer_start(made, parents, error) != WCL_OK) {
        store_writer_free(&made->base);
        return WCL_FAILED;
    }
    *writer = &made->base;
    return WCL_OK;
}

void wcl_store_writer_replaces(wcl_layer_writer *writer)
{
    ((store_writer *)writer)->stage.replaces = true;
}
