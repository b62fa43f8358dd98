/*
 * Layers that were created and not filled yet. They are notes beside the layers: a layer itself
 * comes into the home once and whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/listing.h"
#include "graphdriver/driver.h"

#define FOLDER ".graphdriver"
#define ID_SIZE_MAX 160

wcl_status wcl_pending_open(const char *home, int *pending_fd, wcl_error *error)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/" FOLDER, home) >= (int)sizeof(path))
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG, "the home's path is too long");
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot create '%s'", path);
    *pending_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *pending_fd >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot open '%s'", path);
}

/* Written under a name that no id has, so that it is there whole or not at all. */
wcl_status wcl_pending_add(const wcl_graphdriver *driver, const char *id, const char *parent,
                           wcl_error *error)
{
    char name[ID_SIZE_MAX + 8];

    snprintf(name, sizeof(name), ".%.*s.new", ID_SIZE_MAX, id);
    WCL_CLEANUP_FD int fd =
        openat(driver->pending_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot note the new layer");
    if (wcl_pwrite_full(fd, parent, strlen(parent), 0, error) == WCL_OK) {
        if (renameat(driver->pending_fd, name, driver->pending_fd, id) == 0)
            return WCL_OK;
        wcl_fail_errno(error, errno, "cannot note the new layer");
    }
    unlinkat(driver->pending_fd, name, 0);
    return WCL_FAILED;
}

wcl_status wcl_pending_parent(const wcl_graphdriver *driver, const char *id, char **parent,
                              wcl_error *error)
{
    char text[ID_SIZE_MAX];
    size_t got;
    WCL_CLEANUP_FD int fd = openat(driver->pending_fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT)
        return WCL_END;
    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot read the note of the new layer");
    if (wcl_pread_full(fd, text, sizeof(text) - 1, 0, &got, error) != WCL_OK)
        return WCL_FAILED;
    text[got] = '\0';
    *parent = strdup(text);
    return *parent ? WCL_OK : wcl_fail_memory(error);
}

void wcl_pending_remove(const wcl_graphdriver *driver, const char *id)
{
    unlinkat(driver->pending_fd, id, 0);
}

struct search {
    const wcl_graphdriver *driver;
    const char *parent;
};

static wcl_status check_note(void *context, int folder, const char *name, wcl_error *error)
{
    const struct search *search = context;
    WCL_CLEANUP_FREE char *parent = NULL;

    (void)folder;
    if (name[0] == '.' || wcl_pending_parent(search->driver, name, &parent, NULL) != WCL_OK ||
        strcmp(parent, search->parent) != 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                    "the layer '%s' stands on it; remove that one first", name);
}

wcl_status wcl_pending_check_unused(const wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    struct search search = { driver, id };

    return wcl_listing_each(driver->pending_fd, ".", check_note, &search, error);
}
