/* The walk through a layer's folder. */
#include "layer/dir/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "base/listing.h"
#include "base/regular.h"
#include "layer/dir/names.h"
#include "layer/entry/path.h"

typedef struct name {
    char *disk;
    char *path; /* the same pointer where the names are the same */
} name;

typedef struct level {
    name *names;
    size_t count;
    size_t capacity;
    size_t next;
    size_t path_size; /* of the folder's own paths */
    size_t disk_size;
} level;

struct wcl_walk {
    int root;
    wcl_walk_rules rules;
    level *levels;
    size_t depth;
    size_t capacity;
    int folder; /* of the topmost level, -1 when it must be opened again */
    bool descend;
    wcl_buffer path;
    wcl_buffer disk;
    wcl_file_record record;
};

wcl_status wcl_file_record_look_up(wcl_sidecar *sidecar, int fd, const char *disk_path,
                                   wcl_file_record *record, bool *found, wcl_error *error)
{
    *found = false;
    if (fd >= 0 && wcl_file_record_from_xattrs(fd, record, found, error) != WCL_OK)
        return WCL_FAILED;
    if (*found)
        return WCL_OK;
    wcl_file_record_clear(record);
    return wcl_sidecar_find(sidecar, disk_path, record, found, error);
}

/* ---- Levels --------------------------------------------------------------------------------- */

static void free_names(level *level)
{
    for (size_t i = 0; i < level->count; i++) {
        if (level->names[i].path != level->names[i].disk)
            free(level->names[i].path);
        free(level->names[i].disk);
    }
    free(level->names);
    *level = (struct level) { 0 };
}

static void close_folder(wcl_walk *walk)
{
    wcl_cleanup_fd(&walk->folder);
    walk->folder = -1;
}

static wcl_status walk_open_folder(wcl_walk *walk, wcl_error *error)
{
    if (walk->folder >= 0)
        return WCL_OK;
    walk->folder =
        wcl_beneath_open(walk->root, wcl_buffer_text(&walk->disk), O_RDONLY | O_DIRECTORY, 0);
    if (walk->folder < 0) {
        wcl_fail_errno(error, errno, "cannot open the folder");
        return wcl_error_context(error, NULL, wcl_buffer_text(&walk->path));
    }
    return WCL_OK;
}

static wcl_status walk_add_name(level *level, const char *disk, wcl_error *error)
{
    if (WCL_LIST_RESERVE(level->names, level->count, level->capacity, error) != WCL_OK)
        return WCL_FAILED;
    char *copy = strdup(disk);
    if (!copy)
        return wcl_fail_memory(error);
    level->names[level->count++] = (name) { copy, copy };
    return WCL_OK;
}

