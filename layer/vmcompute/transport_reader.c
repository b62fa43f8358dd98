/* Reading a layer on a Windows without ExportLayerBegin: ExportLayer makes a temporary folder in
 * the transport format, which is read and removed. */
#include <stdlib.h>

#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/vmcompute/open.h"
#include "platform/windows/files.h"

typedef struct transport_reader {
    wcl_layer_reader base;
    wcl_layer_reader *inner;
    char *folder;
} transport_reader;

static wcl_status transport_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    return wcl_layer_reader_next(((transport_reader *)base)->inner, entry, error);
}

static wcl_status transport_reader_read_stream(wcl_layer_reader *base, void *buffer, size_t size,
                                               size_t *got, wcl_error *error)
{
    return wcl_layer_reader_read(((transport_reader *)base)->inner, buffer, size, got, error);
}

static void remove_folder(const char *folder)
{
    WCL_CLEANUP_FREE char *root = wcl_long_path(folder, NULL);

    if (root)
        wcl_file_remove(root, NULL);
}

static void transport_reader_free(wcl_layer_reader *base)
{
    transport_reader *reader = (transport_reader *)base;

    wcl_layer_reader_close(reader->inner, NULL);
    if (reader->folder)
        remove_folder(reader->folder);
    free(reader->folder);
    free(reader);
}

wcl_status wcl_vm_transport_reader_open(const wcl_driver *driver, const char *id,
                                        const wcl_vm_chain *chain, wcl_layer_reader **reader,
                                        wcl_error *error)
{
    static const wcl_layer_reader_ops ops = { "read layer", transport_reader_next,
                                              transport_reader_read_stream, transport_reader_free };
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    transport_reader *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &ops;
    opened->folder = wcl_folder_temporary(error);
    if (!opened->folder ||
        wcl_vm_export_layer(&info, id, opened->folder, wcl_vm_chain_parents(chain), error) !=
            WCL_OK ||
        wcl_transport_reader_open(opened->folder, &opened->inner, error) != WCL_OK) {
        transport_reader_free(&opened->base);
        return WCL_FAILED;
    }
    *reader = &opened->base;
    return WCL_OK;
}
