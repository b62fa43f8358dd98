/* Making a sandbox a read-only layer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/read/entries.h"
#include "layer/store/import/import.h"
#include "layer/store/mount/mount.h"
#include "layer/store/sandbox/sandbox.h"

typedef struct users_search {
    const wcl_store *store;
    const char *id;
} users_search;

static bool is_worked_on(const wcl_store *store, const char *id)
{
    char note[192];

    snprintf(note, sizeof(note), "work-%s", id);
    return faccessat(store->staging_fd, note, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A sandbox that is mounted on this one has its upper in use. */
static wcl_status refuse_if_mounted_on(void *context, const char *id, wcl_error *error)
{
    const users_search *search = context;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (strcmp(id, search->id) == 0 ||
        (!wcl_mount_is_mounted(search->store, id) && !is_worked_on(search->store, id)) ||
        wcl_store_layer_open(search->store, id, WCL_LOCK_NONE, &layer, NULL) != WCL_OK)
        return WCL_OK;
    for (size_t i = 0; i < layer.record.parent_count; i++)
        if (strcmp(layer.record.parents[i], search->id) == 0)
            return wcl_fail(error, WCL_CODE_BUSY, "'%s', which stands on it, is mounted", id);
    return WCL_OK;
}

/* The chain that the layer is to have: its parent and what that stands on by now. */
static wcl_status find_chain(const wcl_store *store, const wcl_layer_record *record,
                             wcl_store_layer *parent, const char ***ids, size_t *count,
                             wcl_error *error)
{
    if (wcl_store_layer_open(store, record->parents[0], WCL_LOCK_SHARED, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (parent->record.kind == WCL_LAYER_SANDBOX)
        return wcl_fail(error, WCL_CODE_BUSY, "its parent '%s' is still writable",
                        parent->record.id);
    *ids = calloc(parent->record.parent_count + 1, sizeof(**ids));
    if (!*ids)
        return wcl_fail_memory(error);
    (*ids)[(*count)++] = parent->record.id;
    for (size_t i = 0; i < parent->record.parent_count; i++)
        (*ids)[(*count)++] = parent->record.parents[i];
    return WCL_OK;
}

static wcl_status write_tar(const wcl_driver *driver, const char *id, int stage_fd,
                            wcl_error *error)
{
    wcl_store store = WCL_STORE_INIT;
    wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    WCL_CLEANUP_FD int fd =
        openat(stage_fd, "layer.tar", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot create layer.tar");
    if (wcl_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    /* The lock is the caller's. */
    if (wcl_store_layer_open(&store, id, WCL_LOCK_NONE, &layer, error) == WCL_OK)
        return wcl_sandbox_export(&store, &layer, wcl_write_fd, &fd, NULL, error);
    wcl_store_close(&store);
    return WCL_FAILED;
}

static wcl_status make_layer(const wcl_driver *driver, const wcl_store *store,
                             const wcl_layer_record *record, bool alone, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer parent = WCL_STORE_LAYER_INIT;
    WCL_CLEANUP_FREE const char **ids = NULL;
    const wcl_import_options options = { .struct_size = sizeof(options), .os = record->os };
    wcl_stage stage = WCL_STAGE_INIT;
    size_t count = 0;

    if (!alone && find_chain(store, record, &parent, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_stage_begin_replacing(store, &stage, error);
    if (status == WCL_OK)
        status = write_tar(driver, record->id, stage.fd, error);
    if (status == WCL_OK)
        status = wcl_store_import(
            store,
            &(wcl_import_request) {
                .id = record->id, .parents = { ids, count }, .stage = &stage, .options = &options },
            NULL, error);
    wcl_stage_end(store, &stage);
    return status;
}

wcl_status wcl_store_freeze_sandbox(const wcl_driver *driver, const char *id, bool alone,
                                    wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    users_search search = { &store, id };

    wcl_status status = wcl_store_open(driver, &store, error);
    if (status == WCL_OK)
        status = wcl_store_layer_open(&store, id, WCL_LOCK_EXCLUSIVE, &layer, error);
    if (status == WCL_OK && layer.record.kind == WCL_LAYER_SANDBOX) {
        status = wcl_sandbox_check_unmounted(&store, &layer, error);
        if (status == WCL_OK)
            status = wcl_store_each(&store, refuse_if_mounted_on, &search, error);
        if (status == WCL_OK)
            status = make_layer(driver, &store, &layer.record, alone, error);
    }
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "freeze", id);
}