static wcl_status list_names(wcl_walk *walk, level *level, wcl_error *error)
{
    WCL_CLEANUP_LISTING DIR *listing = NULL;
    wcl_status status = wcl_listing_open(walk->folder, ".", &listing, error);
    const struct dirent *item;

    while (status == WCL_OK && (status = wcl_listing_next(listing, &item, error)) == WCL_OK)
        if (walk->depth > 0 || walk->rules.is_plain ||
            !wcl_disk_name_is_reserved(item->d_name, strlen(item->d_name)))
            status = walk_add_name(level, item->d_name, error);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static int walk_compare_names(const void *a, const void *b)
{
    return strcmp(((const name *)a)->path, ((const name *)b)->path);
}

/* ---- Companions ----------------------------------------------------------------------------- */

/* Takes the companions out of a sorted list; each must have its folder. */
static wcl_status take_companions(const wcl_walk *walk, level *level, wcl_error *error)
{
    size_t kept = 0;

    for (size_t i = 0; i < level->count; i++) {
        char *disk = level->names[i].disk;
        size_t length = strlen(disk);
        if (!wcl_has_suffix(disk, length, WCL_COMPANION_SUFFIX))
            continue;
        struct stat status;
        disk[length - strlen(WCL_COMPANION_SUFFIX)] = '\0';
        if (*disk == '\0' || fstatat(walk->folder, disk, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISDIR(status.st_mode))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the file '%s" WCL_COMPANION_SUFFIX "' has no folder beside it", disk);
        free(disk);
        level->names[i].disk = level->names[i].path = NULL;
    }
    for (size_t i = 0; i < level->count; i++)
        if (level->names[i].disk)
            level->names[kept++] = level->names[i];
    level->count = kept;
    return WCL_OK;
}

/* ---- True names ----------------------------------------------------------------------------- */

static int open_regular(const wcl_walk *walk, const char *name)
{
    int fd;

    wcl_regular_open(walk->folder, name, WCL_LINKS_REFUSED, 0, &fd, NULL, NULL);
    return fd;
}

/* Opens the file that may hold the record of the folder's item `disk`: its companion, where it has
 * one, or itself; its name goes to `holder`. -1 where it has none. */
static int open_record_file(const wcl_walk *walk, const char *disk, char holder[NAME_MAX + 1])
{
    struct stat status;

    stpcpy(holder, disk);
    if (fstatat(walk->folder, disk, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)))
        return -1;
    if (walk->rules.has_companions && S_ISDIR(status.st_mode) &&
        strlen(disk) + strlen(WCL_COMPANION_SUFFIX) <= NAME_MAX) {
        stpcpy(stpcpy(holder, disk), WCL_COMPANION_SUFFIX);
        if (fstatat(walk->folder, holder, &status, AT_SYMLINK_NOFOLLOW) == 0)
            return open_regular(walk, holder);
        stpcpy(holder, disk);
    }
    return S_ISDIR(status.st_mode)
               ? openat(walk->folder, disk, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
               : open_regular(walk, disk);
}

/* Finds the name that a short one stands for; it counts only when it would be stored so. */
static wcl_status find_true_name(wcl_walk *walk, name *found, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT, short_name = WCL_BUFFER_INIT;
    char holder[NAME_MAX + 1];
    WCL_CLEANUP_FD int fd = open_record_file(walk, found->disk, holder);
    const wcl_buffer *true_name = &walk->record.fields[WCL_FILE_RECORD_NAME];
    bool has_record;

    if (wcl_buffer_printf(&path, error, "%s%s%s", wcl_buffer_text(&walk->disk),
                          walk->disk.size ? "/" : "", holder) != WCL_OK ||
        wcl_file_record_look_up(walk->rules.sidecar, fd, wcl_buffer_text(&path), &walk->record,
                                &has_record, error) != WCL_OK)
        return WCL_FAILED;
    if (!has_record || !walk->record.has[WCL_FILE_RECORD_NAME])
        return WCL_OK;
    const char *text = wcl_buffer_text(true_name);
    if (wcl_disk_name(text, true_name->size, walk->disk.size == 0, walk->rules.name_max,
                      &short_name, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(wcl_buffer_text(&short_name), found->disk) != 0 || strlen(text) != true_name->size ||
        strchr(text, '/'))
        return WCL_OK;
    char *copy = strdup(text);
    if (!copy)
        return wcl_fail_memory(error);
    found->path = copy;
    return WCL_OK;
}

static wcl_status find_true_names(wcl_walk *walk, level *level, wcl_error *error)
{
    bool changed = false;

    for (size_t i = 0; i < level->count; i++) {
        if (!wcl_disk_name_is_short(level->names[i].disk))
            continue;
        if (find_true_name(walk, &level->names[i], error) != WCL_OK)
            return WCL_FAILED;
        changed = changed || level->names[i].path != level->names[i].disk;
    }
    if (changed)
        qsort(level->names, level->count, sizeof(name), walk_compare_names);
    return WCL_OK;
}

/* ---- Walking -------------------------------------------------------------------------------- */

static wcl_status push_level(wcl_walk *walk, wcl_error *error)
{
    if (WCL_LIST_RESERVE(walk->levels, walk->depth, walk->capacity, error) != WCL_OK)
        return WCL_FAILED;
    close_folder(walk);
    if (walk_open_folder(walk, error) != WCL_OK)
        return WCL_FAILED;
    level made = { .path_size = walk->path.size, .disk_size = walk->disk.size };
    wcl_status status = list_names(walk, &made, error);
    if (status == WCL_OK && made.count > 0) {
        qsort(made.names, made.count, sizeof(name), walk_compare_names);
        if (walk->rules.has_companions)
            status = take_companions(walk, &made, error);
        if (status == WCL_OK && !walk->rules.is_plain)
            status = find_true_names(walk, &made, error);
    }
    if (status != WCL_OK) {
        free_names(&made);
        return wcl_error_context(error, NULL,
                                 walk->path.size ? wcl_buffer_text(&walk->path) : NULL);
    }
    walk->levels[walk->depth++] = made;
    return WCL_OK;
}

wcl_status wcl_walk_new(int root, const wcl_walk_rules *rules, wcl_walk **walk, wcl_error *error)
{
    wcl_walk *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->root = root;
    made->rules = *rules;
    made->folder = -1;
    made->descend = true;
    *walk = made;
    return WCL_OK;
}

void wcl_walk_free(wcl_walk *walk)
{
    if (!walk)
        return;
    for (size_t i = 0; i < walk->depth; i++)
        free_names(&walk->levels[i]);
    free(walk->levels);
    close_folder(walk);
    wcl_buffer_free(&walk->path);
    wcl_buffer_free(&walk->disk);
    wcl_file_record_free(&walk->record);
    free(walk);
}

static void cut(wcl_buffer *buffer, size_t size)
{
    buffer->size = size;
    if (buffer->data)
        buffer->data[size] = 0;
}

static wcl_status append_component(wcl_buffer *path, const char *component, wcl_error *error)
{
    if (path->size > 0 && wcl_buffer_append_byte(path, '/', error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_text(path, component, error);
}

/* Leaves the folders whose items have all been given. */
static bool leave_finished(wcl_walk *walk)
{
    while (walk->depth > 0) {
        level *top = &walk->levels[walk->depth - 1];
        cut(&walk->path, top->path_size);
        cut(&walk->disk, top->disk_size);
        if (top->next < top->count)
            return true;
        free_names(top);
        walk->depth--;
        close_folder(walk);
    }
    return false;
}

wcl_status wcl_walk_next(wcl_walk *walk, wcl_walk_item *item, wcl_error *error)
{
    if (walk->descend && push_level(walk, error) != WCL_OK)
        return WCL_FAILED;
    walk->descend = false;
    if (!leave_finished(walk))
        return WCL_END;
    if (walk_open_folder(walk, error) != WCL_OK)
        return WCL_FAILED;
    level *top = &walk->levels[walk->depth - 1];
    const name *next = &top->names[top->next++];
    if (append_component(&walk->path, next->path, error) != WCL_OK ||
        append_component(&walk->disk, next->disk, error) != WCL_OK ||
        wcl_path_check(wcl_buffer_text(&walk->path), error) != WCL_OK)
        return WCL_FAILED;
    item->path = wcl_buffer_text(&walk->path);
    item->disk_path = wcl_buffer_text(&walk->disk);
    item->disk_name = next->disk;
    item->folder = walk->folder;
    if (fstatat(walk->folder, next->disk, &item->status, AT_SYMLINK_NOFOLLOW) < 0) {
        wcl_fail_errno(error, errno, "cannot look at the file");
        return wcl_error_context(error, NULL, item->path);
    }
    walk->descend = S_ISDIR(item->status.st_mode);
    return WCL_OK;
}
