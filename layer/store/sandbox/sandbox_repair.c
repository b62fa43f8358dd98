/* Notes of work on mounts, and undoing what a process that died left half done. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"

typedef struct release_context {
    const wcl_store *store;
    const char *user;
} release_context;

static wcl_status release_one(void *context, const wcl_store_layer *layer, wcl_error *error)
{
    const release_context *release = context;

    return wcl_mount_release(release->store, layer, release->user, true, error);
}

/* A layer of which nothing is known any more may have used any other. */
static wcl_status release_by_id(void *context, const char *id, wcl_error *error)
{
    const release_context *release = context;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_layer_open(release->store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return WCL_OK;
    return release_one(context, &layer, error);
}

static wcl_status repair_sandbox(const wcl_store *store, const wcl_store_layer *layer,
                                 wcl_error *error)
{
    const char *id = layer->record.id;
    release_context context = { store, id };

    if (wcl_mount_undo(store, id, "merged", true, error) != WCL_OK ||
        wcl_sandbox_each_used(store, &layer->record, WCL_LOCK_NONE, release_one, &context, error) !=
            WCL_OK)
        return WCL_FAILED;
    wcl_sandbox_clear_active(layer);
    return wcl_mount_release(store, layer, id, true, error);
}

wcl_status wcl_mount_repair(const wcl_store *store, const char *id, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    release_context context = { store, id };

    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_store_layer_open(store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return wcl_store_each(store, release_by_id, &context, error);
    if (layer.record.kind == WCL_LAYER_SANDBOX)
        return repair_sandbox(store, &layer, error);
    return wcl_mount_release(store, &layer, id, true, error);
}

/* ---- Notes ---------------------------------------------------------------------------------- */

/* Opens a new note, or one that a process left which died while this one waited for the layer. */
static int open_note(const wcl_store *store, const char *name, bool *is_new)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(store->staging_fd, name, flags | O_CREAT | O_EXCL, 0600);

    *is_new = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = openat(store->staging_fd, name, flags);
    return fd;
}

wcl_status wcl_store_note_begin(const wcl_store *store, const char *id, wcl_store_note *note,
                                wcl_error *error)
{
    WCL_CLEANUP_FD int lock = -1;
    bool is_new;

    snprintf(note->name, sizeof(note->name), "work-%s", id);
    note->fd = -1;
    if (!wcl_stage_lock(store, &lock, error))
        return WCL_FAILED;
    note->fd = open_note(store, note->name, &is_new);
    if (note->fd < 0)
        return wcl_fail_errno(error, errno, "cannot note the work on the layer");
    /* The layer's own lock keeps others away, so this is held by nobody. */
    if (flock(note->fd, LOCK_EX | LOCK_NB) != 0)
        wcl_fail_errno(error, errno, "cannot lock the note of the work on the layer");
    else if (is_new || wcl_mount_repair(store, id, error) == WCL_OK)
        return WCL_OK;
    close(note->fd);
    note->fd = -1;
    return WCL_FAILED;
}

void wcl_store_note_end(const wcl_store *store, wcl_store_note *note)
{
    if (note->fd < 0)
        return;
    unlinkat(store->staging_fd, note->name, 0);
    close(note->fd);
    note->fd = -1;
}
