/*
 * Reading a sandbox: what changed in it against the layers that it stands on. The upper is walked,
 * a folder before what is in it and names in byte order; of a Windows layer it is what is in Files.
 */
#include "layer/store/sandbox/sandbox_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "layer/store/read/entries.h"
#include "layer/store/index/index.h"
#include "layer/store/sandbox/sandbox.h"

#define DEPTH_MAX 1024

enum phase {
    PHASE_ROOT = 0, /* the entry of the root that the mount shows */
    PHASE_WALK = 1, /* what is in the upper */
    PHASE_END = 2,
};

static bool is_windows(const wcl_sandbox_reader *reader)
{
    return reader->layer.record.os == WCL_OS_WINDOWS;
}

/* Whether what a folder hides is told name by name. */
static bool tells_names(const wcl_sandbox_reader *reader)
{
    return is_windows(reader) || reader->no_opaque;
}

/* ---- Levels --------------------------------------------------------------------------------- */

static void pop(wcl_sandbox_reader *reader)
{
    wcl_sandbox_level *level = &reader->levels[--reader->depth];

    close(level->fd);
    wcl_names_free(&level->names);
    wcl_sandbox_names_free(level->windows_names);
    wcl_buffer_free(&level->descriptor);
}

static wcl_status add_hidden_name(void *context, const char *name, wcl_error *error)
{
    return wcl_names_add(context, name, strlen(name), error);
}

/* Windows layers have no opaque folders: what one hides is deleted name by name. overlayfs marks a
 * folder only where its parent is merged, so below an opaque one all are opaque without a mark. */
static wcl_status fill_level(wcl_sandbox_reader *reader, wcl_sandbox_level *level, bool is_opaque,
                             wcl_error *error)
{
    bool is_below = reader->depth > 1 && level[-1].expanded;

    if (wcl_names_list(&level->names, level->fd, error) != WCL_OK)
        return WCL_FAILED;
    level->expanded = is_below || (is_opaque && tells_names(reader));
    if (is_windows(reader) && wcl_sandbox_names_new(&reader->lower, wcl_buffer_text(&reader->below),
                                                    level->fd, level->expanded, &level->names,
                                                    &level->windows_names, error) != WCL_OK)
        return WCL_FAILED;
    if (!level->expanded)
        return WCL_OK;
    if (wcl_lower_each(&reader->lower, wcl_buffer_text(&reader->below), add_hidden_name,
                       &level->names, error) != WCL_OK)
        return WCL_FAILED;
    wcl_names_sort(&level->names);
    return WCL_OK;
}

/* Goes into the folder at `name` of `folder`, which path and place lead to. */
static wcl_status sandbox_read_push(wcl_sandbox_reader *reader, int folder, const char *name,
                                    bool is_opaque, wcl_error *error)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT ? WCL_OK : wcl_fail_errno(error, errno, "cannot open the folder");
    if (reader->depth == DEPTH_MAX) {
        close(fd);
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "folders are nested deeper than %d",
                        DEPTH_MAX);
    }
    wcl_sandbox_level *level = &reader->levels[reader->depth++];
    *level = (wcl_sandbox_level) { .fd = fd,
                                   .path_size = reader->path.size,
                                   .place_size = reader->place.size,
                                   .below_size = reader->below.size };
    const wcl_buffer *descriptor = &reader->descriptor;
    if (descriptor->size == 0 && reader->depth > 1)
        descriptor = &level[-1].descriptor;
    if (wcl_buffer_append(&level->descriptor, descriptor->data, descriptor->size, error) != WCL_OK)
        return WCL_FAILED;
    return fill_level(reader, level, is_opaque, error);
}

/* ---- Paths ---------------------------------------------------------------------------------- */

static void cut(wcl_buffer *text, size_t size)
{
    text->size = size;
    if (text->data)
        text->data[size] = 0;
}

