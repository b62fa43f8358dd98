/* Cloning a utility VM with hard links. */
#include "layer/vmcompute/utility_vm.h"

#include <string.h>
#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "base/error.h"
#include "layer/vmcompute/folder_times.h"

#define COPY_SIZE (256 * 1024)

typedef struct clone {
    const char *from;
    const char *to;
    wcl_folder_times folders;
} clone;

/* Whether Windows changes this file when it processes the VM. */
static bool is_changed(const char *path)
{
    static const char *const changed[] = {
        "EFI/Microsoft/Boot/BCD",
        "EFI/Microsoft/Boot/BCD.LOG",
        "EFI/Microsoft/Boot/BCD.LOG1",
        "EFI/Microsoft/Boot/BCD.LOG2",
    };

    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
        if (wcl_name_compare(changed[i], path) == 0)
            return true;
    return false;
}

static wcl_status copy_stream(void *from, void *to, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;
    wcl_backup_file_reader *reader = NULL;
    wcl_backup_file_writer *writer = NULL;
    size_t got = 0;

    wcl_status status = wcl_buffer_reserve(&buffer, COPY_SIZE, error);
    if (status == WCL_OK)
        status = wcl_backup_file_reader_new(from, true, &reader, error);
    if (status == WCL_OK)
        status = wcl_backup_file_writer_new(to, true, &writer, error);
    while (status == WCL_OK) {
        status = wcl_backup_file_reader_read(reader, buffer.data, COPY_SIZE, &got, error);
        if (status != WCL_OK || got == 0)
            break;
        status = wcl_backup_file_writer_write(writer, buffer.data, got, error);
    }
    wcl_backup_file_writer_free(writer);
    wcl_backup_file_reader_free(reader);
    return status;
}

/* Copies a file, or a folder without what is in it, with all that Windows keeps of it. */
static wcl_status utility_vm_copy(const char *from, const char *to, bool is_folder,
                                  wcl_vm_file_info *info, wcl_error *error)
{
    void *source = NULL, *copied = NULL;

    wcl_status status = is_folder ? wcl_folder_make(to, false, error) : WCL_OK;
    if (status == WCL_OK)
        status = wcl_file_open(from, WCL_OPEN_READ, &source, error);
    if (status == WCL_OK)
        status = wcl_file_get_info(source, info, error);
    if (status == WCL_OK)
        status = wcl_file_open(to, is_folder ? WCL_OPEN_RESTORE : WCL_CREATE, &copied, error);
    if (status == WCL_OK)
        status = wcl_file_set_info(copied, info, error);
    if (status == WCL_OK)
        status = copy_stream(source, copied, error);
    wcl_file_close(copied);
    wcl_file_close(source);
    return status;
}

/* Clones what is at `path` in both, "" being the whole; `*inner` tells whether it is a folder with
 * something in it. */
static wcl_status clone_one(clone *state, const char *path, bool *inner, wcl_error *error)
{
    WCL_CLEANUP_FREE char *from = wcl_long_join(state->from, path, error);
    WCL_CLEANUP_FREE char *to = from ? wcl_long_join(state->to, path, error) : NULL;
    wcl_vm_file_info info;
    uint32_t attributes = 0;

    *inner = false;
    if (!to)
        return WCL_FAILED;
    wcl_status status = wcl_file_attributes(from, &attributes, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the parent layer has no '%s'", from);
    if (status != WCL_OK)
        return status;
    bool is_folder = (attributes & WCL_ATTRIBUTE_DIRECTORY) != 0;
    bool is_link = (attributes & WCL_ATTRIBUTE_REPARSE_POINT) != 0;
    if (!is_folder && !is_link && !is_changed(path))
        return wcl_file_link(to, from, error);
    if (utility_vm_copy(from, to, is_folder, &info, error) != WCL_OK)
        return WCL_FAILED;
    *inner = is_folder && !is_link;
    return *inner ? wcl_folder_times_add(&state->folders, to, &info, error) : WCL_OK;
}

static wcl_status clone_tree(clone *state, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = NULL;
    WCL_CLEANUP_FREE char *names = NULL;
    bool inner;

    if (clone_one(state, path, &inner, error) != WCL_OK)
        return WCL_FAILED;
    if (!inner)
        return WCL_OK;
    folder = wcl_long_join(state->from, path, error);
    names = folder ? wcl_folder_names(folder, error) : NULL;
    if (!names)
        return WCL_FAILED;
    for (const char *name = names; *name; name += strlen(name) + 1) {
        WCL_CLEANUP_BUFFER wcl_buffer next = WCL_BUFFER_INIT;
        if (wcl_buffer_printf(&next, error, "%s%s%s", path, *path ? "/" : "", name) != WCL_OK ||
            clone_tree(state, wcl_buffer_text(&next), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_utility_vm_clone(const char *layer, const char *parent, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = wcl_long_join(layer, "UtilityVM", error);
    WCL_CLEANUP_FREE char *to = wcl_long_join(layer, "UtilityVM/Files", error);
    WCL_CLEANUP_FREE char *from = wcl_long_join(parent, "UtilityVM/Files", error);
    clone state = { from, to, { NULL, 0, 0 } };

    if (!folder || !to || !from || wcl_folder_make(folder, false, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = clone_tree(&state, "", error);
    if (status == WCL_OK)
        status = wcl_folder_times_apply(&state.folders, error);
    wcl_folder_times_free(&state.folders);
    return status == WCL_OK ? WCL_OK
                            : wcl_error_context(error, "clone the parent's utility VM", NULL);
}
