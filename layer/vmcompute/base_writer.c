/* Writing a layer that has no parents: its files are made in its folder by BackupWrite, as
 * vmcompute.dll wants them before ProcessBaseImage. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/vmcompute/folder_times.h"
#include "layer/vmcompute/open.h"
#include "layer/vmcompute/restored.h"
#include "layer/entry/windows_names.h"

typedef struct base_writer {
    wcl_layer_writer base;
    wcl_vm_target layer;
    bool existed; /* the layer's folder was there before; it is not removed */
    bool finished;
    bool has_utility_vm;
    char *checked; /* the folder that was last seen to be no link */
    wcl_restored file;
    wcl_folder_times folders;
} base_writer;

/* The folders of a layer, which an unfinished one loses again. */
static const char *const layer_roots[] = { "Files", "Hives", "UtilityVM" };

/* Where an entry goes, after a look at what leads there. */
static char *base_writer_place_of(base_writer *writer, const char *path, wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK ||
        wcl_check_folders(writer->layer.root, path, &writer->checked, error) != WCL_OK)
        return NULL;
    return wcl_long_join(writer->layer.root, path, error);
}

static wcl_status base_writer_make_folder(base_writer *writer, const char *place,
                                          const wcl_vm_file_info *info, wcl_error *error)
{
    if (wcl_folder_make(place, true, error) != WCL_OK)
        return WCL_FAILED;
    if (info->attributes & WCL_ATTRIBUTE_REPARSE_POINT)
        return WCL_OK;
    return wcl_folder_times_add(&writer->folders, place, info, error);
}

static wcl_status base_writer_add(wcl_layer_writer *base, const wcl_entry *entry, wcl_error *error)
{
    base_writer *writer = (base_writer *)base;
    const wcl_vm_file_info info = wcl_vm_info_of(entry);
    const bool is_folder = (info.attributes & WCL_ATTRIBUTE_DIRECTORY) != 0;
    WCL_CLEANUP_FREE char *place = NULL;

    if (wcl_vm_check_entry(entry, error) != WCL_OK)
        return WCL_FAILED;
    place = base_writer_place_of(writer, entry->path, error);
    if (!place || (is_folder && base_writer_make_folder(writer, place, &info, error) != WCL_OK))
        return WCL_FAILED;
    if (strcmp(entry->path, "UtilityVM/Files") == 0)
        writer->has_utility_vm = true;
    if (wcl_restored_begin(&writer->file, place, is_folder, &info, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_restored_save_aside(&writer->file, writer->layer.root, entry->path, error);
}

static wcl_status base_writer_add_link(wcl_layer_writer *base, const char *path, const char *target,
                                       wcl_error *error)
{
    base_writer *writer = (base_writer *)base;
    WCL_CLEANUP_FREE char *existing = base_writer_place_of(writer, target, error);
    WCL_CLEANUP_FREE char *place = existing ? base_writer_place_of(writer, path, error) : NULL;
    uint32_t attributes;

    if (!place)
        return WCL_FAILED;
    wcl_status status = wcl_file_attributes(place, &attributes, error);
    if (status == WCL_OK)
        return wcl_fail(error, WCL_CODE_FILE_EXISTS, "the layer has a file of that name already");
    return status == WCL_END ? wcl_file_link(place, existing, error) : status;
}

static wcl_status base_writer_remove_path(wcl_layer_writer *base, const char *path,
                                          wcl_error *error)
{
    (void)base;
    (void)path;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "a layer without parents has nothing that could be deleted");
}

static wcl_status base_writer_write_stream(wcl_layer_writer *base, const void *data, size_t size,
                                           wcl_error *error)
{
    return wcl_restored_write(&((base_writer *)base)->file, data, size, error);
}

static wcl_status base_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    (void)error;
    wcl_restored_end(&((base_writer *)base)->file);
    return WCL_OK;
}

static wcl_status process(const base_writer *writer, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer utility_vm = WCL_BUFFER_INIT;

    if (wcl_vm_process_base_image(writer->layer.folder, error) != WCL_OK)
        return WCL_FAILED;
    if (!writer->has_utility_vm)
        return WCL_OK;
    if (wcl_buffer_printf(&utility_vm, error, "%s\\UtilityVM", writer->layer.folder) != WCL_OK)
        return WCL_FAILED;
    return wcl_vm_process_utility_image(wcl_buffer_text(&utility_vm), error);
}

static wcl_status base_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    base_writer *writer = (base_writer *)base;

    if (wcl_folder_times_apply(&writer->folders, error) != WCL_OK ||
        process(writer, error) != WCL_OK)
        return WCL_FAILED;
    writer->finished = true;
    return WCL_OK;
}

static void undo(const base_writer *writer)
{
    if (!writer->existed) {
        wcl_file_remove(writer->layer.root, NULL);
        return;
    }
    for (size_t i = 0; i < sizeof(layer_roots) / sizeof(layer_roots[0]); i++) {
        WCL_CLEANUP_FREE char *folder = wcl_long_join(writer->layer.root, layer_roots[i], NULL);
        if (folder)
            wcl_file_remove(folder, NULL);
    }
}

static void base_writer_free(wcl_layer_writer *base)
{
    base_writer *writer = (base_writer *)base;

    wcl_restored_end(&writer->file);
    if (!writer->finished)
        undo(writer);
    wcl_folder_times_free(&writer->folders);
    free(writer->checked);
    wcl_vm_target_free(&writer->layer);
    free(writer);
}

/* A folder that is there must have nothing in it. */
static wcl_status check_empty(const char *folder, wcl_error *error)
{
    WCL_CLEANUP_FREE char *names = NULL;
    uint32_t attributes;
    wcl_status status = wcl_file_attributes(folder, &attributes, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    names = wcl_folder_names(folder, error);
    if (!names)
        return WCL_FAILED;
    return *names ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                             "the layer has files already; remove it first")
                  : WCL_OK;
}

/* Makes the layer's folder, or takes an empty one that CreateLayer made. */
static wcl_status begin_folder(const wcl_vm_target *layer, bool *existed, wcl_error *error)
{
    uint32_t attributes;
    wcl_status status = wcl_file_attributes(layer->root, &attributes, error);

    *existed = status == WCL_OK;
    if (status != WCL_OK)
        return status == WCL_END ? wcl_folder_make(layer->root, false, error) : status;
    for (size_t i = 0; i < sizeof(layer_roots) / sizeof(layer_roots[0]); i++) {
        WCL_CLEANUP_FREE char *folder = wcl_long_join(layer->root, layer_roots[i], error);
        status = folder ? check_empty(folder, error) : WCL_FAILED;
        if (status != WCL_OK)
            return status;
    }
    return WCL_OK;
}

wcl_status wcl_vm_base_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                   wcl_error *error)
{
    static const wcl_layer_writer_ops ops = { .name = "write base layer",
                                              .add = base_writer_add,
                                              .add_link = base_writer_add_link,
                                              .remove = base_writer_remove_path,
                                              .write = base_writer_write_stream,
                                              .end_entry = base_writer_end_entry,
                                              .finish = base_writer_finish,
                                              .free = base_writer_free };
    base_writer *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &ops;
    if (begin_folder(layer, &opened->existed, error) != WCL_OK) {
        free(opened);
        return WCL_FAILED;
    }
    opened->layer = *layer;
    *layer = (wcl_vm_target)WCL_VM_TARGET_INIT;
    *writer = &opened->base;
    return WCL_OK;
}