static wcl_status append_name(wcl_buffer *path, const char *name, size_t size, wcl_error *error)
{
    if (path->size && wcl_buffer_append_byte(path, '/', error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(path, name, size, error);
}

/* A name too long for the index is another there, and so in the mount. */
static wcl_status append_true_name(wcl_sandbox_reader *reader, const char *name, wcl_error *error)
{
    wcl_erofs_xattr xattr;
    wcl_nid nid;

    wcl_status status =
        strlen(name) < 128 || !is_windows(reader)
            ? WCL_END
            : wcl_lower_nid(&reader->lower, wcl_buffer_text(&reader->place), &nid, error);
    if (status == WCL_OK)
        status = wcl_erofs_find_xattr(reader->lower.image, nid, WCL_XATTR_NAME, &xattr, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    return status == WCL_OK
               ? append_name(&reader->path, (const char *)xattr.value, xattr.size, error)
               : append_name(&reader->path, name, strlen(name), error);
}

static wcl_status set_paths(wcl_sandbox_reader *reader, const wcl_sandbox_level *level,
                            const char *name, wcl_error *error)
{
    cut(&reader->path, level->path_size);
    cut(&reader->place, level->place_size);
    cut(&reader->below, level->below_size);
    if (append_name(&reader->place, name, strlen(name), error) != WCL_OK ||
        append_name(&reader->below, name, strlen(name), error) != WCL_OK)
        return WCL_FAILED;
    return append_true_name(reader, name, error);
}

/* ---- Entries -------------------------------------------------------------------------------- */

static void clear_entry(wcl_sandbox_reader *reader)
{
    wcl_pieces_clear(&reader->pieces);
    wcl_buffer_clear(&reader->descriptor);
    if (reader->data >= 0)
        close(reader->data);
    reader->data = -1;
}

static wcl_status sandbox_read_describe(wcl_sandbox_reader *reader, const wcl_sandbox_level *level,
                                        const char *name, wcl_entry *entry, wcl_error *error)
{
    const struct stat *info = &reader->file.info;

    if (!S_ISDIR(info->st_mode) && info->st_nlink > 1) {
        entry->target = wcl_inode_paths_find(&reader->links, info->st_ino);
        if (entry->target) {
            entry->kind = WCL_ENTRY_HARD_LINK;
            entry->has_posix = !is_windows(reader);
            return WCL_OK;
        }
    }
    wcl_status status = is_windows(reader)
                            ? wcl_sandbox_describe_windows(reader, level->fd, name,
                                                           &level->descriptor, entry, error)
                            : wcl_sandbox_describe_linux(reader, level->fd, name, entry, error);
    if (status == WCL_OK && !S_ISDIR(info->st_mode) && info->st_nlink > 1)
        status = wcl_inode_paths_add(&reader->links, info->st_ino, entry->path, error);
    return status;
}

/* Whether a layer of this kind can have such a file at all. */
static bool is_left_out(const wcl_sandbox_reader *reader)
{
    mode_t mode = reader->file.info.st_mode;

    return S_ISSOCK(mode) ||
           (is_windows(reader) && (S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode)));
}

/* A deletion, unless something takes the place that is the same to Windows: that says it all. */
static wcl_status give_deletion(const wcl_sandbox_level *level, const char *name, wcl_entry *entry,
                                wcl_error *error)
{
    bool is_taken = false;

    entry->kind = WCL_ENTRY_DELETED;
    if (level->windows_names &&
        wcl_sandbox_names_is_taken(level->windows_names, name, &is_taken, error) != WCL_OK)
        return WCL_FAILED;
    return is_taken ? WCL_END : WCL_OK;
}

/* Checks the name. What takes the place of something that Windows calls the same hides that. */
static wcl_status sandbox_read_check_name(wcl_sandbox_reader *reader,
                                          const wcl_sandbox_level *level, const char *name,
                                          wcl_error *error)
{
    const char *replaced;

    if (!level->windows_names)
        return WCL_OK;
    if (wcl_sandbox_names_check(level->windows_names, name, wcl_buffer_text(&reader->path),
                                &replaced, error) != WCL_OK)
        return WCL_FAILED;
    if (!replaced)
        return WCL_OK;
    reader->file.is_opaque = true;
    cut(&reader->below, level->below_size);
    return append_name(&reader->below, replaced, strlen(replaced), error);
}

/* The entry of one name; WCL_END where there is none. */
static wcl_status give(wcl_sandbox_reader *reader, wcl_sandbox_level *level, const char *name,
                       wcl_entry *entry, wcl_error *error)
{
    if (set_paths(reader, level, name, error) != WCL_OK)
        return WCL_FAILED;
    entry->path = wcl_buffer_text(&reader->path);
    wcl_status status = wcl_upper_look(level->fd, name, &reader->file, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if ((status == WCL_END && level->expanded) || (status == WCL_OK && reader->file.is_whiteout))
        return give_deletion(level, name, entry, error);
    if (status == WCL_END)
        return WCL_END;
    if (is_left_out(reader)) {
        wcl_store_log(&reader->store, WCL_LOG_INFO, "'%s' is left out: a layer cannot have it",
                      entry->path);
        return WCL_END;
    }
    if (sandbox_read_check_name(reader, level, name, error) != WCL_OK)
        return WCL_FAILED;
    status = sandbox_read_describe(reader, level, name, entry, error);
    if (status != WCL_OK || !S_ISDIR(reader->file.info.st_mode))
        return status;
    reader->opaque_follows = reader->file.is_opaque && !tells_names(reader);
    return sandbox_read_push(reader, level->fd, name, reader->file.is_opaque, error);
}

static wcl_status walk(wcl_sandbox_reader *reader, wcl_entry *entry, wcl_error *error)
{
    if (reader->opaque_follows) {
        reader->opaque_follows = false;
        entry->kind = WCL_ENTRY_OPAQUE;
        entry->path = wcl_buffer_text(&reader->path);
        return WCL_OK;
    }
    while (reader->depth > 0) {
        wcl_sandbox_level *level = &reader->levels[reader->depth - 1];
        if (level->next == level->names.count) {
            pop(reader);
            continue;
        }
        wcl_status status =
            give(reader, level, wcl_names_at(&level->names, level->next++), entry, error);
        if (status == WCL_FAILED)
            return wcl_error_context(error, NULL, wcl_buffer_text(&reader->path));
        if (status == WCL_OK)
            return WCL_OK;
        *entry = (wcl_entry)WCL_ENTRY_INIT;
        clear_entry(reader);
    }
    return WCL_END;
}

/* ---- Roots ---------------------------------------------------------------------------------- */

static wcl_status give_windows_root(wcl_sandbox_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_buffer nothing = WCL_BUFFER_INIT;

    wcl_buffer_clear(&reader->path);
    if (wcl_buffer_append_text(&reader->path, reader->lower.root_name, error) != WCL_OK)
        return WCL_FAILED;
    entry->path = wcl_buffer_text(&reader->path);
    if (reader->upper < 0 && reader->lower.has_root)
        return wcl_sandbox_describe_below(reader, reader->lower.root, entry, error);
    if (reader->upper < 0) {
        entry->kind = WCL_ENTRY_DIRECTORY;
        entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
        return WCL_OK;
    }
    if (fstat(reader->upper, &reader->file.info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at the upper folder");
    if (wcl_sandbox_describe_windows(reader, reader->upper, "", &nothing, entry, error) != WCL_OK)
        return WCL_FAILED;
    return sandbox_read_push(reader, reader->upper, ".", false, error);
}

/* Windows takes no layer without Hives; what is in it are changes of the registry, here none. */
static wcl_status give_hives(wcl_sandbox_reader *reader, wcl_entry *entry, wcl_error *error)
{
    wcl_erofs_entry hives;

    entry->path = "Hives";
    if (wcl_erofs_lookup(reader->lower.image, wcl_erofs_root(reader->lower.image), "Hives", 5,
                         WCL_NAMES_CASELESS, &hives, NULL) == WCL_OK)
        return wcl_sandbox_describe_below(reader, hives.nid, entry, error);
    entry->kind = WCL_ENTRY_DIRECTORY;
    entry->info.attributes = WCL_ATTRIBUTE_DIRECTORY;
    return WCL_OK;
}

static wcl_status sandbox_read_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    wcl_sandbox_reader *reader = (wcl_sandbox_reader *)base;
    wcl_status status;

    clear_entry(reader);
    switch (reader->phase) {
    case PHASE_ROOT:
        reader->phase = PHASE_WALK;
        if (is_windows(reader))
            return give_windows_root(reader, entry, error);
        if (reader->upper >= 0 &&
            sandbox_read_push(reader, reader->upper, ".", false, error) != WCL_OK)
            return WCL_FAILED;
        return walk(reader, entry, error);
    case PHASE_WALK:
        status = walk(reader, entry, error);
        if (status != WCL_END || !is_windows(reader))
            return status;
        reader->phase = PHASE_END;
        return give_hives(reader, entry, error);
    default:
        return WCL_END;
    }
}

static wcl_status sandbox_read_entry(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                                     wcl_error *error)
{
    return wcl_pieces_read(&((wcl_sandbox_reader *)base)->pieces, buffer, size, got, error);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static void sandbox_read_free(wcl_layer_reader *base)
{
    wcl_sandbox_reader *reader = (wcl_sandbox_reader *)base;

    clear_entry(reader);
    while (reader->depth > 0)
        pop(reader);
    free(reader->levels);
    if (reader->upper >= 0)
        close(reader->upper);
    wcl_inode_paths_free(&reader->links);
    wcl_buffer_free(&reader->path);
    wcl_buffer_free(&reader->place);
    wcl_buffer_free(&reader->below);
    wcl_buffer_free(&reader->target);
    wcl_buffer_free(&reader->descriptor);
    wcl_buffer_free(&reader->value);
    wcl_buffer_free(&reader->names);
    wcl_buffer_free(&reader->values);
    free(reader->xattrs);
    wcl_pieces_free(&reader->pieces);
    wcl_lower_close(&reader->lower);
    wcl_store_layer_close(&reader->layer);
    wcl_store_close(&reader->store);
    free(reader);
}

static const wcl_layer_reader_ops ops = { "read sandbox", sandbox_read_next, sandbox_read_entry,
                                          sandbox_read_free };

wcl_status wcl_sandbox_reader_open(wcl_store *store, wcl_store_layer *layer,
                                   wcl_layer_reader **reader, wcl_error *error)
{
    wcl_sandbox_reader *made = calloc(1, sizeof(*made));

    if (!made) {
        wcl_store_layer_close(layer);
        wcl_store_close(store);
        return wcl_fail_memory(error);
    }
    made->base.ops = &ops;
    made->store = *store;
    made->layer = *layer;
    made->upper = made->data = -1;
    *store = (wcl_store)WCL_STORE_INIT;
    *layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    made->levels = calloc(DEPTH_MAX, sizeof(*made->levels));
    wcl_status status = made->levels ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = wcl_lower_open(&made->store, &made->layer.record, &made->lower, error);
    if (status == WCL_OK)
        status = wcl_upper_open(&made->layer, &made->upper, error);
    if (status != WCL_OK) {
        sandbox_read_free(&made->base);
        return WCL_FAILED;
    }
    *reader = &made->base;
    return WCL_OK;
}
