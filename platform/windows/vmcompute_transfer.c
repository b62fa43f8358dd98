/* vmcompute.dll's functions for importing and exporting a layer entry by entry. */
#include <stdlib.h>
#include <string.h>

#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *begin_function)(const wcl_vm_driver_abi *info, const wchar_t *id,
                                        const wcl_vm_descriptor_abi *chain, size_t count,
                                        void **context);
typedef int32_t(WINAPI *import_next_function)(void *context, const wchar_t *name,
                                              const wcl_vm_file_abi *info);
typedef int32_t(WINAPI *import_write_function)(void *context, const void *data, uint32_t size);
typedef int32_t(WINAPI *end_function)(void *context);
typedef int32_t(WINAPI *export_next_function)(void *context, wchar_t **name, wcl_vm_file_abi *info,
                                              int64_t *size, uint32_t *deleted);
typedef int32_t(WINAPI *export_read_function)(void *context, void *buffer, uint32_t size,
                                              uint32_t *got);

static wcl_late import_begin = WCL_VMCOMPUTE("ImportLayerBegin");
static wcl_late export_begin = WCL_VMCOMPUTE("ExportLayerBegin");

bool wcl_vm_has_import(void)
{
    return wcl_late_find(&import_begin, NULL) != NULL;
}

bool wcl_vm_has_export(void)
{
    return wcl_late_find(&export_begin, NULL) != NULL;
}

static wcl_status vmcompute_transfer_begin(wcl_late *late, const wcl_vm_driver *driver,
                                           const char *id, const wcl_vm_parents *parents,
                                           wcl_vm_transfer *transfer, wcl_error *error)
{
    WCL_CLEANUP_VM_ARGUMENTS wcl_vm_arguments arguments = WCL_VM_ARGUMENTS_INIT;
    begin_function function = (begin_function)wcl_late_find(late, error);

    *transfer = NULL;
    if (!function || wcl_vm_arguments_fill(&arguments, driver, id, parents, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_check_hresult(
        function(&arguments.info, arguments.id, arguments.chain, arguments.count, transfer),
        late->name, error);
}

static wcl_status vmcompute_transfer_end(wcl_late *late, wcl_vm_transfer transfer, wcl_error *error)
{
    end_function function = (end_function)wcl_late_find(late, error);

    return function ? wcl_check_hresult(function(transfer), late->name, error) : WCL_FAILED;
}

wcl_status wcl_vm_import_begin(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                               wcl_vm_transfer *import, wcl_error *error)
{
    return vmcompute_transfer_begin(&import_begin, driver, id, &parents, import, error);
}

wcl_status wcl_vm_import_next(wcl_vm_transfer import, const char *name,
                              const wcl_vm_file_info *info, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ImportLayerNext");
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    wcl_vm_file_abi abi = { 0 };
    import_next_function function = (import_next_function)wcl_late_find(&late, error);

    if (!function)
        return WCL_FAILED;
    wide = wcl_wide_of(name, error);
    if (!wide)
        return WCL_FAILED;
    if (info) {
        abi.creation_time = info->creation_time;
        abi.last_access_time = info->last_access_time;
        abi.last_write_time = info->last_write_time;
        abi.change_time = info->change_time;
        abi.attributes = info->attributes;
    }
    return wcl_check_hresult(function(import, wide, info ? &abi : NULL), late.name, error);
}

wcl_status wcl_vm_import_write(wcl_vm_transfer import, const void *data, uint32_t size,
                               wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ImportLayerWrite");
    import_write_function function = (import_write_function)wcl_late_find(&late, error);

    return function ? wcl_check_hresult(function(import, data, size), late.name, error)
                    : WCL_FAILED;
}

wcl_status wcl_vm_import_end(wcl_vm_transfer import, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ImportLayerEnd");
    return vmcompute_transfer_end(&late, import, error);
}

wcl_status wcl_vm_export_begin(const wcl_vm_driver *driver, const char *id, wcl_vm_parents parents,
                               wcl_vm_transfer *export, wcl_error *error)
{
    return vmcompute_transfer_begin(&export_begin, driver, id, &parents, export, error);
}

/* Takes over the name that the DLL gave, less a backslash in front. */
static wcl_status vmcompute_transfer_take_name(wchar_t *wide, char **name, wcl_error *error)
{
    if (wcl_vm_take_text(wide, name, error) != WCL_OK)
        return WCL_FAILED;
    if (!*name)
        return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE, "ExportLayerNext gave no name");
    if (**name == '\\')
        memmove(*name, *name + 1, strlen(*name));
    return WCL_OK;
}

wcl_status wcl_vm_export_next(wcl_vm_transfer export, char **name, wcl_vm_file_info *info,
                              int64_t *size, bool *deleted, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ExportLayerNext");
    export_next_function function = (export_next_function)wcl_late_find(&late, error);
    wchar_t *wide = NULL;
    wcl_vm_file_abi abi = { 0 };
    uint32_t is_deleted = 0;

    *size = 0;
    if (!function)
        return WCL_FAILED;
    int32_t hresult = function(export, &wide, &abi, size, &is_deleted);
    if (hresult < 0 && wcl_code_of_hresult(hresult) == WCL_CODE_NO_MORE_FILES)
        return WCL_END;
    if (wcl_check_hresult(hresult, late.name, error) != WCL_OK)
        return WCL_FAILED;
    *info = (wcl_vm_file_info) { abi.creation_time, abi.last_access_time, abi.last_write_time,
                                 abi.change_time, abi.attributes };
    *deleted = is_deleted != 0;
    return vmcompute_transfer_take_name(wide, name, error);
}

wcl_status wcl_vm_export_read(wcl_vm_transfer export, void *buffer, uint32_t size, uint32_t *got,
                              wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ExportLayerRead");
    export_read_function function = (export_read_function)wcl_late_find(&late, error);

    *got = 0;
    if (!function ||
        wcl_check_hresult(function(export, buffer, size, got), late.name, error) != WCL_OK)
        return WCL_FAILED;
    if (*got > size)
        return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                        "ExportLayerRead says that it gave %u bytes where %u were asked for", *got,
                        size);
    return WCL_OK;
}

wcl_status wcl_vm_export_end(wcl_vm_transfer export, wcl_error *error)
{
    static wcl_late late = WCL_VMCOMPUTE("ExportLayerEnd");
    return vmcompute_transfer_end(&late, export, error);
}
