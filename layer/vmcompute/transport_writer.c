/*
 * Writing a layer that has parents on a Windows without ImportLayerBegin: entries go to a temporary
 * folder in the transport format, from which ImportLayer makes the layer. The utility VM is made in
 * the layer's own folder, and hard links are made once the layer is there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/vmcompute/folder_times.h"
#include "layer/vmcompute/links.h"
#include "layer/vmcompute/open.h"
#include "layer/vmcompute/restored.h"
#include "layer/vmcompute/utility_vm.h"
#include "layer/entry/windows_names.h"

#define COMPANION ".$wcidirs$"
#define TOMBSTONES_START "\xEF\xBB\xBFVersion 1.0\n"

typedef struct transport_writer {
    wcl_layer_writer base;
    wcl_vm_target layer;
    bool existed;
    bool finished;
    bool has_utility_vm;
    char *folder;  /* the temporary one */
    char *root;    /* the same as a long path */
    char *checked; /* the folder of the layer that was last seen to be no link */
    wcl_restored file;
    wcl_buffer tombstones;
    wcl_folder_times folders; /* of the utility VM */
    wcl_vm_links links;
} transport_writer;

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* ---- The utility VM -------------------------------------------------------------------------- */

static wcl_status begin_utility_vm(transport_writer *writer, wcl_error *error)
{
    WCL_CLEANUP_FREE char *parent = NULL;

    if (writer->has_utility_vm)
        return WCL_OK;
    parent = wcl_long_path(writer->layer.chain.paths[0], error);
    if (!parent || wcl_folder_make(writer->layer.root, true, error) != WCL_OK ||
        wcl_utility_vm_clone(writer->layer.root, parent, error) != WCL_OK)
        return WCL_FAILED;
    writer->has_utility_vm = true;
    return WCL_OK;
}

/* Where an entry of the utility VM goes, after a look at what leads there. */
static char *transport_writer_place_of(transport_writer *writer, const char *path, wcl_error *error)
{
    if (wcl_check_folders(writer->layer.root, path, &writer->checked, error) != WCL_OK)
        return NULL;
    return wcl_long_join(writer->layer.root, path, error);
}

/* Makes a folder of the utility VM, in the place of what is there unless that is one too. */
static wcl_status make_vm_folder(transport_writer *writer, const char *place,
                                 const wcl_vm_file_info *info, wcl_error *error)
{
    const uint32_t kind = WCL_ATTRIBUTE_DIRECTORY | WCL_ATTRIBUTE_REPARSE_POINT;
    uint32_t attributes = 0;
    wcl_status status = wcl_file_attributes(place, &attributes, error);

    if (status == WCL_OK && (info->attributes ^ attributes) & kind)
        status = wcl_file_remove(place, error);
    if (status == WCL_FAILED || wcl_folder_make(place, true, error) != WCL_OK)
        return WCL_FAILED;
    if (info->attributes & WCL_ATTRIBUTE_REPARSE_POINT)
        return WCL_OK;
    return wcl_folder_times_add(&writer->folders, place, info, error);
}

static wcl_status add_to_utility_vm(transport_writer *writer, const char *path,
                                    const wcl_vm_file_info *info, wcl_error *error)
{
    const bool is_folder = (info->attributes & WCL_ATTRIBUTE_DIRECTORY) != 0;
    WCL_CLEANUP_FREE char *place = NULL;

    if (!writer->has_utility_vm)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the layer does not list 'UtilityVM' first");
    if (strcmp(path, "UtilityVM/Files") != 0 && !begins(path, "UtilityVM/Files/"))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "a utility VM has nothing outside UtilityVM/Files");
    place = transport_writer_place_of(writer, path, error);
    if (!place)
        return WCL_FAILED;
    /* What is there may be a hard link to the parent's file, which must stay as it is. */
    wcl_status status =
        is_folder ? make_vm_folder(writer, place, info, error) : wcl_file_remove(place, error);
    if (status != WCL_OK ||
        wcl_restored_begin(&writer->file, place, is_folder, info, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_restored_save_aside(&writer->file, writer->layer.root, path, error);
}

static wcl_status remove_from_utility_vm(transport_writer *writer, const char *path,
                                         wcl_error *error)
{
    WCL_CLEANUP_FREE char *place = NULL;
    uint32_t attributes;

    if (begin_utility_vm(writer, error) != WCL_OK)
        return WCL_FAILED;
    place = transport_writer_place_of(writer, path, error);
    wcl_status status = place ? wcl_file_attributes(place, &attributes, error) : WCL_FAILED;
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "the parent's utility VM has no such file");
    return status == WCL_OK ? wcl_file_remove(place, error) : status;
}

/* ---- Everything else ------------------------------------------------------------------------- */

static bool is_in_files(const char *path)
{
    return strcmp(path, "Files") == 0 || begins(path, "Files/");
}

static wcl_status add_to_folder(transport_writer *writer, const char *path,
                                const wcl_vm_file_info *info, wcl_error *error)
{
    WCL_CLEANUP_FREE char *place = wcl_long_join(writer->root, path, error);
    WCL_CLEANUP_BUFFER wcl_buffer file = WCL_BUFFER_INIT;
    const bool is_folder = (info->attributes & WCL_ATTRIBUTE_DIRECTORY) != 0;

    if (!place || (is_folder && wcl_folder_make(place, false, error) != WCL_OK))
        return WCL_FAILED;
    if (is_folder && !is_in_files(path))
        return WCL_OK;
    if (wcl_buffer_printf(&file, error, "%s%s", place, is_folder ? COMPANION : "") != WCL_OK)
        return WCL_FAILED;
    return wcl_restored_begin_transport(&writer->file, wcl_buffer_text(&file), !is_in_files(path),
                                        info, error);
}

