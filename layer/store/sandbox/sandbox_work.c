/* Beginning and ending work on a layer's mounts. */
#include "layer/store/sandbox/sandbox_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "layer/store/mount/mount.h"

void wcl_work_end(wcl_work *work)
{
    wcl_store_note_end(&work->store, &work->note);
    if (work->turn >= 0)
        close(work->turn);
    wcl_store_layer_close(&work->layer);
    wcl_store_close(&work->store);
}

bool wcl_work_is_sandbox(const wcl_work *work)
{
    return work->layer.record.kind == WCL_LAYER_SANDBOX;
}

bool wcl_work_is_prepared(const wcl_work *work)
{
    return wcl_work_is_sandbox(work) ? wcl_mount_is_mounted(&work->store, work->id)
                                     : wcl_mount_has_user(&work->store, work->id, work->id);
}

/* Readers may hold a read-only layer's lock for long, so its mount has a lock of its own. */
static wcl_status take_turn(wcl_work *work, wcl_error *error)
{
    if (wcl_mount_make_folder(work->layer.fd, "users", 0700, error) != WCL_OK)
        return WCL_FAILED;
    work->turn =
        openat(work->layer.fd, "users/.turn", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (work->turn < 0)
        return wcl_fail_errno(error, errno, "cannot open the lock of the layer's mount");
    while (flock(work->turn, LOCK_EX) != 0)
        if (errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot lock the layer's mount");
    return WCL_OK;
}

/* Locks a sandbox exclusively. Only others have a layer.tar, which saves reading the record twice.
 */
static wcl_status open_layer(wcl_work *work, wcl_error *error)
{
    char path[192];
    wcl_lock lock = WCL_LOCK_SHARED;

    snprintf(path, sizeof(path), "%s/layer.tar", work->id);
    if (faccessat(work->store.home_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        lock = WCL_LOCK_EXCLUSIVE;
    if (wcl_store_layer_open(&work->store, work->id, lock, &work->layer, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_sandbox(work) || lock == WCL_LOCK_EXCLUSIVE)
        return WCL_OK;
    wcl_store_layer_close(&work->layer);
    return wcl_store_layer_open(&work->store, work->id, WCL_LOCK_EXCLUSIVE, &work->layer, error);
}

wcl_status wcl_work_begin(const wcl_driver *driver, const char *id, wcl_work *work,
                          wcl_error *error)
{
    work->id = id;
    if (wcl_store_open(driver, &work->store, error) != WCL_OK ||
        wcl_layer_id_check(id, error) != WCL_OK || open_layer(work, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_sandbox(work) && take_turn(work, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_note_begin(&work->store, id, &work->note, error);
}
