/*
 * Sandboxes: the writable layers of the portable provider, and the mounts of read-only ones.
 *
 *     HOME/ID/active    a sandbox was activated; holds the id of the system's run (boot) in which
 *                       that was, since mounts do not outlive it
 *     HOME/ID/upper/    what was changed: see storage.h
 *     HOME/ID/merged/   where the layer is mounted
 *
 * The functions are those of wcl/layer.h behind the provider's table. Activating an active sandbox
 * succeeds. Every other call out of turn fails with INVALID_STATE: preparing what is not activated
 * or is prepared already, deactivating what is prepared, undoing what was not done.
 */
#ifndef WCL_STORE_SANDBOX_H
#define WCL_STORE_SANDBOX_H

#include "layer/store/mount/overlay.h"

wcl_status wcl_store_create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error);
wcl_status wcl_store_activate(const wcl_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_store_deactivate(const wcl_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_store_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                             wcl_error *error);
wcl_status wcl_store_unprepare(const wcl_driver *driver, const char *id, wcl_error *error);
wcl_status wcl_store_mount_path(const wcl_driver *driver, const char *id, char **path,
                                wcl_error *error);
wcl_status wcl_store_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                    wcl_error *error);

/* wcl_store_unprepare() that does not wait for the end of a sandbox's mount, nor for its users. */
wcl_status wcl_store_unprepare_behind(const wcl_driver *driver, const char *id, wcl_error *error);

/* wcl_store_prepare() with options, which are a sandbox's; NULL is allowed. */
wcl_status wcl_store_prepare_with(const wcl_driver *driver, const char *id, wcl_parents parents,
                                  const wcl_overlay_options *options, wcl_error *error);

/*
 * Makes a sandbox the read-only layer of what was changed in it, on the same parent or, where it
 * is to stand `alone`, on none (its parents must be empty then). Fails with BUSY, and changes
 * nothing, while it or a sandbox on it is mounted, or its parent is a sandbox. Sandboxes on it go
 * on standing on it. Nothing is to be done for what is read-only already.
 */
wcl_status wcl_store_freeze_sandbox(const wcl_driver *driver, const char *id, bool alone,
                                    wcl_error *error);

/* Before a layer is removed: fails with BUSY while it is mounted. The layer is locked exclusively.
 */
wcl_status wcl_sandbox_check_unmounted(const wcl_store *store, const wcl_store_layer *layer,
                                       wcl_error *error);

/* Calls `visit`, with the layer so locked, for each layer whose mount a sandbox uses: the sandboxes
 * it stands on, nearest first, and the first read-only layer. */
wcl_status wcl_sandbox_each_used(const wcl_store *store, const wcl_layer_record *record,
                                 wcl_lock lock,
                                 wcl_status (*visit)(void *context, const wcl_store_layer *layer,
                                                     wcl_error *error),
                                 void *context, wcl_error *error);

/*
 * Fails with BUSY where a sandbox's mount is in use in a place other than its merged folder, such
 * as a container's root: what is below it must stay then. Only a mount that was noted as prepared
 * is looked for.
 */
wcl_status wcl_sandbox_check_unused(const wcl_store *store, const wcl_store_layer *layer,
                                    wcl_error *error);

/* The marker of activation. */
bool wcl_sandbox_is_active(const wcl_store_layer *layer);
wcl_status wcl_sandbox_set_active(const wcl_store_layer *layer, wcl_error *error);
void wcl_sandbox_clear_active(const wcl_store_layer *layer);
/* In it whether the sandbox is mounted, and in which namespace. */
wcl_status wcl_sandbox_note_mounted(const wcl_store_layer *layer, bool mounted, wcl_error *error);

#endif
