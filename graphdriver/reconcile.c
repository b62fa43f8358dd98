/*
 * Undoing the mounts that nobody wants any more. What a container runs on is the root of its
 * processes; any other mount was docker's own, and a docker that starts or ends has none.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/listing.h"
#include "graphdriver/driver.h"

/* ---- /proc/PID/mountinfo --------------------------------------------------------------------- */

typedef struct mount_line {
    unsigned major, minor;
    char *point; /* unescaped in place */
} mount_line;

/* "36 35 98:0 /root /mount/point options ...": \ooo stands for a character. */
static bool parse_line(char *line, mount_line *mount)
{
    int start = 0, end = 0;

    if (sscanf(line, "%*d %*d %u:%u %*s %n%*s%n", &mount->major, &mount->minor, &start, &end) < 2 ||
        end <= start)
        return false;
    line[end] = '\0';
    mount->point = line + start;
    char *to = mount->point;
    for (const char *from = mount->point; *from; from++) {
        unsigned code;
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
            *to++ = (char)code;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return true;
}

/* Calls `visit` for each line until it returns false. False where this process lacks what it takes
 * to read them all; a file that is gone has none. */
static bool each_mount(const char *file, bool (*visit)(void *context, const mount_line *mount),
                       void *context)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    mount_line mount;
    bool more = stream != NULL;

    while (more && (errno = 0, getline(&line, &size, stream)) >= 0)
        if (parse_line(line, &mount))
            more = visit(context, &mount);
    bool lacks = errno == ENOMEM || errno == EMFILE || errno == ENFILE;
    free(line);
    if (stream)
        fclose(stream);
    return !lacks;
}

/* ---- The roots of all processes -------------------------------------------------------------- */

typedef struct root_list {
    wcl_buffer namespaces; /* inode numbers of those that were looked at */
    wcl_buffer devices;    /* pairs of major and minor */
    bool incomplete;       /* out of memory: somebody may live in any mount */
} root_list;

#define ROOT_LIST_INIT                                                                             \
    {                                                                                              \
        WCL_BUFFER_INIT, WCL_BUFFER_INIT, false                                                    \
    }

static bool has(const wcl_buffer *list, uint64_t value)
{
    for (size_t at = 0; at + sizeof(value) <= list->size; at += sizeof(value))
        if (memcmp(list->data + at, &value, sizeof(value)) == 0)
            return true;
    return false;
}

static uint64_t device_of(const mount_line *mount)
{
    return (uint64_t)mount->major << 32 | mount->minor;
}

static bool add_root(void *context, const mount_line *mount)
{
    root_list *roots = context;
    uint64_t device = device_of(mount);

    if (strcmp(mount->point, "/") == 0 &&
        wcl_buffer_append(&roots->devices, &device, sizeof(device), NULL) != WCL_OK)
        roots->incomplete = true;
    return true;
}

static void add_process(root_list *roots, const char *pid)
{
    char path[300];
    struct stat info;
    uint64_t number;

    snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
    if (stat(path, &info) != 0)
        return;
    number = info.st_ino;
    if (has(&roots->namespaces, number))
        return;
    if (wcl_buffer_append(&roots->namespaces, &number, sizeof(number), NULL) != WCL_OK)
        roots->incomplete = true;
    snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
    if (!each_mount(path, add_root, roots))
        roots->incomplete = true;
}

static wcl_status find_roots(root_list *roots, wcl_error *error)
{
    DIR *folder = opendir("/proc");
    const struct dirent *item;
    wcl_status status;

    if (!folder)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "/proc is not mounted");
    while ((status = wcl_listing_next(folder, &item, error)) == WCL_OK)
        if (item->d_name[0] >= '1' && item->d_name[0] <= '9')
            add_process(roots, item->d_name);
    closedir(folder);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    return roots->incomplete ? wcl_fail_memory(error) : WCL_OK;
}

/* ---- The driver's mounts --------------------------------------------------------------------- */

