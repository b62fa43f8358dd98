/* Reading a layer through ExportLayerBegin and its companions. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/entry/ops.h"
#include "layer/vmcompute/open.h"

/* Bytes asked of the DLL at a time, whose counts are 32 bits wide. */
#define PIECE_MAX (1u << 30)

typedef struct filter_reader {
    wcl_layer_reader base;
    wcl_vm_transfer export; /* NULL once it has ended */
    bool has_stream;        /* of the entry at hand */
    char *path;             /* of the entry at hand */
} filter_reader;

/* Ends the export where there is nothing more, so that a failure of that is not lost. */
static wcl_status filter_reader_end(filter_reader *reader, wcl_error *error)
{
    wcl_vm_transfer export = reader->export;

    reader->export = NULL;
    return wcl_vm_export_end(export, error) == WCL_OK ? WCL_END : WCL_FAILED;
}

static wcl_status filter_reader_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    filter_reader *reader = (filter_reader *)base;
    wcl_vm_file_info info;
    int64_t size;
    bool deleted;

    free(reader->path);
    reader->path = NULL;
    wcl_status status =
        wcl_vm_export_next(reader->export, &reader->path, &info, &size, &deleted, error);
    if (status != WCL_OK)
        return status == WCL_END ? filter_reader_end(reader, error) : status;
    for (char *at = reader->path; *at; at++)
        if (*at == '\\')
            *at = '/';
    reader->has_stream = !deleted;
    entry->path = reader->path;
    entry->kind = deleted                                     ? WCL_ENTRY_DELETED
                  : info.attributes & WCL_ATTRIBUTE_DIRECTORY ? WCL_ENTRY_DIRECTORY
                                                              : WCL_ENTRY_FILE;
    if (deleted)
        return WCL_OK;
    if (size < 0)
        return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE, "'%s' has a size below 0", reader->path);
    entry->size = entry->kind == WCL_ENTRY_FILE ? (uint64_t)size : 0;
    entry->info = (wcl_basic_info) { info.creation_time, info.last_access_time,
                                     info.last_write_time, info.change_time, info.attributes };
    return WCL_OK;
}

static wcl_status filter_reader_read_stream(wcl_layer_reader *base, void *buffer, size_t size,
                                            size_t *got, wcl_error *error)
{
    filter_reader *reader = (filter_reader *)base;
    uint32_t asked = size < PIECE_MAX ? (uint32_t)size : PIECE_MAX;
    uint32_t given = 0;

    if (reader->has_stream &&
        wcl_vm_export_read(reader->export, buffer, asked, &given, error) != WCL_OK)
        return wcl_error_context(error, NULL, reader->path);
    *got = given;
    return WCL_OK;
}

static void filter_reader_free(wcl_layer_reader *base)
{
    filter_reader *reader = (filter_reader *)base;

    if (reader->export)
        wcl_vm_export_end(reader->export, NULL);
    free(reader->path);
    free(reader);
}

wcl_status wcl_vm_filter_reader_open(const wcl_driver *driver, const char *id,
                                     const wcl_vm_chain *chain, wcl_layer_reader **reader,
                                     wcl_error *error)
{
    static const wcl_layer_reader_ops ops = { "read layer", filter_reader_next,
                                              filter_reader_read_stream, filter_reader_free };
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    filter_reader *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return wcl_fail_memory(error);
    opened->base.ops = &ops;
    if (wcl_vm_export_begin(&info, id, wcl_vm_chain_parents(chain), &opened->export, error) !=
        WCL_OK) {
        free(opened);
        return WCL_FAILED;
    }
    *reader = &opened->base;
    return WCL_OK;
}
