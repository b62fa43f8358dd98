/* The times of folders, set again at the end. */
#include "layer/vmcompute/folder_times.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"

wcl_status wcl_folder_times_add(wcl_folder_times *times, const char *path,
                                const wcl_vm_file_info *info, wcl_error *error)
{
    if (WCL_LIST_RESERVE(times->folders, times->count, times->capacity, error) != WCL_OK)
        return WCL_FAILED;
    char *copy = strdup(path);
    if (!copy)
        return wcl_fail_memory(error);
    times->folders[times->count++] = (wcl_folder_time) { copy, *info };
    return WCL_OK;
}

static wcl_status apply_one(const wcl_folder_time *folder, wcl_error *error)
{
    uint32_t attributes;
    void *file;
    wcl_status status = wcl_file_attributes(folder->path, &attributes, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    if (wcl_file_open(folder->path, WCL_OPEN_TIMES, &file, error) != WCL_OK)
        return WCL_FAILED;
    status = wcl_file_set_info(file, &folder->info, error);
    wcl_file_close(file);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, folder->path);
}

wcl_status wcl_folder_times_apply(const wcl_folder_times *times, wcl_error *error)
{
    for (size_t i = times->count; i-- > 0;)
        if (apply_one(&times->folders[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

void wcl_folder_times_free(wcl_folder_times *times)
{
    for (size_t i = 0; i < times->count; i++)
        free(times->folders[i].path);
    free(times->folders);
}
