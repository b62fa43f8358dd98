/* Layers made of folders and tars: the same files make the same bytes, with what each system wants.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/append/layer.h"
#include "unit/dir/fixture.h"

#define TIME 1600000000

static wcl_status keep(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

/* Makes the layer; the source is freed. */
static wcl_status make(const wcl_append_layer *layer, wcl_append_source *source, wcl_buffer *tar,
                       wcl_append_made *made, wcl_error *error)
{
    wcl_layer_writer *writer;

    fixture_assert_ok(wcl_tar_writer_open(keep, tar, NULL, &writer, error), error);
    wcl_status status = wcl_append_layer_write(layer, source, writer, made, error);
    if (status == WCL_OK)
        fixture_assert_ok(wcl_layer_writer_close(writer, error), error);
    else
        wcl_layer_writer_abort(writer);
    wcl_append_source_free(source);
    return status;
}

static wcl_buffer make_of(const wcl_append_layer *layer, const char *input)
{
    wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_append_source *source;
    wcl_append_made made;
    wcl_error error = WCL_ERROR_INIT;

    fixture_assert_ok(wcl_append_source_open(input, NULL, &source, &error), &error);
    fixture_assert_ok(make(layer, source, &tar, &made, &error), &error);
    return tar;
}

typedef struct position {
    const wcl_buffer *bytes;
    size_t at;
} position;

static wcl_status give(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    position *position = context;
    size_t left = position->bytes->size - position->at;
    (void)error;

    *got = left < size ? left : size;
    memcpy(buffer, position->bytes->data + position->at, *got);
    position->at += *got;
    return WCL_OK;
}

static fixture_layer entries_of(const wcl_buffer *tar)
{
    fixture_layer layer = { 0 };
    position position = { .bytes = tar };
    wcl_layer_reader *reader;
    wcl_error error = WCL_ERROR_INIT;

    fixture_assert_ok(wcl_tar_reader_open(give, &position, NULL, &reader, &error), &error);
    fixture_read(reader, &layer);
    return layer;
}

