/* Making and removing layers. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"

#define INIT_SUFFIX "-init"
#define SCRATCH_SUFFIX ".scratch"
#define NO_PARENTS                                                                                 \
    (wcl_parents)                                                                                  \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

static wcl_status check_options(const wcl_graphdriver_create_options *options, wcl_error *error)
{
    if (!options || options->struct_size == sizeof(*options))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the wcl_graphdriver_create_options do not say their size in struct_size");
}

static wcl_status check_new(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    bool found;

    if (wcl_graphdriver_exists(driver, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a layer '%s' already", id)
                 : WCL_OK;
}

static wcl_status check_parent(wcl_graphdriver *driver, const char *parent, wcl_error *error)
{
    bool found;

    if (wcl_layer_id_check(parent, error) != WCL_OK)
        return wcl_error_context(error, NULL, "its parent");
    if (wcl_graphdriver_exists(driver, parent, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "its parent '%s' does not exist", parent);
}

/* ---- Read-only layers ------------------------------------------------------------------------ */

static wcl_status check_read_only_parent(wcl_graphdriver *driver, const char *parent,
                                         wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (check_parent(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_get_info(&driver->layers, parent, &info, NULL) == WCL_OK &&
        strcmp(info->kind, "sandbox") == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "its parent '%s' is writable; a read-only layer cannot stand on one",
                        parent);
    return WCL_OK;
}

static bool is_filled(const wcl_graphdriver *driver, const char *id)
{
    bool found = false;

    return wcl_layer_exists(&driver->layers, id, &found, NULL) != WCL_OK || found;
}

/* A call whose answer got lost is made again: it finds what it asked for. */
static bool is_noted(const wcl_graphdriver *driver, const char *id, const char *parent)
{
    WCL_CLEANUP_FREE char *noted = NULL;

    return wcl_pending_parent(driver, id, &noted, NULL) == WCL_OK && strcmp(noted, parent) == 0 &&
           !is_filled(driver, id);
}

static wcl_status create(wcl_graphdriver *driver, const char *id, const char *parent,
                         const wcl_graphdriver_create_options *options, wcl_error *error)
{
    if (check_options(options, error) != WCL_OK)
        return WCL_FAILED;
    if (options && options->storage_option_count)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "storage options are for writable layers only, not '%.80s' for this one",
                        options->storage_options[0]);
    if (is_noted(driver, id, parent))
        return WCL_OK;
    if (check_new(driver, id, error) != WCL_OK ||
        (*parent && check_read_only_parent(driver, parent, error) != WCL_OK))
        return WCL_FAILED;
    return wcl_pending_add(driver, id, parent, error);
}

/* Checks the id, takes its turn, does it, and says what was done to what. */
#define WITH_TURN(driver, id, operation, error, call)                                              \
    wcl_reference *reference;                                                                      \
    wcl_status status = wcl_layer_id_check(id, error);                                             \
    if (status == WCL_OK)                                                                          \
        status = wcl_references_enter(&(driver)->references, id, &reference, error);               \
    if (status != WCL_OK)                                                                          \
        return wcl_error_context(error, operation, id);                                            \
    status = call;                                                                                 \
    wcl_references_leave(&(driver)->references, reference);                                        \
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, operation, id);

wcl_status wcl_graphdriver_create(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    WITH_TURN(driver, id, "create layer", error,
              create(driver, id, parent ? parent : "", options, error))
}

