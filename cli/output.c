/* Writing to the file that -o names. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

#ifndef O_NOCTTY
#define O_NOCTTY 0
#endif

/* ---- Names ---------------------------------------------------------------------------------- */

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

/* One step along a symbolic link; false with errno. */
static bool follow(char **path)
{
    char link[4096], *next;

    ssize_t length = readlinkat(AT_FDCWD, *path, link, sizeof(link) - 1);
    if (length < 0)
        return false;
    link[length] = '\0';
    bool is_absolute = link[0] == '/' || (link[0] && link[1] == ':');
    if (asprintf(&next, "%.*s%s", is_absolute ? 0 : folder_length(*path), *path, link) < 0) {
        errno = ENOMEM;
        return false;
    }
    free(*path);
    *path = next;
    return true;
}

/* Where the links of `name` end, be something there or not. NULL with errno; free(). */
static char *end_of_links(const char *name)
{
    char *path = strdup(name);
    struct stat info;

    for (int i = 0; path && lstat(path, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        if (i == LINKS_MAX)
            errno = ELOOP;
        if (i < LINKS_MAX && follow(&path))
            continue;
        free(path);
        return NULL;
    }
    return path;
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

/* Fills output->temporary, a name beside the target that nothing has; false with errno. */
static bool choose_temporary(cli_output *output)
{
    wcl_guid guid;
    char suffix[37];

    if (wcl_guid_random(&guid, NULL) != WCL_OK) {
        errno = EIO;
        return false;
    }
    wcl_guid_format(&guid, suffix);
    if (asprintf(&output->temporary, "%.*s.wcl-%s", folder_length(output->target), output->target,
                 suffix) >= 0)
        return true;
    output->temporary = NULL;
    errno = ENOMEM;
    return false;
}

static bool open_new(cli_output *output)
{
    output->fd = open_unnamed(output->target);
    if (output->fd >= 0)
        return true;
    if (!choose_temporary(output))
        return false;
    output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return output->fd >= 0;
}

static bool open_name(const char *name, cli_output *output)
{
    struct stat info;
    bool is_there = stat(name, &info) == 0;

    if (is_there && !S_ISREG(info.st_mode)) {
        output->fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return output->fd >= 0;
    }
    output->target = end_of_links(name);
    if (!output->target)
        return false;
    if (!is_there || is_same(&info, output->target))
        return open_new(output);
    free(output->target);
    output->target = NULL;
    output->fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return output->fd >= 0;
}

static void forget(cli_output *output)
{
    free(output->target);
    free(output->temporary);
    output->target = output->temporary = NULL;
}

int cli_output_open(cli *cli, const char *operation, const char *name, cli_output *output)
{
    *output = (cli_output) { .fd = STDOUT_FILENO, .redirected = -1 };
    if (!name || strcmp(name, "-") == 0 || open_name(name, output))
        return 0;
    int number = errno;
    forget(output);
    output->fd = STDOUT_FILENO;
    return cli_fail(cli, WCL_CODE_IO, operation, name, "cannot create it: %s", strerror(number));
}

int cli_output_redirect(cli *cli, const char *operation, cli_output *output)
{
    if (output->fd == STDOUT_FILENO)
        return 0;
    output->redirected = dup(STDOUT_FILENO);
    if (output->redirected >= 0 && dup2(output->fd, STDOUT_FILENO) >= 0)
        return 0;
    return cli_fail(cli, WCL_CODE_IO, operation, "standard output", "%s", strerror(errno));
}

/* ---- Closing -------------------------------------------------------------------------------- */

/* A file can be linked to no name that another has: it gets one of its own, and takes the other. */
static bool name_it(cli_output *output)
{
    if (!output->temporary) {
        if (give_name(output->fd, output->target))
            return true;
        if (errno != EEXIST || !choose_temporary(output))
            return false;
        if (!give_name(output->fd, output->temporary)) {
            free(output->temporary);
            output->temporary = NULL;
            return false;
        }
    }
    return rename(output->temporary, output->target) == 0;
}

static bool finish(cli_output *output)
{
    /* Closing tells of what could not be written; the name is given through what is still open. */
    int copy = dup(output->fd);

    if (copy < 0 || close(copy) != 0)
        return false;
    return !output->target || name_it(output);
}

int cli_output_close(cli *cli, const char *operation, const char *name, cli_output *output,
                     int result)
{
    if (output->redirected >= 0) {
        fflush(stdout);
        dup2(output->redirected, STDOUT_FILENO);
        close(output->redirected);
        /* What wrote to standard output says so where it failed. */
        if (result && strcmp(cli->error.subject, "-") == 0)
            snprintf(cli->error.subject, sizeof(cli->error.subject), "%s", name);
    }
    if (output->fd == STDOUT_FILENO)
        return result;
    if (!result && !finish(output))
        result =
            cli_fail(cli, WCL_CODE_IO, operation, name, "cannot write it: %s", strerror(errno));
    close(output->fd);
    if (result && output->temporary)
        unlink(output->temporary);
    forget(output);
    return result;
}
