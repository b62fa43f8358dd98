/* Writing a folder's sidecar. */
#include "layer/dir/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/dir/names.h"
#include "layer/dir/sidecar_line.h"

#define FIRST_LINE "{\"wcl_metadata\":2}\n"
/* Bytes of lines kept in memory before they are written. */
#define LINES_MAX (256 * 1024)

bool wcl_file_record_is_extra(const wcl_file_record *record)
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

static const char *suffix_of(const wcl_sidecar_writer *writer)
{
    return writer->is_hidden ? WCL_COMPANION_SUFFIX : "";
}

static wcl_status sidecar_writer_flush(wcl_sidecar_writer *writer, wcl_error *error)
{
    char name[64];

    if (writer->lines.size == 0)
        return WCL_OK;
    snprintf(name, sizeof(name), WCL_SIDECAR_NAME "%s", suffix_of(writer));
    if (writer->fd < 0)
        writer->fd = wcl_beneath_open(writer->root, name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (writer->fd < 0)
        return wcl_fail_errno(error, errno, "cannot make the file %s", name);
    if (wcl_pwrite_full(writer->fd, writer->lines.data, writer->lines.size, writer->size, error) !=
        WCL_OK)
        return wcl_error_context(error, NULL, WCL_SIDECAR_NAME);
    writer->size += writer->lines.size;
    wcl_buffer_clear(&writer->lines);
    return WCL_OK;
}

wcl_status wcl_sidecar_finish(wcl_sidecar_writer *writer, wcl_error *error)
{
    if (writer->lines.size == 0 || writer->fd >= 0 || !writer->holder)
        return sidecar_writer_flush(writer, error);
    WCL_CLEANUP_FD int fd = wcl_beneath_open(writer->root, writer->holder, O_RDONLY | O_CLOEXEC, 0);
    int set =
        fd < 0 ? -1
               : wcl_set_own_xattr(fd, WCL_SIDECAR_XATTR, writer->lines.data, writer->lines.size);
    if (set < 0)
        return wcl_fail_errno(error, errno, "cannot keep metadata with the file %s",
                              writer->holder);
    return set > 0 ? WCL_OK : sidecar_writer_flush(writer, error);
}

wcl_status wcl_sidecar_add(wcl_sidecar_writer *writer, const char *path,
                           const wcl_file_record *record, wcl_error *error)
{
    if (writer->size == 0 && writer->lines.size == 0 &&
        wcl_buffer_append_text(&writer->lines, FIRST_LINE, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_sidecar_line_format(path, record, &writer->lines, error) != WCL_OK)
        return WCL_FAILED;
    return writer->lines.size < LINES_MAX ? WCL_OK : sidecar_writer_flush(writer, error);
}

uint64_t wcl_sidecar_new_number(wcl_sidecar_writer *writer)
{
    return ++writer->blobs;
}

wcl_status wcl_sidecar_make_blob(wcl_sidecar_writer *writer, uint64_t number, const char *suffix,
                                 int *fd, wcl_error *error)
{
    char path[96];

    snprintf(path, sizeof(path), WCL_BLOB_FOLDER "%s", suffix_of(writer));
    if (wcl_beneath_mkdir(writer->root, path, 0777) < 0 && errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot make the folder %s", path);
    wcl_sidecar_blob_path(writer->is_hidden, number, suffix, path);
    *fd = wcl_beneath_open(writer->root, path, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (*fd < 0)
        return wcl_fail_errno(error, errno, "cannot make the file %s", path);
    return WCL_OK;
}
