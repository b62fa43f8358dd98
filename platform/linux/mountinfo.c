/* Reading /proc/self/mountinfo and the processes' open files. */
#include "platform/linux/mountinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USERS_MAX 3

/* ---- Mounts --------------------------------------------------------------------------------- */

/* Undoes the \ooo escapes of a mountinfo field, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && isdigit((unsigned char)from[1]) && isdigit((unsigned char)from[2]) &&
            isdigit((unsigned char)from[3])) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The fifth field of a line: where the mount is. NULL for a line that has none. */
static char *mount_point(char *line)
{
    for (int field = 1; field < 5; field++) {
        line = strchr(line, ' ');
        if (!line)
            return NULL;
        line++;
    }
    line[strcspn(line, " \n")] = '\0';
    unescape(line);
    return line;
}

bool wcl_mountinfo_is_mounted(int fd)
{
    char place[64], path[PATH_MAX];
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;

    snprintf(place, sizeof(place), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(place, path, sizeof(path) - 1);
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (length > 0)
        path[length] = '\0';
    while (file && length > 0 && !found && getline(&line, &capacity, file) > 0) {
        const char *point = mount_point(line);
        found = point && strcmp(point, path) == 0;
    }
    free(line);
    if (file)
        fclose(file);
    return found;
}

/* ---- Users ---------------------------------------------------------------------------------- */

static bool link_is_beneath(const char *link, const char *path)
{
    char target[PATH_MAX];
    size_t length = strlen(path);
    ssize_t got = readlink(link, target, sizeof(target) - 1);

    if (got < (ssize_t)length)
        return false;
    target[got] = '\0';
    return strncmp(target, path, length) == 0 && (target[length] == '\0' || target[length] == '/');
}

static bool has_open(const char *pid, const char *path)
{
    char name[PATH_MAX];
    bool found = false;

    snprintf(name, sizeof(name), "/proc/%s/cwd", pid);
    if (link_is_beneath(name, path))
        return true;
    snprintf(name, sizeof(name), "/proc/%s/root", pid);
    if (link_is_beneath(name, path))
        return true;
    snprintf(name, sizeof(name), "/proc/%s/fd", pid);
    DIR *folder = opendir(name);
    struct dirent *item;
    while (folder && !found && (item = readdir(folder))) {
        snprintf(name, sizeof(name), "/proc/%s/fd/%s", pid, item->d_name);
        found = link_is_beneath(name, path);
    }
    if (folder)
        closedir(folder);
    return found;
}

static void add_user(const char *pid, char *text, size_t size)
{
    char name[64] = "", path[PATH_MAX];
    size_t used = strlen(text);

    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(name, sizeof(name), file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
    snprintf(text + used, size - used, "%s%s (%s)", used ? ", " : "", name, pid);
}

void wcl_mountinfo_users(const char *path, char *text, size_t size)
{
    DIR *folder = opendir("/proc");
    struct dirent *item;
    int count = 0;

    text[0] = '\0';
    while (folder && count < USERS_MAX && (item = readdir(folder)))
        if (isdigit((unsigned char)item->d_name[0]) && has_open(item->d_name, path)) {
            add_user(item->d_name, text, size);
            count++;
        }
    if (folder)
        closedir(folder);
}
