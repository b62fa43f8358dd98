/* vmcompute.dll's functions for whole layers. */
#include <stdlib.h>

#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *layer_function)(const wcl_vm_driver_abi *info, const wchar_t *id);
typedef int32_t(WINAPI *chain_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                        const wcl_vm_descriptor_abi *chain, size_t count);
typedef int32_t(WINAPI *create_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                         const wchar_t *parent);
typedef int32_t(WINAPI *pair_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                       const wchar_t *other, const wcl_vm_descriptor_abi *chain,
                                       size_t count);
typedef int32_t(WINAPI *expand_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                         uint64_t size);
typedef int32_t(WINAPI *exists_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                         uint32_t *exists);
typedef int32_t(WINAPI *mount_path_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                             size_t *length, wchar_t *buffer);
typedef int32_t(WINAPI *base_images_function)(wchar_t **json);
typedef int32_t(WINAPI *guid_function)(const wchar_t *name, wcl_guid *guid);
typedef int32_t(WINAPI *path_function)(const wchar_t *path);

/* A function of (info, id). */
static wcl_status call_layer(wcl_late *late, const wcl_vm_driver *driver, const char *id,
                             wcl_error *error)
{
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    layer_function function = (layer_function)wcl_late_find(late, error);

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_check_hresult(function(&arguments.info, arguments.id), late->name, error);
}

/* A function of (info, id, other, chain, count). */
static wcl_status call_pair(wcl_late *late, const wcl_vm_driver *driver, const char *id,
                            const char *other, const wcl_vm_parents *parents, wcl_error *error)
{
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    pair_function function = (pair_function)wcl_late_find(late, error);

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, parents, error) != WCL_OK)
        return WCL_FAILED;
    wide = wcl_wide_of(other, error);
    if (!wide)
        return WCL_FAILED;
    return wcl_check_hresult(
        function(&arguments.info, arguments.id, wide, arguments.chain, arguments.count), late->name,
        error);
}

/* A function of one path. */
static wcl_status call_path(wcl_late *late, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    path_function function = (path_function)wcl_late_find(late, error);

    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(path, error);
    return wide ? wcl_check_hresult(function(wide), late->name, error) : WCL_FAILED;
}

wcl_status wcl_vm_activate_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ActivateLayer");
    return call_layer(&late, driver, id, error);
}

wcl_status wcl_vm_deactivate_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("DeactivateLayer");
    return call_layer(&late, driver, id, error);
}

wcl_status wcl_vm_destroy_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("DestroyLayer");
    return call_layer(&late, driver, id, error);
}

wcl_status wcl_vm_unprepare_layer(const wcl_vm_driver *driver, const char *id, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("UnprepareLayer");
    return call_layer(&late, driver, id, error);
}

wcl_status wcl_vm_prepare_layer(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                                wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("PrepareLayer");
    static SRWLOCK one_at_a_time = SRWLOCK_INIT;
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    chain_function function = (chain_function)wcl_late_find(&late, error);

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, &parents, error) != WCL_OK)
        return WCL_FAILED;
    AcquireSRWLockExclusive(&one_at_a_time);
    int32_t hresult = function(&arguments.info, arguments.id, arguments.chain, arguments.count);
    ReleaseSRWLockExclusive(&one_at_a_time);
    return wcl_check_hresult(hresult, late.name, error);
}

wcl_status wcl_vm_create_layer(const wcl_vm_driver *driver, const char *id, const char *parent,
                               wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("CreateLayer");
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    create_function function = (create_function)wcl_late_find(&late, error);

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, NULL, error) != WCL_OK)
        return WCL_FAILED;
    wide = wcl_wide_of(parent, error);
    if (!wide)
        return WCL_FAILED;
    return wcl_check_hresult(function(&arguments.info, arguments.id, wide), late.name, error);
}

wcl_status wcl_vm_create_sandbox_layer(const wcl_vm_driver *driver, const char *id,
                                       const char *parent, wcl_vm_parents parents, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("CreateSandboxLayer");
    return call_pair(&late, driver, id, parent, &parents, error);
}