static void set_time(const char *folder, const char *name)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    const struct timespec times[2] = { { TIME, 0 }, { TIME, 123456700 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* A folder with one of everything that both systems can hold. */
static char *make_files(void)
{
    static const char *const names[] = { "a-file", "a/link", "a/b-second-name", "a/read-only",
                                         "a/zero", "a",      "tombstones.txt",  "." };
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *sub = fixture_path(folder, "a");
    WCL_CLEANUP_FREE char *first = fixture_path(folder, "a-file");
    WCL_CLEANUP_FREE char *second = fixture_path(folder, "a/b-second-name");
    WCL_CLEANUP_FREE char *symbolic = fixture_path(folder, "a/link");
    WCL_CLEANUP_FREE char *read_only = fixture_path(folder, "a/read-only");

    assert_int_equal(mkdir(sub, 0750), 0);
    fixture_write_file(folder, "a-file", "contents", 8);
    fixture_write_file(folder, "a/read-only", "r", 1);
    fixture_write_file(folder, "a/zero", "", 0);
    fixture_write_file(folder, "tombstones.txt", "no list of a layer", 18);
    assert_int_equal(chmod(sub, 0750), 0);
    assert_int_equal(chmod(read_only, 0444), 0);
    assert_int_equal(link(first, second), 0);
    assert_int_equal(symlink("../a", symbolic), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        set_time(folder, names[i]);
    return folder;
}

/* The same files in a tar of another order, its names' links the other way round. */
static char *make_tar(const char *folder, const char *options)
{
    WCL_CLEANUP_BUFFER wcl_buffer command = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    fixture_assert_ok(
        wcl_buffer_printf(&command, &error,
                          "cd %s && tar %s --no-recursion -cf ../$(basename %s).tar "
                          "tombstones.txt a-file a/zero a/b-second-name a/read-only a/link a",
                          folder, options, folder),
        &error);
    assert_int_equal(system(wcl_buffer_text(&command)), 0);
    wcl_buffer_clear(&command);
    fixture_assert_ok(wcl_buffer_printf(&command, &error, "%s.tar", folder), &error);
    return wcl_buffer_detach(&command, &size, &error);
}

static void assert_same(const wcl_buffer *a, const wcl_buffer *b)
{
    assert_true(a->size > 0);
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

static void a_folder_and_its_tar_make_the_same_layer(void **state)
{
    static const char *const options[] = { "--format=pax", "--format=pax -z",
                                           "--format=pax --sort=none -S" };
    char *folder = make_files();
    (void)state;

    for (int os = WCL_OS_WINDOWS; os <= WCL_OS_LINUX; os++) {
        const wcl_append_layer layer = { .os = (wcl_os)os, .to = "/opt/app" };
        WCL_CLEANUP_BUFFER wcl_buffer of_folder = make_of(&layer, folder);
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
            WCL_CLEANUP_FREE char *file = make_tar(folder, options[i]);
            WCL_CLEANUP_BUFFER wcl_buffer of_tar = make_of(&layer, file);
            assert_same(&of_folder, &of_tar);
            unlink(file);
        }
    }
    fixture_remove_folder(folder);
}

static void assert_attributes(const fixture_layer *layer, const char *path, uint32_t attributes)
{
    const fixture_entry *entry = fixture_find(layer, path);

    assert_non_null(entry);
    assert_int_equal(entry->entry.info.attributes, attributes);
}

static wcl_filetime time_of(int64_t seconds, long nanoseconds)
{
    return wcl_filetime_from_timespec((struct timespec) { seconds, nanoseconds });
}

static void a_windows_layer_has_what_windows_needs(void **state)
{
    static const char *const paths[] = {
        "Files",
        "Files/app",
        "Files/app/a",
        "Files/app/a/b-second-name",
        "Files/app/a/link",
        "Files/app/a/read-only",
        "Files/app/a/zero",
        "Files/app/a-file",
        "Files/app/tombstones.txt",
        "Hives",
    };
    const wcl_append_layer options = { .os = WCL_OS_WINDOWS, .to = "C:\\app" };
    char *folder = make_files();
    WCL_CLEANUP_BUFFER wcl_buffer tar = make_of(&options, folder);
    fixture_layer layer = entries_of(&tar);
    (void)state;

    assert_int_equal(layer.count, sizeof(paths) / sizeof(paths[0]));
    for (size_t i = 0; i < layer.count; i++)
        assert_string_equal(layer.entries[i].entry.path, paths[i]);
    assert_attributes(&layer, "Hives", WCL_ATTRIBUTE_DIRECTORY);
    assert_attributes(&layer, "Files/app/a", WCL_ATTRIBUTE_DIRECTORY);
    assert_attributes(&layer, "Files/app/a/link",
                      WCL_ATTRIBUTE_REPARSE_POINT | WCL_ATTRIBUTE_DIRECTORY);
    assert_attributes(&layer, "Files/app/a/read-only",
                      WCL_ATTRIBUTE_READONLY | WCL_ATTRIBUTE_ARCHIVE);
    const wcl_entry *file = &fixture_find(&layer, "Files/app/a/b-second-name")->entry;
    assert_int_equal(file->info.creation_time, time_of(TIME, 123456700));
    assert_int_equal(file->info.last_access_time, time_of(TIME, 123456700));
    assert_int_equal(fixture_find(&layer, "Files/app/a-file")->entry.kind, WCL_ENTRY_HARD_LINK);
    assert_int_equal(fixture_find(&layer, "Files/app")->entry.info.creation_time, time_of(0, 0));
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

static void times_are_not_later_than_the_epoch(void **state)
{
    const wcl_append_layer options = {
        .os = WCL_OS_LINUX, .has_epoch = true, .epoch = TIME - 5, .owner = "7:8"
    };
    char *folder = make_files();
    WCL_CLEANUP_BUFFER wcl_buffer tar = make_of(&options, folder);
    fixture_layer layer = entries_of(&tar);
    (void)state;

    assert_int_equal(layer.count, 7);
    for (size_t i = 0; i < layer.count; i++) {
        const wcl_entry *entry = &layer.entries[i].entry;
        assert_int_equal(entry->modified.tv_sec, TIME - 5);
        assert_int_equal(entry->modified.tv_nsec, 0);
        assert_int_equal(entry->uid, 7);
        assert_int_equal(entry->gid, 8);
    }
    assert_int_equal(fixture_find(&layer, "a")->entry.mode, 0750);
    fixture_free(&layer);
    fixture_remove_folder(folder);
}

/* The error of a layer that cannot be made of what is in the folder. */
static wcl_error refusal(const wcl_append_layer *layer, const char *input)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_append_source *source;
    wcl_append_made made;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_append_source_open(input, NULL, &source, &error) == WCL_OK)
        assert_int_equal(make(layer, source, &tar, &made, &error), WCL_FAILED);
    return error;
}

static void what_windows_cannot_hold_is_refused_by_name(void **state)
{
    static const char *const names[] = { "aux.c", "what?", "trailing.", "A-FILE" };
    const wcl_append_layer layer = { .os = WCL_OS_WINDOWS, .to = "" };
    char *folder = make_files();
    (void)state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        WCL_CLEANUP_FREE char *path = fixture_path(folder, names[i]);
        fixture_write_file(folder, names[i], "x", 1);
        wcl_error error = refusal(&layer, folder);
        assert_non_null(strstr(error.subject, i == 3 ? "a-file" : names[i]));
        unlink(path);
    }
    WCL_CLEANUP_FREE char *pipe = fixture_path(folder, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    wcl_error error = refusal(&layer, folder);
    assert_string_equal(error.subject, "Files/pipe");
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    fixture_remove_folder(folder);
}

static void wrong_options_are_refused(void **state)
{
    static const char *const missing[] = { "/nothing" };
    const wcl_append_layer wrong[] = {
        { .os = WCL_OS_LINUX, .sddl = "D:(A;;FA;;;WD)" },
        { .os = WCL_OS_LINUX, .owner = "root" },
        { .os = WCL_OS_LINUX, .owner = "4294967295" },
        { .os = WCL_OS_LINUX, .to = "/a/../b" },
        { .os = WCL_OS_LINUX, .deleted = missing, .deleted_count = 1 },
        { .os = WCL_OS_WINDOWS, .owner = "nobody" },
        { .os = WCL_OS_WINDOWS, .sddl = "nonsense" },
        { .os = WCL_OS_WINDOWS, .to = "con/x" },
    };
    char *folder = make_files();
    (void)state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        wcl_error error = refusal(&wrong[i], folder);
        assert_string_equal(error.operation, "append");
        assert_int_not_equal(error.code, 0);
    }
    fixture_remove_folder(folder);
}

static void tars_that_are_layers_already_are_refused(void **state)
{
    const wcl_append_layer layer = { .os = WCL_OS_WINDOWS };
    wcl_error error = refusal(&layer, "tests/data/vectors/layer.tar");
    (void)state;

    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_string_equal(error.operation, "append");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_and_its_tar_make_the_same_layer),
        cmocka_unit_test(a_windows_layer_has_what_windows_needs),
        cmocka_unit_test(times_are_not_later_than_the_epoch),
        cmocka_unit_test(what_windows_cannot_hold_is_refused_by_name),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(tars_that_are_layers_already_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
