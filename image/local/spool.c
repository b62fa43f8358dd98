/* Making a file that can be read at any place of what cannot. */
#include "image/local/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/hooks.h"
#include "compress/compress.h"
#include "layer/internal.h"

/* Milliseconds after which a stalled read looks whether it shall end. */
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
    wcl_error why;   /* what libarchive's callbacks failed with */
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

/* ---- Compressions that layers have ---------------------------------------------------------- */

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

/* ---- Compressions that only archives have --------------------------------------------------- */

static la_ssize_t give_file(struct archive *archive, void *context, const void **data)
{
    copying *copying = context;
    size_t got = 0;

    *data = copying->buffer;
    if (spool_read_file(copying, copying->buffer, COPY_SIZE, &got, &copying->why) == WCL_OK &&
        check_cancelled(copying, &copying->why) == WCL_OK)
        return (la_ssize_t)got;
    archive_set_error(archive, EIO, "%s", copying->why.message);
    return -1;
}

static wcl_status fail_filter(const copying *copying, struct archive *archive, wcl_error *error)
{
    const char *why = archive_error_string(archive);

    if (!copying->why.code)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the archive cannot be decompressed: %s",
                        why ? why : "it is damaged");
    if (error)
        *error = copying->why;
    return WCL_FAILED;
}

/* As wcl_input has it for the other compressions. */
static wcl_status check_ratio(const copying *copying, wcl_error *error)
{
    if (copying->size <= WCL_COMPRESSION_RATIO_FREE || copying->max_ratio == WCL_TAR_NO_LIMIT ||
        copying->size / copying->max_ratio <= copying->at)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "the archive is decompressed to more than %" PRIu64
                    " times its size; --max-ratio raises the limit",
                    copying->max_ratio);
}

static wcl_status filter(copying *copying, struct archive *archive, wcl_error *error)
{
    struct archive_entry *entry;
    const void *data;
    size_t size;
    la_int64_t offset;
    int result;

    if (archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(archive) != ARCHIVE_OK)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the archive is compressed with xz or bzip2, which this libarchive cannot "
                        "read");
    if (archive_read_open(archive, copying, NULL, give_file, NULL) != ARCHIVE_OK ||
        archive_read_next_header(archive, &entry) != ARCHIVE_OK)
        return fail_filter(copying, archive, error);
    while ((result = archive_read_data_block(archive, &data, &size, &offset)) == ARCHIVE_OK)
        if (spool_put(copying, data, size, error) != WCL_OK ||
            check_ratio(copying, error) != WCL_OK)
            return WCL_FAILED;
    return result == ARCHIVE_EOF ? WCL_OK : fail_filter(copying, archive, error);
}

static wcl_status filter_file(copying *copying, wcl_error *error)
{
    struct archive *archive = archive_read_new();

    wcl_status status = archive ? filter(copying, archive, error) : wcl_fail_memory(error);
    archive_read_free(archive);
    return status;
}

/* ---- What it is ----------------------------------------------------------------------------- */

typedef wcl_status (*unpack_fn)(copying *copying, wcl_error *error);

/* How the file's bytes are unpacked; NULL where they are not compressed. */
static unpack_fn recognise(int fd)
{
    uint8_t start[10];
    size_t got = 0;

    if (wcl_pread_full(fd, start, sizeof(start), 0, &got, NULL) != WCL_OK || got < sizeof(start))
        return NULL;
    if (memcmp(start, "\x1F\x8B", 2) == 0 || wcl_begins_as_zstd(start, got))
        return inflate;
    if (memcmp(start, "\xFD\x37\x7A\x58\x5A\x00", 6) == 0 ||
        (memcmp(start, "BZh", 3) == 0 && memcmp(start + 4, "1AY&SY", 6) == 0))
        return filter_file;
    return NULL;
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
    unpack_fn unpack = recognise(whole);
    if (unpack)
        return make(copying, whole, unpack, temporary, file, error);
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
        .why = WCL_ERROR_INIT,
    };

    *file = -1;
    wcl_status status =
        copying.buffer ? spool(&copying, input, temporary, file, error) : wcl_fail_memory(error);
    free(copying.buffer);
    return status;
}
