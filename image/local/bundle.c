/* Bundles: a folder, or a tar in a file. */
#include "image/local/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/regular.h"
#include "image/local/spool.h"
#include "image/local/tar_index.h"

struct wcl_bundle {
    int folder; /* -1: a tar */
    int file;
    wcl_tar_index index;
    const wcl_hooks *hooks;
};

wcl_status wcl_bundle_report(const wcl_bundle *bundle, uint64_t done, wcl_error *error)
{
    const wcl_progress progress = { .operation = "load", .done = done };

    return wcl_hooks_report(bundle->hooks, &progress, error);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static wcl_status local_bundle_open_tar(wcl_bundle *bundle, int input, int temporary,
                                        const wcl_transfer_options *limits, wcl_error *error)
{
    struct stat info;

    if (wcl_spool_archive(input, temporary, bundle->hooks, limits, &bundle->file, error) != WCL_OK)
        return WCL_FAILED;
    if (fstat(bundle->file, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot read the file");
    return wcl_tar_index_read(bundle->file, (uint64_t)info.st_size, bundle->hooks, &bundle->index,
                              error);
}

static wcl_status open_path(wcl_bundle *bundle, const char *path, int temporary,
                            const wcl_transfer_options *limits, wcl_error *error)
{
    struct stat info;

    if (strcmp(path, "-") == 0)
        return local_bundle_open_tar(bundle, STDIN_FILENO, temporary, limits, error);
    WCL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", path);
    if (!S_ISDIR(info.st_mode))
        return local_bundle_open_tar(bundle, fd, temporary, limits, error);
    bundle->folder = fd;
    fd = -1;
    return WCL_OK;
}

wcl_status wcl_bundle_open(const char *path, int temporary, const wcl_hooks *hooks,
                           const wcl_transfer_options *limits, wcl_bundle **bundle,
                           wcl_error *error)
{
    wcl_bundle *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->folder = made->file = -1;
    made->hooks = hooks;
    if (open_path(made, path, temporary, limits, error) == WCL_OK) {
        *bundle = made;
        return WCL_OK;
    }
    wcl_bundle_free(made);
    return WCL_FAILED;
}

void wcl_bundle_free(wcl_bundle *bundle)
{
    if (!bundle)
        return;
    wcl_tar_index_free(&bundle->index);
    if (bundle->folder >= 0)
        close(bundle->folder);
    if (bundle->file >= 0)
        close(bundle->file);
    free(bundle);
}

/* ---- Files ---------------------------------------------------------------------------------- */

static wcl_status find_in_folder(const wcl_bundle *bundle, const char *name, wcl_bundle_file *file,
                                 wcl_error *error)
{
    int fd;
    uint64_t size;

    if (wcl_regular_open(bundle->folder, name, WCL_LINKS_REFUSED, 0, &fd, &size, error) != WCL_OK)
        return WCL_FAILED;
    *file = (wcl_bundle_file) { fd, true, 0, size };
    return WCL_OK;
}

wcl_status wcl_bundle_find(const wcl_bundle *bundle, const char *name, wcl_bundle_file *file,
                           wcl_error *error)
{
    if (bundle->folder >= 0)
        return find_in_folder(bundle, name, file, error);
    const wcl_tar_member *member = wcl_tar_index_find(&bundle->index, name);
    if (!member)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no '%.200s' in it", name);
    *file = (wcl_bundle_file) { bundle->file, false, member->offset, member->size };
    return WCL_OK;
}

void wcl_bundle_file_close(wcl_bundle_file *file)
{
    if (file->is_owned)
        close(file->fd);
    file->is_owned = false;
}

bool wcl_bundle_has(const wcl_bundle *bundle, const char *name)
{
    WCL_CLEANUP_BUNDLE_FILE wcl_bundle_file file = { .fd = -1 };

    return wcl_bundle_find(bundle, name, &file, NULL) == WCL_OK;
}

wcl_status wcl_bundle_read(const wcl_bundle *bundle, const char *name, size_t limit,
                           wcl_buffer *data, wcl_error *error)
{
    WCL_CLEANUP_BUNDLE_FILE wcl_bundle_file file = { .fd = -1 };
    size_t got;

    if (wcl_bundle_find(bundle, name, &file, error) != WCL_OK)
        return WCL_FAILED;
    if (file.size > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "'%.200s' has %llu bytes, more than the %zu allowed", name,
                        (unsigned long long)file.size, limit);
    if (wcl_buffer_reserve(data, (size_t)file.size, error) != WCL_OK ||
        wcl_pread_full(file.fd, data->data + data->size, (size_t)file.size, file.offset, &got,
                       error) != WCL_OK)
        return WCL_FAILED;
    data->size += got;
    data->data[data->size] = '\0';
    return WCL_OK;
}

/* ---- Streams -------------------------------------------------------------------------------- */

typedef struct file_stream {
    wcl_blob_stream base;
    wcl_bundle_file file;
    uint64_t at;
} file_stream;

static wcl_status local_bundle_read_stream(wcl_blob_stream *base, void *buffer, size_t size,
                                           size_t *got, wcl_error *error)
{
    file_stream *stream = (file_stream *)base;
    uint64_t left = stream->file.size - stream->at;

    if (size > left)
        size = (size_t)left;
    *got = 0;
    if (size && wcl_pread_full(stream->file.fd, buffer, size, stream->file.offset + stream->at, got,
                               error) != WCL_OK)
        return WCL_FAILED;
    stream->at += *got;
    return WCL_OK;
}

static void free_stream(wcl_blob_stream *base)
{
    file_stream *stream = (file_stream *)base;

    wcl_bundle_file_close(&stream->file);
    free(stream);
}

wcl_status wcl_bundle_stream(const wcl_bundle *bundle, const char *name, uint64_t offset,
                             wcl_blob_stream **stream, wcl_error *error)
{
    static const wcl_blob_stream_ops ops = { local_bundle_read_stream, free_stream };
    file_stream *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->at = offset;
    if (wcl_bundle_find(bundle, name, &made->file, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    if (offset > made->file.size)
        made->at = made->file.size;
    *stream = &made->base;
    return WCL_OK;
}
