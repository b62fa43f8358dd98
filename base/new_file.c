/* Writing a file that gets its name in the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wcl/base.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/host_path.h"
#include "base/options.h"

#define LINKS_MAX 40

#ifndef O_NOCTTY
#define O_NOCTTY 0
#endif

struct wcl_new_file {
    int fd;
    char *name;      /* as it was given; NULL for standard output */
    char *target;    /* the name that it gets; NULL where it is written into as it is */
    char *temporary; /* the name that it has until then, if it has one */
};

static const char operation[] = "write file";

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

/* ---- Links ---------------------------------------------------------------------------------- */

/*
 * As the kernel has it where fs.protected_symlinks is set, which it does not get to see of a link
 * that is read here: where everybody may make links, as in /tmp, only those are followed that
 * belong to this process's user or to the folder's. Another's would choose the file that is
 * replaced.
 */
static wcl_status check_link(const char *path, const struct stat *link, wcl_error *error)
{
#ifdef _WIN32
    (void)path;
    (void)link;
    (void)error;
#else
    WCL_CLEANUP_FREE char *folder = NULL;
    int length = folder_length(path);
    struct stat info;

    if (asprintf(&folder, "%.*s", length ? length : 1, length ? path : ".") < 0)
        return wcl_fail_memory(error);
    if (stat(folder, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at the folder '%s'", folder);
    if ((info.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && link->st_uid != geteuid() &&
        link->st_uid != info.st_uid)
        return wcl_fail(error, WCL_CODE_ACCESS_DENIED,
                        "the link '%s' is another user's, in a folder that everybody may write to",
                        path);
#endif
    return WCL_OK;
}

/* One step along a symbolic link. */
static wcl_status follow(char **path, wcl_error *error)
{
    char link[4096], *next;

    ssize_t length = readlinkat(AT_FDCWD, *path, link, sizeof(link) - 1);
    if (length < 0)
        return wcl_fail_errno(error, errno, "cannot read the link '%s'", *path);
    link[length] = '\0';
    char *to = wcl_host_path(link);
    if (!to)
        return wcl_fail_memory(error);
    bool is_absolute = to[0] == '/' || (to[0] && to[1] == ':');
    int made = asprintf(&next, "%.*s%s", is_absolute ? 0 : folder_length(*path), *path, to);
    free(to);
    if (made < 0)
        return wcl_fail_memory(error);
    free(*path);
    *path = next;
    return WCL_OK;
}

/* Where the links of `name` end, be something there or not. */
static wcl_status new_file_find_target(const char *name, char **target, wcl_error *error)
{
    struct stat info;

    *target = wcl_host_path(name);
    if (!*target)
        return wcl_fail_memory(error);
    for (int i = 0; lstat(*target, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        if (i == LINKS_MAX)
            return wcl_fail_errno(error, ELOOP, "cannot make the file");
        if (check_link(*target, &info, error) != WCL_OK || follow(target, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Whether the two are one file; a link of /proc may name what has lost its name. */
static bool is_same(const struct stat *info, const char *path)
{
    struct stat other;

    return stat(path, &other) == 0 && other.st_dev == info->st_dev && other.st_ino == info->st_ino;
}

/* ---- Files without a name ------------------------------------------------------------------- */

#ifdef __linux__
static void link_of(int fd, char text[64])
{
    snprintf(text, 64, "/proc/self/fd/%d", fd);
}

/* A file that goes by itself if this program is killed; -1 where there is no such thing. */
static int open_unnamed(const char *target)
{
    char *folder, name[64];
    int length = folder_length(target);

    if (asprintf(&folder, "%.*s", length ? length : 1, length ? target : ".") < 0)
        return -1;
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(folder);
    if (fd < 0)
        return -1;
    link_of(fd, name);
    if (faccessat(AT_FDCWD, name, F_OK, 0) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool give_name(int fd, const char *path)
{
    char name[64];

    link_of(fd, name);
    return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}
#else
static int open_unnamed(const char *target)
{
    (void)target;
    return -1;
}

static bool give_name(int fd, const char *path)
{
    (void)fd;
    (void)path;
    errno = ENOTSUP;
    return false;
}
#endif

/* ---- Opening -------------------------------------------------------------------------------- */

/* A name beside the target that nothing has. */
static wcl_status choose_temporary(wcl_new_file *file, wcl_error *error)
{
    wcl_guid guid;
    char suffix[37];

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, suffix);
    if (asprintf(&file->temporary, "%.*s.wcl-%s", folder_length(file->target), file->target,
                 suffix) >= 0)
        return WCL_OK;
    file->temporary = NULL;
    return wcl_fail_memory(error);
}

static void forget_temporary(wcl_new_file *file)
{
    free(file->temporary);
    file->temporary = NULL;
}

static wcl_status make_file(wcl_new_file *file, wcl_error *error)
{
    file->fd = open_unnamed(file->target);
    if (file->fd >= 0)
        return WCL_OK;
    if (choose_temporary(file, error) != WCL_OK)
        return WCL_FAILED;
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->fd >= 0)
        return WCL_OK;
    int number = errno;
    forget_temporary(file);
    return wcl_fail_errno(error, number, "cannot make the file");
}

static wcl_status open_as_it_is(wcl_new_file *file, const char *name, int flags, wcl_error *error)
{
    file->fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
    return file->fd >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot open it");
}

static wcl_status open_name(wcl_new_file *file, const char *name, wcl_error *error)
{
    struct stat info;
    bool is_there = stat(name, &info) == 0;

    file->fd = -1;
    file->name = strdup(name);
    if (!file->name)
        return wcl_fail_memory(error);
    if (is_there && !S_ISREG(info.st_mode))
        return open_as_it_is(file, name, 0, error);
    if (new_file_find_target(name, &file->target, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_there || is_same(&info, file->target))
        return make_file(file, error);
    free(file->target);
    file->target = NULL;
    return open_as_it_is(file, name, O_TRUNC, error);
}

wcl_status wcl_new_file_open(const char *name, wcl_new_file **file, wcl_error *error)
{
    wcl_new_file *made = calloc(1, sizeof(*made));

    *file = NULL;
    name = wcl_text(name);
    if (!made)
        return wcl_fail_memory(error);
    made->fd = STDOUT_FILENO;
    if (!*name) {
        wcl_new_file_free(made);
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the file to be written has no name");
    }
    if (strcmp(name, "-") != 0 && open_name(made, name, error) != WCL_OK) {
        wcl_new_file_free(made);
        return wcl_error_context(error, operation, name);
    }
    *file = made;
    return WCL_OK;
}

int *wcl_new_file_fd(wcl_new_file *file)
{
    return &file->fd;
}

/* ---- Finishing ------------------------------------------------------------------------------ */

static wcl_status fail_name(const wcl_new_file *file, wcl_error *error)
{
    return wcl_fail_errno(error, errno, "giving the file its name '%s'", file->target);
}

/* A file can be linked to no name that another has: it gets one of its own, and takes the other. */
static wcl_status name_it(wcl_new_file *file, wcl_error *error)
{
    if (!file->temporary) {
        if (give_name(file->fd, file->target))
            return WCL_OK;
        if (errno != EEXIST)
            return fail_name(file, error);
        if (choose_temporary(file, error) != WCL_OK)
            return WCL_FAILED;
        if (!give_name(file->fd, file->temporary)) {
            forget_temporary(file);
            return fail_name(file, error);
        }
    }
    if (rename(file->temporary, file->target) != 0)
        return fail_name(file, error);
    forget_temporary(file);
    return WCL_OK;
}

/* Closing tells of what could not be written. A file without a name gets it through what is still
 * open. */
static bool close_it(wcl_new_file *file)
{
    bool is_unnamed = file->target && !file->temporary;
    int fd = is_unnamed ? dup(file->fd) : file->fd;

    if (!is_unnamed)
        file->fd = -1;
    return fd >= 0 && close(fd) == 0;
}

wcl_status wcl_new_file_finish(wcl_new_file *file, wcl_error *error)
{
    if (!file->name)
        return WCL_OK;
    wcl_status status = close_it(file) ? WCL_OK : wcl_fail_errno(error, errno, "writing it");
    if (status == WCL_OK && file->target)
        status = name_it(file, error);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, operation, file->name);
}

void wcl_new_file_free(wcl_new_file *file)
{
    if (!file)
        return;
    if (file->name && file->fd >= 0)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->target);
    free(file->name);
    free(file);
}
