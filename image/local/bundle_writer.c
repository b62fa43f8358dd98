/* Writing a bundle. In a tar, all members are of 1970 and of root, so that the same images give the
 * same bytes. */
#include "image/local/bundle_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/staging.h"
#include "layer/internal.h"

struct wcl_bundle_writer {
    wcl_staging *staging; /* of a folder */
    wcl_new_file *tar;    /* of a tar */
    int file;             /* the folder's file at hand, or -1 */
    uint64_t size;        /* of the file at hand */
    uint64_t written;     /* of it */
};

wcl_status wcl_bundle_writer_open(const char *path, bool is_folder, wcl_bundle_writer **writer,
                                  wcl_error *error)
{
    wcl_bundle_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->file = -1;
    wcl_status status = is_folder ? wcl_staging_open(path, &made->staging, error)
                                  : wcl_new_file_open(path, &made->tar, error);
    if (status == WCL_OK)
        *writer = made;
    else
        free(made);
    return status;
}

static wcl_status put_header(wcl_bundle_writer *writer, const char *name, char type, uint64_t size,
                             wcl_error *error)
{
    const wcl_tar_header header = { .type = type,
                                    .name = name,
                                    .size = size,
                                    .mode = type == '5' ? 0755 : 0644,
                                    .has_modified = true };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;

    if (wcl_tar_header_append(&header, &bytes, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_write_fd(wcl_new_file_fd(writer->tar), bytes.data, bytes.size, error);
}

wcl_status wcl_bundle_writer_folder(wcl_bundle_writer *writer, const char *name, wcl_error *error)
{
    char with_slash[128];

    if (writer->tar) {
        snprintf(with_slash, sizeof(with_slash), "%s/", name);
        return put_header(writer, with_slash, '5', 0, error);
    }
    if (wcl_beneath_mkdir(wcl_staging_root(writer->staging), name, 0755) != 0)
        return wcl_fail_errno(error, errno, "cannot make the folder '%s'", name);
    return WCL_OK;
}

wcl_status wcl_bundle_writer_begin(wcl_bundle_writer *writer, const char *name, uint64_t size,
                                   wcl_error *error)
{
    writer->size = size;
    writer->written = 0;
    if (writer->tar)
        return put_header(writer, name, '0', size, error);
    writer->file = wcl_beneath_open(wcl_staging_root(writer->staging), name,
                                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return writer->file >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot create '%s'", name);
}

wcl_status wcl_bundle_writer_write(wcl_bundle_writer *writer, const void *data, size_t size,
                                   wcl_error *error)
{
    wcl_status status = writer->tar
                            ? wcl_write_fd(wcl_new_file_fd(writer->tar), data, size, error)
                            : wcl_pwrite_full(writer->file, data, size, writer->written, error);

    writer->written += size;
    return status;
}

wcl_status wcl_bundle_writer_end(wcl_bundle_writer *writer, wcl_error *error)
{
    static const uint8_t zeros[WCL_TAR_BLOCK_SIZE];

    if (writer->written != writer->size)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the blob has %llu bytes instead of %llu",
                        (unsigned long long)writer->written, (unsigned long long)writer->size);
    if (writer->tar)
        return wcl_write_fd(wcl_new_file_fd(writer->tar), zeros, wcl_tar_padding(writer->size),
                            error);
    wcl_status status =
        fsync(writer->file) == 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot write the file");
    close(writer->file);
    writer->file = -1;
    return status;
}

wcl_status wcl_bundle_writer_put(wcl_bundle_writer *writer, const char *name, const void *data,
                                 size_t size, wcl_error *error)
{
    if (wcl_bundle_writer_begin(writer, name, size, error) != WCL_OK ||
        wcl_bundle_writer_write(writer, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_bundle_writer_end(writer, error);
}

wcl_status wcl_bundle_writer_finish(wcl_bundle_writer *writer, wcl_error *error)
{
    static const uint8_t end[2 * WCL_TAR_BLOCK_SIZE];

    if (!writer->tar)
        return wcl_staging_commit(writer->staging, error);
    if (wcl_write_fd(wcl_new_file_fd(writer->tar), end, sizeof(end), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_new_file_finish(writer->tar, error);
}

void wcl_bundle_writer_free(wcl_bundle_writer *writer)
{
    if (!writer)
        return;
    if (writer->file >= 0)
        close(writer->file);
    wcl_staging_free(writer->staging);
    wcl_new_file_free(writer->tar);
    free(writer);
}
