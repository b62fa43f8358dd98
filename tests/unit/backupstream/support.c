#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <stdio.h>
#include <string.h>

wcl_buffer load_vector(const char *name)
{
    wcl_buffer contents = WCL_BUFFER_INIT;
    char path[200], piece[4096];
    size_t got;

    snprintf(path, sizeof(path), "tests/data/vectors/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        assert_int_equal(wcl_buffer_append(&contents, piece, got, NULL), WCL_OK);
    fclose(file);
    return contents;
}

wcl_status append_to_buffer(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

wcl_status read_bytes(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    bytes_source *source = context;
    size_t left = source->size - source->position;

    (void)error;
    *got = size < left ? size : left;
    if (*got)
        memcpy(buffer, source->data + source->position, *got);
    source->position += *got;
    return WCL_OK;
}

wcl_status pull_all(const void *data, size_t size, wcl_error *error)
{
    bytes_source source = { data, size, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    wcl_status status;
    uint8_t piece[300];
    size_t got;

    assert_int_equal(wcl_backup_reader_new(read_bytes, &source, &reader, NULL), WCL_OK);
    while ((status = wcl_backup_reader_next(reader, &header, error)) == WCL_OK) {
        uint64_t seen = 0;
        assert_non_null(header.name);
        do {
            status = wcl_backup_reader_read(reader, piece, sizeof(piece), &got, error);
            seen += got;
        } while (status == WCL_OK && got);
        if (status != WCL_OK)
            break;
        assert_int_equal(seen, header.size);
    }
    wcl_backup_reader_free(reader);
    return status;
}

static wcl_status ignore_data(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)error;
    assert_non_null(data);
    *(uint64_t *)context += size;
    return WCL_OK;
}

wcl_status push_all(const void *data, size_t size, wcl_error *error)
{
    const wcl_backup_events events = { NULL, ignore_data };
    wcl_backup_decoder *decoder;
    uint64_t seen = 0;

    assert_int_equal(wcl_backup_decoder_new(&events, &seen, &decoder, NULL), WCL_OK);
    wcl_status status = wcl_backup_decoder_write(decoder, data, size, error);
    if (status == WCL_OK)
        status = wcl_backup_decoder_finish(decoder, error);
    wcl_backup_decoder_free(decoder);
    assert_true(seen <= size);
    return status;
}

void append_header(wcl_buffer *out, uint32_t id, uint32_t attributes, uint64_t size,
                   uint32_t name_size)
{
    assert_int_equal(wcl_buffer_append_le32(out, id, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_append_le32(out, attributes, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_append_le64(out, size, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_append_le32(out, name_size, NULL), WCL_OK);
}
