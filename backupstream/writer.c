/* The writer of backup streams. */
#include <inttypes.h>
#include <stdlib.h>

#include <wcl/backupstream.h>

#include "base/error.h"

struct wcl_backup_writer {
    wcl_write_fn write;
    void *context;
    bool failed;
    uint32_t id;   /* of the stream at hand */
    uint64_t left; /* bytes that its header promised and that have not come */
};

wcl_status wcl_backup_writer_new(wcl_write_fn write, void *context, wcl_backup_writer **writer,
                                 wcl_error *error)
{
    wcl_backup_writer *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->write = write;
    made->context = context;
    *writer = made;
    return WCL_OK;
}

void wcl_backup_writer_free(wcl_backup_writer *writer)
{
    free(writer);
}

static wcl_status emit(wcl_backup_writer *writer, const void *data, size_t size, wcl_error *error)
{
    if (writer->write(writer->context, data, size, error) == WCL_OK)
        return WCL_OK;
    writer->failed = true;
    return WCL_FAILED;
}

static wcl_status check_usable(const wcl_backup_writer *writer, wcl_error *error)
{
    if (writer->failed)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "this writer of a backup stream has failed before and cannot go on");
    return WCL_OK;
}

static wcl_status check_stream_whole(const wcl_backup_writer *writer, wcl_error *error)
{
    if (check_usable(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (writer->left)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "the stream of kind %" PRIu32 " still lacks %" PRIu64
                        " of the bytes that its header promises",
                        writer->id, writer->left);
    return WCL_OK;
}

wcl_status wcl_backup_writer_header(wcl_backup_writer *writer, const wcl_backup_header *header,
                                    wcl_error *error)
{
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    if (check_stream_whole(writer, error) != WCL_OK ||
        wcl_backup_header_encode(header, bytes, &size, error) != WCL_OK ||
        emit(writer, bytes, size, error) != WCL_OK)
        return WCL_FAILED;
    writer->id = header->id;
    writer->left = header->size;
    return WCL_OK;
}

wcl_status wcl_backup_writer_write(wcl_backup_writer *writer, const void *data, size_t size,
                                   wcl_error *error)
{
    if (check_usable(writer, error) != WCL_OK)
        return WCL_FAILED;
    if (size > writer->left)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "%zu bytes were given to a stream of kind %" PRIu32 " that lacks %" PRIu64,
                        size, writer->id, writer->left);
    if (size == 0)
        return WCL_OK;
    if (emit(writer, data, size, error) != WCL_OK)
        return WCL_FAILED;
    writer->left -= size;
    return WCL_OK;
}

wcl_status wcl_backup_writer_finish(wcl_backup_writer *writer, wcl_error *error)
{
    return check_stream_whole(writer, error);
}
