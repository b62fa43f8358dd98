/* Opening a home, which clears up after those who died at work in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "base/host_path.h"
#include "base/listing.h"
#include "layer/store/home/private.h"
#include "layer/store/mount/mount.h"
#include "layer/store/store.h"

/* ---- Clearing up ---------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Its holder may have come to an end, and taken it away, while it was being looked at. */
static bool is_still_there(const wcl_store *store, const char *name, int fd)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 &&
           fstatat(store->staging_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

/* Whether what was left aside is not to be removed: nothing took its place, or nobody can tell. */
static bool put_back(const wcl_store *store, const char *name)
{
    const char *id = name + strlen(WCL_STAGE_ASIDE);

    if (renameat2(store->staging_fd, name, store->home_fd, id, RENAME_NOREPLACE) == 0)
        wcl_store_log(store, WCL_LOG_INFO,
                      "put the folder '%s' back, which an interrupted command "
                      "left aside",
                      id);
    else if (errno == EEXIST)
        return false;
    else
        wcl_store_log(store, WCL_LOG_WARNING, "cannot put the folder '%s' back: %s", id,
                      strerror(errno));
    return true;
}

static void clean_one(const wcl_store *store, const char *name)
{
    WCL_CLEANUP_FD int held = -1;
    WCL_CLEANUP_FD int fd = openat(store->staging_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = WCL_OK;

    if (fd < 0 || (starts_with(name, "work-") ? flock(fd, LOCK_EX | LOCK_NB)
                                              : wcl_folder_lock(fd, LOCK_EX | LOCK_NB, &held)) != 0)
        return;
    if (!is_still_there(store, name, fd))
        return;
    if (starts_with(name, WCL_STAGE_ASIDE) && put_back(store, name))
        return;
    if (starts_with(name, "work-")) {
        status = wcl_mount_repair(store, name + strlen("work-"), &error);
        if (status == WCL_OK && unlinkat(store->staging_fd, name, 0) != 0 && errno != ENOENT)
            status = wcl_fail_errno(&error, errno, "cannot remove it");
    } else {
        status = wcl_beneath_remove_tree(store->staging_fd, name, &error);
    }
    wcl_store_log(store, status == WCL_OK ? WCL_LOG_INFO : WCL_LOG_WARNING,
                  status == WCL_OK ? "cleared up '%s', which an interrupted command left%s%s"
                                   : "cannot clear up '%s'%s%s",
                  name, status == WCL_OK ? "" : ": ", status == WCL_OK ? "" : error.message);
}

static bool is_empty(int folder_fd)
{
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(folder_fd, ".", &folder, NULL);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, NULL)) == WCL_OK)
        if (item->d_name[0] != '.')
            return false;
    return status == WCL_END;
}

void wcl_store_clean(const wcl_store *store)
{
    WCL_CLEANUP_FD int lock = -1;

    if (is_empty(store->staging_fd) || !wcl_stage_lock(store, &lock, NULL))
        return;
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_LISTING DIR *folder = NULL;
    wcl_status status = wcl_listing_open(store->staging_fd, ".", &folder, &error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(folder, &item, &error)) == WCL_OK)
        if (item->d_name[0] != '.')
            clean_one(store, item->d_name);
    if (status == WCL_FAILED)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot see what interrupted commands left: %s",
                      error.message);
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* The home is its owner's alone (docs/security.md): whatever of a layer is mounted or unpacked is
 * below it. Those above it are as others are. */
static wcl_status make_folders(const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *copy = wcl_host_path(path);

    return copy ? wcl_durable_make_folders(AT_FDCWD, copy, 0755, 0700, error)
                : wcl_fail_memory(error);
}

static wcl_status open_and_tidy(const wcl_driver *driver, bool make, wcl_store *store,
                                wcl_error *error)
{
    if (wcl_home_open(driver, make, store, error) != WCL_OK)
        return WCL_FAILED;
    wcl_store_make_private(store);
    wcl_store_clean(store);
    return WCL_OK;
}

wcl_status wcl_store_open(const wcl_driver *driver, wcl_store *store, wcl_error *error)
{
    *store = (wcl_store)WCL_STORE_INIT;
    if (open_and_tidy(driver, false, store, error) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    return WCL_FAILED;
}

wcl_status wcl_store_make(const wcl_driver *driver, wcl_store *store, wcl_error *error)
{
    *store = (wcl_store)WCL_STORE_INIT;
    if (open_and_tidy(driver, false, store, NULL) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    if (make_folders(driver->home_dir, error) == WCL_OK &&
        open_and_tidy(driver, true, store, error) == WCL_OK)
        return WCL_OK;
    wcl_store_close(store);
    return WCL_FAILED;
}