typedef struct mounted_list {
    const wcl_graphdriver *driver;
    const root_list *roots;
    wcl_buffer ids;  /* each: '+' where a process lives in it, else '-'; the id; a NUL */
    bool incomplete; /* out of memory */
} mounted_list;

static bool add_mounted(void *context, const mount_line *mount)
{
    static const char end[] = "/merged";
    mounted_list *list = context;
    size_t home = strlen(list->driver->home), length = strlen(mount->point);

    if (length <= home + sizeof(end) || strncmp(mount->point, list->driver->home, home) != 0 ||
        mount->point[home] != '/' || strcmp(mount->point + length - strlen(end), end) != 0)
        return true;
    mount->point[length - strlen(end)] = '\0';
    const char *id = mount->point + home + 1;
    if (wcl_layer_id_check(id, NULL) == WCL_OK &&
        wcl_buffer_printf(&list->ids, NULL, "%c%s%c",
                          has(&list->roots->devices, device_of(mount)) ? '+' : '-', id,
                          '\0') != WCL_OK)
        list->incomplete = true;
    return !list->incomplete;
}

typedef struct device_search {
    const char *path;
    uint64_t device;
} device_search;

static bool match_device(void *context, const mount_line *mount)
{
    device_search *search = context;

    if (strcmp(mount->point, search->path) == 0)
        search->device = device_of(mount);
    return true;
}

bool wcl_graphdriver_is_lived_in(const wcl_graphdriver *driver, const char *id)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    root_list roots = ROOT_LIST_INIT;
    device_search search = { NULL, 0 };

    /* Where it cannot be found out, somebody may. */
    bool lived_in = wcl_buffer_printf(&path, NULL, "%s/%s/merged", driver->home, id) != WCL_OK ||
                    find_roots(&roots, NULL) != WCL_OK;
    if (!lived_in) {
        search.path = wcl_buffer_text(&path);
        lived_in = !each_mount("/proc/self/mountinfo", match_device, &search) ||
                   has(&roots.devices, search.device);
    }
    wcl_buffer_free(&roots.namespaces);
    wcl_buffer_free(&roots.devices);
    return lived_in;
}

static wcl_status release(wcl_graphdriver *driver, const char *id, bool used, wcl_error *error)
{
    wcl_layer_use *reference;

    if (wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = used ? WCL_OK : wcl_graphdriver_unmount(driver, id, error);
    reference->count = used ? 1 : 0;
    reference->adopted = used;
    wcl_layer_uses_leave(&driver->references, reference);
    return status;
}

/* Writable layers first: they are what holds the mounts of the others. */
static wcl_status release_all(wcl_graphdriver *driver, const wcl_buffer *ids, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;
    wcl_status status = WCL_OK;

    for (size_t at = 0; at < ids->size; at += strlen((const char *)ids->data + at) + 1) {
        const char *item = (const char *)ids->data + at;
        if (release(driver, item + 1, item[0] == '+', &why) == WCL_OK)
            continue;
        /* The others may still go. */
        if (error)
            *error = why;
        status = WCL_FAILED;
    }
    return status;
}

/* References to what is not mounted stand for nothing. */
static void forget_references(wcl_graphdriver *driver)
{
    pthread_mutex_lock(&driver->references.mutex);
    for (wcl_layer_use *at = driver->references.first; at; at = at->next)
        if (!at->busy) {
            at->count = 0;
            at->adopted = false;
        }
    pthread_mutex_unlock(&driver->references.mutex);
}

wcl_status wcl_graphdriver_cleanup(wcl_graphdriver *driver, wcl_error *error)
{
    root_list roots = ROOT_LIST_INIT;
    mounted_list list = { driver, &roots, WCL_BUFFER_INIT, false };

    wcl_status status = find_roots(&roots, error);
    if (status == WCL_OK) {
        forget_references(driver);
        if (!each_mount("/proc/self/mountinfo", add_mounted, &list))
            list.incomplete = true;
        status = list.incomplete ? wcl_fail_memory(error) : release_all(driver, &list.ids, error);
    }
    wcl_buffer_free(&list.ids);
    wcl_buffer_free(&roots.namespaces);
    wcl_buffer_free(&roots.devices);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "clean up", driver->home);
}

