/* Writing a layer that has parents through ImportLayerBegin and its companions. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/vmcompute/links.h"
#include "layer/vmcompute/open.h"
#include "layer/entry/windows_names.h"

#define PIECE_MAX (1u << 30)

typedef struct filter_writer {
    wcl_layer_writer base;
    wcl_vm_target layer;
    wcl_vm_transfer import; /* NULL once it has ended */
    bool existed;           /* the layer was there before; it is not removed */
    bool finished;
    wcl_vm_links links;
    wcl_buffer name;
} filter_writer;

/* Goes on to an entry, whose name the DLL wants with a backslash in front. */
static wcl_status import_next(filter_writer *writer, const char *path, const wcl_vm_file_info *info,
                              wcl_error *error)
{
    wcl_buffer_clear(&writer->name);
    if (wcl_buffer_printf(&writer->name, error, "\\%s", path) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < writer->name.size; i++)
        if (writer->name.data[i] == '/')
            writer->name.data[i] = '\\';
    return wcl_vm_import_next(writer->import, wcl_buffer_text(&writer->name), info, error);
}

static wcl_status filter_writer_add(wcl_layer_writer *base, const wcl_entry *entry,
                                    wcl_error *error)
{
    const wcl_vm_file_info info = wcl_vm_info_of(entry);

    if (wcl_vm_check_entry(entry, error) != WCL_OK)
        return WCL_FAILED;
    return import_next((filter_writer *)base, entry->path, &info, error);
}

static wcl_status filter_writer_add_link(wcl_layer_writer *base, const char *path,
                                         const char *target, wcl_error *error)
{
    return wcl_vm_links_add(&((filter_writer *)base)->links, path, target, error);
}

static wcl_status filter_writer_remove_path(wcl_layer_writer *base, const char *path,
                                            wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    return import_next((filter_writer *)base, path, NULL, error);
}

static wcl_status filter_writer_write_stream(wcl_layer_writer *base, const void *data, size_t size,
                                             wcl_error *error)
{
    filter_writer *writer = (filter_writer *)base;
    const uint8_t *bytes = data;

    while (size) {
        uint32_t piece = size < PIECE_MAX ? (uint32_t)size : PIECE_MAX;
        if (wcl_vm_import_write(writer->import, bytes, piece, error) != WCL_OK)
            return WCL_FAILED;
        bytes += piece;
        size -= piece;
    }
    return WCL_OK;
}

static wcl_status filter_writer_end_entry(wcl_layer_writer *base, wcl_error *error)
{
    (void)base;
    (void)error;
    return WCL_OK;
}

static wcl_status filter_writer_finish(wcl_layer_writer *base, wcl_error *error)
{
    filter_writer *writer = (filter_writer *)base;
    wcl_vm_transfer import = writer->import;

    writer->import = NULL;
    if (wcl_vm_import_end(import, error) != WCL_OK ||
        wcl_vm_links_make(&writer->links, &writer->layer, error) != WCL_OK ||
        wcl_vm_chain_write(&writer->layer.driver, writer->layer.id, &writer->layer.chain, error) !=
            WCL_OK)
        return WCL_FAILED;
    writer->finished = true;
    return WCL_OK;
}

static void filter_writer_free(wcl_layer_writer *base)
{
    filter_writer *writer = (filter_writer *)base;
    const wcl_vm_driver info = wcl_vm_driver_of(&writer->layer.driver);

    if (writer->import)
        wcl_vm_import_end(writer->import, NULL);
    if (!writer->finished && !writer->existed)
        wcl_vm_destroy_layer(&info, writer->layer.id, NULL);
    wcl_vm_links_free(&writer->links);
    wcl_buffer_free(&writer->name);
    wcl_vm_target_free(&writer->layer);
    free(writer);
}

wcl_status wcl_vm_filter_writer_open(wcl_vm_target *layer, wcl_layer_writer **writer,
                                     wcl_error *error)
{
    static const wcl_layer_writer_ops ops = { .name = "write layer",
                                              .add = filter_writer_add,
                                              .add_link = filter_writer_add_link,
                                              .remove = filter_writer_remove_path,
                                              .write = filter_writer_write_stream,
                                              .end_entry = filter_writer_end_entry,
                                              .finish = filter_writer_finish,
                                              .free = filter_writer_free };
    const wcl_vm_driver info = wcl_vm_driver_of(&layer->driver);
    filter_writer *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &ops;
    if (wcl_vm_layer_exists(&info, layer->id, &opened->existed, error) != WCL_OK ||
        wcl_vm_import_begin(&info, layer->id, wcl_vm_chain_parents(&layer->chain), &opened->import,
                            error) != WCL_OK) {
        free(opened);
        return WCL_FAILED;
    }
    opened->layer = *layer;
    *layer = (wcl_vm_target)WCL_VM_TARGET_INIT;
    *writer = &opened->base;
    return WCL_OK;
}
