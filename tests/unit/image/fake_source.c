/* An image in memory, and a home. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "compress/compress.h"
#include "layer/tar/pax_write.h"
#include "unit/image/fake_source.h"

/* ---- An image in memory --------------------------------------------------------------------- */

typedef struct fake_stream {
    wcl_blob_stream base;
    blob *blob;
    size_t at;
} fake_stream;

static wcl_status read_stream(wcl_blob_stream *base, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    fake_stream *stream = (fake_stream *)base;
    blob *blob = stream->blob;
    size_t end = blob->breaks_at ? blob->breaks_at : blob->data.size;

    *got = 0;
    if (blob->breaks_at && stream->at >= end) {
        if (error)
            error->code = WCL_CODE_BROKEN_PIPE;
        return WCL_FAILED;
    }
    *got = size < end - stream->at ? size : end - stream->at;
    memcpy(buffer, blob->data.data + stream->at, *got);
    if (blob->flipped >= stream->at && blob->flipped < stream->at + *got && blob->flipped)
        ((uint8_t *)buffer)[blob->flipped - stream->at] ^= 1;
    stream->at += *got;
    blob->given += *got;
    return WCL_OK;
}

static void free_stream(wcl_blob_stream *stream)
{
    free(stream);
}

static wcl_status get_manifest(wcl_image_source *base, const char *reference, wcl_buffer *text,
                               char media_type[128], wcl_error *error)
{
    fake_source *source = (fake_source *)base;

    (void)reference;
    snprintf(media_type, 128, "%s", WCL_MEDIA_OCI_MANIFEST);
    return wcl_buffer_append(text, source->manifest.data, source->manifest.size, error);
}

static wcl_status open_blob(wcl_image_source *base, const wcl_descriptor *descriptor,
                            uint64_t offset, wcl_blob_stream **stream, wcl_error *error)
{
    static const wcl_blob_stream_ops ops = { read_stream, free_stream };
    fake_source *source = (fake_source *)base;
    blob *blob = &source->config;

    (void)error;
    for (size_t i = 0; i < LAYERS; i++)
        if (strcmp(source->layers[i].digest, descriptor->digest) == 0)
            blob = &source->layers[i];
    assert_string_equal(blob->digest, descriptor->digest);
    if (source->looked_at && blob != &source->config) {
        assert_int_equal(source->look(source->look_context, source->looked_at), WCL_OK);
        source->looked_at = NULL;
    }
    assert_true(offset <= blob->data.size);
    fake_stream *made = calloc(1, sizeof(*made));
    made->base.ops = &ops;
    made->blob = blob;
    made->at = blob->opened_at = (size_t)offset;
    blob->opened++;
    *stream = &made->base;
    return WCL_OK;
}

wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

/* A layer of one file, whose bytes do not compress well; its tar's digest. */
static void make_layer(blob *blob, unsigned number, char diff_id[WCL_DIGEST_TEXT_SIZE])
{
    static const uint8_t zeros[1024];
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    char name[16];
    const wcl_tar_header header = {
        .type = '0', .name = name, .size = FILE_SIZE, .mode = 0644, .has_modified = true
    };
    wcl_output *output = NULL;
    uint32_t state = number + 1;

    snprintf(name, sizeof(name), "file%u", number);
    assert_int_equal(wcl_tar_header_append(&header, &tar, NULL), WCL_OK);
    for (size_t i = 0; i < FILE_SIZE; i++) {
        state = state * 1664525 + 1013904223;
        wcl_buffer_append_byte(&tar, (uint8_t)(state >> 24), NULL);
    }
    wcl_buffer_append(&tar, zeros, wcl_tar_padding(FILE_SIZE), NULL);
    wcl_buffer_append(&tar, zeros, sizeof(zeros), NULL);
    assert_int_equal(wcl_digest_of(tar.data, tar.size, diff_id, NULL), WCL_OK);
    assert_int_equal(wcl_output_open(append, &blob->data, WCL_COMPRESSION_GZIP, 1, &output, NULL),
                     WCL_OK);
    assert_int_equal(wcl_output_write(output, tar.data, tar.size, NULL), WCL_OK);
    assert_int_equal(wcl_output_finish(output, NULL), WCL_OK);
    wcl_output_free(output);
    assert_int_equal(wcl_digest_of(blob->data.data, blob->data.size, blob->digest, NULL), WCL_OK);
}

