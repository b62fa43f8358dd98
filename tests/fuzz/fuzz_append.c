/*
 * Making a layer of any tar: what is made can be read, is in order, and has what its system needs;
 * made again it is the same, and a Linux layer made of a Linux layer is that layer. The first byte
 * of the input says the system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/append/layer.h"

/* A layer larger than this (a sparse file's) is not made to its end. */
#define LAYER_MAX (4u << 20)

typedef struct bytes {
    const uint8_t *data;
    size_t size;
    size_t at;
} bytes;

static void require(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

static wcl_status give(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    bytes *bytes = context;
    size_t left = bytes->size - bytes->at;
    (void)error;

    *got = left < size ? left : size;
    memcpy(buffer, bytes->data + bytes->at, *got);
    bytes->at += *got;
    return WCL_OK;
}

static wcl_status keep(void *context, const void *data, size_t size, wcl_error *error)
{
    wcl_buffer *made = context;

    if (made->size + size > LAYER_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the layer is too large to go on");
    return wcl_buffer_append(made, data, size, error);
}

static bool make(const void *data, size_t size, wcl_os os, wcl_buffer *made)
{
    const wcl_append_layer layer = { .os = os, .to = "a/b" };
    const wcl_append_layer at_root = { .os = os };
    bytes input = { data, size, 0 };
    const wcl_append_tar tar = { .name = "fuzz", .fd = -1, .read = give, .context = &input };
    wcl_append_source *source;
    wcl_append_made result;
    wcl_layer_writer *writer;

    if (wcl_append_tar_open(&tar, &source, NULL) != WCL_OK)
        return false;
    require(wcl_tar_writer_open(keep, made, NULL, &writer, NULL) == WCL_OK, "a writer opens");
    bool done = wcl_append_layer_write(os == WCL_OS_LINUX ? &at_root : &layer, source, writer,
                                       &result, NULL) == WCL_OK;
    if (done)
        done = wcl_layer_writer_close(writer, NULL) == WCL_OK;
    else
        wcl_layer_writer_abort(writer);
    wcl_append_source_free(source);
    return done;
}

static void check_entry(const wcl_entry *entry, wcl_os os, const char *last)
{
    require(wcl_append_path_compare(last, entry->path) < 0, "entries are in order, each once");
    if (os == WCL_OS_LINUX)
        return;
    require(!(entry->flags & WCL_ENTRY_IMPLICIT), "Windows' folders are listed");
    require(strncmp(entry->path, "Files", 5) == 0 || strcmp(entry->path, "Hives") == 0,
            "Windows' files are in Files");
}

static void check_layer(const wcl_buffer *made, wcl_os os)
{
    const wcl_tar_reader_options options = { .struct_size = sizeof(options), .os = os };
    WCL_CLEANUP_BUFFER wcl_buffer last = WCL_BUFFER_INIT;
    bytes input = { made->data, made->size, 0 };
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_status status;

    require(wcl_tar_reader_open(give, &input, &options, &reader, NULL) == WCL_OK,
            "the layer opens");
    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK) {
        check_entry(&entry, os, wcl_buffer_text(&last));
        wcl_buffer_clear(&last);
        wcl_buffer_append_text(&last, entry.path, NULL);
    }
    if (status != WCL_END)
        fprintf(stderr, "%s: %s\n", error.subject, error.message);
    require(status == WCL_END, "the layer is read to its end");
    require(wcl_layer_reader_close(reader, NULL) == WCL_OK, "and closed");
}

static void require_same(const wcl_buffer *a, const wcl_buffer *b, const char *what)
{
    require(a->size == b->size && memcmp(a->data, b->data, a->size) == 0, what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WCL_CLEANUP_BUFFER wcl_buffer made = WCL_BUFFER_INIT, again = WCL_BUFFER_INIT,
                                  twice = WCL_BUFFER_INIT;

    if (size < 1)
        return 0;
    wcl_os os = data[0] & 1 ? WCL_OS_WINDOWS : WCL_OS_LINUX;
    if (!make(data + 1, size - 1, os, &made))
        return 0;
    check_layer(&made, os);
    require(make(data + 1, size - 1, os, &again), "what was made can be made again");
    require_same(&made, &again, "the same tar makes the same layer");
    if (os == WCL_OS_WINDOWS)
        return 0;
    require(make(made.data, made.size, os, &twice), "a Linux layer can be made of a Linux layer");
    require_same(&made, &twice, "and is that layer");
    return 0;
}
