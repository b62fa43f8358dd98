/* Backup streams of every shape go through a tar and come back bit for bit. */
#include "tests/conformance/tar/tar_vectors.h"
#include "tests/tools/outcome.h"

#include <wcl/backupstream.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Random numbers that are the same everywhere -------------------------------------------- */

typedef struct dice {
    uint64_t state;
} dice;

static uint64_t roll(dice *dice, uint64_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (dice->state >> 11) % sides;
}

static void append_noise(dice *dice, wcl_buffer *out, uint64_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    for (uint64_t i = 0; i < size; i++)
        assert_ok(wcl_buffer_append_byte(out, (uint8_t)roll(dice, 256), &error), &error);
}

static uint64_t some_size(dice *dice)
{
    static const uint64_t sizes[] = { 0, 0, 1, 3, 511, 512, 513, 1000, 4096, 5000, 9000, 70000 };
    return sizes[roll(dice, sizeof(sizes) / sizeof(sizes[0]))];
}

/* ---- Random streams ------------------------------------------------------------------------- */

static void append_stream(wcl_buffer *out, const wcl_backup_header *header, const wcl_buffer *data)
{
    wcl_error error = WCL_ERROR_INIT;
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    assert_ok(wcl_backup_header_encode(header, bytes, &size, &error), &error);
    assert_ok(wcl_buffer_append(out, bytes, size, &error), &error);
    if (data)
        assert_ok(wcl_buffer_append(out, data->data, data->size, &error), &error);
}

static void append_random_eas(dice *dice, wcl_buffer *data)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const names[] = { "A", "B", "$CI.CATALOGHINT", "X=Y", "a b", "Z" };
    uint8_t value[200];
    wcl_ea eas[4];
    size_t count = 1 + roll(dice, 4);
    WCL_CLEANUP_FREE void *list = NULL;
    size_t size;

    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (uint8_t)roll(dice, 256);
    for (size_t i = 0; i < count; i++)
        eas[i] = (wcl_ea) { .name = names[roll(dice, 6)],
                            .flags = roll(dice, 3) ? 0 : 0x80,
                            .value = value,
                            .value_size = (uint16_t)roll(dice, sizeof(value)) };
    assert_ok(wcl_ea_build(eas, count, &list, &size, &error), &error);
    assert_ok(wcl_buffer_append(data, list, size, &error), &error);
}

static void append_random_reparse(dice *dice, wcl_buffer *data)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char *const targets[] = { "C:\\Windows",          "..\\x", "\\\\?\\Volume{1}\\",
                                           "\\\\server\\share\\y", "naïve", "x/y" };
    WCL_CLEANUP_FREE void *reparse = NULL;
    size_t size;

    if (roll(dice, 3) == 0) {
        uint64_t length = roll(dice, 300);
        assert_ok(wcl_buffer_append_le32(data, 0x80000017u, &error), &error);
        assert_ok(wcl_buffer_append_le16(data, (uint16_t)length, &error), &error);
        assert_ok(wcl_buffer_append_le16(data, 0, &error), &error);
        append_noise(dice, data, length);
        return;
    }
    assert_ok(wcl_reparse_encode_link(targets[roll(dice, 6)], roll(dice, 2) != 0, &reparse, &size,
                                      &error),
              &error);
    assert_ok(wcl_buffer_append(data, reparse, size, &error), &error);
    if (roll(dice, 4) == 0)
        data->data[data->size - 1 - roll(dice, 8)] ^= 1;
}

static void append_sparse_blocks(dice *dice, wcl_buffer *out)
{
    uint64_t offset = 0;
    uint64_t count = roll(dice, 6);

    for (uint64_t i = 0; i < count; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
        bool goes_back = roll(dice, 12) == 0;
        offset = goes_back ? roll(dice, 1000) : offset + roll(dice, 3) * 65536;
        append_noise(dice, &data, some_size(dice) % 5001);
        wcl_backup_header header = { .id = WCL_BACKUP_SPARSE_BLOCK,
                                     .attributes = roll(dice, 5) ? WCL_STREAM_SPARSE : 0,
                                     .size = data.size,
                                     .offset = offset };
        append_stream(out, &header, &data);
        offset += data.size;
    }
    if (roll(dice, 4) > 0) {
        wcl_backup_header end = { .id = WCL_BACKUP_SPARSE_BLOCK,
                                  .attributes = WCL_STREAM_SPARSE,
                                  .offset = offset + roll(dice, 2) * 10000 };
        append_stream(out, &end, NULL);
    }
}

static void append_random_stream(dice *dice, wcl_buffer *out)
{
    static const uint32_t ids[] = { 1, 2, 3, 4, 4, 5, 6, 7, 8, 10, 99, 0x80000000u };
    static const char *const names[] = { ":a:$DATA",  ":b:$DATA",  ":a:$DATA",   ":c",
                                         ":",         "plain",     ":x/y:$DATA", ":日本:$DATA",
                                         ":e:$OTHER", ":d:e:$DATA" };
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
    wcl_backup_header header = { .id = ids[roll(dice, sizeof(ids) / sizeof(ids[0]))] };

    if (roll(dice, 4) == 0)
        header.attributes = (uint32_t)roll(dice, 16);
    if (header.id == WCL_BACKUP_ALTERNATE_DATA)
        header.name = names[roll(dice, 10)];
    else if (roll(dice, 15) == 0)
        header.name = "odd";
    if (header.id == WCL_BACKUP_EA_DATA && roll(dice, 4) > 0)
        append_random_eas(dice, &data);
    else if (header.id == WCL_BACKUP_REPARSE_DATA && roll(dice, 6) > 0)
        append_random_reparse(dice, &data);
    else if (header.id != WCL_BACKUP_DATA || !(header.attributes & WCL_STREAM_SPARSE))
        append_noise(dice, &data, some_size(dice));
    header.size = data.size;
    append_stream(out, &header, &data);
    if (header.id == WCL_BACKUP_DATA || header.id == WCL_BACKUP_ALTERNATE_DATA)
        if (roll(dice, 3) == 0)
            append_sparse_blocks(dice, out);
}

