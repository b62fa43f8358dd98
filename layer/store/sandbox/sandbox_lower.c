/* Looking at what a sandbox stands on. */
#include "layer/store/sandbox/sandbox_lower.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/mount/chain.h"
#include "layer/store/home/names.h"
#include "layer/store/sandbox/sandbox.h"
#include "layer/store/sandbox/upper.h"

/* ---- Opening -------------------------------------------------------------------------------- */

static wcl_status find_root(wcl_lower *lower, wcl_error *error)
{
    wcl_nid top = wcl_erofs_root(lower->image);
    wcl_erofs_entry entry;
    wcl_error why = WCL_ERROR_INIT;

    snprintf(lower->root_name, sizeof(lower->root_name), "Files");
    lower->root = top;
    lower->has_root = true;
    if (lower->chain.os != WCL_OS_WINDOWS)
        return WCL_OK;
    if (wcl_erofs_lookup(lower->image, top, "Files", 5, WCL_NAMES_CASELESS, &entry, &why) ==
        WCL_OK) {
        lower->root = entry.nid;
        snprintf(lower->root_name, sizeof(lower->root_name), "%.*s", (int)entry.length, entry.name);
        return WCL_OK;
    }
    lower->has_root = false;
    if (why.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_OK;
    return wcl_error_pass(error, &why);
}

static wcl_status open_chain(wcl_lower *lower, const wcl_store_layer *layer, wcl_error *error)
{
    const char *id = layer->record.id;

    if (wcl_chain_ensure(lower->store, layer, error) != WCL_OK ||
        wcl_layer_record_read(layer->fd, &lower->chain, error) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FREE char *path = wcl_store_path(lower->store, id, "chain.erofs");
    lower->tars = malloc((lower->chain.parent_count + 1) * sizeof(*lower->tars));
    if (!path || !lower->tars)
        return wcl_fail_memory(error);
    for (size_t i = 0; i <= lower->chain.parent_count; i++)
        lower->tars[i] = -1;
    if (wcl_erofs_image_open_file(path, &lower->image, error) != WCL_OK)
        return WCL_FAILED;
    return find_root(lower, error);
}

static wcl_status open_between(wcl_lower *lower, const wcl_store_layer *layer, wcl_error *error)
{
    int upper;

    if (wcl_upper_open(layer, &upper, error) != WCL_OK)
        return WCL_FAILED;
    if (upper < 0)
        return WCL_OK;
    lower->uppers[lower->upper_count++] = upper;
    return WCL_OK;
}

static wcl_status open_one(void *context, const wcl_store_layer *layer, wcl_error *error)
{
    wcl_lower *lower = context;

    return layer->record.kind == WCL_LAYER_SANDBOX ? open_between(lower, layer, error)
                                                   : open_chain(lower, layer, error);
}

wcl_status wcl_lower_open(const wcl_store *store, const wcl_layer_record *sandbox, wcl_lower *lower,
                          wcl_error *error)
{
    *lower = (wcl_lower)WCL_LOWER_INIT;
    lower->store = store;
    lower->uppers = calloc(sandbox->parent_count + 1, sizeof(*lower->uppers));
    if (!lower->uppers)
        return wcl_fail_memory(error);
    if (wcl_sandbox_each_used(store, sandbox, WCL_LOCK_SHARED, open_one, lower, error) != WCL_OK)
        return WCL_FAILED;
    if (lower->image)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_CORRUPT, "the sandbox stands on no read-only layer");
}

void wcl_lower_close(wcl_lower *lower)
{
    for (size_t i = 0; i < lower->upper_count; i++)
        close(lower->uppers[i]);
    for (size_t i = 0; lower->tars && i <= lower->chain.parent_count; i++)
        if (lower->tars[i] >= 0)
            close(lower->tars[i]);
    free(lower->uppers);
    free(lower->tars);
    wcl_erofs_image_free(lower->image);
    wcl_layer_record_free(&lower->chain);
    *lower = (wcl_lower)WCL_LOWER_INIT;
}

wcl_status wcl_lower_tar(wcl_lower *lower, uint32_t device, int *fd, uint64_t *size,
                         wcl_error *error)
{
    struct stat info;

    if (device == 0 || device > lower->chain.parent_count + 1)
        return wcl_fail(error, WCL_CODE_CORRUPT, "a stream is said to be in layer %u of %zu",
                        device, lower->chain.parent_count + 1);
    int *tar = &lower->tars[device - 1];
    if (*tar < 0) {
        const char *id = device == 1 ? lower->chain.id : lower->chain.parents[device - 2];
        WCL_CLEANUP_FREE char *path = wcl_store_path(lower->store, id, "layer.tar");
        *tar = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
        if (*tar < 0)
            return wcl_fail_errno(error, errno, "cannot open the tar of '%s'", id);
    }
    if (fstat(*tar, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot look at a parent's tar");
    *fd = *tar;
    *size = (uint64_t)info.st_size;
    return WCL_OK;
}

/* ---- The image ------------------------------------------------------------------------------ */

wcl_status wcl_lower_nid(const wcl_lower *lower, const char *path, wcl_nid *nid, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;

    *nid = lower->root;
    if (!lower->has_root)
        return WCL_END;
    while (*path) {
        size_t length = strcspn(path, "/");
        wcl_erofs_entry entry;
        wcl_erofs_inode inode;
        if (wcl_erofs_node_inode(lower->image, *nid, &inode, error) != WCL_OK)
            return WCL_FAILED;
        if (!S_ISDIR(inode.mode))
            return WCL_END;
        if (wcl_erofs_lookup(lower->image, *nid, path, length, WCL_NAMES_EXACT, &entry, &why) !=
            WCL_OK) {
            if (why.code == WCL_CODE_FILE_NOT_FOUND)
                return WCL_END;
            return wcl_error_pass(error, &why);
        }
        *nid = entry.nid;
        path += length;
        path += *path == '/';
    }
    return WCL_OK;
}

static wcl_status image_names(const wcl_lower *lower, const char *path, wcl_names *names,
                              wcl_error *error)
{
    wcl_erofs_folder folder;
    wcl_erofs_entry entry;
    wcl_erofs_inode inode;
    wcl_nid nid;

    wcl_status status = wcl_lower_nid(lower, path, &nid, error);
    if (status == WCL_OK)
        status = wcl_erofs_node_inode(lower->image, nid, &inode, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    if (!S_ISDIR(inode.mode))
        return WCL_OK;
    if (wcl_erofs_folder_open(lower->image, nid, &folder, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_erofs_folder_next(&folder, &entry, error)) == WCL_OK)
        if (wcl_names_add(names, entry.name, entry.length, error) != WCL_OK)
            return WCL_FAILED;
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

/* ---- Uppers in between ---------------------------------------------------------------------- */

/* What a path is in one upper. */
typedef struct upper_view {
    int fd;         /* of the folder, or -1 where there is none */
    uint32_t type;  /* 0: this upper says nothing of it */
    bool hides;     /* what is below does not count */
    bool is_absent; /* a whiteout */
} upper_view;

/* Goes down the path for as long as it is of folders in this upper. */
static wcl_status look(int upper, const char *path, upper_view *view, wcl_error *error)
{
    *view = (upper_view) { .fd = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                           .type = S_IFDIR };
    if (view->fd < 0)
        return wcl_fail_errno(error, errno, "cannot open an upper folder");
    while (*path) {
        char name[NAME_MAX + 1];
        size_t length = strcspn(path, "/");
        wcl_upper_file file;
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        wcl_status status = wcl_upper_look(view->fd, name, &file, error);
        if (status == WCL_FAILED)
            return WCL_FAILED;
        int next = status == WCL_OK && S_ISDIR(file.info.st_mode)
                       ? openat(view->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                       : -1;
        close(view->fd);
        view->fd = next;
        view->type = status == WCL_OK ? file.info.st_mode & S_IFMT : 0;
        view->is_absent = status == WCL_OK && file.is_whiteout;
        view->hides |= status == WCL_OK && (file.is_opaque || view->type != S_IFDIR);
        path += length;
        path += *path == '/';
        if (next >= 0)
            continue;
        /* Behind something that is no folder there is nothing. */
        if (*path)
            view->type = 0;
        return WCL_OK;
    }
    return WCL_OK;
}

/* Adds the names that are there in the upper, and takes out those that it removes. */
static wcl_status apply_upper(int folder, wcl_names *names, wcl_error *error)
{
    wcl_names own = WCL_NAMES_INIT, hidden = WCL_NAMES_INIT;

    wcl_status status = wcl_names_list(&own, folder, error);
    for (size_t i = 0; status == WCL_OK && i < own.count; i++) {
        wcl_upper_file file;
        const char *name = wcl_names_at(&own, i);
        status = wcl_upper_look(folder, name, &file, error);
        if (status == WCL_OK)
            status = wcl_names_add(file.is_whiteout ? &hidden : names, name, strlen(name), error);
        else if (status == WCL_END)
            status = WCL_OK;
    }
    wcl_names_sort(names);
    wcl_names_subtract(names, &hidden);
    wcl_names_free(&own);
    wcl_names_free(&hidden);
    return status;
}

wcl_status wcl_lower_each(const wcl_lower *lower, const char *path,
                          wcl_status (*visit)(void *context, const char *name, wcl_error *error),
                          void *context, wcl_error *error)
{
    wcl_names names = WCL_NAMES_INIT;

    wcl_status status = image_names(lower, path, &names, error);
    for (size_t i = lower->upper_count; status == WCL_OK && i > 0; i--) {
        upper_view view;
        status = look(lower->uppers[i - 1], path, &view, error);
        if (status == WCL_OK && view.hides)
            wcl_names_clear(&names);
        if (status == WCL_OK && view.fd >= 0)
            status = apply_upper(view.fd, &names, error);
        if (view.fd >= 0)
            close(view.fd);
    }
    wcl_names_sort(&names);
    for (size_t i = 0; status == WCL_OK && i < names.count; i++)
        status = visit(context, wcl_names_at(&names, i), error);
    wcl_names_free(&names);
    return status;
}

wcl_status wcl_lower_type(const wcl_lower *lower, const char *path, uint32_t *type,
                          wcl_error *error)
{
    wcl_erofs_inode inode;
    wcl_nid nid;

    *type = 0;
    for (size_t i = 0; i < lower->upper_count; i++) {
        upper_view view;
        if (look(lower->uppers[i], path, &view, error) != WCL_OK)
            return WCL_FAILED;
        if (view.fd >= 0)
            close(view.fd);
        if (view.type || view.hides) {
            *type = view.is_absent ? 0 : view.type;
            return WCL_OK;
        }
    }
    wcl_status status = wcl_lower_nid(lower, path, &nid, error);
    if (status == WCL_OK)
        status = wcl_erofs_node_inode(lower->image, nid, &inode, error);
    if (status == WCL_OK)
        *type = inode.mode & S_IFMT;
    return status == WCL_END ? WCL_OK : status;
}
