/* Making a file that can be read at any place of what cannot. */
#include "image/local/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "compress/compress.h"
#include "layer/internal.h"

/* Milliseconds after which a stalled read looks whether it is to end. */
#define LOOK_EVERY 200
#define COPY_SIZE ((size_t)1024 * 1024)

typedef struct copying {
    int from;
    uint64_t at; /* where `from` is read next, where it is a file */
    int to;
    uint64_t size;
    const wcl_hooks *hooks;
    uint64_t max_size;
    uint64_t max_ratio;
    uint8_t *buffer; /* of COPY_SIZE bytes */
} copying;

static wcl_status check_cancelled(const copying *copying, wcl_error *error)
{
    const wcl_progress progress = { .operation = "load", .done = copying->size };

    return wcl_hooks_report(copying->hooks, &progress, error);
}

static wcl_status new_file(int temporary, int *file, wcl_error *error)
{
    *file = openat(temporary, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    return *file >= 0 ? WCL_OK : wcl_fail_errno(error, errno, "cannot make a temporary file");
}

static wcl_status spool_put(copying *copying, const void *data, size_t size, wcl_error *error)
{
    if (size > copying->max_size - copying->size)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the archive has more than the %" PRIu64
                        " bytes that are allowed; --max-size raises the limit",
                        copying->max_size);
    if (wcl_pwrite_full(copying->to, data, size, copying->size, error) != WCL_OK)
        return WCL_FAILED;
    copying->size += size;
    return check_cancelled(copying, error);
}

/* ---- Pipes ---------------------------------------------------------------------------------- */

static wcl_status copy_piece(copying *copying, bool *ended, wcl_error *error)
{
    struct pollfd wait = { .fd = copying->from, .events = POLLIN };

    while (poll(&wait, 1, LOOK_EVERY) == 0)
        if (check_cancelled(copying, error) != WCL_OK)
            return WCL_FAILED;
    ssize_t count = read(copying->from, copying->buffer, COPY_SIZE);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        return wcl_fail_errno(error, errno, "cannot read the input");
    *ended = count == 0;
    return spool_put(copying, copying->buffer, count > 0 ? (size_t)count : 0, error);
}

static wcl_status copy_pipe(copying *copying, wcl_error *error)
{
    bool ended = false;

    while (!ended)
        if (copy_piece(copying, &ended, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* ---- Compressions --------------------------------------------------------------------------- */

/* A wcl_read_fn over the file. */
static wcl_status spool_read_file(void *context, void *buffer, size_t size, size_t *got,
                                  wcl_error *error)
{
    copying *copying = context;

    if (wcl_pread_full(copying->from, buffer, size, copying->at, got, error) != WCL_OK)
        return WCL_FAILED;
    copying->at += *got;
    return WCL_OK;
}

static wcl_status inflate_blocks(copying *copying, wcl_input *input, wcl_error *error)
{
    wcl_block *block;
    wcl_status status;

    while ((status = wcl_input_next(input, &block, error)) == WCL_OK) {
        status = spool_put(copying, block->data, block->size, error);
        wcl_block_unref(block);
        if (status != WCL_OK)
            return WCL_FAILED;
    }
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status inflate(copying *copying, wcl_error *error)
{
    const wcl_input_options options = { .max_ratio = copying->max_ratio };
    wcl_input *input = NULL;

    wcl_status status = wcl_input_open(spool_read_file, copying, &options, &input, error);
    if (status == WCL_OK)
        status = inflate_blocks(copying, input, error);
    wcl_input_free(input);
    return status;
}

/* ---- What it is ----------------------------------------------------------------------------- */

typedef wcl_status (*unpack_fn)(copying *copying, wcl_error *error);

static bool is_compressed(int fd)
{
    uint8_t start[WCL_COMPRESSION_MAGIC_SIZE];
    size_t got = 0;

    return wcl_pread_full(fd, start, sizeof(start), 0, &got, NULL) == WCL_OK &&
           wcl_compression_recognise(start, got) != WCL_COMPRESSION_NONE;
}

/* Whether it can be read at any place, from its beginning. */
static bool is_whole_file(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
}

/* Makes an unnamed file of what `unpack` makes of another. */
static wcl_status make(copying *copying, int from, unpack_fn unpack, int temporary, int *file,
                       wcl_error *error)
{
    int made;

    if (new_file(temporary, &made, error) != WCL_OK)
        return WCL_FAILED;
    copying->from = from;
    copying->to = made;
    copying->at = copying->size = 0;
    if (unpack(copying, error) != WCL_OK) {
        close(made);
        return WCL_FAILED;
    }
    *file = made;
    return WCL_OK;
}

static wcl_status spool(copying *copying, int input, int temporary, int *file, wcl_error *error)
{
    WCL_CLEANUP_FD int whole = -1;

    if (!is_whole_file(input)) {
        if (make(copying, input, copy_pipe, temporary, &whole, error) != WCL_OK)
            return WCL_FAILED;
    } else if ((whole = fcntl(input, F_DUPFD_CLOEXEC, 0)) < 0) {
        return wcl_fail_errno(error, errno, "cannot open the file");
    }
    if (is_compressed(whole))
        return make(copying, whole, inflate, temporary, file, error);
    *file = whole;
    whole = -1;
    return WCL_OK;
}

wcl_status wcl_spool_archive(int input, int temporary, const wcl_hooks *hooks,
                             const wcl_transfer_options *limits, int *file, wcl_error *error)
{
    copying copying = {
        .hooks = hooks,
        .max_size = wcl_tar_limit(limits ? limits->max_size : 0, WCL_TAR_SIZE_MAX),
        .max_ratio = wcl_tar_limit(limits ? limits->max_ratio : 0, WCL_TAR_RATIO_MAX),
        .buffer = malloc(COPY_SIZE),
    };

    *file = -1;
    wcl_status status =
        copying.buffer ? spool(&copying, input, temporary, file, error) : wcl_fail_memory(error);
    free(copying.buffer);
    return status;
}
