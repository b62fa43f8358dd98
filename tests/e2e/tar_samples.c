/*
 * Tars for tar_peers.sh:
 *   write FILE     a layer with every kind of record of our own
 *   names FILE     the names of all entries
 *   digests FILE   "SHA-256 PATH" of each file's data, holes read as zeros
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/backupstream.h>
#include <wcl/tar.h>

#include "base/buffer.h"
#include "base/digest.h"
#include "compress/compress.h"
#include "layer/tar/scan.h"

static void die(const char *what, const wcl_error *error)
{
    char text[1600];
    fprintf(stderr, "tar_samples: %s: %s\n", what, wcl_error_format(error, text, sizeof(text)));
    exit(1);
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        wcl_error failure = WCL_ERROR_INIT;                                                        \
        wcl_error *error = &failure;                                                               \
        if ((call) != WCL_OK)                                                                      \
            die(#call, error);                                                                     \
    } while (0)

/* ---- write ---------------------------------------------------------------------------------- */

static void begin(wcl_layer_writer *writer, wcl_entry_kind kind, const char *path)
{
    wcl_entry entry = { .struct_size = sizeof(entry), .kind = kind, .path = path };

    entry.info.last_write_time = 133000000000000001;
    entry.info.attributes = kind == WCL_ENTRY_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;
    TRY(wcl_layer_writer_add(writer, &entry, error));
}

static void put(wcl_layer_writer *writer, uint32_t id, uint32_t attributes, const char *name,
                uint64_t offset, const void *data, size_t size)
{
    wcl_backup_header header = {
        .id = id, .attributes = attributes, .name = name, .offset = offset, .size = size
    };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t header_size;

    TRY(wcl_backup_header_encode(&header, bytes, &header_size, error));
    TRY(wcl_layer_writer_write(writer, bytes, header_size, error));
    TRY(wcl_layer_writer_write(writer, data, size, error));
}

static void write_large_map(wcl_layer_writer *writer)
{
    begin(writer, WCL_ENTRY_FILE, "Files/map");
    put(writer, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, NULL, 0, "", 0);
    for (uint64_t i = 0; i < 60000; i++)
        put(writer, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, NULL, i * 100, "x", 1);
}

static void write_sample(const char *file)
{
    static const uint8_t reparse[] = "\x17\x00\x00\x80\x08\x00\x00\x00WOF data";
    static const uint8_t ea[] = "\0\0\0\0\x80\x01\x02\0N\0vv";
    static char large[100000];
    wcl_layer_writer *writer;

    TRY(wcl_tar_writer_open_file(file, NULL, &writer, error));
    begin(writer, WCL_ENTRY_DIRECTORY, "Files");
    put(writer, WCL_BACKUP_OBJECT_ID, 0, NULL, 0, "0123456789abcdef", 16);
    begin(writer, WCL_ENTRY_FILE, "Files/sparse");
    put(writer, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, NULL, 0, "", 0);
    put(writer, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, NULL, 65536, "0123456789", 10);
    put(writer, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, NULL, 200000, "tail", 4);
    put(writer, WCL_BACKUP_SPARSE_BLOCK, WCL_STREAM_SPARSE, NULL, 300000, "", 0);
    begin(writer, WCL_ENTRY_FILE, "Files/reparse");
    put(writer, WCL_BACKUP_EA_DATA, 0, NULL, 0, ea, sizeof(ea) - 1);
    put(writer, WCL_BACKUP_REPARSE_DATA, 0, NULL, 0, reparse, sizeof(reparse) - 1);
    put(writer, WCL_BACKUP_DATA, 0, NULL, 0, "data of a deduplicated file", 27);
    begin(writer, WCL_ENTRY_FILE, "Files/streams");
    put(writer, WCL_BACKUP_ALTERNATE_DATA, 0, ":first:$DATA", 0, "1", 1);
    put(writer, WCL_BACKUP_DATA, WCL_STREAM_MODIFIED_WHEN_READ, NULL, 0, "data", 4);
    put(writer, WCL_BACKUP_EA_DATA, 0, NULL, 0, ea, sizeof(ea) - 1);
    put(writer, WCL_BACKUP_PROPERTY_DATA, 0, NULL, 0, large, sizeof(large));
    write_large_map(writer);
    TRY(wcl_layer_writer_close(writer, error));
}