static void make_source(fake_source *source, bool is_remote)
{
    static const wcl_image_source_ops ops = { get_manifest, open_blob, NULL };
    char diff_ids[LAYERS][WCL_DIGEST_TEXT_SIZE];

    *source = (fake_source) { .base = { .ops = &ops, .is_remote = is_remote } };
    for (unsigned i = 0; i < LAYERS; i++)
        make_layer(&source->layers[i], i, diff_ids[i]);
    wcl_buffer_printf(
        &source->config.data, NULL,
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
        "\"diff_ids\":[\"%s\",\"%s\",\"%s\"]}}",
        diff_ids[0], diff_ids[1], diff_ids[2]);
    wcl_digest_of(source->config.data.data, source->config.data.size, source->config.digest, NULL);
    wcl_buffer_printf(
        &source->manifest, NULL,
        "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
        source->config.digest, source->config.data.size);
    for (unsigned i = 0; i < LAYERS; i++)
        wcl_buffer_printf(&source->manifest, NULL,
                          "%s{\"mediaType\":\"" WCL_MEDIA_OCI_LAYER
                          "+gzip\",\"digest\":\"%s\",\"size\":%zu}",
                          i ? "," : "", source->layers[i].digest, source->layers[i].data.size);
    wcl_buffer_append_text(&source->manifest, "]}", NULL);
    wcl_digest_of(source->manifest.data, source->manifest.size, source->digest, NULL);
}

static void free_source(fake_source *source)
{
    wcl_buffer_free(&source->manifest);
    wcl_buffer_free(&source->config.data);
    for (unsigned i = 0; i < LAYERS; i++)
        wcl_buffer_free(&source->layers[i].data);
}

/* ---- A home --------------------------------------------------------------------------------- */

int set_up(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    snprintf(made->folder, sizeof(made->folder), "/tmp/wcl-image-XXXXXX");
    assert_non_null(mkdtemp(made->folder));
    snprintf(made->home, sizeof(made->home), "%s/home", made->folder);
    made->driver = (wcl_driver)WCL_DRIVER_INIT;
    made->driver.home_dir = made->home;
    made->driver.provider = "store";
    make_source(&made->source, true);
    *state = made;
    return 0;
}

int tear_down(void **state)
{
    fixture *fixture = *state;
    int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

    wcl_beneath_remove_tree(parent, fixture->folder + strlen("/tmp/"), NULL);
    close(parent);
    free_source(&fixture->source);
    free(fixture);
    return 0;
}

wcl_status pull_some(fixture *fixture, unsigned parallel, wcl_error *error)
{
    static const char *const name = NAME;
    const wcl_transfer_options options = { .struct_size = sizeof(options), .parallel = parallel };

    const wcl_pull_request request = { &fixture->driver, &fixture->source.base, "latest", &name, 1,
                                       &options };

    return wcl_image_pull_from(&request, NULL, error);
}

wcl_status pull(fixture *fixture, wcl_error *error)
{
    return pull_some(fixture, 0, error);
}

void assert_sound(fixture *fixture, size_t layers)
{
    size_t faults = 9, count = 0;
    char **ids = NULL;

    assert_int_equal(wcl_image_verify(&fixture->driver, NULL, NULL, &faults, NULL), WCL_OK);
    assert_int_equal(faults, 0);
    assert_int_equal(wcl_layer_list(&fixture->driver, &ids, &count, NULL), WCL_OK);
    assert_int_equal(count, layers);
    wcl_free(ids);
}

const char *in_images(const fixture *fixture, const char *folder, const char *digest,
                      char path[300])
{
    snprintf(path, 300, "%s/.images/%s/%s", fixture->home, folder, wcl_digest_digits(digest));
    return path;
}

uint64_t size_of(const fixture *fixture, const char *folder, const char *digest)
{
    char path[300];
    struct stat info;

    return stat(in_images(fixture, folder, digest, path), &info) == 0 ? (uint64_t)info.st_size : 0;
}
