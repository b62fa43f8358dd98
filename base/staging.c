/* Making a folder aside and renaming it into place. */
#include "base/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "base/host_path.h"
#include "base/listing.h"
#include "base/random.h"

#define PREFIX ".wcl-staging-"
#define MOST_TRIES 100

struct wcl_staging {
    int parent; /* the folder that will hold the new one */
    int root;   /* the new folder */
    int lock;   /* what else holds its lock, or -1 */
    char *target;
    char name[40]; /* its name until it is whole */
    bool made;
    mode_t mode; /* of the empty folder that it replaces, 0 for none */
};

static bool is_empty_folder(int parent, const char *name)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    const struct dirent *item;

    return wcl_listing_open(parent, name, &listing, NULL) == WCL_OK &&
           wcl_listing_next(listing, &item, NULL) == WCL_END;
}

static wcl_status check_target(wcl_staging *staging, const char *folder, wcl_error *error)
{
    struct stat status;

    if (fstatat(staging->parent, staging->target, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return WCL_OK;
        return wcl_fail_errno(error, errno, "cannot look at '%s'", folder);
    }
    if (!S_ISDIR(status.st_mode))
        return wcl_fail(error, WCL_CODE_DIRECTORY, "'%s' exists and is not a folder", folder);
    if (!is_empty_folder(staging->parent, staging->target))
        return wcl_fail(error, WCL_CODE_DIRECTORY_NOT_EMPTY,
                        "the folder '%s' is not empty; name a new or empty one", folder);
    staging->mode = status.st_mode & 07777;
    return WCL_OK;
}

/* Splits "a/b/" into the folder "a", opened, and the name "b". */
static wcl_status open_place(wcl_staging *staging, const char *folder, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_host_path(folder);
    if (!path)
        return wcl_fail_memory(error);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "cannot make '%s'; name the new folder itself", folder);
    staging->target = strdup(name);
    if (!staging->target)
        return wcl_fail_memory(error);
    if (slash)
        *(slash == path ? slash + 1 : slash) = '\0';
    staging->parent = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (staging->parent < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder that is to hold '%s'", folder);
    return WCL_OK;
}

/* ---- What was left behind ------------------------------------------------------------------- */

/* Whether the name leads to the open folder. */
static bool is_named(int parent, const char *name, int fd)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 && fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

/* Removes the folder of one who was killed; who is still at work holds its lock. */
static wcl_status remove_if_left(void *context, int parent, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FD int held = -1;

    (void)context, (void)error;
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return WCL_OK;
    WCL_CLEANUP_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && wcl_folder_lock(fd, LOCK_EX | LOCK_NB, &held) == 0 && is_named(parent, name, fd))
        wcl_beneath_remove_tree(parent, name, NULL);
    return WCL_OK;
}

/* ---- Making --------------------------------------------------------------------------------- */

static wcl_status make_once(wcl_staging *staging, const char *folder, wcl_error *error)
{
    uint64_t random;

    if (wcl_random_bytes(&random, sizeof(random), error) != WCL_OK)
        return WCL_FAILED;
    snprintf(staging->name, sizeof(staging->name), PREFIX "%016llx", (unsigned long long)random);
    if (mkdirat(staging->parent, staging->name, 0777) < 0)
        return wcl_fail_errno(error, errno, "cannot make a folder beside '%s'", folder);
    staging->made = true;
    staging->root =
        openat(staging->parent, staging->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (staging->root < 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot open the folder made beside '%s'", folder);
    return WCL_OK;
}

/* Where nothing can be locked nothing is cleared up either. */
static bool is_kept(wcl_staging *staging)
{
    return staging->root >= 0 &&
           (wcl_folder_lock(staging->root, LOCK_EX | LOCK_NB, &staging->lock) == 0 ||
            errno != EWOULDBLOCK) &&
           is_named(staging->parent, staging->name, staging->root);
}

static void let_go(wcl_staging *staging)
{
    wcl_cleanup_fd(&staging->root);
    wcl_cleanup_fd(&staging->lock);
    staging->root = staging->lock = -1;
    staging->made = false;
}

/* Until it is locked, a new folder looks like one that was left: then it is made again. */
static wcl_status staging_make_folder(wcl_staging *staging, const char *folder, wcl_error *error)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        if (make_once(staging, folder, error) != WCL_OK)
            return WCL_FAILED;
        if (is_kept(staging))
            return WCL_OK;
        let_go(staging);
    }
    return wcl_fail(error, WCL_CODE_BUSY, "somebody removes what is made beside '%s'", folder);
}

wcl_status wcl_staging_open(const char *folder, wcl_staging **staging, wcl_error *error)
{
    wcl_staging *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->parent = made->root = made->lock = -1;
    wcl_status status = open_place(made, folder, error);
    if (status == WCL_OK)
        status = check_target(made, folder, error);
    if (status == WCL_OK) {
        /* Those that cannot be listed are for the next to remove. */
        wcl_listing_each(made->parent, ".", remove_if_left, NULL, NULL);
        status = staging_make_folder(made, folder, error);
    }
    if (status != WCL_OK) {
        wcl_staging_free(made);
        return WCL_FAILED;
    }
    *staging = made;
    return WCL_OK;
}

int wcl_staging_root(const wcl_staging *staging)
{
    return staging->root;
}

wcl_status wcl_staging_commit(wcl_staging *staging, wcl_error *error)
{
    if (staging->mode && fchmod(staging->root, staging->mode) < 0)
        return wcl_fail_errno(error, errno, "cannot set the mode of '%s'", staging->target);
    if (renameat(staging->parent, staging->name, staging->parent, staging->target) < 0)
        return wcl_fail_errno(error, errno, "cannot give the finished folder its name '%s'",
                              staging->target);
    staging->made = false;
    return WCL_OK;
}

void wcl_staging_free(wcl_staging *staging)
{
    if (!staging)
        return;
    wcl_cleanup_fd(&staging->root);
    if (staging->made)
        wcl_beneath_remove_tree(staging->parent, staging->name, NULL);
    wcl_cleanup_fd(&staging->lock);
    if (staging->parent >= 0)
        close(staging->parent);
    free(staging->target);
    free(staging);
}
