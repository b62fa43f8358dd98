/* What the readers and writers of this provider have in common. */
#include "layer/vmcompute/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/entry/windows_names.h"
#include "platform/windows/files.h"

wcl_status wcl_vm_target_init(wcl_vm_target *target, const wcl_driver *driver, const char *id,
                              wcl_vm_chain *chain, wcl_error *error)
{
    *target = (wcl_vm_target) { .driver = *driver, .chain = *chain };
    *chain = (wcl_vm_chain)WCL_VM_CHAIN_INIT;
    target->home_dir = strdup(driver->home_dir);
    target->id = strdup(id);
    if (!target->home_dir || !target->id)
        return wcl_fail_memory(error);
    target->driver.home_dir = target->home_dir;
    target->folder = wcl_vm_layer_folder(&target->driver, id, error);
    target->root = target->folder ? wcl_long_path(target->folder, error) : NULL;
    return target->root ? WCL_OK : WCL_FAILED;
}

void wcl_vm_target_free(wcl_vm_target *target)
{
    wcl_vm_chain_free(&target->chain);
    free(target->root);
    free(target->folder);
    free(target->id);
    free(target->home_dir);
}

wcl_vm_file_info wcl_vm_info_of(const wcl_entry *entry)
{
    const wcl_basic_info *info = &entry->info;
    uint32_t folder = entry->kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;

    return (wcl_vm_file_info) { info->creation_time, info->last_access_time, info->last_write_time,
                                info->change_time, info->attributes | folder };
}

static bool is_in_root(const char *path)
{
    size_t length = strcspn(path, "/");

    return (length == 5 && strncmp(path, "Files", length) == 0) ||
           (length == 5 && strncmp(path, "Hives", length) == 0) ||
           (length == 9 && strncmp(path, "UtilityVM", length) == 0);
}

wcl_status wcl_vm_check_entry(const wcl_entry *entry, wcl_error *error)
{
    if (entry->kind != WCL_ENTRY_FILE && entry->kind != WCL_ENTRY_DIRECTORY)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is of a kind that only Linux layers have; vmcompute.dll takes layers "
                        "of Windows");
    if (!is_in_root(entry->path))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "a layer of Windows has nothing outside Files, Hives and UtilityVM");
    return wcl_path_check_windows(entry->path, error);
}