/* ---- names ---------------------------------------------------------------------------------- */

static wcl_status read_file(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    (void)error;
    *got = fread(buffer, 1, size, context);
    return WCL_OK;
}

static wcl_status next_block(void *context, wcl_block **block, wcl_error *error)
{
    return wcl_input_next(context, block, error);
}

static void list_names(const char *name)
{
    FILE *file = fopen(name, "rb");
    const wcl_tar_entry *entry;
    wcl_tar_scanner *scanner;
    wcl_input *input;
    wcl_error failure = WCL_ERROR_INIT;
    wcl_status status;

    TRY(wcl_input_open(read_file, file, NULL, &input, error));
    TRY(wcl_tar_scanner_new(next_block, input, &scanner, error));
    while ((status = wcl_tar_scanner_next(scanner, &entry, &failure)) == WCL_OK)
        puts(entry->name);
    if (status == WCL_FAILED)
        die("names", &failure);
    wcl_tar_scanner_free(scanner);
    wcl_input_free(input);
    fclose(file);
}

/* ---- digests -------------------------------------------------------------------------------- */

static void hash_zeros(wcl_sha256 *sha256, uint64_t size)
{
    static const uint8_t zeros[4096];

    for (; size > 0; size -= size < sizeof(zeros) ? size : sizeof(zeros))
        TRY(wcl_sha256_update(sha256, zeros, size < sizeof(zeros) ? (size_t)size : sizeof(zeros),
                              error));
}

static wcl_status read_layer(void *context, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    return wcl_layer_reader_read(context, buffer, size, got, error);
}

/* Hashes the data of the file that the reader stands on, with its holes as zeros. */
static void hash_file(wcl_layer_reader *reader, wcl_sha256 *sha256)
{
    wcl_backup_reader *streams;
    wcl_backup_header header;
    uint8_t bytes[65536];
    uint64_t position = 0;

    TRY(wcl_backup_reader_new(read_layer, reader, &streams, error));
    while (wcl_backup_reader_next(streams, &header, NULL) == WCL_OK) {
        size_t got = 1;
        if (header.id == WCL_BACKUP_SPARSE_BLOCK) {
            hash_zeros(sha256, header.offset - position);
            position = header.offset;
        }
        while (got > 0) {
            TRY(wcl_backup_reader_read(streams, bytes, sizeof(bytes), &got, error));
            TRY(wcl_sha256_update(sha256, bytes, got, error));
            position += got;
        }
    }
    wcl_backup_reader_free(streams);
}

static void list_digests(const char *file)
{
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_error failure = WCL_ERROR_INIT;
    wcl_status status;

    TRY(wcl_tar_reader_open_file(file, NULL, &reader, error));
    while ((status = wcl_layer_reader_next(reader, &entry, &failure)) == WCL_OK) {
        wcl_sha256 *sha256;
        uint8_t digest[WCL_SHA256_SIZE];
        char text[WCL_DIGEST_TEXT_SIZE];
        if (entry.kind != WCL_ENTRY_FILE)
            continue;
        TRY(wcl_sha256_new(&sha256, error));
        hash_file(reader, sha256);
        TRY(wcl_sha256_finish(sha256, digest, error));
        wcl_sha256_free(sha256);
        wcl_digest_format(digest, text);
        printf("%s %s\n", text + strlen("sha256:"), entry.path);
    }
    if (status == WCL_FAILED)
        die("digests", &failure);
    TRY(wcl_layer_reader_close(reader, error));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        write_sample(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "names") == 0)
        list_names(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "digests") == 0)
        list_digests(argv[2]);
    else
        return 2;
    return 0;
}
