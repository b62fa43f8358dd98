/* hcsshim's layer tar into a folder, and back: the entries are the same, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wcl/tar.h>

#include "unit/dir/fixture.h"

#define LAYER "tests/data/vectors/layer.tar"

typedef struct form {
    bool leaves_implied; /* a folder that only deletions imply is no entry of it */
    wcl_status (*open_writer)(const char *, wcl_layer_writer **, wcl_error *);
    wcl_status (*open_reader)(const char *, wcl_layer_reader **, wcl_error *);
} form;

static const form dir_form = { false, wcl_dir_writer_open, wcl_dir_reader_open };
static const form transport_form = { true, wcl_transport_writer_open, wcl_transport_reader_open };

static void copy(wcl_layer_reader *reader, wcl_layer_writer *writer)
{
    wcl_error error = WCL_ERROR_INIT;

    fixture_assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    fixture_assert_ok(wcl_layer_reader_close(reader, &error), &error);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
}

static void read_tar(const char *file, fixture_layer *layer)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;

    fixture_assert_ok(wcl_tar_reader_open_file(file, NULL, &reader, &error), &error);
    fixture_read(reader, layer);
}

static void leave_implied(fixture_layer *layer)
{
    size_t kept = 0;

    for (size_t i = 0; i < layer->count; i++) {
        fixture_entry *at = &layer->entries[i];
        if (!(at->entry.flags & WCL_ENTRY_IMPLICIT)) {
            layer->entries[kept++] = *at;
            continue;
        }
        assert_string_equal(at->entry.path, "Files/Windows/Temp");
        free((char *)at->entry.path);
        wcl_buffer_free(&at->stream);
    }
    layer->count = kept;
}

static void assert_layer_comes_back(const form *form)
{
    fixture_layer before = { 0 }, inside = { 0 }, after = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out"), *tar = fixture_path(folder, "tar");
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;

    read_tar(LAYER, &before);
    fixture_assert_ok(wcl_tar_reader_open_file(LAYER, NULL, &reader, &error), &error);
    fixture_assert_ok(form->open_writer(out, &writer, &error), &error);
    copy(reader, writer);
    fixture_assert_ok(form->open_reader(out, &reader, &error), &error);
    fixture_read(reader, &inside);
    if (form->leaves_implied) {
        WCL_CLEANUP_FREE char *implied = fixture_path(out, "Files/Windows/Temp");
        leave_implied(&before);
        assert_int_equal(access(implied, F_OK), -1);
    }
    fixture_assert_same(&before, &inside);
    fixture_assert_ok(form->open_reader(out, &reader, &error), &error);
    fixture_assert_ok(wcl_tar_writer_open_file(tar, NULL, &writer, &error), &error);
    copy(reader, writer);
    read_tar(tar, &after);
    if (form->leaves_implied)
        leave_implied(&after);
    fixture_assert_same(&before, &after);
    assert_true(before.count >= 50);
    fixture_free(&before);
    fixture_free(&inside);
    fixture_free(&after);
    fixture_remove_folder(folder);
}

static void layer_tar_comes_back_from_a_plain_folder(void **state)
{
    (void)state;
    assert_layer_comes_back(&dir_form);
}

static void layer_tar_comes_back_from_a_transport_folder(void **state)
{
    (void)state;
    assert_layer_comes_back(&transport_form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_tar_comes_back_from_a_plain_folder),
        cmocka_unit_test(layer_tar_comes_back_from_a_transport_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
