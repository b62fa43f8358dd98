/* A layer as a plain folder: writing. */
#include "layer/dir/dir_writer.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/options.h"
#include "base/staging.h"
#include "layer/dir/names.h"
#include "layer/dir/plain_writer.h"
#include "layer/entry/ops.h"
#include "layer/entry/windows_names.h"

typedef struct dir_writer {
    wcl_layer_writer base;
    wcl_staging *staging;
    wcl_plain_writer *plain;
} dir_writer;

static bool is_windows(const wcl_entry *entry)
{
    return !entry->has_posix &&
           (entry->kind == WCL_ENTRY_FILE || entry->kind == WCL_ENTRY_DIRECTORY);
}

static wcl_status dir_writer_add(wcl_layer_writer *base, const wcl_entry *entry, wcl_error *error)
{
    dir_writer *writer = (dir_writer *)base;

    if (is_windows(entry) && wcl_path_check_windows(entry->path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_plain_writer_add(writer->plain, entry, error);
}

static wcl_status dir_writer_add_link(wcl_layer_writer *base, const char *path, const char *target,
                                      wcl_error *error)
{
    return wcl_plain_writer_add_link(((dir_writer *)base)->plain, path, target, NULL, error);
}

static wcl_status dir_writer_add_link_entry(wcl_layer_writer *base, const wcl_entry *entry,
                                            wcl_error *error)
{
    return wcl_plain_writer_add_link(((dir_writer *)base)->plain, entry->path, entry->target,
                                     &entry->info, error);
}

static wcl_status remove_entry(wcl_layer_writer *base, const char *path, wcl_error *error)
{
    return wcl_plain_writer_remove(((dir_writer *)base)->plain, path, error);
}

static wcl_status write_data(wcl_layer_writer *base, const void *data, size_t size,
                             wcl_error *error)
{
    return wcl_plain_writer_write(((dir_writer *)base)->plain, data, size, error);
}

static wcl_status dir_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    return wcl_plain_writer_end_entry(((dir_writer *)base)->plain, error);
}

static wcl_status dir_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    dir_writer *writer = (dir_writer *)base;

    if (wcl_plain_writer_finish(writer->plain, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_staging_commit(writer->staging, error);
}

static void dir_writer_free(wcl_layer_writer *base)
{
    dir_writer *writer = (dir_writer *)base;

    wcl_plain_writer_free(writer->plain);
    wcl_staging_free(writer->staging);
    free(writer);
}

static const wcl_layer_writer_ops dir_writer_ops = {
    .name = "write folder",
    .keeps_case = true,
    .add = dir_writer_add,
    .add_link = dir_writer_add_link,
    .add_link_entry = dir_writer_add_link_entry,
    .remove = remove_entry,
    .write = write_data,
    .end_entry = dir_writer_end_entry,
    .finish = dir_writer_finish,
    .free = dir_writer_free,
};

wcl_status wcl_dir_writer_open_with(const char *folder, bool avoid_xattrs,
                                    wcl_layer_writer **writer, wcl_error *error)
{
    const wcl_plain_options options = {
        .name_max = WCL_DISK_NAME_MAX,
        .make_links = true,
        .avoid_xattrs = avoid_xattrs,
    };
    dir_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &dir_writer_ops;
    if (wcl_staging_open(folder, &made->staging, error) != WCL_OK ||
        wcl_plain_writer_new(wcl_staging_root(made->staging), &options, &made->plain, error) !=
            WCL_OK) {
        dir_writer_free(&made->base);
        return wcl_error_context(error, dir_writer_ops.name, folder);
    }
    *writer = &made->base;
    return WCL_OK;
}

wcl_status wcl_dir_writer_open(const char *folder, wcl_layer_writer **writer, wcl_error *error)
{
    *writer = NULL;
    return wcl_dir_writer_open_with(wcl_text(folder), false, writer, error);
}