wcl_status wcl_vm_copy_layer(const wcl_vm_driver *driver, const char *source,
                             const char *destination, wcl_vm_parents parents, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("CopyLayer");
    return call_pair(&late, driver, source, destination, &parents, error);
}

wcl_status wcl_vm_export_layer(const wcl_vm_driver *driver, const char *id, const char *folder,
                               wcl_vm_parents parents, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ExportLayer");
    return call_pair(&late, driver, id, folder, &parents, error);
}

wcl_status wcl_vm_import_layer(const wcl_vm_driver *driver, const char *id, const char *folder,
                               wcl_vm_parents parents, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ImportLayer");
    return call_pair(&late, driver, id, folder, &parents, error);
}

wcl_status wcl_vm_expand_sandbox_size(const wcl_vm_driver *driver, const char *id, uint64_t size,
                                      wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ExpandSandboxSize");
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    expand_function function = (expand_function)wcl_late_find(&late, error);

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_check_hresult(function(&arguments.info, arguments.id, size), late.name, error);
}

wcl_status wcl_vm_layer_exists(const wcl_vm_driver *driver, const char *id, bool *exists,
                               wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("LayerExists");
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    exists_function function = (exists_function)wcl_late_find(&late, error);
    uint32_t answer = 0;

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, NULL, error) != WCL_OK)
        return WCL_FAILED;
    int32_t hresult = function(&arguments.info, arguments.id, &answer);
    *exists = answer != 0;
    return wcl_check_hresult(hresult, late.name, error);
}

/* The second of the two calls: the first gave the length, with its NUL. */
static wcl_status get_mount_path(mount_path_function function, const wcl_vm_arguments *arguments,
                                 size_t length, char **path, wcl_error *error)
{
    size_t units;

    if (__builtin_add_overflow(length, 1, &units))
        return wcl_fail_memory(error);
    WCL_CLEANUP_FREE wchar_t *wide = calloc(units, sizeof(*wide));
    if (!wide)
        return wcl_fail_memory(error);
    if (wcl_check_hresult(function(&arguments->info, arguments->id, &length, wide),
                          "GetLayerMountPath", error) != WCL_OK)
        return WCL_FAILED;
    *path = wcl_text_of_wide(wide, error);
    return *path ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_vm_layer_mount_path(const wcl_vm_driver *driver, const char *id, char **path,
                                   wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("GetLayerMountPath");
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    mount_path_function function = (mount_path_function)wcl_late_find(&late, error);
    size_t length = 0;

    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, NULL, error) != WCL_OK ||
        wcl_check_hresult(function(&arguments.info, arguments.id, &length, NULL), late.name,
                          error) != WCL_OK)
        return WCL_FAILED;
    return get_mount_path(function, &arguments, length, path, error);
}

wcl_status wcl_vm_base_images(char **json, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("GetBaseImages");
    base_images_function function = (base_images_function)wcl_late_find(&late, error);
    wchar_t *wide = NULL;

    if (!function || wcl_check_hresult(function(&wide), late.name, error) != WCL_OK ||
        wcl_vm_take_text(wide, json, error) != WCL_OK)
        return WCL_FAILED;
    if (!*json)
        return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE, "GetBaseImages gave no text");
    return WCL_OK;
}

wcl_status wcl_vm_name_to_guid(const char *name, wcl_guid *guid, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("NameToGuid");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    guid_function function = (guid_function)wcl_late_find(&late, error);

    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(name, error);
    return wide ? wcl_check_hresult(function(wide, guid), late.name, error) : WCL_FAILED;
}

wcl_status wcl_vm_process_base_image(const char *path, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ProcessBaseImage");
    return call_path(&late, path, error);
}

wcl_status wcl_vm_process_utility_image(const char *path, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ProcessUtilityImage");
    return call_path(&late, path, error);
}
