/* Backup streams that go-winio made come apart into the streams they were made of, and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "conformance/backupstream/vectors.h"

#include <string.h>

#include <wcl/backupstream.h>

/* What was found in a backup stream, compared with entries.json as it comes. */
typedef struct comparison {
    const cJSON *expected; /* the next stream */
    wcl_buffer data;       /* of the stream at hand */
    bool in_stream;
    uint64_t size; /* that its header announced */
    wcl_backup_writer *writer;
    wcl_buffer rewritten;
} comparison;

static wcl_status append_rewritten(void *context, const void *data, size_t size, wcl_error *error)
{
    comparison *at = context;
    return wcl_buffer_append(&at->rewritten, data, size, error);
}

static comparison begin(const cJSON *entry)
{
    const cJSON *streams = cJSON_GetObjectItem(entry, "streams");
    return (comparison) { .expected = streams ? streams->child : NULL };
}

static void end_stream(comparison *at)
{
    if (!at->in_stream)
        return;
    WCL_CLEANUP_BUFFER wcl_buffer start = vector_unhex(vector_text(at->expected, "hex"));
    assert_int_equal(at->data.size, at->size);
    /* entries.json has the bytes of streams of up to 512. */
    assert_int_equal(start.size, at->size <= 512 ? at->size : 0);
    if (start.size)
        assert_memory_equal(at->data.data, start.data, start.size);
    at->expected = at->expected->next;
    wcl_buffer_clear(&at->data);
    at->in_stream = false;
}

static wcl_status on_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    comparison *at = context;

    end_stream(at);
    assert_non_null(at->expected);
    assert_int_equal(header->id, vector_number(at->expected, "id"));
    assert_int_equal(header->attributes, vector_number(at->expected, "attributes"));
    assert_int_equal(header->size, vector_number(at->expected, "size"));
    assert_int_equal(header->offset, vector_number(at->expected, "offset"));
    assert_string_equal(header->name, vector_text(at->expected, "name"));
    at->in_stream = true;
    at->size = header->size;
    return wcl_backup_writer_header(at->writer, header, error);
}

static wcl_status on_data(void *context, const void *data, size_t size, wcl_error *error)
{
    comparison *at = context;

    assert_true(size > 0);
    if (wcl_buffer_append(&at->data, data, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_backup_writer_write(at->writer, data, size, error);
}

static void finish(comparison *at, const wcl_buffer *backup)
{
    end_stream(at);
    assert_null(at->expected);
    assert_int_equal(wcl_backup_writer_finish(at->writer, NULL), WCL_OK);
    assert_int_equal(at->rewritten.size, backup->size);
    assert_memory_equal(at->rewritten.data, backup->data, backup->size);
    wcl_backup_writer_free(at->writer);
    wcl_buffer_free(&at->rewritten);
    wcl_buffer_free(&at->data);
}

static void decode_in_pieces(const cJSON *entry, const wcl_buffer *backup, size_t piece)
{
    const wcl_backup_events events = { on_header, on_data };
    comparison at = begin(entry);
    wcl_backup_decoder *decoder;

    assert_int_equal(wcl_backup_writer_new(append_rewritten, &at, &at.writer, NULL), WCL_OK);
    assert_int_equal(wcl_backup_decoder_new(&events, &at, &decoder, NULL), WCL_OK);
    for (size_t done = 0; done < backup->size; done += piece) {
        size_t size = backup->size - done < piece ? backup->size - done : piece;
        assert_int_equal(wcl_backup_decoder_write(decoder, backup->data + done, size, NULL),
                         WCL_OK);
    }
    assert_int_equal(wcl_backup_decoder_finish(decoder, NULL), WCL_OK);
    wcl_backup_decoder_free(decoder);
    finish(&at, backup);
}

static void decode_entry(size_t number, const cJSON *entry, const wcl_buffer *backup)
{
    (void)number;
    decode_in_pieces(entry, backup, 1);
    decode_in_pieces(entry, backup, 7);
    decode_in_pieces(entry, backup, backup->size);
}

/* A source that gives its bytes in pieces. */
typedef struct source {
    const wcl_buffer *bytes;
    size_t position, piece;
} source;

static wcl_status read_source(void *context, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    source *from = context;
    size_t left = from->bytes->size - from->position;

    (void)error;
    *got = size < from->piece ? size : from->piece;
    if (*got > left)
        *got = left;
    memcpy(buffer, from->bytes->data + from->position, *got);
    from->position += *got;
    return WCL_OK;
}

static void read_in_pieces(const cJSON *entry, const wcl_buffer *backup, size_t piece)
{
    source from = { backup, 0, piece };
    comparison at = begin(entry);
    wcl_backup_reader *reader;
    wcl_backup_header header;
    wcl_status status;
    uint8_t data[1000];
    size_t got;

    assert_int_equal(wcl_backup_writer_new(append_rewritten, &at, &at.writer, NULL), WCL_OK);
    assert_int_equal(wcl_backup_reader_new(read_source, &from, &reader, NULL), WCL_OK);
    while ((status = wcl_backup_reader_next(reader, &header, NULL)) == WCL_OK) {
        assert_int_equal(on_header(&at, &header, NULL), WCL_OK);
        for (;;) {
            assert_int_equal(wcl_backup_reader_read(reader, data, sizeof(data), &got, NULL),
                             WCL_OK);
            if (got == 0)
                break;
            assert_int_equal(on_data(&at, data, got, NULL), WCL_OK);
        }
    }
    assert_int_equal(status, WCL_END);
    wcl_backup_reader_free(reader);
    finish(&at, backup);
}

static void read_entry(size_t number, const cJSON *entry, const wcl_buffer *backup)
{
    (void)number;
    read_in_pieces(entry, backup, 1);
    read_in_pieces(entry, backup, 7);
    read_in_pieces(entry, backup, SIZE_MAX);
}

/* Going from header to header passes over the data. */
static void skim_entry(size_t number, const cJSON *entry, const wcl_buffer *backup)
{
    source from = { backup, 0, 100 };
    const cJSON *expected;
    wcl_backup_reader *reader;
    wcl_backup_header header;

    (void)number;
    assert_int_equal(wcl_backup_reader_new(read_source, &from, &reader, NULL), WCL_OK);
    cJSON_ArrayForEach(expected, cJSON_GetObjectItem(entry, "streams"))
    {
        assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_OK);
        assert_string_equal(header.name, vector_text(expected, "name"));
        assert_int_equal(header.size, vector_number(expected, "size"));
    }
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_END);
    assert_int_equal(wcl_backup_reader_next(reader, &header, NULL), WCL_END);
    wcl_backup_reader_free(reader);
}

static void decoder_gives_the_streams_and_writer_the_bytes(void **state)
{
    (void)state;
    assert_int_equal(vector_each_entry(decode_entry), 48);
}

static void reader_gives_the_streams_and_writer_the_bytes(void **state)
{
    (void)state;
    assert_int_equal(vector_each_entry(read_entry), 48);
}

static void reader_passes_over_data(void **state)
{
    (void)state;
    assert_int_equal(vector_each_entry(skim_entry), 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder_gives_the_streams_and_writer_the_bytes),
        cmocka_unit_test(reader_gives_the_streams_and_writer_the_bytes),
        cmocka_unit_test(reader_passes_over_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
