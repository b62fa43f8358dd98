/* Reading /proc/self/mountinfo and the processes' open files. */
#include "platform/linux/mountinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/list.h"
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

/* "ID PARENT MAJOR:MINOR ROOT POINT ATTRIBUTES TAG... - TYPE SOURCE OPTIONS" */
static bool split_line(char *line, wcl_mount_line *mount)
{
    char *end = strstr(line, " - ");

    line[strcspn(line, "\n")] = '\0';
    if (!end || sscanf(line, "%*d %*d %u:%u", &mount->major, &mount->minor) != 2)
        return false;
    *end = '\0';
    end += strlen(" - ");
    for (int i = 0; i < 3; i++)
        strsep(&line, " ");
    char **const fields[] = { &mount->root, &mount->point,  &mount->attributes,
                              &mount->type, &mount->source, &mount->options };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char **rest = i < 3 ? &line : &end;
        if (!*rest)
            return false;
        *fields[i] = strsep(rest, " ");
        unescape(*fields[i]);
    }
    return true;
}

bool wcl_mountinfo_each(const char *file, bool (*visit)(void *context, wcl_mount_line *mount),
                        void *context)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    wcl_mount_line mount;
    bool more = stream != NULL;

    while (more && (errno = 0, getline(&line, &size, stream)) >= 0)
        if (split_line(line, &mount))
            more = visit(context, &mount);
    bool lacks = errno == ENOMEM || errno == EMFILE || errno == ENFILE;
    free(line);
    if (stream)
        fclose(stream);
    return !lacks;
}

typedef struct point_search {
    const char *path;
    bool found;
} point_search;

static bool match_point(void *context, wcl_mount_line *mount)
{
    point_search *search = context;

    search->found = strcmp(mount->point, search->path) == 0;
    return !search->found;
}

bool wcl_mountinfo_is_mounted(int fd)
{
    char place[64], path[PATH_MAX];
    point_search search = { path, false };

    snprintf(place, sizeof(place), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(place, path, sizeof(path) - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    wcl_mountinfo_each("/proc/self/mountinfo", match_point, &search);
    return search.found;
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
    uint64_t at; /* the one that is being looked at */
    bool found;
    uint64_t *seen; /* namespaces that were looked at */
    size_t seen_count;
    size_t seen_capacity;
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

/* Whether a mount of the source shows that somebody uses it; ends the search then. */
static bool match_use(void *context, wcl_mount_line *mount)
{
    use_search *search = context;
    bool elsewhere = strcmp(mount->point, search->path) != 0;

    if (strcmp(mount->source, search->source) != 0)
        return true;
    search->found = search->at == search->own ? elsewhere
                                              : strcmp(mount->point, "/") == 0 ||
                                                    (search->at == search->maker && !elsewhere);
    if (search->found && search->at == search->own)
        snprintf(search->text, search->size, "the mount at '%s'", mount->point);
    return !search->found;
}

static bool is_used_in(use_search *search, const char *pid, uint64_t namespace)
{
    char path[64];

    search->at = namespace;
    snprintf(path, sizeof(path), "/proc/%.20s/mountinfo", pid);
    wcl_mountinfo_each(path, match_use, search);
    if (search->found && namespace != search->own)
        tell_process(search, pid);
    return search->found;
}

/* Whether the namespace is new to the search; without memory it is looked at again. */
static bool is_new(use_search *search, uint64_t namespace)
{
    for (size_t i = 0; i < search->seen_count; i++)
        if (search->seen[i] == namespace)
            return false;
    if (WCL_LIST_RESERVE(search->seen, search->seen_count, search->seen_capacity, NULL) == WCL_OK)
        search->seen[search->seen_count++] = namespace;
    return true;
}

bool wcl_mountinfo_is_elsewhere(const char *source, const char *path, uint64_t maker, char *text,
                                size_t size)
{
    use_search search = { .source = source,
                          .path = path,
                          .maker = maker,
                          .own = wcl_mountinfo_namespace(),
                          .text = text,
                          .size = size };
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
        snprintf(text, size, "somebody unknown (cannot list /proc)");
        found = true;
    }
    if (folder)
        closedir(folder);
    free(search.seen);
    return found;
}
