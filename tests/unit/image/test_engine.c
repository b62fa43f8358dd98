/* The engine, with a source that breaks off, lies, or has gone: what is kept, and what goes on. */
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

/* ---- Tests ---------------------------------------------------------------------------------- */

static void a_pull_that_broke_off_goes_on_where_it_ended(void **state)
{
    fixture *fixture = *state;
    blob *layer = &fixture->source.layers[2];
    wcl_error error = WCL_ERROR_INIT;
    const size_t half = layer->data.size / 2;

    layer->breaks_at = half;
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BROKEN_PIPE);
    assert_int_equal(size_of(fixture, "partial", layer->digest), half);
    layer->breaks_at = 0;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(layer->opened_at, half);
    assert_int_equal(layer->given, layer->data.size);
    for (unsigned i = 0; i < LAYERS; i++)
        assert_true(fixture->source.layers[i].given <= fixture->source.layers[i].data.size);
    assert_int_equal(size_of(fixture, "partial", layer->digest), 0);
    assert_int_equal(size_of(fixture, "blobs/sha256", layer->digest), layer->data.size);
    assert_sound(fixture, LAYERS);
    /* And once it is there, nothing is asked for again. */
    unsigned opened = layer->opened;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(layer->opened, opened);
}

static void what_was_left_and_is_damaged_is_fetched_anew(void **state)
{
    fixture *fixture = *state;
    blob *layer = &fixture->source.layers[0];
    wcl_error error = WCL_ERROR_INIT;
    char path[300];

    layer->breaks_at = layer->data.size / 2;
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    layer->breaks_at = 0;
    snprintf(path, sizeof(path), "%s/.images/partial/%s", fixture->home,
             wcl_digest_digits(layer->digest));
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damage", 6, 1000), 6);
    close(fd);
    error = (wcl_error)WCL_ERROR_INIT;
    if (pull(fixture, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    assert_int_equal(layer->opened_at, 0);
    assert_sound(fixture, LAYERS);
}

/* gzip of a tar whose entry has that name. */
static void make_poison(const char *name, wcl_buffer *poison)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    const wcl_tar_header header = {
        .type = '0', .name = name, .size = FILE_SIZE, .mode = 0644, .has_modified = true
    };
    wcl_output *output = NULL;

    assert_int_equal(wcl_tar_header_append(&header, &tar, NULL), WCL_OK);
    assert_int_equal(wcl_buffer_reserve(&tar, FILE_SIZE, NULL), WCL_OK);
    memset(tar.data + tar.size, 0, FILE_SIZE);
    tar.size += FILE_SIZE;
    assert_int_equal(wcl_output_open(append, poison, WCL_COMPRESSION_GZIP, 1, &output, NULL),
                     WCL_OK);
    assert_int_equal(wcl_output_write(output, tar.data, tar.size, NULL), WCL_OK);
    assert_int_equal(wcl_output_finish(output, NULL), WCL_OK);
    wcl_output_free(output);
}

/* Leaves that as the beginning of a layer's blob, as the pull of another image may. */
static void leave(fixture *fixture, const blob *layer, const void *data, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/.images/partial/%s", fixture->home,
             wcl_digest_digits(layer->digest));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, 0), size);
    close(fd);
}

static void what_another_source_left_does_no_harm(void **state)
{
    fixture *fixture = *state;
    blob *layer = &fixture->source.layers[1];
    WCL_CLEANUP_BUFFER wcl_buffer above = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer large = WCL_BUFFER_INIT;
    const wcl_transfer_options options = { .struct_size = sizeof(options),
                                           .max_size = FILE_SIZE + 4096 };
    wcl_image_store store;

    make_poison("../x", &above);
    make_poison("large", &large);
    make_poison("more", &large); /* both are read, and together they are over the limit */
    const struct {
        const void *data;
        size_t size;
    } rests[] = {
        { above.data, above.size }, { large.data, large.size },    { "no tar, no gzip: text", 21 },
        { layer->data.data, 1000 }, { "\x28\xB5\x2F\xFD....", 8 },
    };
    assert_int_equal(wcl_image_store_make(&fixture->driver, &store, NULL), WCL_OK);
    wcl_image_store_close(&store);
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        static const char *const name = "x.test/a:latest";
        wcl_error error = WCL_ERROR_INIT;
        leave(fixture, layer, rests[i].data, rests[i].size);
        const wcl_pull_request request = {
            &fixture->driver, &fixture->source.base, "latest", &name, 1, &options
        };
        if (wcl_image_pull_from(&request, NULL, &error) != WCL_OK)
            fail_msg("%zu: %s: %s", i, error.subject, error.message);
        assert_sound(fixture, LAYERS);
        assert_int_equal(wcl_image_remove(&fixture->driver, name, true, NULL, NULL, NULL), WCL_OK);
    }
}

