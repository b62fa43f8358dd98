/*
 * What layers' names tell: docker's "-init" layers, and those that the driver makes beside
 * docker's, the empty one that a writable layer on nothing stands on, and the one
 * that a diff is put into on its way into a writable layer.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"

#define INIT_SUFFIX "-init"
#define SCRATCH_SUFFIX ".scratch"
#define APPLIED_SUFFIX ".applied"

bool wcl_graphdriver_is_init(const char *id)
{
    size_t length = strlen(id), size = strlen(INIT_SUFFIX);

    return length >= size && strcmp(id + length - size, INIT_SUFFIX) == 0;
}

bool wcl_graphdriver_is_scratch_of(const char *scratch, const char *id)
{
    size_t length = strlen(id);

    return strncmp(scratch, id, length) == 0 && strcmp(scratch + length, SCRATCH_SUFFIX) == 0;
}

wcl_status wcl_graphdriver_make_scratch(wcl_graphdriver *driver, const char *id,
                                        char scratch[WCL_COMPANION_SIZE], wcl_error *error)
{
    bool found;

    snprintf(scratch, WCL_COMPANION_SIZE, "%.140s" SCRATCH_SUFFIX, id);
    if (wcl_layer_exists(&driver->layers, scratch, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? WCL_OK : wcl_layer_create(&driver->layers, scratch, NULL, error);
}

/* Whether there is a layer of that name; a name that is too long for a layer is not one's. */
static wcl_status find_companion(const wcl_graphdriver *driver, const char *id, const char *suffix,
                                 char name[WCL_COMPANION_SIZE], bool *found, wcl_error *error)
{
    snprintf(name, WCL_COMPANION_SIZE, "%.140s%s", id, suffix);
    *found = false;
    if (wcl_layer_id_check(name, NULL) != WCL_OK)
        return WCL_OK;
    return wcl_layer_exists(&driver->layers, name, found, error);
}

wcl_status wcl_graphdriver_remove_scratch(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    char scratch[WCL_COMPANION_SIZE];
    bool found;

    if (find_companion(driver, id, SCRATCH_SUFFIX, scratch, &found, error) != WCL_OK ||
        (found && wcl_layer_get_info(&driver->layers, scratch, &info, error) != WCL_OK))
        return WCL_FAILED;
    /* Anything else of that name is somebody's. */
    bool is_scratch = info && strcmp(info->kind, "empty") == 0 && info->parent_count == 0;
    return is_scratch ? wcl_layer_destroy(&driver->layers, scratch, error) : WCL_OK;
}

wcl_status wcl_graphdriver_discard_applied(wcl_graphdriver *driver, const char *id,
                                           char applied[WCL_COMPANION_SIZE], wcl_error *error)
{
    bool found;

    if (find_companion(driver, id, APPLIED_SUFFIX, applied, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? wcl_layer_destroy(&driver->layers, applied, error) : WCL_OK;
}
