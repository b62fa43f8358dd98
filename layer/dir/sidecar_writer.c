/* Writing a folder's sidecar. */
#include "layer/dir/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/dir/sidecar_line.h"

#define FIRST_LINE "{\"wcl_metadata\":1}\n"
/* Bytes of lines kept in memory before they are written. */
#define LINES_MAX (256 * 1024)

bool wcl_record_is_extra(const wcl_record *record)
{
    return record->kind == WCL_ENTRY_HARD_LINK || record->kind == WCL_ENTRY_DELETED ||
           record->kind == WCL_ENTRY_OPAQUE;
}

void wcl_sidecar_writer_init(wcl_sidecar_writer *writer, int root)
{
    *writer = (wcl_sidecar_writer) { .root = root, .fd = -1 };
}

void wcl_sidecar_writer_free(wcl_sidecar_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    writer->fd = -1;
    wcl_buffer_free(&writer->lines);
}

wcl_status wcl_sidecar_flush(wcl_sidecar_writer *writer, wcl_error *error)
{
    if (writer->lines.size == 0)
        return WCL_OK;
    if (writer->fd < 0)
        writer->fd =
            wcl_beneath_open(writer->root, WCL_SIDECAR_NAME, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (writer->fd < 0)
        return wcl_fail_errno(error, errno, "cannot make the file " WCL_SIDECAR_NAME);
    if (wcl_pwrite_full(writer->fd, writer->lines.data, writer->lines.size, writer->size, error) !=
        WCL_OK)
        return wcl_error_context(error, NULL, WCL_SIDECAR_NAME);
    writer->size += writer->lines.size;
    wcl_buffer_clear(&writer->lines);
    return WCL_OK;
}

wcl_status wcl_sidecar_add(wcl_sidecar_writer *writer, const char *path, const wcl_record *record,
                           wcl_error *error)
{
    if (writer->size == 0 && writer->lines.size == 0 &&
        wcl_buffer_append_text(&writer->lines, FIRST_LINE, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sidecar_line_format(path, record, &writer->lines, error) != WCL_OK)
        return WCL_FAILED;
    return writer->lines.size < LINES_MAX ? WCL_OK : wcl_sidecar_flush(writer, error);
}

uint64_t wcl_sidecar_new_number(wcl_sidecar_writer *writer)
{
    return ++writer->blobs;
}

wcl_status wcl_sidecar_make_blob(wcl_sidecar_writer *writer, uint64_t number, const char *suffix,
                                 int *fd, wcl_error *error)
{
    char path[64];

    if (wcl_beneath_mkdir(writer->root, WCL_BLOB_FOLDER, 0777) < 0 && errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot make the folder " WCL_BLOB_FOLDER);
    snprintf(path, sizeof(path), WCL_BLOB_FOLDER "/%" PRIu64 "%s", number, suffix);
    *fd = wcl_beneath_open(writer->root, path, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot make the file %s", path);
    return WCL_OK;
}