static wcl_status settle(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;
    bool found;

    wcl_status status = wcl_pending_parent(driver, id, &parent, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (*parent && wcl_graphdriver_settle(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    /* One that was filled just before its note could be removed is settled. */
    if (wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK ||
        (!found && wcl_layer_create(&driver->layers, id, parent, error) != WCL_OK))
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    return WCL_OK;
}

wcl_status wcl_graphdriver_settle(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WITH_TURN(driver, id, "complete layer", error, settle(driver, id, error))
}

/* ---- Writable layers ------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length >= size && strcmp(text + length - size, end) == 0;
}

bool wcl_graphdriver_is_scratch_of(const char *scratch, const char *id)
{
    size_t length = strlen(id);

    return strncmp(scratch, id, length) == 0 && strcmp(scratch + length, SCRATCH_SUFFIX) == 0;
}

/* What stands on nothing gets an empty layer of its own to stand on. */
static wcl_status make_scratch(wcl_graphdriver *driver, const char *id, char scratch[160],
                               wcl_error *error)
{
    bool found;

    snprintf(scratch, 160, "%.140s" SCRATCH_SUFFIX, id);
    if (wcl_layer_exists(&driver->layers, scratch, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? WCL_OK : wcl_layer_create(&driver->layers, scratch, NULL, error);
}

static bool has_changes(const wcl_graphdriver *driver, const char *id)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;

    if (wcl_layer_reader_open(&driver->layers, id, NO_PARENTS, &reader, NULL) != WCL_OK)
        return true;
    bool found = wcl_layer_reader_next(reader, &entry, NULL) != WCL_END;
    wcl_layer_reader_close(reader, NULL);
    return found;
}

/* Likewise: a layer like the one that is asked for, in which nothing was done yet. */
static bool is_as_new(const wcl_graphdriver *driver, const char *id, const char *parent,
                      uint64_t size)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (!is_filled(driver, id) || wcl_layer_get_info(&driver->layers, id, &info, NULL) != WCL_OK ||
        strcmp(info->kind, "sandbox") != 0 || info->limit != size || info->is_mounted)
        return false;
    bool same = *parent ? strcmp(info->parents[0], parent) == 0
                        : wcl_graphdriver_is_scratch_of(info->parents[0], id);
    return same && !has_changes(driver, id);
}

static wcl_status create_writable(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    uint64_t size = driver->size;
    char scratch[160] = "";

    if (check_options(options, error) != WCL_OK ||
        (options &&
         wcl_storage_options_parse(options->storage_options, options->storage_option_count, &size,
                                   error) != WCL_OK))
        return WCL_FAILED;
    /* Docker alone writes to one of these, a few empty files. */
    if (ends_with(id, INIT_SUFFIX))
        size = 0;
    if (is_as_new(driver, id, parent, size))
        return WCL_OK;
    if (check_new(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        *parent ? check_parent(driver, parent, error) : make_scratch(driver, id, scratch, error);
    if (status == WCL_OK && *parent)
        status = wcl_graphdriver_settle(driver, parent, error);
    if (status == WCL_OK)
        status = wcl_layer_create_sandbox(&driver->layers, id, *parent ? parent : scratch,
                                          NO_PARENTS, size, error);
    if (status != WCL_OK && *scratch)
        wcl_layer_destroy(&driver->layers, scratch, NULL);
    return status;
}

wcl_status wcl_graphdriver_create_read_write(wcl_graphdriver *driver, const char *id,
                                             const char *parent,
                                             const wcl_graphdriver_create_options *options,
                                             wcl_error *error)
{
    WITH_TURN(driver, id, "create writable layer", error,
              create_writable(driver, id, parent ? parent : "", options, error))
}

/* ---- Removing -------------------------------------------------------------------------------- */

static wcl_status destroy(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_error first = WCL_ERROR_INIT;

    if (wcl_layer_destroy(&driver->layers, id, &first) == WCL_OK)
        return WCL_OK;
    /* Docker removes only what it is done with, even if some of its Puts got lost. */
    if (first.code == WCL_CODE_BUSY) {
        if (wcl_graphdriver_unmount(driver, id, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_layer_destroy(&driver->layers, id, error);
    }
    if (error)
        *error = first;
    return WCL_FAILED;
}

static wcl_status remove_layer(wcl_graphdriver *driver, const char *id, wcl_reference *reference,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    bool found = false;

    if (wcl_pending_check_unused(driver, id, error) != WCL_OK ||
        wcl_layer_exists(&driver->layers, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found && (wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK ||
                  destroy(driver, id, error) != WCL_OK))
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    reference->count = 0;
    reference->adopted = false;
    if (info && info->parent_count && wcl_graphdriver_is_scratch_of(info->parents[0], id))
        return wcl_layer_destroy(&driver->layers, info->parents[0], error);
    return WCL_OK;
}

wcl_status wcl_graphdriver_remove(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WITH_TURN(driver, id, "remove", error, remove_layer(driver, id, reference, error))
}
