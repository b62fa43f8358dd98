/* Chains of parents, and the layerchain.json that keeps them. */
#include "layer/vmcompute/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/list.h"
#include "platform/windows/files.h"

#define FILE_NAME "layerchain.json"
/* The longest one that is read; thousands of parents fit. */
#define FILE_MAX (4u * 1024 * 1024)

void wcl_vm_chain_free(wcl_vm_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        free(chain->paths[i]);
    free(chain->paths);
    *chain = (wcl_vm_chain)WCL_VM_CHAIN_INIT;
}

/* Takes over `path`, which may be NULL after a failure. */
static wcl_status vmcompute_chain_add(wcl_vm_chain *chain, char *path, wcl_error *error)
{
    if (!path)
        return WCL_FAILED;
    if (WCL_LIST_RESERVE(chain->paths, chain->count, chain->capacity, error) != WCL_OK) {
        free(path);
        return WCL_FAILED;
    }
    chain->paths[chain->count++] = path;
    return WCL_OK;
}

const char *wcl_vm_layer_id(const char *path)
{
    const char *last = path;

    for (const char *at = path; *at; at++)
        if (*at == '\\' || *at == '/')
            last = at + 1;
    return last;
}

char *wcl_vm_layer_folder(const wcl_driver *driver, const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer folder = WCL_BUFFER_INIT;
    size_t length = strlen(driver->home_dir);
    bool ends = length && strchr("\\/", driver->home_dir[length - 1]);
    wcl_status status =
        wcl_vm_layer_id(path) != path
            ? wcl_buffer_append_text(&folder, path, error)
            : wcl_buffer_printf(&folder, error, "%s%s%s", driver->home_dir, ends ? "" : "\\", path);

    return status == WCL_OK ? wcl_buffer_detach(&folder, NULL, error) : NULL;
}

/* The long path of the layerchain.json in a layer's folder. */
static char *file_of(const char *folder, wcl_error *error)
{
    WCL_CLEANUP_FREE char *root = wcl_long_path(folder, error);

    return root ? wcl_long_join(root, FILE_NAME, error) : NULL;
}

static wcl_status add_paths(wcl_vm_chain *chain, const cJSON *json, const char *file,
                            wcl_error *error)
{
    const cJSON *item;

    if (cJSON_IsNull(json))
        return WCL_OK;
    if (!cJSON_IsArray(json))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' is not a list of parents", file);
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item) || !*item->valuestring)
            return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' lists what is not a path", file);
        char *path = strdup(item->valuestring);
        if (!path)
            return wcl_fail_memory(error);
        if (vmcompute_chain_add(chain, path, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Adds what the layerchain.json of a layer's folder lists; nothing where there is none. */
static wcl_status read_chain(wcl_vm_chain *chain, const char *folder, wcl_error *error)
{
    WCL_CLEANUP_FREE char *file = file_of(folder, error);
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;

    if (!file)
        return WCL_FAILED;
    wcl_status status = wcl_file_read_all(file, FILE_MAX, &text, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    if (wcl_json_parse(wcl_buffer_text(&text), text.size, FILE_MAX, &json, error) != WCL_OK)
        return wcl_error_context(error, NULL, file);
    return add_paths(chain, json, file, error);
}

wcl_status wcl_vm_chain_of(const wcl_driver *driver, wcl_parents parents, wcl_vm_chain *chain,
                           wcl_error *error)
{
    for (size_t i = 0; i < parents.count; i++)
        if (vmcompute_chain_add(chain, wcl_vm_layer_folder(driver, parents.paths[i], error),
                                error) != WCL_OK)
            return WCL_FAILED;
    return chain->count ? read_chain(chain, chain->paths[chain->count - 1], error) : WCL_OK;
}

wcl_status wcl_vm_chain_of_layer(const wcl_driver *driver, const char *id, wcl_parents parents,
                                 wcl_vm_chain *chain, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = NULL;

    if (parents.count)
        return wcl_vm_chain_of(driver, parents, chain, error);
    folder = wcl_vm_layer_folder(driver, id, error);
    return folder ? read_chain(chain, folder, error) : WCL_FAILED;
}

/* The text of a layerchain.json; NULL when out of memory. */
static char *print_chain(const wcl_vm_chain *chain)
{
    WCL_CLEANUP_JSON cJSON *list = cJSON_CreateArray();

    if (!list)
        return NULL;
    for (size_t i = 0; i < chain->count; i++) {
        cJSON *path = cJSON_CreateString(chain->paths[i]);
        if (!path || !cJSON_AddItemToArray(list, path)) {
            cJSON_Delete(path);
            return NULL;
        }
    }
    return wcl_json_print(list);
}

wcl_status wcl_vm_chain_write(const wcl_driver *driver, const char *id, const wcl_vm_chain *chain,
                              wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = wcl_vm_layer_folder(driver, id, error);
    WCL_CLEANUP_FREE char *file = folder ? file_of(folder, error) : NULL;
    WCL_CLEANUP_FREE char *text = NULL;
    void *handle;

    if (!file)
        return WCL_FAILED;
    if (chain->count == 0)
        return WCL_OK;
    text = print_chain(chain);
    if (!text)
        return wcl_fail_memory(error);
    if (wcl_file_remove(file, error) != WCL_OK ||
        wcl_file_open(file, WCL_CREATE_PLAIN, &handle, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_write(handle, text, strlen(text), error);
    wcl_file_close(handle);
    return status;
}
