/* The files of a folder as they are appended to an image. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/regular.h"
#include "image/append/source.h"
#include "image/append/xattrs.h"
#include "layer/internal.h"
#include "base/map.h"

typedef struct folder_source {
    wcl_append_source base;
    char *name;
    int root;
    wcl_walk *walk;
    wcl_map *inodes; /* of files with several names: where in `first_names` the first is */
    wcl_buffer first_names;
    wcl_file_xattrs xattrs;
    wcl_buffer target;
    int file; /* the file at hand */
    uint64_t left;
    wcl_beneath_cache looked_up;
} folder_source;

typedef struct inode_key {
    uint64_t device;
    uint64_t inode;
} inode_key;

static folder_source *folder_source_of(wcl_append_source *base)
{
    return (folder_source *)base;
}

static wcl_status read_link(int folder, const char *name, wcl_buffer *target, wcl_error *error)
{
    char text[PATH_MAX];
    ssize_t size = readlinkat(folder, name, text, sizeof(text));

    if (size < 0)
        return wcl_fail_errno(error, errno, "cannot read the symbolic link");
    if ((size_t)size == sizeof(text))
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "the symbolic link's target is too long");
    wcl_buffer_clear(target);
    return wcl_buffer_append(target, text, (size_t)size, error);
}

static wcl_status open_file(folder_source *source, const wcl_walk_item *item, wcl_error *error)
{
    struct stat status;

    if (wcl_regular_open(item->folder, item->disk_name, WCL_LINKS_REFUSED, 0, &source->file,
                         &source->left, error) != WCL_OK)
        return WCL_FAILED;
    if (fstat(source->file, &status) < 0 || status.st_ino != item->status.st_ino ||
        status.st_dev != item->status.st_dev || status.st_size != item->status.st_size)
        return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                        "another program changed the file while it was read");
    return WCL_OK;
}

/* Makes the entry a link if the file was given under another name already. */
static wcl_status find_first_name(folder_source *source, const wcl_walk_item *item,
                                  wcl_entry *entry, wcl_error *error)
{
    inode_key key;
    size_t place = source->first_names.size;

    if (item->status.st_nlink < 2 || S_ISDIR(item->status.st_mode))
        return WCL_OK;
    memset(&key, 0, sizeof(key));
    key.device = item->status.st_dev;
    key.inode = item->status.st_ino;
    const size_t *known = wcl_map_find(source->inodes, &key, sizeof(key));
    if (known) {
        entry->kind = WCL_ENTRY_HARD_LINK;
        entry->target = (const char *)source->first_names.data + *known;
        return WCL_OK;
    }
    if (wcl_buffer_append(&source->first_names, item->path, strlen(item->path) + 1, error) !=
        WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(source->inodes, &key, sizeof(key), &place, error);
}

static wcl_status folder_source_describe(folder_source *source, const wcl_walk_item *item,
                                         wcl_entry *entry, wcl_error *error)
{
    *entry = (wcl_entry) { .struct_size = sizeof(*entry),
                           .path = item->path,
                           .kind = wcl_entry_kind_of_mode(item->status.st_mode) };
    wcl_posix_from_stat(&item->status, entry);
    if (!entry->kind)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is a socket, which a layer cannot hold; remove it first");
    if (wcl_file_xattrs_read(&source->xattrs, item->folder, item->disk_name, error) != WCL_OK ||
        find_first_name(source, item, entry, error) != WCL_OK)
        return WCL_FAILED;
    entry->xattrs = source->xattrs.list;
    entry->xattr_count = source->xattrs.count;
    if (entry->kind == WCL_ENTRY_FILE) {
        entry->size = (uint64_t)item->status.st_size;
        return open_file(source, item, error);
    }
    if (entry->kind != WCL_ENTRY_SYMLINK)
        return WCL_OK;
    if (read_link(item->folder, item->disk_name, &source->target, error) != WCL_OK)
        return WCL_FAILED;
    entry->target = wcl_buffer_text(&source->target);
    return WCL_OK;
}

static wcl_status source_next(wcl_append_source *base, wcl_entry *entry, wcl_error *error)
{
    folder_source *source = folder_source_of(base);
    wcl_walk_item item;

    wcl_cleanup_fd(&source->file);
    source->file = -1;
    source->left = 0;
    wcl_status status = wcl_walk_next(source->walk, &item, error);
    if (status == WCL_FAILED)
        return wcl_error_context(error, "append", source->name);
    if (status == WCL_END || folder_source_describe(source, &item, entry, error) == WCL_OK)
        return status;
    wcl_error_context(error, NULL, item.path);
    return wcl_error_context(error, "append", source->name);
}

static wcl_status source_read(wcl_append_source *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    folder_source *source = folder_source_of(base);
    ssize_t result;

    *got = 0;
    if (source->left == 0)
        return WCL_OK;
    if (size > source->left)
        size = (size_t)source->left;
    do
        result = read(source->file, buffer, size);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return wcl_fail_errno(error, errno, "cannot read the file");
    if (result == 0)
        return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                        "another program made the file shorter while it was read");
    *got = (size_t)result;
    source->left -= *got;
    return WCL_OK;
}

static wcl_status source_look_up(wcl_append_source *base, const char *path, wcl_entry_kind *kind,
                                 wcl_buffer *target, wcl_error *error)
{
    folder_source *source = folder_source_of(base);
    struct stat status;

    *kind = *path ? 0 : WCL_ENTRY_DIRECTORY;
    if (!*path)
        return WCL_OK;
    int folder = wcl_beneath_parent(&source->looked_up, path);
    if (folder < 0 || fstatat(folder, wcl_path_base(path), &status, AT_SYMLINK_NOFOLLOW) < 0)
        return WCL_OK;
    *kind = wcl_entry_kind_of_mode(status.st_mode);
    if (*kind != WCL_ENTRY_SYMLINK)
        return WCL_OK;
    return read_link(folder, wcl_path_base(path), target, error);
}

static void source_free(wcl_append_source *base)
{
    folder_source *source = folder_source_of(base);

    wcl_walk_free(source->walk);
    wcl_beneath_cache_free(&source->looked_up);
    wcl_cleanup_fd(&source->root);
    wcl_cleanup_fd(&source->file);
    wcl_map_free(source->inodes);
    wcl_buffer_free(&source->first_names);
    wcl_buffer_free(&source->target);
    wcl_file_xattrs_free(&source->xattrs);
    free(source->name);
    free(source);
}

static const wcl_append_source_ops source_ops = {
    .next = source_next, .read = source_read, .look_up = source_look_up, .free = source_free
};

static wcl_status folder_source_open_parts(folder_source *source, const char *folder,
                                           wcl_error *error)
{
    const wcl_walk_rules rules = { .is_plain = true };

    source->name = strdup(folder);
    if (!source->name)
        return wcl_fail_memory(error);
    source->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source->root < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder");
    source->looked_up.root = source->root;
    if (wcl_map_new(sizeof(size_t), &source->inodes, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_walk_new(source->root, &rules, &source->walk, error);
}

wcl_status wcl_append_folder_open(const char *folder, wcl_append_source **source, wcl_error *error)
{
    folder_source *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &source_ops;
    made->root = -1;
    made->file = -1;
    made->looked_up = (wcl_beneath_cache)WCL_BENEATH_CACHE_INIT;
    if (folder_source_open_parts(made, folder, error) != WCL_OK) {
        source_free(&made->base);
        return wcl_error_context(error, "append", folder);
    }
    *source = &made->base;
    return WCL_OK;
}
