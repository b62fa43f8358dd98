/* Making a sandbox. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/driver.h"
#include "layer/store/home/behind.h"
#include "layer/store/sandbox/sandbox.h"
#include "layer/store/mount/storage.h"

/* The parents that the caller names must be the chain that the parent has. */
static wcl_status check_chain(const wcl_layer_record *parent, wcl_parents parents, wcl_error *error)
{
    bool same = parents.count == 0 || parents.count == parent->parent_count + 1;

    for (size_t i = 0; same && i < parents.count; i++) {
        const char *id;
        if (wcl_layer_parent_id(parents.paths[i], &id, error) != WCL_OK)
            return WCL_FAILED;
        same = strcmp(id, i == 0 ? parent->id : parent->parents[i - 1]) == 0;
    }
    if (same)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the parents are not '%s' and the %zu that it stands on itself", parent->id,
                    parent->parent_count);
}

static wcl_status sandbox_create_describe(const wcl_layer_record *parent, const char *id,
                                          uint64_t limit, wcl_layer_record *record,
                                          wcl_error *error)
{
    record->kind = WCL_LAYER_SANDBOX;
    record->os = parent->os;
    record->limit = limit;
    record->created = (int64_t)time(NULL);
    record->id = strdup(id);
    record->parents = calloc(parent->parent_count + 2, sizeof(char *));
    if (!record->id || !record->parents)
        return wcl_fail_memory(error);
    for (size_t i = 0; i <= parent->parent_count; i++) {
        record->parents[i] = strdup(i == 0 ? parent->id : parent->parents[i - 1]);
        if (!record->parents[i])
            return wcl_fail_memory(error);
        record->parent_count++;
    }
    return WCL_OK;
}

static wcl_status make_sandbox(const wcl_store *store, const wcl_layer_record *record,
                               wcl_error *error)
{
    wcl_stage stage = WCL_STAGE_INIT;

    if (wcl_stage_begin(store, record->id, &stage, error) != WCL_OK)
        return WCL_FAILED;
    stage.is_light = wcl_behind_is_running();
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, ".staging", stage.name);
    wcl_status status = path ? WCL_OK : wcl_fail_memory(error);
    if (status == WCL_OK)
        status = wcl_storage_make(stage.fd, path, record->limit, error);
    if (status == WCL_OK)
        status = wcl_record_write_new(stage.fd, record, error);
    if (status == WCL_OK)
        status = wcl_stage_commit(store, &stage, record->id, error);
    wcl_stage_end(store, &stage);
    return status;
}

static wcl_status sandbox_create_on(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer below = WCL_STORE_LAYER_INIT;
    WCL_CLEANUP_LAYER_RECORD wcl_layer_record record = WCL_LAYER_RECORD_INIT;
    const char *parent_id;

    if ((!parent || !*parent) && parents.count > 0)
        parent = parents.paths[0];
    if (!parent || !*parent)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a sandbox needs a parent layer");
    if (wcl_layer_parent_id(parent, &parent_id, error) != WCL_OK ||
        wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_layer_open(&store, parent_id, WCL_LOCK_SHARED, &below, error) != WCL_OK ||
        check_chain(&below.record, parents, error) != WCL_OK ||
        sandbox_create_describe(&below.record, id, size, &record, error) != WCL_OK)
        return WCL_FAILED;
    return make_sandbox(&store, &record, error);
}

wcl_status wcl_store_create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_parents parents, uint64_t size, wcl_error *error)
{
    if (sandbox_create_on(driver, id, parent, parents, size, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "create sandbox", id);
}
