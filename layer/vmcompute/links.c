/* Hard links, made after the import. */
#include "layer/vmcompute/links.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/entry/windows_names.h"
#include "platform/windows/files.h"

#define IN_FILES "Files/"
#define IN_UTILITY_VM "UtilityVM/Files/"

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

wcl_status wcl_vm_links_add(wcl_vm_links *links, const char *path, const char *target,
                            wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK ||
        wcl_path_check_windows(target, error) != WCL_OK ||
        WCL_LIST_RESERVE(links->items, links->count, links->capacity, error) != WCL_OK)
        return WCL_FAILED;
    if (!(begins(path, IN_FILES) && begins(target, IN_FILES)) &&
        !(begins(path, IN_UTILITY_VM) && begins(target, IN_UTILITY_VM)))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "a hard link and its target '%s' must both lie in Files, or both in "
                        "UtilityVM/Files",
                        target);
    wcl_vm_link *link = &links->items[links->count++];
    *link = (wcl_vm_link) { strdup(path), strdup(target) };
    return link->path && link->target ? WCL_OK : wcl_fail_memory(error);
}

/* The long path of an entry in the folder `root`; WCL_END where that does not have it. */
static wcl_status vmcompute_links_find_in(const char *root, const char *path, char **found,
                                          wcl_error *error)
{
    WCL_CLEANUP_FREE char *candidate = wcl_long_join(root, path, error);
    WCL_CLEANUP_FREE char *checked = NULL;
    uint32_t attributes;

    if (!candidate)
        return WCL_FAILED;
    wcl_status status = wcl_file_attributes(candidate, &attributes, error);
    if (status == WCL_OK)
        status = wcl_check_folders(root, path, &checked, error);
    if (status == WCL_OK) {
        *found = candidate;
        candidate = NULL;
    }
    return status;
}

static wcl_status vmcompute_links_find_target(const wcl_vm_target *layer, const char *target,
                                              char **found, wcl_error *error)
{
    wcl_status status = vmcompute_links_find_in(layer->root, target, found, error);

    for (size_t i = 0; status == WCL_END && begins(target, IN_FILES) && i < layer->chain.count;
         i++) {
        WCL_CLEANUP_FREE char *root = wcl_long_path(layer->chain.paths[i], error);
        status = root ? vmcompute_links_find_in(root, target, found, error) : WCL_FAILED;
    }
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                        "neither the layer nor its parents have the link's target '%s'", target);
    return status;
}

static wcl_status make(const wcl_vm_target *layer, const char *path, const char *target,
                       char **checked, wcl_error *error)
{
    WCL_CLEANUP_FREE char *long_path = NULL;
    WCL_CLEANUP_FREE char *found = NULL;

    if (wcl_check_folders(layer->root, path, checked, error) != WCL_OK ||
        vmcompute_links_find_target(layer, target, &found, error) != WCL_OK)
        return WCL_FAILED;
    long_path = wcl_long_join(layer->root, path, error);
    return long_path ? wcl_file_link(long_path, found, error) : WCL_FAILED;
}

wcl_status wcl_vm_links_make(const wcl_vm_links *links, const wcl_vm_target *layer,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE char *checked = NULL;

    for (size_t i = 0; i < links->count; i++) {
        const wcl_vm_link *link = &links->items[i];
        if (make(layer, link->path, link->target, &checked, error) != WCL_OK)
            return wcl_error_context(error, NULL, link->path);
    }
    return WCL_OK;
}

void wcl_vm_links_free(wcl_vm_links *links)
{
    for (size_t i = 0; i < links->count; i++) {
        free(links->items[i].path);
        free(links->items[i].target);
    }
    free(links->items);
}
