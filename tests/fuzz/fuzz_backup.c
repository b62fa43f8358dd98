/* Backup streams: the reader and the decoder agree, and what they take writes back to the same
 * bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "base/buffer.h"
#include "tests/tools/check.h"

typedef struct rewrite {
    wcl_backup_writer *writer;
    wcl_buffer bytes;
} rewrite;

static wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    rewrite *to = context;
    return wcl_buffer_append(&to->bytes, data, size, error);
}

static wcl_status on_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    rewrite *to = context;
    return wcl_backup_writer_header(to->writer, header, error);
}

static wcl_status on_data(void *context, const void *data, size_t size, wcl_error *error)
{
    rewrite *to = context;
    CHECK(size > 0);
    return wcl_backup_writer_write(to->writer, data, size, error);
}

static rewrite rewrite_new(void)
{
    return (rewrite) { NULL, WCL_BUFFER_INIT };
}

static void rewrite_free(rewrite *to)
{
    wcl_backup_writer_free(to->writer);
    wcl_buffer_free(&to->bytes);
}

/* Pushes the input in pieces of sizes that it chooses itself. */
static bool push(const uint8_t *data, size_t size, rewrite *to, wcl_error *error)
{
    const wcl_backup_events events = { on_header, on_data };
    wcl_backup_decoder *decoder;
    wcl_status status = WCL_OK;

    CHECK(wcl_backup_writer_new(append, to, &to->writer, NULL) == WCL_OK);
    CHECK(wcl_backup_decoder_new(&events, to, &decoder, NULL) == WCL_OK);
    for (size_t at = 0; at < size && status == WCL_OK;) {
        size_t piece = 1 + data[at] % 37;
        piece = piece < size - at ? piece : size - at;
        status = wcl_backup_decoder_write(decoder, data + at, piece, error);
        at += piece;
    }
    if (status == WCL_OK)
        status = wcl_backup_decoder_finish(decoder, error);
    wcl_backup_decoder_free(decoder);
    return status == WCL_OK;
}

typedef struct source {
    const uint8_t *data;
    size_t size, position;
} source;

static wcl_status read_source(void *context, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    source *from = context;
    size_t left = from->size - from->position;

    (void)error;
    *got = size < left ? size : left;
    if (*got)
        memcpy(buffer, from->data + from->position, *got);
    from->position += *got;
    return WCL_OK;
}

static bool pull(const uint8_t *data, size_t size, rewrite *to, wcl_error *error)
{
    source from = { data, size, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    wcl_status status;
    uint8_t piece[61];
    size_t got;

    CHECK(wcl_backup_writer_new(append, to, &to->writer, NULL) == WCL_OK);
    CHECK(wcl_backup_reader_new(read_source, &from, &reader, NULL) == WCL_OK);
    while ((status = wcl_backup_reader_next(reader, &header, error)) == WCL_OK) {
        CHECK(on_header(to, &header, NULL) == WCL_OK);
        while ((status = wcl_backup_reader_read(reader, piece, sizeof(piece), &got, error)) ==
                   WCL_OK &&
               got)
            CHECK(on_data(to, piece, got, NULL) == WCL_OK);
        if (status != WCL_OK)
            break;
    }
    wcl_backup_reader_free(reader);
    return status == WCL_END;
}

/* Going from header to header must end where reading everything ends. */
static bool skim(const uint8_t *data, size_t size)
{
    source from = { data, size, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    wcl_status status;

    CHECK(wcl_backup_reader_new(read_source, &from, &reader, NULL) == WCL_OK);
    do
        status = wcl_backup_reader_next(reader, &header, NULL);
    while (status == WCL_OK);
    wcl_backup_reader_free(reader);
    return status == WCL_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rewrite pushed = rewrite_new(), pulled = rewrite_new();
    wcl_error push_error = WCL_ERROR_INIT, pull_error = WCL_ERROR_INIT;
    bool whole = push(data, size, &pushed, &push_error);

    CHECK(whole == pull(data, size, &pulled, &pull_error));
    CHECK(whole == skim(data, size));
    CHECK(push_error.code == pull_error.code);
    CHECK(strcmp(push_error.message, pull_error.message) == 0);
    CHECK(pushed.bytes.size == pulled.bytes.size);
    CHECK(pushed.bytes.size <= size);
    CHECK(!pushed.bytes.size || !memcmp(pushed.bytes.data, data, pushed.bytes.size));
    CHECK(!pushed.bytes.size || !memcmp(pulled.bytes.data, data, pushed.bytes.size));
    CHECK(!whole || pushed.bytes.size == size);
    rewrite_free(&pushed);
    rewrite_free(&pulled);
    return 0;
}