/* ---- After a plugin that was killed ------------------------------------------------------------
 */

static wcl_status adopt(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_layer_use *reference;

    if (wcl_layer_uses_enter(&driver->references, id, &reference, error) != WCL_OK)
        return WCL_FAILED;
    if (reference->count == 0) {
        reference->count = 1;
        reference->adopted = true;
    }
    wcl_layer_uses_leave(&driver->references, reference);
    return WCL_OK;
}

wcl_status wcl_graphdriver_adopt(wcl_graphdriver *driver, wcl_error *error)
{
    const root_list no_roots = ROOT_LIST_INIT;
    mounted_list list = { driver, &no_roots, WCL_BUFFER_INIT, false };
    wcl_status status = WCL_OK;

    if (!each_mount("/proc/self/mountinfo", add_mounted, &list) || list.incomplete)
        status = wcl_fail_memory(error);
    for (size_t at = 0; status == WCL_OK && at < list.ids.size;) {
        const char *item = (const char *)list.ids.data + at;
        status = adopt(driver, item + 1, error);
        at += strlen(item) + 1;
    }
    wcl_buffer_free(&list.ids);
    return status;
}

/* The ids of the adopted; each ends with a NUL. False where there is no memory for all. */
static bool find_adopted(wcl_graphdriver *driver, wcl_buffer *ids)
{
    bool complete = true;

    pthread_mutex_lock(&driver->references.mutex);
    for (const wcl_layer_use *at = driver->references.first; at; at = at->next)
        if (at->adopted && wcl_buffer_append(ids, at->id, strlen(at->id) + 1, NULL) != WCL_OK)
            complete = false;
    pthread_mutex_unlock(&driver->references.mutex);
    return complete;
}

/* What is busy after all stays. */
static bool let_go(wcl_graphdriver *driver, const char *id)
{
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_layer_unprepare(&driver->layers, id, &why) != WCL_OK &&
        why.code != WCL_CODE_INVALID_STATE && why.code != WCL_CODE_FILE_NOT_FOUND)
        return false;
    return wcl_layer_deactivate(&driver->layers, id, &why) == WCL_OK ||
           why.code == WCL_CODE_INVALID_STATE || why.code == WCL_CODE_FILE_NOT_FOUND;
}

/* With the turn held; true while it is adopted. */
static bool look_at(wcl_graphdriver *driver, wcl_layer_use *reference)
{
    if (!reference->adopted || reference->count != 1)
        return reference->adopted;
    bool forsaken = !wcl_graphdriver_is_lived_in(driver, reference->id);
    if (forsaken && reference->looks_forsaken && let_go(driver, reference->id)) {
        reference->count = 0;
        reference->adopted = false;
    }
    reference->looks_forsaken = forsaken && reference->adopted;
    return reference->adopted;
}

size_t wcl_graphdriver_release_forsaken(wcl_graphdriver *driver)
{
    WCL_CLEANUP_BUFFER wcl_buffer ids = WCL_BUFFER_INIT;
    wcl_layer_use *reference;
    size_t adopted = 0;

    /* Those that were not found are looked for again. */
    if (!find_adopted(driver, &ids))
        adopted++;
    for (size_t at = 0; at < ids.size; at += strlen((const char *)ids.data + at) + 1) {
        const char *id = (const char *)ids.data + at;
        if (wcl_layer_uses_enter(&driver->references, id, &reference, NULL) != WCL_OK)
            return adopted + 1;
        adopted += look_at(driver, reference);
        wcl_layer_uses_leave(&driver->references, reference);
    }
    return adopted;
}
