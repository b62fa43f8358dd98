/* What is known of the layers of a home folder: from their folders and layerchain.json. */
#include "layer/vmcompute/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/vmcompute/target.h"
#include "platform/windows/files.h"

/* Seconds from 1601 to 1970. */
#define EPOCH_SECONDS 11644473600

static const char *ask_put_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);

    *at += size;
    return copy;
}

/* One piece of memory: the struct, the list of parents, and the texts. */
static wcl_layer_info *make_info(const char *id, const wcl_vm_chain *chain)
{
    size_t size = sizeof(wcl_layer_info) + chain->count * sizeof(char *) + strlen(id) + 1;

    for (size_t i = 0; i < chain->count; i++)
        size += strlen(wcl_vm_layer_id(chain->paths[i])) + 1;
    wcl_layer_info *info = calloc(1, size);
    if (!info)
        return NULL;
    const char **parents = (const char **)(info + 1);
    char *texts = (char *)(parents + chain->count);
    info->id = ask_put_text(&texts, id);
    for (size_t i = 0; i < chain->count; i++)
        parents[i] = ask_put_text(&texts, wcl_vm_layer_id(chain->paths[i]));
    info->parents = parents;
    info->parent_count = chain->count;
    info->os = "windows";
    return info;
}

/* Whether the layer's folder has a file of that name. */
static wcl_status has_file(const char *root, const char *name, bool *has, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_long_join(root, name, error);
    uint32_t attributes;
    wcl_status status = path ? wcl_file_attributes(path, &attributes, error) : WCL_FAILED;

    *has = status == WCL_OK;
    return status == WCL_END ? WCL_OK : status;
}

/* When the layer's folder was made. */
static wcl_status find_created(const char *root, int64_t *created, wcl_error *error)
{
    wcl_vm_file_info info;
    void *folder;

    if (wcl_file_open(root, WCL_OPEN_PLAIN, &folder, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_get_info(folder, &info, error);
    wcl_file_close(folder);
    if (status == WCL_OK)
        *created = info.creation_time / 10000000 - EPOCH_SECONDS;
    return status;
}

/* A sandbox has a virtual disk, and is mounted where its mount path is a volume. */
static wcl_status ask_describe(const wcl_driver *driver, wcl_layer_info *info, const char *root,
                               wcl_error *error)
{
    const wcl_vm_driver vm_driver = wcl_vm_driver_of(driver);
    WCL_CLEANUP_FREE char *mount = NULL;
    bool is_sandbox;

    if (has_file(root, "sandbox.vhdx", &is_sandbox, error) != WCL_OK ||
        find_created(root, &info->created, error) != WCL_OK)
        return WCL_FAILED;
    info->kind = is_sandbox ? "sandbox" : info->parent_count ? "layer" : "base";
    if (is_sandbox && wcl_vm_layer_mount_path(&vm_driver, info->id, &mount, NULL) == WCL_OK)
        info->is_mounted = strncmp(mount, "\\\\?\\Volume{", 11) == 0;
    return WCL_OK;
}

wcl_status wcl_vm_get_info(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                           wcl_error *error)
{
    const wcl_vm_driver vm_driver = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;
    WCL_CLEANUP_FREE char *folder = wcl_vm_layer_folder(driver, id, error);
    WCL_CLEANUP_FREE char *root = folder ? wcl_long_path(folder, error) : NULL;
    bool exists;

    if (!root || wcl_vm_layer_exists(&vm_driver, id, &exists, error) != WCL_OK)
        return WCL_FAILED;
    if (!exists)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no such layer in '%s'",
                        driver->home_dir);
    if (wcl_vm_chain_of_layer(driver, id, (wcl_parents) { NULL, 0 }, &chain, error) != WCL_OK)
        return WCL_FAILED;
    wcl_layer_info *made = make_info(id, &chain);
    if (!made)
        return wcl_fail_memory(error);
    if (ask_describe(driver, made, root, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *info = made;
    return WCL_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ids as one piece of memory, in order. `names` has them one behind the other. */
static wcl_status make_list(const wcl_buffer *names, size_t count, char ***ids, wcl_error *error)
{
    char **list = calloc(1, (count + 1) * sizeof(*list) + names->size);

    if (!list)
        return wcl_fail_memory(error);
    char *texts = (char *)(list + count + 1);
    if (names->size)
        memcpy(texts, names->data, names->size);
    for (size_t i = 0; i < count; i++, texts += strlen(texts) + 1)
        list[i] = texts;
    qsort(list, count, sizeof(*list), compare_texts);
    *ids = list;
    return WCL_OK;
}

wcl_status wcl_vm_list(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error)
{
    const wcl_vm_driver vm_driver = wcl_vm_driver_of(driver);
    WCL_CLEANUP_BUFFER wcl_buffer found = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *home = wcl_long_path(driver->home_dir, error);
    WCL_CLEANUP_FREE char *names = home ? wcl_folder_names(home, error) : NULL;

    if (!names)
        return WCL_FAILED;
    *count = 0;
    for (const char *name = names; *name; name += strlen(name) + 1) {
        bool exists = false;
        if (wcl_layer_id_check(name, NULL) != WCL_OK)
            continue;
        if (wcl_vm_layer_exists(&vm_driver, name, &exists, error) != WCL_OK)
            return WCL_FAILED;
        if (exists && wcl_buffer_append(&found, name, strlen(name) + 1, error) != WCL_OK)
            return WCL_FAILED;
        *count += exists;
    }
    return make_list(&found, *count, ids, error);
}
