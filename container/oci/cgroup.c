/* Where a process's cgroups are, and what stands in them. */
#include "container/oci/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/listing.h"
#include "platform/linux/mountinfo.h"

/* Cgroups may be nested; deeper ones than this are not looked into. */
#define DEPTH 16

/* Whether a comma-separated list holds a word. */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        size_t item = strcspn(list, ",\n");
        if (item == length && memcmp(list, word, length) == 0)
            return true;
        list += item;
        if (*list != ',')
            return false;
        list++;
    }
    return false;
}

/* The path of a process in the hierarchy of a controller ("": version 2), from PROC/PID/cgroup,
 * whose lines are NUMBER:CONTROLLERS:PATH. */
static bool path_of(const wcl_cgroup_view *view, int32_t pid, const char *controller, char *path,
                    size_t size)
{
    char name[512], line[4096];
    bool found = false;

    snprintf(name, sizeof(name), "%s/%d/cgroup", view && view->proc ? view->proc : "/proc", pid);
    FILE *file = fopen(name, "re");
    while (file && !found && fgets(line, sizeof(line), file)) {
        char *controllers = strchr(line, ':');
        char *rest = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!rest)
            continue;
        *controllers++ = '\0';
        *rest++ = '\0';
        rest[strcspn(rest, "\n")] = '\0';
        found = *controller ? list_has(controllers, controller)
                            : strcmp(line, "0") == 0 && !*controllers;
        if (found && (size_t)snprintf(path, size, "%s", rest) >= size)
            found = false;
    }
    if (file)
        fclose(file);
    return found;
}

/* The part of a path below a mount's root; NULL when it is not below it. */
static const char *below(const char *path, const char *root)
{
    size_t length = strlen(root);

    if (strcmp(root, "/") == 0)
        return path;
    if (strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0'))
        return path + length;
    return NULL;
}

/* The folder of a path in the hierarchy of a controller. */
typedef struct mount_search {
    const char *controller;
    const char *path;
    char *folder;
    size_t size;
    bool found;
} mount_search;

static bool match_mount(void *context, wcl_mount_line *mount)
{
    mount_search *search = context;
    bool right = *search->controller ? strcmp(mount->type, "cgroup") == 0 &&
                                           list_has(mount->options, search->controller)
                                     : strcmp(mount->type, "cgroup2") == 0;
    const char *rest = right ? below(search->path, mount->root) : NULL;

    search->found = rest && (size_t)snprintf(search->folder, search->size, "%s%s", mount->point,
                                             rest) < search->size;
    return !search->found;
}

static bool find_mount(const wcl_cgroup_view *view, const char *controller, const char *path,
                       char *folder, size_t size)
{
    mount_search search = { controller, path, folder, size, false };
    char name[512];

    snprintf(name, sizeof(name), "%s/self/mountinfo", view && view->proc ? view->proc : "/proc");
    wcl_mountinfo_each(name, match_mount, &search);
    return search.found;
}

bool wcl_cgroup_find(const wcl_cgroup_view *view, int32_t pid, const char *controller,
                     wcl_cgroup *cgroup)
{
    char path[1024];

    cgroup->unified = false;
    if (path_of(view, pid, controller, path, sizeof(path)) &&
        find_mount(view, controller, path, cgroup->folder, sizeof(cgroup->folder)))
        return true;
    cgroup->unified = true;
    if (path_of(view, pid, "", path, sizeof(path)) &&
        find_mount(view, "", path, cgroup->folder, sizeof(cgroup->folder)))
        return true;
    cgroup->folder[0] = '\0';
    return false;
}

static FILE *open_file(const wcl_cgroup *cgroup, const char *name)
{
    char path[1200];

    snprintf(path, sizeof(path), "%s/%s", cgroup->folder, name);
    return cgroup->folder[0] ? fopen(path, "re") : NULL;
}

bool wcl_cgroup_read(const wcl_cgroup *cgroup, const char *file, uint64_t *value)
{
    FILE *stream = open_file(cgroup, file);
    unsigned long long number = 0;
    bool got = stream && fscanf(stream, "%llu", &number) == 1;

    if (stream)
        fclose(stream);
    if (got)
        *value = number;
    return got;
}

bool wcl_cgroup_read_key(const wcl_cgroup *cgroup, const char *file, const char *key,
                         uint64_t *value)
{
    FILE *stream = open_file(cgroup, file);
    unsigned long long number = 0;
    char name[128];
    bool got = false;

    while (stream && !got && fscanf(stream, "%127s %llu", name, &number) == 2)
        got = strcmp(name, key) == 0;
    if (stream)
        fclose(stream);
    if (got)
        *value = number;
    return got;
}

typedef struct process_ids {
    int32_t *items;
    size_t count;
    size_t capacity;
} process_ids;

static wcl_status add_processes(const wcl_cgroup *cgroup, process_ids *found, int depth,
                                wcl_error *error)
{
    FILE *file = open_file(cgroup, "cgroup.procs");
    int32_t pid;

    while (file && fscanf(file, "%d", &pid) == 1) {
        if (WCL_LIST_RESERVE(found->items, found->count, found->capacity, error) != WCL_OK) {
            fclose(file);
            return WCL_FAILED;
        }
        found->items[found->count++] = pid;
    }
    if (file)
        fclose(file);
    DIR *listing = depth > 0 ? opendir(cgroup->folder) : NULL;
    wcl_status status = WCL_OK;
    const struct dirent *entry;
    while (listing && status == WCL_OK &&
           (status = wcl_listing_next(listing, &entry, error)) == WCL_OK) {
        wcl_cgroup inner = *cgroup;
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
            (size_t)snprintf(inner.folder, sizeof(inner.folder), "%s/%s", cgroup->folder,
                             entry->d_name) >= sizeof(inner.folder))
            continue;
        status = add_processes(&inner, found, depth - 1, error);
    }
    if (listing)
        closedir(listing);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_cgroup_processes(const wcl_cgroup *cgroup, int32_t **pids, size_t *count,
                                wcl_error *error)
{
    process_ids found = { .items = NULL };
    wcl_status status = add_processes(cgroup, &found, DEPTH, error);

    *pids = status == WCL_OK ? found.items : NULL;
    *count = status == WCL_OK ? found.count : 0;
    if (status != WCL_OK)
        free(found.items);
    return status;
}

bool wcl_cgroup_is_foreign(int32_t init, int32_t pid)
{
    char own[1024], other[1024];
    const char *controller = "freezer";

    if (!path_of(NULL, init, controller, own, sizeof(own))) {
        controller = "";
        if (!path_of(NULL, init, controller, own, sizeof(own)))
            return false;
    }
    return path_of(NULL, pid, controller, other, sizeof(other)) && !below(other, own);
}