/* ---- Through a tar -------------------------------------------------------------------------- */

#define ENTRIES 12

typedef struct sample {
    char path[40];
    wcl_entry entry;
    wcl_buffer stream;
} sample;

static void make_sample(dice *dice, size_t index, sample *sample)
{
    uint64_t count = roll(dice, 7);

    *sample = (struct sample) { .entry = WCL_ENTRY_INIT };
    snprintf(sample->path, sizeof(sample->path), "Files/f%zu", index);
    sample->entry.path = sample->path;
    sample->entry.kind = index == 0 || roll(dice, 3) == 0 ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
    sample->entry.info.attributes =
        sample->entry.kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0x20;
    sample->entry.info.creation_time = (wcl_filetime)(roll(dice, 3) * 0x123456789abcdefu);
    for (uint64_t i = 0; i < count; i++)
        append_random_stream(dice, &sample->stream);
}

static void write_samples(const sample *samples, size_t count, size_t step, wcl_buffer *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    assert_ok(wcl_tar_writer_open(write_memory, tar, NULL, &writer, &error), &error);
    for (size_t i = 0; i < count; i++) {
        const wcl_buffer *stream = &samples[i].stream;
        assert_ok(wcl_layer_writer_add(writer, &samples[i].entry, &error), &error);
        for (size_t at = 0; at < stream->size; at += step) {
            size_t size = stream->size - at < step ? stream->size - at : step;
            assert_ok(wcl_layer_writer_write(writer, stream->data + at, size, &error), &error);
        }
    }
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

static void check_samples(const sample *samples, size_t count, const wcl_buffer *tar, uint64_t seed)
{
    wcl_error error = WCL_ERROR_INIT;
    memory_source source = { .data = tar->data, .size = tar->size, .step = 997 };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error),
              &error); /* Files, which is not listed */
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer stream = WCL_BUFFER_INIT;
        char what[60];
        assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
        assert_string_equal(entry.path, samples[i].path);
        assert_int_equal(entry.info.creation_time, samples[i].entry.info.creation_time);
        snprintf(what, sizeof(what), "seed %u, entry %zu", (unsigned)seed, i);
        /* Some are passed over, which must lead to the same next entry. */
        if ((seed + i) % 7 == 0)
            continue;
        read_stream(reader, &stream);
        assert_same_bytes(&stream, &samples[i].stream, what);
    }
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void copy_tar(const wcl_buffer *from, wcl_buffer *to)
{
    wcl_error error = WCL_ERROR_INIT;
    memory_source source = { .data = from->data, .size = from->size };
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;

    assert_ok(wcl_tar_reader_open(read_memory, &source, NULL, &reader, &error), &error);
    assert_ok(wcl_tar_writer_open(write_memory, to, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void any_backup_stream_comes_back_from_a_tar(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        dice dice = { seed * 0x9e3779b97f4a7c15u };
        WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer copy = WCL_BUFFER_INIT;
        sample samples[ENTRIES];
        for (size_t i = 0; i < ENTRIES; i++)
            make_sample(&dice, i, &samples[i]);
        write_samples(samples, ENTRIES, 1 + roll(&dice, 5000), &tar);
        check_samples(samples, ENTRIES, &tar, seed);
        copy_tar(&tar, &copy);
        assert_same_bytes(&copy, &tar, "the copy");
        for (size_t i = 0; i < ENTRIES; i++)
            wcl_buffer_free(&samples[i].stream);
    }
}

/* A file of 200,000 ranges has a table that no single extended header could hold. */
static void a_sparse_map_of_any_size_comes_back(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_backup_header data = { .id = WCL_BACKUP_DATA, .attributes = WCL_STREAM_SPARSE };
    sample sample = { .path = "Files/sparse", .entry = WCL_ENTRY_INIT };

    (void)state;
    sample.entry.path = sample.path;
    sample.entry.kind = WCL_ENTRY_FILE;
    append_stream(&sample.stream, &data, NULL);
    for (uint64_t i = 0; i < 200000; i++) {
        wcl_buffer byte = { .data = (uint8_t *)"x", .size = 1 };
        wcl_backup_header block = { .id = WCL_BACKUP_SPARSE_BLOCK,
                                    .attributes = (uint32_t)(i & 1) * WCL_STREAM_SPARSE,
                                    .size = 1,
                                    .offset = i * 101 };
        append_stream(&sample.stream, &block, &byte);
    }
    write_samples(&sample, 1, 1 << 20, &tar);
    check_samples(&sample, 1, &tar, 1);
    wcl_buffer_free(&sample.stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_backup_stream_comes_back_from_a_tar),
        cmocka_unit_test(a_sparse_map_of_any_size_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
