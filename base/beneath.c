/* Opening, making and removing files beneath a folder without following links. */
#include "base/beneath.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listing.h"

/* Whether a component is "..", "." or empty, which no path here needs. */
static bool has_odd_component(const char *path)
{
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') ||
            (length == 2 && at[0] == '.' && at[1] == '.'))
            return true;
        at += length;
        if (*at == '\0')
            return false;
    }
}

static int open_component(int folder, const char *name, size_t length, int flags, mode_t mode)
{
    char component[NAME_MAX + 1];

    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(component, name, length);
    component[length] = '\0';
    return openat(folder, component, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

int wcl_beneath_open_by_component(int root, const char *path, int flags, mode_t mode)
{
    if (*path == '\0')
        return openat(root, ".", flags | O_CLOEXEC);
    if (has_odd_component(path)) {
        errno = EXDEV;
        return -1;
    }
    int folder = root;
    for (;;) {
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        int next = last ? open_component(folder, path, length, flags, mode)
                        : open_component(folder, path, length, O_PATH | O_DIRECTORY, 0);
        int number = errno;
        if (folder != root)
            close(folder);
        errno = number;
        if (next < 0 || last)
            return next;
        folder = next;
        path += length + 1;
    }
}

int wcl_beneath_open(int root, const char *path, int flags, mode_t mode)
{
    if (*path == '\0' || strlen(path) >= PATH_MAX || has_odd_component(path))
        return wcl_beneath_open_by_component(root, path, flags, mode);
    int fd = wcl_beneath_open_at_once(root, path, flags, mode);
    return fd < 0 && errno == ENOSYS ? wcl_beneath_open_by_component(root, path, flags, mode) : fd;
}

/* The folder that holds `path` as a descriptor of its own; `*name` is the last component. */
static int open_parent(int root, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? strndup(path, (size_t)(slash - path)) : strdup("");

    if (!parent)
        return -1;
    *name = slash ? slash + 1 : path;
    int fd = wcl_beneath_open(root, parent, O_PATH | O_DIRECTORY, 0);
    free(parent);
    return fd;
}

int wcl_beneath_mkdir(int root, const char *path, mode_t mode)
{
    const char *name;
    WCL_CLEANUP_FD int parent = open_parent(root, path, &name);
    return parent < 0 ? -1 : mkdirat(parent, name, mode);
}

int wcl_beneath_unlink(int root, const char *path, int unlinkat_flags)
{
    const char *name;
    WCL_CLEANUP_FD int parent = open_parent(root, path, &name);
    return parent < 0 ? -1 : unlinkat(parent, name, unlinkat_flags);
}

/* ---- Cache ---------------------------------------------------------------------------------- */

int wcl_beneath_parent(wcl_beneath_cache *cache, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (cache->path && strlen(cache->path) == length && memcmp(cache->path, path, length) == 0)
        return cache->fd;
    char *parent = strndup(path, length);
    if (!parent)
        return -1;
    /* What is in the folder at hand is opened from there, so that a path of a thousand folders is
     * not followed once for each of them. */
    size_t known = cache->path ? strlen(cache->path) : 0;
    bool is_inner =
        known > 0 && known < length && path[known] == '/' && memcmp(path, cache->path, known) == 0;
    int fd = is_inner ? wcl_beneath_open(cache->fd, parent + known + 1, O_PATH | O_DIRECTORY, 0)
                      : wcl_beneath_open(cache->root, parent, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) {
        int number = errno;
        free(parent);
        errno = number;
        return -1;
    }
    wcl_beneath_cache_free(cache);
    cache->fd = fd;
    cache->path = parent;
    return fd;
}

void wcl_beneath_cache_free(wcl_beneath_cache *cache)
{
    if (cache->fd >= 0)
        close(cache->fd);
    free(cache->path);
    cache->fd = -1;
    cache->path = NULL;
}

/* ---- Removal -------------------------------------------------------------------------------- */

/* Moves a folder up to `top` under a name that is free there. */
static int hoist(int top, int folder, const char *name, unsigned *serial)
{
    for (;;) {
        char free_name[40];
        snprintf(free_name, sizeof(free_name), ".wcl-removing-%u", (*serial)++);
        if (renameat2(folder, name, top, free_name, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
}

/* Names that a pass came upon. Those that were gone had been removed by others, or are of Windows'
 * files that stay listed for as long as somebody has them open. */
typedef struct pass {
    size_t names, gone;
} pass;
#define MOST_PASSES_IN_VAIN 100

/* Unlinks what is in `folder`; folders in it that are not empty move up to `top`. */
static int flatten(int top, int folder, unsigned *serial, pass *seen)
{
    DIR *listing;
    wcl_status next = wcl_listing_open(folder, ".", &listing, NULL);
    int result = next == WCL_OK ? 0 : -1;
    const struct dirent *item;

    while (result == 0 && (next = wcl_listing_next(listing, &item, NULL)) == WCL_OK) {
        seen->names++;
        if (unlinkat(folder, item->d_name, 0) == 0 ||
            ((errno == EISDIR || errno == EPERM) &&
             unlinkat(folder, item->d_name, AT_REMOVEDIR) == 0))
            continue;
        if (errno == ENOENT)
            seen->gone++;
        else if (errno != ENOTEMPTY && errno != EEXIST)
            result = -1;
        else if (folder != top)
            result = hoist(top, folder, item->d_name, serial);
        else {
            WCL_CLEANUP_FD int inner =
                openat(top, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            pass ignored = { 0 };
            if (inner < 0 || flatten(top, inner, serial, &ignored) < 0 ||
                unlinkat(top, item->d_name, AT_REMOVEDIR) < 0)
                result = -1;
        }
    }
    if (next == WCL_FAILED)
        result = -1;
    int number = errno;
    wcl_cleanup_listing(&listing);
    errno = number;
    return result;
}

wcl_status wcl_beneath_remove_tree(int parent, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FD int top = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    unsigned serial = 0;
    pass seen;
    int in_vain = 0;

    if (top < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder '%s' to remove it", name);
    do {
        seen = (pass) { 0 };
        if (flatten(top, top, &serial, &seen) < 0)
            return wcl_fail_errno(error, errno, "cannot empty the folder '%s'", name);
        in_vain = seen.names == seen.gone ? in_vain + 1 : 0;
    } while (seen.names > 0 && in_vain < MOST_PASSES_IN_VAIN);
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0)
        return wcl_fail_errno(error, errno, "cannot remove the folder '%s'", name);
    return WCL_OK;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

wcl_status wcl_pread_full(int fd, void *buffer, size_t size, uint64_t offset, size_t *got,
                          wcl_error *error)
{
    *got = 0;
    while (*got < size) {
        ssize_t count = pread(fd, (uint8_t *)buffer + *got, size - *got, (off_t)(offset + *got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return wcl_fail_errno(error, errno, "cannot read at offset %" PRIu64, offset + *got);
        if (count == 0)
            break;
        *got += (size_t)count;
    }
    return WCL_OK;
}

wcl_status wcl_pwrite_full(int fd, const void *data, size_t size, uint64_t offset, wcl_error *error)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ssize_t count = pwrite(fd, bytes, size, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return wcl_fail_errno(error, errno, "cannot write at offset %llu",
                                  (unsigned long long)offset);
        bytes += count;
        size -= (size_t)count;
        offset += (uint64_t)count;
    }
    return WCL_OK;
}
