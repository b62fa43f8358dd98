/* Making a folder aside and renaming it into place. */
#include "base/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/host_path.h"

struct wcl_staging {
    int parent; /* the folder that will hold the new one */
    int root;   /* the new folder */
    char *target;
    char name[40]; /* its name until it is whole */
    bool made;
    mode_t mode; /* of the empty folder that it replaces, 0 for none */
};

static bool is_empty_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    size_t count = 0;
    struct dirent *item;

    if (!listing) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (count == 0 && (item = readdir(listing)) != NULL)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(listing);
    return count == 0;
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
        return wcl_fail(error, WCL_CODE_DIRECTORY, "'%s' exists and is no folder", folder);
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
                        "'%s' cannot be made; name the new folder itself", folder);
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

static wcl_status make_folder(wcl_staging *staging, const char *folder, wcl_error *error)
{
    uint64_t random;

    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return wcl_fail_errno(error, errno, "no random number for a temporary name");
    snprintf(staging->name, sizeof(staging->name), ".wcl-staging-%016llx",
             (unsigned long long)random);
    if (mkdirat(staging->parent, staging->name, 0777) < 0)
        return wcl_fail_errno(error, errno, "cannot make a folder beside '%s'", folder);
    staging->made = true;
    staging->root =
        openat(staging->parent, staging->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (staging->root < 0)
        return wcl_fail_errno(error, errno, "cannot open the folder made beside '%s'", folder);
    return WCL_OK;
}

wcl_status wcl_staging_open(const char *folder, wcl_staging **staging, wcl_error *error)
{
    wcl_staging *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->parent = made->root = -1;
    if (open_place(made, folder, error) != WCL_OK || check_target(made, folder, error) != WCL_OK ||
        make_folder(made, folder, error) != WCL_OK) {
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
    if (staging->root >= 0)
        close(staging->root);
    if (staging->made)
        wcl_beneath_remove_tree(staging->parent, staging->name, NULL);
    if (staging->parent >= 0)
        close(staging->parent);
    free(staging->target);
    free(staging);
}