static wcl_status transport_writer_add(wcl_layer_writer *base, const wcl_entry *entry,
                                       wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;
    const wcl_vm_file_info info = wcl_vm_info_of(entry);

    if (wcl_vm_check_entry(entry, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(entry->path, "UtilityVM") == 0)
        return begin_utility_vm(writer, error);
    if (begins(entry->path, "UtilityVM/"))
        return add_to_utility_vm(writer, entry->path, &info, error);
    return add_to_folder(writer, entry->path, &info, error);
}

static wcl_status transport_writer_add_link(wcl_layer_writer *base, const char *path,
                                            const char *target, wcl_error *error)
{
    return wcl_vm_links_add(&((transport_writer *)base)->links, path, target, error);
}

static wcl_status transport_writer_remove_path(wcl_layer_writer *base, const char *path,
                                               wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    if (wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    if (begins(path, "UtilityVM/Files/"))
        return remove_from_utility_vm(writer, path, error);
    if (!begins(path, "Files/"))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "only what is in Files can be deleted");
    size_t start = writer->tombstones.size;
    if (wcl_buffer_printf(&writer->tombstones, error, "%s\n", path + strlen("Files")) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = start; i < writer->tombstones.size; i++)
        if (writer->tombstones.data[i] == '/')
            writer->tombstones.data[i] = '\\';
    return WCL_OK;
}

static wcl_status transport_writer_write_stream(wcl_layer_writer *base, const void *data,
                                                size_t size, wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    /* The format keeps nothing of the folder Hives, and UtilityVM itself is the parent's clone. */
    if (!writer->file.file)
        return WCL_OK;
    return wcl_restored_write(&writer->file, data, size, error);
}

static wcl_status transport_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    (void)error;
    wcl_restored_end(&((transport_writer *)base)->file);
    return WCL_OK;
}

/* ---- The end --------------------------------------------------------------------------------- */

static wcl_status write_tombstones(const transport_writer *writer, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_long_join(writer->root, "tombstones.txt", error);
    void *file;

    if (!path || wcl_file_open(path, WCL_CREATE_PLAIN, &file, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_write(file, TOMBSTONES_START, sizeof(TOMBSTONES_START) - 1, error);
    if (status == WCL_OK)
        status = wcl_file_write(file, writer->tombstones.data, writer->tombstones.size, error);
    wcl_file_close(file);
    return status;
}

/* ImportLayer takes an ordinary path to import from, and a long one for the layer: some builds of
 * Windows fail with anything else. */
static wcl_status transport_writer_import(const transport_writer *writer, wcl_error *error)
{
    const wcl_vm_driver whole_paths = { (int32_t)writer->layer.driver.flavour, "" };

    return wcl_vm_import_layer(&whole_paths, writer->layer.root, writer->folder,
                               wcl_vm_chain_parents(&writer->layer.chain), error);
}

static wcl_status process_utility_vm(const transport_writer *writer, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = wcl_long_join(writer->layer.root, "UtilityVM", error);

    return folder ? wcl_vm_process_utility_image(folder, error) : WCL_FAILED;
}

static wcl_status transport_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    transport_writer *writer = (transport_writer *)base;

    if (write_tombstones(writer, error) != WCL_OK ||
        wcl_folder_times_apply(&writer->folders, error) != WCL_OK ||
        transport_writer_import(writer, error) != WCL_OK ||
        wcl_vm_links_make(&writer->links, &writer->layer, error) != WCL_OK ||
        (writer->has_utility_vm && process_utility_vm(writer, error) != WCL_OK) ||
        wcl_vm_chain_write(&writer->layer.driver, writer->layer.id, &writer->layer.chain, error) !=
            WCL_OK)
        return WCL_FAILED;
    writer->finished = true;
    return WCL_OK;
}

static void transport_writer_free(wcl_layer_writer *base)
{
    transport_writer *writer = (transport_writer *)base;
    const wcl_vm_driver info = wcl_vm_driver_of(&writer->layer.driver);

    wcl_restored_end(&writer->file);
    if (writer->root)
        wcl_file_remove(writer->root, NULL);
    if (!writer->finished && !writer->existed && writer->layer.id)
        wcl_vm_destroy_layer(&info, writer->layer.id, NULL);
    wcl_vm_links_free(&writer->links);
    wcl_folder_times_free(&writer->folders);
    wcl_buffer_free(&writer->tombstones);
    free(writer->checked);
    free(writer->root);
    free(writer->folder);
    wcl_vm_target_free(&writer->layer);
    free(writer);
}

wcl_status wcl_vm_transport_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                        wcl_error *error)
{
    static const wcl_layer_writer_ops ops = { .name = "write layer",
                                              .add = transport_writer_add,
                                              .add_link = transport_writer_add_link,
                                              .remove = transport_writer_remove_path,
                                              .write = transport_writer_write_stream,
                                              .end_entry = transport_writer_end_entry,
                                              .finish = transport_writer_finish,
                                              .free = transport_writer_free };
    const wcl_vm_driver info = wcl_vm_driver_of(&layer->driver);
    transport_writer *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &ops;
    if (wcl_vm_layer_exists(&info, layer->id, &opened->existed, error) != WCL_OK) {
        free(opened);
        return WCL_FAILED;
    }
    opened->folder = wcl_folder_temporary(error);
    opened->root = opened->folder ? wcl_long_path(opened->folder, error) : NULL;
    if (!opened->root) {
        transport_writer_free(&opened->base);
        return WCL_FAILED;
    }
    opened->layer = *layer;
    *layer = (wcl_vm_target)WCL_VM_TARGET_INIT;
    *writer = &opened->base;
    return WCL_OK;
}
