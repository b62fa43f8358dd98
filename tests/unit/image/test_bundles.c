/* Archives on this machine: looking into them ends when it shall, and costs what they hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "image/local/sources.h"
#include "layer/tar/pax_write.h"

#define LAYER_SIZE ((size_t)1024 * 1024)

/* ---- An archive ----------------------------------------------------------------------------- */

static void add_file(wcl_buffer *tar, const char *name, const void *data, size_t size)
{
    const wcl_tar_header header = {
        .type = '0', .name = name, .size = size, .mode = 0644, .has_modified = true
    };
    static const uint8_t zeros[512];

    assert_int_equal(wcl_tar_header_append(&header, tar, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_append(tar, data, size, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_append(tar, zeros, wcl_tar_padding(size), NULL), WCL_OK);
}

/* An archive of `images` images that all have one layer, gzip by its first bytes, 10 times. */
static void make_archive(wcl_buffer *tar, unsigned images, const char *names)
{
    static const char config[] = "{\"os\":\"linux\",\"architecture\":\"amd64\"}";
    WCL_CLEANUP_BUFFER wcl_buffer list = WCL_BUFFER_INIT;
    uint8_t *layer = calloc(1, LAYER_SIZE);

    layer[0] = 0x1F;
    layer[1] = 0x8B;
    for (unsigned i = 0; i < images; i++) {
        wcl_buffer_printf(&list, NULL, "%s{\"Config\":\"c.json\",\"RepoTags\":[%s],\"Layers\":[",
                          i ? "," : "[", names);
        for (unsigned j = 0; j < 10; j++)
            wcl_buffer_printf(&list, NULL, "%s\"l.tar\"", j ? "," : "");
        wcl_buffer_append_text(&list, "]}", NULL);
    }
    wcl_buffer_append_text(&list, "]", NULL);
    add_file(tar, "c.json", config, sizeof(config) - 1);
    add_file(tar, "l.tar", layer, LAYER_SIZE);
    add_file(tar, "manifest.json", list.data, list.size);
    free(layer);
}

/* ---- Who looks into it ---------------------------------------------------------------------- */

typedef struct listener {
    unsigned calls;
    unsigned most; /* after so many calls it shall end; 0: never */
} listener;

static bool listen(void *context, const wcl_progress *progress)
{
    listener *listener = context;

    assert_string_equal(progress->operation, "load");
    listener->calls++;
    return listener->most && listener->calls >= listener->most;
}

typedef struct fixture {
    int file;
    int folder;
    listener listener;
    wcl_hooks hooks;
    wcl_bundle *bundle;
    wcl_image_source *source;
    wcl_bundle_images images;
} fixture;

static wcl_status open_archive(fixture *fixture, const wcl_buffer *tar, unsigned most,
                               wcl_error *error)
{
    char path[64];

    *fixture = (struct fixture) { .file = memfd_create("archive", MFD_CLOEXEC),
                                  .folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                  .listener = { 0, most } };
    fixture->hooks = (wcl_hooks) { .struct_size = sizeof(wcl_hooks),
                                   .context = &fixture->listener,
                                   .progress = listen };
    assert_true(fixture->file >= 0 && fixture->folder >= 0);
    assert_int_equal(write(fixture->file, tar->data, tar->size), tar->size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fixture->file);
    return wcl_bundle_open(path, fixture->folder, &fixture->hooks, NULL, &fixture->bundle, error);
}

static void close_archive(fixture *fixture)
{
    if (fixture->source)
        fixture->source->ops->free(fixture->source);
    wcl_bundle_images_free(&fixture->images);
    wcl_bundle_free(fixture->bundle);
    close(fixture->file);
    close(fixture->folder);
}

static wcl_status get_manifest(fixture *fixture, unsigned image, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    char media_type[128] = "";

    return fixture->source->ops->get_manifest(
        fixture->source, fixture->images.items[image].reference, &text, media_type, error);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void an_index_that_is_made_can_be_cancelled(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    (void)state;
    make_archive(&tar, 1, "");
    assert_int_equal(open_archive(&fixture, &tar, 2, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
    assert_int_equal(fixture.listener.calls, 2);
    close_archive(&fixture);
}

static void a_layer_is_hashed_once_and_that_can_be_cancelled(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    (void)state;
    make_archive(&tar, 3, "\"a:1\"");
    assert_int_equal(open_archive(&fixture, &tar, 0, &error), WCL_OK);
    assert_int_equal(
        wcl_docker_archive_open(fixture.bundle, &fixture.source, &fixture.images, &error), WCL_OK);
    assert_int_equal(fixture.images.count, 3);
    fixture.listener.most = fixture.listener.calls + 1;
    assert_int_equal(get_manifest(&fixture, 0, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
    fixture.listener.most = 0;
    fixture.listener.calls = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(get_manifest(&fixture, i, &error), WCL_OK);
    /* It is read in pieces of a quarter of it, and once to its end. */
    assert_int_equal(fixture.listener.calls, 5);
    close_archive(&fixture);
}

static void names_are_counted(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer names = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    fixture fixture;

    (void)state;
    for (unsigned i = 0; i < 1001; i++)
        wcl_buffer_printf(&names, NULL, "%s\"a:%u\"", i ? "," : "", i);
    make_archive(&tar, 1, wcl_buffer_text(&names));
    assert_int_equal(open_archive(&fixture, &tar, 0, &error), WCL_OK);
    assert_int_equal(
        wcl_docker_archive_open(fixture.bundle, &fixture.source, &fixture.images, &error),
        WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "more than 1000 names"));
    close_archive(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_that_is_made_can_be_cancelled),
        cmocka_unit_test(a_layer_is_hashed_once_and_that_can_be_cancelled),
        cmocka_unit_test(names_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
