/*
 * Files beneath a folder, reached without ever following a link: whatever another process plants in
 * the folder, nothing outside it is opened, made or removed. Paths are relative, with forward
 * slashes, of any length; "" is the folder itself.
 */
#ifndef WCL_BASE_BENEATH_H
#define WCL_BASE_BENEATH_H

#include <wcl/base.h>

#include <sys/types.h>
#include <unistd.h>

/*
 * openat2() with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or the same one component at a time. A
 * file descriptor (close-on-exec), or -1 with errno.
 */
int wcl_beneath_open(int root, const char *path, int flags, mode_t mode);

/* The first way alone; ENOSYS where the system has none. `path` is not empty and plain. */
int wcl_beneath_open_at_once(int root, const char *path, int flags, mode_t mode);

/* The second way, for kernels without openat2(). */
int wcl_beneath_open_by_component(int root, const char *path, int flags, mode_t mode);

/* What is at `path`, as an O_PATH descriptor, with links followed as a process follows them whose
 * root folder `root` is; ENOSYS where the system cannot do that. */
int wcl_beneath_find_in_root(int root, const char *path);

/* Opens what `found`, an O_PATH descriptor of `path`, is of: not what may be at the path by now,
 * where the system can tell them apart. */
int wcl_beneath_open_found(int root, const char *path, int found, int flags);

/* 0, or -1 with errno. */
int wcl_beneath_mkdir(int root, const char *path, mode_t mode);
int wcl_beneath_unlink(int root, const char *path, int unlinkat_flags);

/* The last folder that was asked for, kept open, because entries come folder by folder. */
typedef struct wcl_beneath_cache {
    int root;
    int fd;
    char *path;
} wcl_beneath_cache;

#define WCL_BENEATH_CACHE_INIT                                                                     \
    {                                                                                              \
        -1, -1, NULL                                                                               \
    }

/* The folder that holds `path` (an O_PATH descriptor that stays the cache's), or -1 with errno. */
int wcl_beneath_parent(wcl_beneath_cache *cache, const char *path);
void wcl_beneath_cache_free(wcl_beneath_cache *cache);

/*
 * Removes the folder `name` in `parent` with all that is in it, however deep, with a fixed number
 * of descriptors and without following a link or crossing into another file system.
 */
wcl_status wcl_beneath_remove_tree(int parent, const char *name, wcl_error *error);

/* The whole of `fd` from `offset` on, at most `size` bytes; fewer only at the file's end. */
wcl_status wcl_pread_full(int fd, void *buffer, size_t size, uint64_t offset, size_t *got,
                          wcl_error *error);
wcl_status wcl_pwrite_full(int fd, const void *data, size_t size, uint64_t offset,
                           wcl_error *error);

static inline void wcl_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define WCL_CLEANUP_FD __attribute__((cleanup(wcl_cleanup_fd)))

#endif