static void an_interrupted_pull_keeps_what_it_went_on_with(void **state)
{
    fixture *fixture = *state;
    blob *layer = &fixture->source.layers[2];
    const size_t size = layer->data.size;
    wcl_error error = WCL_ERROR_INIT;

    for (size_t part = 1; part < 4; part++) {
        layer->breaks_at = size * part / 4;
        assert_int_equal(pull(fixture, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_BROKEN_PIPE);
        assert_int_equal(size_of(fixture, "partial", layer->digest), size * part / 4);
    }
    layer->breaks_at = 0;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(layer->given, size);
    assert_sound(fixture, LAYERS);
}

static void wrong_bytes_are_refused_and_not_kept(void **state)
{
    fixture *fixture = *state;
    blob *layer = &fixture->source.layers[1];
    wcl_error error = WCL_ERROR_INIT;

    layer->flipped = layer->data.size - 3; /* in gzip's own length, behind all that is inflated */
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    assert_int_equal(size_of(fixture, "partial", layer->digest), 0);
    assert_int_equal(size_of(fixture, "blobs/sha256", layer->digest), 0);
    layer->flipped = 0;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_sound(fixture, LAYERS);
}

static void what_a_broken_pull_left_goes_after_a_day(void **state)
{
    fixture *fixture = *state;
    const struct timespec long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    wcl_error error = WCL_ERROR_INIT;
    wcl_image_info **images = NULL;
    size_t count = 9;
    char path[300];

    fixture->source.layers[2].breaks_at = 1000;
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    assert_int_equal(wcl_image_list(&fixture->driver, &images, &count, NULL), WCL_OK);
    assert_int_equal(count, 0);
    wcl_free(images);
    assert_int_equal(size_of(fixture, "partial", fixture->source.layers[2].digest), 1000);
    snprintf(path, sizeof(path), "%s/.images/leases/%s-0", fixture->home,
             wcl_digest_digits(fixture->source.digest));
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    assert_int_equal(wcl_image_list(&fixture->driver, &images, &count, NULL), WCL_OK);
    wcl_free(images);
    assert_int_equal(size_of(fixture, "partial", fixture->source.layers[2].digest), 0);
    assert_sound(fixture, 0);
}

static void a_load_that_broke_off_leaves_nothing(void **state)
{
    fixture *fixture = *state;
    wcl_error error = WCL_ERROR_INIT;

    fixture->source.base.is_remote = false;
    fixture->source.layers[2].breaks_at = 1000;
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    assert_int_equal(size_of(fixture, "partial", fixture->source.layers[2].digest), 0);
    assert_int_equal(size_of(fixture, "blobs/sha256", fixture->source.layers[0].digest), 0);
    assert_sound(fixture, 0);
}

static bool cancel(void *context, const wcl_progress *progress)
{
    unsigned *calls = context;

    (void)progress;
    return ++*calls > 1;
}

static void a_pull_can_be_cancelled(void **state)
{
    fixture *fixture = *state;
    unsigned calls = 0;
    const wcl_hooks hooks = { .struct_size = sizeof(hooks), .context = &calls, .progress = cancel };
    wcl_error error = WCL_ERROR_INIT;

    fixture->driver.hooks = &hooks;
    calls = 1;
    assert_int_equal(pull(fixture, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
    fixture->driver.hooks = NULL;
    assert_int_equal(wcl_image_remove_unused(&fixture->driver, NULL, NULL, NULL), WCL_OK);
    assert_sound(fixture, 0);
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_sound(fixture, LAYERS);
}

static void note_layers(void *context, const wcl_transfer *layers, size_t count)
{
    unsigned *done = context;

    assert_int_equal(count, LAYERS);
    *done = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(layers[i].done <= layers[i].total);
        *done += layers[i].state == WCL_TRANSFER_DONE && layers[i].done == layers[i].total;
    }
}

static void each_layer_s_progress_is_told(void **state)
{
    fixture *fixture = *state;
    unsigned done = 0;
    const wcl_transfer_options options = {
        .struct_size = sizeof(options), .parallel = 1, .layers = note_layers, .context = &done
    };
    wcl_image_info *info = NULL;

    const wcl_pull_request request = { &fixture->driver, &fixture->source.base, "latest", NULL, 0,
                                       &options };
    assert_int_equal(wcl_image_pull_from(&request, &info, NULL), WCL_OK);
    assert_int_equal(done, LAYERS);
    assert_int_equal(info->name_count, 0);
    assert_string_equal(info->digest, fixture->source.digest);
    assert_int_equal(info->layer_count, LAYERS);
    wcl_free(info);
    assert_sound(fixture, LAYERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pull_that_broke_off_goes_on_where_it_ended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_left_and_is_damaged_is_fetched_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_another_source_left_does_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_pull_keeps_what_it_went_on_with, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(wrong_bytes_are_refused_and_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_broken_pull_left_goes_after_a_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_load_that_broke_off_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pull_can_be_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_layer_s_progress_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
