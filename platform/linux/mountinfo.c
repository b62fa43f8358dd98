/* Reading /proc/self/mountinfo and the processes' open files. */
#include "platform/linux/mountinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/listing.h"

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

/* The next field but `skip`, cut off and unescaped; NULL where the line has none. `*line` is moved
 * behind it. */
static char *take_field(char **line, int skip)
{
    char *field = *line;

    for (; skip > 0; skip--) {
        field = strchr(field, ' ');
        if (!field)
            return NULL;
        field++;
    }
    size_t length = strcspn(field, " \n");
    *line = field + length + (field[length] != '\0');
    field[length] = '\0';
    unescape(field);
    return field;
}

/* Where the mount is: the fifth field of a line. */
static char *mount_point(char **line)
{
    return take_field(line, 4);
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
        char *rest = line;
        const char *point = mount_point(&rest);
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
    const struct dirent *item;
    while (folder && !found && wcl_listing_next(folder, &item, NULL) == WCL_OK) {
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
    const struct dirent *item;
    int count = 0;

    text[0] = '\0';
    while (folder && count < USERS_MAX && wcl_listing_next(folder, &item, NULL) == WCL_OK)
        if (isdigit((unsigned char)item->d_name[0]) && has_open(item->d_name, path)) {
            add_user(item->d_name, text, size);
            count++;
        }
    if (folder)
        closedir(folder);
}

/* ---- Other namespaces ------------------------------------------------------------------------ */

typedef struct use_search {
    const char *source;
    const char *path;
    uint64_t maker;
    uint64_t own;
    uint64_t *seen; /* namespaces that were looked at */
    size_t seen_count;
    char *text;
    size_t size;
} use_search;

static uint64_t namespace_of(const char *pid)
{
    char path[64];
    struct stat info;

    snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", pid);
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

uint64_t wcl_mountinfo_namespace(void)
{
    return namespace_of("self");
}

/* Where a line's mount is, if it is of the source. */
static const char *match(const use_search *search, char *line)
{
    const char *point = mount_point(&line);
    char *separator = point ? strstr(line, "- ") : NULL;

    if (!separator)
        return NULL;
    const char *source = take_field(&separator, 2);
    return source && strcmp(source, search->source) == 0 ? point : NULL;
}

/* Names the process, and the container by its control group where it is in one. */
static void tell_process(const use_search *search, const char *pid)
{
    char path[64], line[PATH_MAX], *group = NULL;

    search->text[0] = '\0';
    add_user(pid, search->text, search->size);
    snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
    FILE *file = fopen(path, "re");
    while (file && !group && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        group = strrchr(line, ':');
        group = group && strlen(group) > 2 ? group + 1 : NULL;
    }
    if (file)
        fclose(file);
    size_t used = strlen(search->text);
    if (group)
        snprintf(search->text + used, search->size - used, " of the control group '%s'", group);
}

static bool is_used_in(const use_search *search, const char *pid, uint64_t namespace)
{
    char path[64], *line = NULL;
    size_t capacity = 0;
    bool own = namespace == search->own, found = false;

    snprintf(path, sizeof(path), "/proc/%.20s/mountinfo", pid);
    FILE *file = fopen(path, "re");
    while (file && !found && getline(&line, &capacity, file) > 0) {
        const char *point = match(search, line);
        if (!point)
            continue;
        found = own ? strcmp(point, search->path) != 0
                    : strcmp(point, "/") == 0 ||
                          (namespace == search->maker && strcmp(point, search->path) == 0);
        if (found && own)
            snprintf(search->text, search->size, "the mount at '%s'", point);
    }
    free(line);
    if (file)
        fclose(file);
    if (found && !own)
        tell_process(search, pid);
    return found;
}

/* Whether the namespace is new to the search; without memory it is looked at again. */
static bool is_new(use_search *search, uint64_t namespace)
{
    for (size_t i = 0; i < search->seen_count; i++)
        if (search->seen[i] == namespace)
            return false;
    uint64_t *seen = reallocarray(search->seen, search->seen_count + 1, sizeof(*seen));
    if (seen) {
        search->seen = seen;
        search->seen[search->seen_count++] = namespace;
    }
    return true;
}

bool wcl_mountinfo_is_elsewhere(const char *source, const char *path, uint64_t maker, char *text,
                                size_t size)
{
    use_search search = { source, path, maker, wcl_mountinfo_namespace(), NULL, 0, text, size };
    DIR *folder = opendir("/proc");
    wcl_status status = WCL_OK;
    const struct dirent *item;

    is_new(&search, search.own);
    bool found = is_used_in(&search, "self", search.own);
    while (folder && !found && (status = wcl_listing_next(folder, &item, NULL)) == WCL_OK) {
        if (!isdigit((unsigned char)item->d_name[0]))
            continue;
        uint64_t namespace = namespace_of(item->d_name);
        found =
            namespace && is_new(&search, namespace) && is_used_in(&search, item->d_name, namespace);
    }
    /* Whom it cannot see may use it. */
    if (status == WCL_FAILED) {
        snprintf(text, size, "somebody unknown (/proc cannot be listed)");
        found = true;
    }
    if (folder)
        closedir(folder);
    free(search.seen);
    return found;
}
