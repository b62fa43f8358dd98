/* Sandboxes: the steps from a folder to a mount and back. */
#include "layer/driver.h"
#include "layer/store/sandbox/sandbox.h"

#include <string.h>

#include "base/error.h"
#include "layer/store/home/behind.h"
#include "layer/store/mount/chain.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox_work.h"

/* ---- Activating ----------------------------------------------------------------------------- */

static wcl_status activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (wcl_work_begin(driver, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_sandbox(&work) || wcl_sandbox_is_active(&work.layer))
        return WCL_OK;
    if (wcl_mount_acquire(&work.store, &work.layer, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sandbox_set_active(&work.layer, error) == WCL_OK)
        return WCL_OK;
    wcl_mount_release(&work.store, &work.layer, id, true, NULL);
    return WCL_FAILED;
}

wcl_status wcl_store_activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return activate(driver, id, error) == WCL_OK ? WCL_OK
                                                 : wcl_error_context(error, "activate", id);
}

static wcl_status deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (wcl_work_begin(driver, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_sandbox(&work))
        return WCL_OK;
    if (wcl_work_is_prepared(&work))
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "the sandbox is mounted; it must be unprepared first");
    if (!wcl_sandbox_is_active(&work.layer))
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the sandbox is not activated");
    if (wcl_sandbox_check_unused(&work.store, &work.layer, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_mount_release(&work.store, &work.layer, id, false, error) != WCL_OK)
        return WCL_FAILED;
    wcl_sandbox_clear_active(&work.layer);
    return WCL_OK;
}

wcl_status wcl_store_deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return deactivate(driver, id, error) == WCL_OK ? WCL_OK
                                                   : wcl_error_context(error, "deactivate", id);
}

/* ---- Preparing ------------------------------------------------------------------------------ */

/* What a sandbox is to be mounted on. */
typedef struct acquiring {
    const wcl_work *work;
    const wcl_overlay_options *options; /* or NULL */
    wcl_overlay_lower lower;
} acquiring;

static wcl_status acquire_one(void *context, const wcl_store_layer *layer, wcl_error *error)
{
    acquiring *acquiring = context;
    const wcl_work *work = acquiring->work;

    if (layer->record.kind == WCL_LAYER_SANDBOX) {
        wcl_behind_wait_closed(layer->record.id);
        bool may_be_mounted = acquiring->options && acquiring->options->shares_lower;
        if (!may_be_mounted && wcl_mount_is_mounted(&work->store, layer->record.id))
            return wcl_fail(error, WCL_CODE_BUSY,
                            "'%s', which it stands on, is mounted for writing", layer->record.id);
    } else if (wcl_chain_ensure(&work->store, layer, error) != WCL_OK) {
        return WCL_FAILED;
    }
    if (wcl_mount_acquire(&work->store, layer, work->id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_overlay_lower_add(&acquiring->lower, &work->store, layer, error);
}

static wcl_status release_one(void *context, const wcl_store_layer *layer, wcl_error *error)
{
    const wcl_work *work = context;

    return wcl_mount_release(&work->store, layer, work->id, false, error);
}

static wcl_status prepare_sandbox(wcl_work *work, const wcl_overlay_options *options,
                                  wcl_error *error)
{
    const wcl_layer_record *record = &work->layer.record;
    acquiring acquiring = { work, options, WCL_OVERLAY_LOWER_INIT };

    if (!wcl_sandbox_is_active(&work->layer))
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "the sandbox is not activated; that must come first");
    wcl_behind_wait_closed(work->id);
    wcl_status status = wcl_sandbox_each_used(&work->store, record, WCL_LOCK_SHARED, acquire_one,
                                              &acquiring, error);
    if (status == WCL_OK)
        status = wcl_overlay_mount(&work->store, &work->layer, &acquiring.lower, options, error);
    wcl_overlay_lower_free(&acquiring.lower);
    if (status == WCL_OK && wcl_sandbox_note_mounted(&work->layer, true, error) != WCL_OK) {
        wcl_mount_undo(&work->store, work->id, "merged", true, NULL);
        status = WCL_FAILED;
    }
    if (status != WCL_OK)
        wcl_sandbox_each_used(&work->store, record, WCL_LOCK_NONE, release_one, work, NULL);
    return status;
}

/* Callers may name the parents again; they must not have changed their mind. */
static wcl_status check_parents(const wcl_layer_record *record, wcl_parents parents,
                                wcl_error *error)
{
    bool same = parents.count == 0 || parents.count == record->parent_count;

    for (size_t i = 0; same && i < parents.count; i++) {
        const char *id;
        if (wcl_layer_parent_id(parents.paths[i], &id, error) != WCL_OK)
            return WCL_FAILED;
        same = strcmp(id, record->parents[i]) == 0;
    }
    if (same)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the parents are not those that the layer was made with");
}

static wcl_status sandbox_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                                  const wcl_overlay_options *options, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (wcl_work_begin(driver, id, &work, error) != WCL_OK ||
        check_parents(&work.layer.record, parents, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_work_is_prepared(&work))
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "the layer is mounted already at '%s/%s/merged'", work.store.home, id);
    if (wcl_work_is_sandbox(&work))
        return prepare_sandbox(&work, options, error);
    if (wcl_chain_ensure(&work.store, &work.layer, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mount_acquire(&work.store, &work.layer, id, error);
}

wcl_status wcl_store_prepare_with(const wcl_driver *driver, const char *id, wcl_parents parents,
                                  const wcl_overlay_options *options, wcl_error *error)
{
    return sandbox_prepare(driver, id, parents, options, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "prepare", id);
}

wcl_status wcl_store_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_error *error)
{
    return wcl_store_prepare_with(driver, id, parents, NULL, error);
}

/* Who wants it done behind is an engine, which knows when its containers have ended. */
static wcl_status undo_sandbox(const wcl_work *work, bool behind, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (!behind)
        status = wcl_sandbox_check_unused(&work->store, &work->layer, error);
    /* The storage of a limited one ends with it, and that is waited for. */
    if (status == WCL_OK)
        status = behind && work->layer.record.limit == 0
                     ? wcl_mount_undo_behind(&work->store, work->id, error)
                     : wcl_mount_undo(&work->store, work->id, "merged", false, error);
    return status == WCL_OK ? wcl_sandbox_note_mounted(&work->layer, false, error) : WCL_FAILED;
}

static wcl_status unprepare(const wcl_driver *driver, const char *id, bool behind, wcl_error *error)
{
    WCL_CLEANUP_WORK wcl_work work = WCL_WORK_INIT;

    if (wcl_work_begin(driver, id, &work, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_work_is_prepared(&work))
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the layer is not mounted");
    if (!wcl_work_is_sandbox(&work))
        return wcl_mount_release(&work.store, &work.layer, id, false, error);
    if (undo_sandbox(&work, behind, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_sandbox_each_used(&work.store, &work.layer.record, WCL_LOCK_NONE, release_one, &work,
                                 error);
}

wcl_status wcl_store_unprepare(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return unprepare(driver, id, false, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "unprepare", id);
}

wcl_status wcl_store_unprepare_behind(const wcl_driver *driver, const char *id, wcl_error *error)
{
    return unprepare(driver, id, wcl_behind_is_running(), error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "unprepare", id);
}
