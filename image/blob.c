/* Blobs: reading them, and writing them so that a whole one is there or none. */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "image/store.h"

/* Bytes after which what was written so far is sent to the disk. */
#define WRITE_BEHIND (32 * 1024 * 1024)
/* Nanoseconds between two looks at whether a writer has ended. */
#define LOOK_EVERY 50000000

/* ---- Reading -------------------------------------------------------------------------------- */

static void blob_path(const char *hex, char path[96])
{
    snprintf(path, 96, "blobs/sha256/%.64s", hex);
}

bool wcl_image_blob_exists(const wcl_image_store *store, const char *digest)
{
    char path[96];

    blob_path(wcl_digest_digits(digest), path);
    return wcl_image_store_has(store, path);
}

int wcl_image_blob_open(const wcl_image_store *store, const char *digest, const char *layer_id,
                        const char *diff_id, wcl_error *error)
{
    char path[160];
    int fd;

    if (diff_id && strcmp(digest, diff_id) == 0) {
        snprintf(path, sizeof(path), "%.128s/layer.tar", layer_id);
        fd = openat(store->layers.home_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    } else {
        blob_path(wcl_digest_digits(digest), path);
        fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0)
        wcl_fail_errno(error, errno, "cannot open the blob %s", digest);
    return fd;
}

wcl_status wcl_image_blob_read(const wcl_image_store *store, const char *digest, size_t limit,
                               wcl_buffer *data, wcl_error *error)
{
    char path[96], found[WCL_DIGEST_TEXT_SIZE];

    blob_path(wcl_digest_digits(digest), path);
    if (wcl_image_store_get(store, path, limit, data, error) != WCL_OK ||
        wcl_digest_of(data->data, data->size, found, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(found, digest) != 0)
        return wcl_fail(error, WCL_CODE_CHECKSUM, "the blob %s has the digest %s", digest, found);
    return WCL_OK;
}

wcl_status wcl_image_blob_find(const wcl_image_store *store, const char *digest, size_t limit,
                               wcl_buffer *data, wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    /* Not asked first whether it is there: a removal may come between. */
    if (wcl_image_blob_read(store, digest, limit, data, &inner) == WCL_OK)
        return WCL_OK;
    if (inner.code == WCL_CODE_FILE_NOT_FOUND)
        return WCL_END;
    return wcl_error_pass(error, &inner);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void partial_path(const wcl_blob_writer *writer, char path[96])
{
    snprintf(path, 96, "partial/%s", writer->hex);
}

static wcl_status lock_partial(const wcl_blob_writer *writer, const wcl_stop *stop,
                               wcl_error *error)
{
    const struct timespec pause = { 0, LOOK_EVERY };

    while (flock(writer->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return wcl_fail_errno(error, errno, "cannot lock the blob");
        if (stop && atomic_load(stop))
            return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
        nanosleep(&pause, NULL);
    }
    return WCL_OK;
}

wcl_status wcl_blob_writer_begin(const wcl_image_store *store, const char *digest,
                                 const wcl_stop *stop, wcl_blob_writer *writer, bool *is_there,
                                 wcl_error *error)
{
    char path[96];
    struct stat info;

    *writer = (wcl_blob_writer)WCL_BLOB_WRITER_INIT;
    writer->store = store;
    snprintf(writer->hex, sizeof(writer->hex), "%s", wcl_digest_digits(digest));
    partial_path(writer, path);
    do {
        wcl_blob_writer_end(writer, true);
        *is_there = wcl_image_blob_exists(store, digest);
        if (*is_there)
            return WCL_OK;
        writer->fd = openat(store->fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (writer->fd < 0)
            return wcl_fail_errno(error, errno, "cannot create the blob %s", digest);
        if (lock_partial(writer, stop, error) != WCL_OK) {
            wcl_blob_writer_end(writer, true);
            return WCL_FAILED;
        }
        /* Who held the lock may have put it in place. */
    } while (!wcl_image_store_is_in_place(store, path, writer->fd));
    if (fstat(writer->fd, &info) == 0)
        writer->size = writer->sent = (uint64_t)info.st_size;
    return WCL_OK;
}

wcl_status wcl_blob_writer_write(wcl_blob_writer *writer, const void *data, size_t size,
                                 wcl_error *error)
{
    if (wcl_pwrite_full(writer->fd, data, size, writer->size, error) != WCL_OK)
        return wcl_error_context(error, NULL, "blob");
    writer->size += size;
    if (writer->size - writer->sent >= WRITE_BEHIND) {
        sync_file_range(writer->fd, (off_t)writer->sent, (off_t)(writer->size - writer->sent),
                        SYNC_FILE_RANGE_WRITE);
        writer->sent = writer->size;
    }
    return WCL_OK;
}

wcl_status wcl_blob_writer_restart(wcl_blob_writer *writer, wcl_error *error)
{
    if (ftruncate(writer->fd, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot empty the blob");
    writer->size = writer->sent = 0;
    return WCL_OK;
}

bool wcl_blob_writer_is_shared(const wcl_blob_writer *writer)
{
    struct stat info;

    return fstat(writer->fd, &info) != 0 || info.st_nlink > 1;
}

bool wcl_blob_writer_share(const wcl_blob_writer *writer, int fd, const char *name)
{
    char path[96];

    partial_path(writer, path);
    return linkat(writer->store->fd, path, fd, name, 0) == 0;
}

void wcl_blob_writer_unlock(wcl_blob_writer *writer)
{
    flock(writer->fd, LOCK_UN);
}

wcl_status wcl_blob_writer_commit(wcl_blob_writer *writer, wcl_error *error)
{
    const wcl_image_store *store = writer->store;
    char from[96], to[96];

    partial_path(writer, from);
    blob_path(writer->hex, to);
    if (fdatasync(writer->fd) != 0)
        return wcl_fail_errno(error, errno, "cannot write the blob to disk");
    if (wcl_durable_rename(store->fd, from, to, error) != WCL_OK)
        return WCL_FAILED;
    close(writer->fd);
    writer->fd = -1;
    return WCL_OK;
}

void wcl_blob_writer_end(wcl_blob_writer *writer, bool keep)
{
    char path[96];

    if (writer->fd < 0)
        return;
    partial_path(writer, path);
    if (!keep && wcl_image_store_is_in_place(writer->store, path, writer->fd))
        unlinkat(writer->store->fd, path, 0);
    close(writer->fd);
    writer->fd = -1;
}
