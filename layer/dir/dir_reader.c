/* A layer as a plain folder: reading. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/options.h"
#include "layer/dir/extras.h"
#include "layer/dir/inodes.h"
#include "layer/dir/names.h"
#include "layer/dir/plain_reader.h"
#include "layer/dir/walk.h"
#include "layer/entry/ops.h"

typedef struct dir_reader {
    wcl_layer_reader base;
    int root;
    wcl_sidecar *sidecar;
    wcl_walk *walk;
    wcl_plain_reader *plain;
    wcl_extras extras;
    wcl_inodes inodes;
    wcl_buffer folder; /* the folder that was given last, while extras may follow it */
    bool in_folder;
    bool has_stream; /* the entry at hand is a file's */
} dir_reader;

/* ---- Extras --------------------------------------------------------------------------------- */

/* The next entry that is no file, when it is time for one. */
static bool next_in_folder(dir_reader *reader, wcl_entry *entry)
{
    if (!reader->in_folder)
        return false;
    const wcl_extra *extra = wcl_extras_next_in(&reader->extras, wcl_buffer_text(&reader->folder));
    reader->in_folder = extra != NULL;
    if (extra)
        wcl_extra_give(extra, entry);
    return extra != NULL;
}

static wcl_status next_rest(dir_reader *reader, wcl_entry *entry)
{
    const wcl_extra *extra;

    while ((extra = wcl_extras_next_rest(&reader->extras)) != NULL) {
        if (extra->on_disk && !extra->met)
            continue; /* its name was removed from the folder, or is a file of its own by now */
        wcl_extra_give(extra, entry);
        return WCL_OK;
    }
    return WCL_END;
}

/* ---- Hard links ----------------------------------------------------------------------------- */

/* Whether the item is still the same file as its recorded target. */
static wcl_status is_link_to(dir_reader *reader, const wcl_walk_item *item, const char *target,
                             bool *same, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer disk = WCL_BUFFER_INIT;
    struct stat status;

    if (wcl_disk_path(target, WCL_DISK_NAME_MAX, &disk, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int fd =
        wcl_beneath_open(reader->root, wcl_buffer_text(&disk), O_PATH | O_NOFOLLOW, 0);
    *same = fd >= 0 && fstat(fd, &status) == 0 && status.st_ino == item->status.st_ino &&
            status.st_dev == item->status.st_dev;
    return WCL_OK;
}

/* Deals with an item that has several names. `*done`: it is given as a link, now (`entry` has a
 * path then) or at the end. */
static wcl_status check_link(dir_reader *reader, const wcl_walk_item *item, wcl_entry *entry,
                             bool *done, wcl_error *error)
{
    wcl_extra *link = wcl_extras_find_link(&reader->extras, item->path);
    const char *first;

    *done = false;
    if (link && link->on_disk) {
        if (is_link_to(reader, item, link->target, done, error) != WCL_OK)
            return WCL_FAILED;
        link->met = *done;
        if (*done)
            return WCL_OK;
    }
    if (wcl_inodes_meet(&reader->inodes, &item->status, item->path, &first, error) != WCL_OK)
        return WCL_FAILED;
    *done = first != NULL;
    if (first) {
        entry->kind = WCL_ENTRY_HARD_LINK;
        entry->path = item->path;
        entry->target = first;
    }
    return WCL_OK;
}

/* ---- Operations ----------------------------------------------------------------------------- */

static wcl_status begin_item(dir_reader *reader, const wcl_walk_item *item, wcl_entry *entry,
                             wcl_error *error)
{
    if (wcl_plain_reader_begin(reader->plain, item, entry, error) != WCL_OK)
        return wcl_error_context(error, NULL, item->path);
    reader->has_stream = true;
    reader->in_folder = S_ISDIR(item->status.st_mode);
    wcl_buffer_clear(&reader->folder);
    return wcl_buffer_append_text(&reader->folder, item->path, error);
}

static wcl_status dir_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    dir_reader *reader = (dir_reader *)base;
    wcl_walk_item item;
    wcl_status status;

    reader->has_stream = false;
    if (next_in_folder(reader, entry))
        return WCL_OK;
    while ((status = wcl_walk_next(reader->walk, &item, error)) == WCL_OK) {
        bool done = false;
        if (!S_ISDIR(item.status.st_mode) && item.status.st_nlink > 1 &&
            check_link(reader, &item, entry, &done, error) != WCL_OK)
            return WCL_FAILED;
        if (!done)
            return begin_item(reader, &item, entry, error);
        if (entry->path)
            return WCL_OK;
    }
    return status == WCL_END ? next_rest(reader, entry) : status;
}

static wcl_status read_data(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                            wcl_error *error)
{
    dir_reader *reader = (dir_reader *)base;

    if (!reader->has_stream)
        return WCL_OK;
    return wcl_plain_reader_read(reader->plain, buffer, size, got, error);
}

static void dir_reader_free(wcl_layer_reader *base)
{
    dir_reader *reader = (dir_reader *)base;

    wcl_plain_reader_free(reader->plain);
    wcl_walk_free(reader->walk);
    wcl_sidecar_free(reader->sidecar);
    wcl_extras_free(&reader->extras);
    wcl_inodes_free(&reader->inodes);
    wcl_buffer_free(&reader->folder);
    wcl_cleanup_fd(&reader->root);
    free(reader);
}

static const wcl_layer_reader_ops dir_reader_ops = {
    .name = "read folder",
    .next = dir_reader_next,
    .read = read_data,
    .free = dir_reader_free,
};

static bool has_folder(int root, const char *name)
{
    struct stat status;
    return fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static wcl_status dir_reader_open_parts(dir_reader *reader, const char *folder, wcl_error *error)
{
    wcl_walk_rules rules = { .name_max = WCL_DISK_NAME_MAX };

    reader->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->root < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder");
    bool is_linux = !has_folder(reader->root, "Files") && !has_folder(reader->root, "Hives") &&
                    !has_folder(reader->root, "UtilityVM");
    if (wcl_sidecar_load(reader->root, NULL, &reader->sidecar, error) != WCL_OK ||
        wcl_extras_load(&reader->extras, reader->sidecar, error) != WCL_OK)
        return WCL_FAILED;
    wcl_extras_sort(&reader->extras);
    rules.sidecar = reader->sidecar;
    if (wcl_walk_new(reader->root, &rules, &reader->walk, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_plain_reader_new(reader->sidecar, is_linux, true, &reader->plain, error);
}

wcl_status wcl_dir_reader_open(const char *folder, wcl_layer_reader **reader, wcl_error *error)
{
    dir_reader *made = calloc(1, sizeof(*made));

    *reader = NULL;
    folder = wcl_text(folder);
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &dir_reader_ops;
    made->root = -1;
    made->in_folder = true; /* the root itself */
    if (dir_reader_open_parts(made, folder, error) != WCL_OK) {
        dir_reader_free(&made->base);
        return wcl_error_context(error, dir_reader_ops.name, folder);
    }
    *reader = &made->base;
    return WCL_OK;
}
