/* Letting a sandbox grow, and what else is asked of one from outside. */
#include <stdlib.h>

#include "base/error.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"
#include "layer/store/sandbox/sandbox_work.h"
#include "layer/store/mount/storage.h"

/* ---- Growing -------------------------------------------------------------------------------- */

/*
 * Each step can be done again: an attempt that was interrupted leaves a usable sandbox, and the
 * limit in the record is raised last.
 */
static wcl_status sandbox_size_grow(wcl_work *work, uint64_t size, wcl_error *error)
{
    if (wcl_storage_grow(&work->layer, size, error) != WCL_OK)
        return WCL_FAILED;
    work->layer.record.limit = size;
    return wcl_layer_record_write(work->layer.fd, &work->layer.record, error);
}

static wcl_status grow_detached(wcl_work *work, uint64_t size, wcl_error *error)
{
    wcl_error ignored = WCL_ERROR_INIT;

    if (wcl_mount_acquire(&work->store, &work->layer, work->id, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = sandbox_size_grow(work, size, error);
    if (wcl_mount_release(&work->store, &work->layer, work->id, false,
                          status == WCL_OK ? error : &ignored) != WCL_OK)
        return WCL_FAILED;
    return status;
}

static wcl_status open_sandbox(const wcl_driver *driver, const char *id, wcl_work *work,
                               wcl_error *error)
{
    work->id = id;
    if (wcl_store_open(driver, &work->store, error) != WCL_OK ||
        wcl_store_layer_open(&work->store, id, WCL_LOCK_EXCLUSIVE, &work->layer, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_sandbox(work))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "it is read-only; only a sandbox can grow");
    return WCL_OK;
}

static wcl_status expand(const wcl_driver *driver, const char *id, uint64_t size, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (open_sandbox(driver, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    if (work.layer.record.limit == 0 || size <= work.layer.record.limit)
        return WCL_OK;
    /* No note for one in use: whatever is interrupted, its mounts must stay. */
    if (wcl_storage_is_attached(&work.layer))
        return sandbox_size_grow(&work, size, error);
    if (wcl_store_note_begin(&work.store, id, &work.note, error) != WCL_OK)
        return WCL_FAILED;
    return grow_detached(&work, size, error);
}

wcl_status wcl_store_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                    wcl_error *error)
{
    return expand(driver, id, size, error) == WCL_OK ? WCL_OK
                                                     : wcl_error_context(error, "expand", id);
}

/* ---- Asking --------------------------------------------------------------------------------- */

static wcl_status mount_path(const wcl_driver *driver, const char *id, char **path,
                             wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    work.id = id;
    if (wcl_store_open(driver, &work.store, error) != WCL_OK ||
        wcl_store_layer_open(&work.store, id, WCL_LOCK_NONE, &work.layer, error) != WCL_OK)
        return WCL_FAILED;
    *path = wcl_store_path(&work.store, id, wcl_work_is_prepared(&work) ? "merged" : NULL);
    return *path ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_store_mount_path(const wcl_driver *driver, const char *id, char **path,
                                wcl_error *error)
{
    return mount_path(driver, id, path, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "get the mount path of", id);
}

wcl_status wcl_sandbox_check_unmounted(const wcl_store *store, const wcl_store_layer *layer,
                                       wcl_error *error)
{
    const wcl_layer_record *record = &layer->record;
    bool sandbox = record->kind == WCL_LAYER_SANDBOX;

    /* A mount that lost its last user while somebody else held it may be free by now. */
    if (!sandbox && wcl_mount_release(store, layer, NULL, false, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_mount_is_mounted(store, record->id))
        return wcl_fail(error, WCL_CODE_BUSY,
                        "the layer '%s' is mounted at '%s/%s/merged'; unmount it first", record->id,
                        store->home, record->id);
    if (sandbox && record->limit && wcl_storage_is_attached(layer))
        return wcl_fail(error, WCL_CODE_BUSY, "the sandbox '%s' is activated; deactivate it first",
                        record->id);
    return sandbox ? wcl_sandbox_check_unused(store, layer, error) : WCL_OK;
}
