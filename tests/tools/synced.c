/* Following fsync(): which names a folder had, and how long a file was, when it was last written to
 * disk. */
#include "tests/tools/synced.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/tools/check.h"

#define MOST 4096

static struct name {
    ino_t folder, inode;
    char name[256];
} names[MOST];
static struct file {
    ino_t inode;
    off_t size;
} files[MOST];
static size_t name_count, file_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void note_folder(ino_t folder, int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);

    CHECK(listing);
    for (size_t i = 0; i < name_count;)
        if (names[i].folder == folder)
            names[i] = names[--name_count];
        else
            i++;
    for (const struct dirent *item; (item = readdir(listing));) {
        CHECK(name_count < MOST);
        names[name_count].folder = folder;
        names[name_count].inode = item->d_ino;
        snprintf(names[name_count++].name, sizeof(names[0].name), "%s", item->d_name);
    }
    closedir(listing);
}

static void note_file(const struct stat *info)
{
    size_t at = 0;

    while (at < file_count && files[at].inode != info->st_ino)
        at++;
    CHECK(at < MOST);
    files[at].inode = info->st_ino;
    files[at].size = info->st_size;
    if (at == file_count)
        file_count++;
}

static int follow(int fd, long call)
{
    struct stat info;
    long result = syscall(call, fd);

    if (result == 0 && fstat(fd, &info) == 0) {
        pthread_mutex_lock(&mutex);
        if (S_ISDIR(info.st_mode))
            note_folder(info.st_ino, fd);
        else
            note_file(&info);
        pthread_mutex_unlock(&mutex);
    }
    return (int)result;
}

/* These stand in for the C library's. */
int fsync(int fd)
{
    return follow(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return follow(fd, SYS_fdatasync);
}

/* The name as it is on disk; NULL where it is not. */
static const struct name *find(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    struct stat info;

    CHECK(slash);
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash + 1 - path), path);
    CHECK(stat(folder, &info) == 0);
    for (size_t i = 0; i < name_count; i++)
        if (names[i].folder == info.st_ino && strcmp(names[i].name, slash + 1) == 0)
            return &names[i];
    return NULL;
}

bool synced_is_there(const char *path)
{
    const struct name *name = find(path);
    struct stat info;

    if (!name || stat(path, &info) != 0 || name->inode != info.st_ino)
        return false;
    if (S_ISDIR(info.st_mode))
        return true;
    for (size_t i = 0; i < file_count; i++)
        if (files[i].inode == info.st_ino)
            return files[i].size == info.st_size;
    return false;
}

bool synced_is_gone(const char *path)
{
    struct stat info;

    return stat(path, &info) != 0 && !find(path);
}
