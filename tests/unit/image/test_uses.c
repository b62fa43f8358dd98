/* What images use is not taken away from them, and what was said of them outlasts a power cut. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/synced.h"
#include "unit/image/fake_source.h"

static wcl_status look_when_needed(void *context, const char *layer)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_layer_destroy(context, layer, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_SHARING_VIOLATION);
    return strstr(error.message, "being pulled") ? WCL_OK : WCL_FAILED;
}

static void a_layer_of_an_image_is_not_removed(void **state)
{
    fixture *fixture = *state;
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;
    wcl_error error = WCL_ERROR_INIT;
    bool exists = false;

    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(wcl_image_get_info(&fixture->driver, NAME, &info, &error), WCL_OK);
    for (size_t i = 0; i < LAYERS; i++) {
        assert_int_equal(wcl_layer_destroy(&fixture->driver, info->layers[i], &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_SHARING_VIOLATION);
        assert_non_null(strstr(error.message, "the image '" NAME "' (sha256:"));
    }
    assert_sound(fixture, LAYERS);
    fixture->source.layers[2].breaks_at = 1000;
    assert_int_equal(wcl_image_remove(&fixture->driver, NAME, false, NULL, NULL, NULL), WCL_OK);
    assert_sound(fixture, 0);
    /* What a pull that broke off left is nobody's yet. */
    assert_int_equal(pull_some(fixture, 1, &error), WCL_FAILED);
    assert_int_equal(wcl_layer_destroy(&fixture->driver, info->layers[1], &error), WCL_OK);
    fixture->source.layers[2].breaks_at = 0;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(wcl_layer_exists(&fixture->driver, info->layers[1], &exists, NULL), WCL_OK);
    assert_true(exists);
    assert_sound(fixture, LAYERS);
}

/* Looks, while the last layer is read, at the first, which is in place. */
static void a_layer_that_a_pull_needs_is_not_removed(void **state)
{
    fixture *fixture = *state;
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_int_equal(wcl_image_get_info(&fixture->driver, NAME, &info, &error), WCL_OK);
    fixture->source.layers[2].breaks_at = 1000;
    assert_int_equal(wcl_image_remove(&fixture->driver, NAME, false, NULL, NULL, NULL), WCL_OK);
    assert_int_equal(pull_some(fixture, 1, &error), WCL_FAILED);
    fixture->source.layers[2].breaks_at = 0;
    fixture->source.looked_at = info->layers[LAYERS - 1];
    fixture->source.look = look_when_needed;
    fixture->source.look_context = &fixture->driver;
    assert_int_equal(pull(fixture, &error), WCL_OK);
    assert_null(fixture->source.looked_at);
    assert_sound(fixture, LAYERS);
}

static void what_was_acknowledged_is_on_disk(void **state)
{
    static const char *const name = "docker.io/library/tagged:1";
    fixture *fixture = *state;
    const char *blob = fixture->source.layers[0].digest, *digest = fixture->source.digest;
    char named[WCL_DIGEST_TEXT_SIZE], path[300];

    assert_int_equal(wcl_digest_of(name, strlen(name), named, NULL), WCL_OK);
    assert_int_equal(pull(fixture, NULL), WCL_OK);
    assert_true(synced_is_there(in_images(fixture, "images", digest, path)));
    assert_true(synced_is_there(in_images(fixture, "blobs/sha256", digest, path)));
    assert_true(synced_is_there(in_images(fixture, "blobs/sha256", blob, path)));
    assert_int_equal(wcl_image_tag(&fixture->driver, NAME, "tagged:1", NULL), WCL_OK);
    assert_true(synced_is_there(in_images(fixture, "names", named, path)));
    assert_int_equal(wcl_image_remove(&fixture->driver, "tagged:1", false, NULL, NULL, NULL),
                     WCL_OK);
    assert_true(synced_is_gone(in_images(fixture, "names", named, path)));
    assert_int_equal(wcl_image_remove(&fixture->driver, NAME, false, NULL, NULL, NULL), WCL_OK);
    assert_true(synced_is_gone(in_images(fixture, "images", digest, path)));
    assert_true(synced_is_gone(in_images(fixture, "blobs/sha256", digest, path)));
    assert_true(synced_is_gone(in_images(fixture, "blobs/sha256", blob, path)));
    snprintf(path, sizeof(path), "%s/.images/unclean", fixture->home);
    assert_true(synced_is_gone(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_of_an_image_is_not_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_that_a_pull_needs_is_not_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_acknowledged_is_on_disk, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
