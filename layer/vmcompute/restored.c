/* Files and folders made of backup streams. */
#include "layer/vmcompute/restored.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

static wcl_status vmcompute_restored_begin(wcl_restored *restored, const char *path,
                                           wcl_open_mode mode, const wcl_vm_file_info *info,
                                           wcl_error *error)
{
    wcl_restored_end(restored);
    if (wcl_file_open(path, mode, &restored->file, error) != WCL_OK ||
        wcl_file_set_info(restored->file, info, error) != WCL_OK) {
        wcl_restored_end(restored);
        return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_restored_begin(wcl_restored *restored, const char *path, bool is_folder,
                              const wcl_vm_file_info *info, wcl_error *error)
{
    if (vmcompute_restored_begin(restored, path, is_folder ? WCL_OPEN_RESTORE : WCL_CREATE, info,
                                 error) != WCL_OK)
        return WCL_FAILED;
    return wcl_backup_file_writer_new(restored->file, true, &restored->stream, error);
}

wcl_status wcl_restored_begin_transport(wcl_restored *restored, const char *path, bool plain,
                                        const wcl_vm_file_info *info, wcl_error *error)
{
    wcl_vm_file_info times = *info;
    uint8_t attributes[4];

    /* The attributes are those of what the file stands for, not its own. */
    times.attributes = 0;
    if (vmcompute_restored_begin(restored, path, WCL_CREATE_PLAIN, &times, error) != WCL_OK)
        return WCL_FAILED;
    if (plain)
        return wcl_backup_file_writer_new(restored->file, false, &restored->stream, error);
    wcl_store_le32(attributes, info->attributes);
    return wcl_file_write(restored->file, attributes, sizeof(attributes), error);
}

wcl_status wcl_restored_save_aside(wcl_restored *restored, const char *root, const char *path,
                                   wcl_error *error)
{
    static const struct {
        const char *path;
        const char *copy;
    } changed[] = {
        { "UtilityVM/Files/EFI/Microsoft/Boot/BCD", "bcd.bak" },
        { "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG", "bcd.log.bak" },
        { "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG1", "bcd.log1.bak" },
        { "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG2", "bcd.log2.bak" },
    };

    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        if (strcmp(changed[i].path, path) != 0)
            continue;
        WCL_CLEANUP_FREE char *copy = wcl_long_join(root, changed[i].copy, error);
        if (!copy || wcl_file_remove(copy, error) != WCL_OK ||
            wcl_file_open(copy, WCL_CREATE_PLAIN, &restored->copy, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_backup_file_writer_new(restored->copy, false, &restored->copy_stream, error);
    }
    return WCL_OK;
}

wcl_status wcl_restored_write(wcl_restored *restored, const void *data, size_t size,
                              wcl_error *error)
{
    if (restored->copy_stream &&
        wcl_backup_file_writer_write(restored->copy_stream, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return restored->stream ? wcl_backup_file_writer_write(restored->stream, data, size, error)
                            : wcl_file_write(restored->file, data, size, error);
}

void wcl_restored_end(wcl_restored *restored)
{
    wcl_backup_file_writer_free(restored->copy_stream);
    wcl_file_close(restored->copy);
    wcl_backup_file_writer_free(restored->stream);
    wcl_file_close(restored->file);
    *restored = (wcl_restored)WCL_RESTORED_INIT;
}
