/* Layer tars: whatever can be read can be written, and then reads as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wcl/tar.h>

#include "base/buffer.h"
#include "tests/tools/check.h"

/* A sparse file's size costs its writer that many zeros, so larger ones are left alone. */
#define SIZE_MAX_WRITTEN (1u << 20)

typedef struct source {
    const uint8_t *data;
    size_t size;
} source;

static wcl_status give(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    source *from = context;

    (void)error;
    if (size > from->size)
        size = from->size;
    if (size > 0)
        memcpy(buffer, from->data, size);
    from->data += size;
    from->size -= size;
    *got = size;
    return WCL_OK;
}

static wcl_status take(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

static void append_text(wcl_buffer *out, const char *text)
{
    CHECK(wcl_buffer_append(out, text ? text : "", text ? strlen(text) + 1 : 1, NULL) == WCL_OK);
}

/* Puts down all that is seen of an entry and must not change. */
static void note_entry(wcl_buffer *notes, const wcl_entry *entry)
{
    append_text(notes, entry->path);
    append_text(notes, entry->target);
    CHECK(wcl_buffer_printf(notes, NULL, "%d %u %llu %u %u %u %u %u %lld.%ld ", entry->kind,
                            entry->flags, (unsigned long long)entry->size, entry->mode, entry->uid,
                            entry->gid, entry->device_major, entry->device_minor,
                            (long long)entry->modified.tv_sec, entry->modified.tv_nsec) == WCL_OK);
    if (!entry->has_posix)
        CHECK(wcl_buffer_append(notes, &entry->info, sizeof(entry->info), NULL) == WCL_OK);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        append_text(notes, entry->xattrs[i].name);
        CHECK(wcl_buffer_append(notes, entry->xattrs[i].value, entry->xattrs[i].size, NULL) ==
              WCL_OK);
    }
}

/* Passes on the entry's backup stream and puts it down. */
static wcl_status pass_stream(wcl_layer_reader *reader, wcl_layer_writer *writer, bool has_stream,
                              wcl_buffer *notes)
{
    uint8_t bytes[4096];
    size_t got;

    do {
        if (wcl_layer_reader_read(reader, bytes, sizeof(bytes), &got, NULL) != WCL_OK)
            return WCL_FAILED;
        CHECK(wcl_buffer_append(notes, bytes, got, NULL) == WCL_OK);
        if (writer && has_stream && wcl_layer_writer_write(writer, bytes, got, NULL) != WCL_OK)
            return WCL_END;
    } while (got > 0);
    return WCL_OK;
}

/* Reads a tar to its end. WCL_END says that the writer refused something. */
static wcl_status pass_layer(const uint8_t *data, size_t size, wcl_os *os, wcl_layer_writer *writer,
                             wcl_buffer *notes)
{
    source from = { data, size };
    wcl_tar_reader_options options = { .struct_size = sizeof(options), .os = *os };
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    if (wcl_tar_reader_open(give, &from, &options, &reader, NULL) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_layer_reader_next(reader, &entry, NULL)) == WCL_OK) {
        bool has_stream = entry.kind != WCL_ENTRY_HARD_LINK && entry.kind != WCL_ENTRY_DELETED;
        note_entry(notes, &entry);
        *os = wcl_tar_reader_os(reader);
        if (entry.size > SIZE_MAX_WRITTEN ||
            (writer && wcl_layer_writer_add(writer, &entry, NULL) != WCL_OK)) {
            wcl_layer_reader_close(reader, NULL);
            return WCL_FAILED;
        }
        status = pass_stream(reader, writer, has_stream, notes);
        if (status == WCL_OK)
            continue;
        /* What the reader gives is always a backup stream, and as it was promised. */
        CHECK(status != WCL_END || notes->size > SIZE_MAX_WRITTEN);
        break;
    }
    return wcl_layer_reader_close(reader, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer first = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer second = WCL_BUFFER_INIT;
    wcl_layer_writer *writer;
    wcl_os os = WCL_OS_UNKNOWN;

    CHECK(wcl_tar_writer_open(take, &tar, NULL, &writer, NULL) == WCL_OK);
    if (pass_layer(data, size, &os, writer, &first) != WCL_OK) {
        wcl_layer_writer_abort(writer);
        return 0;
    }
    if (wcl_layer_writer_close(writer, NULL) != WCL_OK)
        return 0;
    CHECK(pass_layer(tar.data, tar.size, &os, NULL, &second) == WCL_OK);
    CHECK(first.size == second.size);
    CHECK(first.size == 0 || memcmp(first.data, second.data, first.size) == 0);
    return 0;
}
