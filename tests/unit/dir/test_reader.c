/* Plain folders that people have changed, and ones that are no layers. */
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
#include "layer/dir/dir_writer.h"
#include "system/system.h"
#include "unit/dir/fixture.h"

typedef struct place {
    char *folder;
    char *out;
    fixture_layer layer;
} place;

static void add_link(fixture_layer *layer, const char *path, const char *target)
{
    fixture_entry *link = fixture_add(layer, WCL_ENTRY_FILE, path, NULL);
    void *data;
    size_t size;

    link->entry.info.attributes = WCL_ATTRIBUTE_REPARSE_POINT;
    fixture_stream(link, WCL_BACKUP_SECURITY_DATA, 0, "", 0, "security", 8);
    fixture_assert_ok(wcl_reparse_encode_link(target, false, &data, &size, NULL), NULL);
    fixture_stream(link, WCL_BACKUP_REPARSE_DATA, 0, "", 0, data, size);
    wcl_free(data);
}

/* A layer as a folder, for a test to change. */
static place make_place(bool avoid_xattrs)
{
    place made = { .folder = fixture_make_folder("/tmp") };
    fixture_layer *layer = &made.layer;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    made.out = fixture_path(made.folder, "out");
    fixture_add(layer, WCL_ENTRY_DIRECTORY, "Files", NULL);
    fixture_add(layer, WCL_ENTRY_DIRECTORY, "Files/dir", NULL);
    fixture_entry *file = fixture_add(layer, WCL_ENTRY_FILE, "Files/dir/file", NULL);
    fixture_stream(file, WCL_BACKUP_SECURITY_DATA, 0, "", 0, "descriptor", 10);
    fixture_stream(file, WCL_BACKUP_DATA, WCL_STREAM_SPARSE, "", 0, "", 0);
    fixture_stream(file, WCL_BACKUP_SPARSE_BLOCK, 8, "", 4096, "block", 5);
    fixture_stream(file, WCL_BACKUP_ALTERNATE_DATA, 0, ":s:$DATA", 0, "alternate", 9);
    fixture_stream(fixture_add(layer, WCL_ENTRY_FILE, "Files/no-data", NULL),
                   WCL_BACKUP_ALTERNATE_DATA, 0, ":s:$DATA", 0, "alternate", 9);
    add_link(layer, "Files/link", "dir\\file");
    add_link(layer, "Files/dir/absolute", "C:\\Dir");
    add_link(layer, "Files/dir/outside", "..\\..\\..\\etc");
    add_link(layer, "Files/dir/elsewhere", "D:\\x");
    fixture_add(layer, WCL_ENTRY_HARD_LINK, "Files/hard", "Files/dir/file");
    fixture_assert_ok(wcl_dir_writer_open_with(made.out, avoid_xattrs, &writer, &error), &error);
    fixture_write(layer, writer, 100, NULL);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
    return made;
}

static void free_place(place *place)
{
    fixture_free(&place->layer);
    free(place->out);
    fixture_remove_folder(place->folder);
}

static fixture_layer read_place(const place *place)
{
    fixture_layer layer = { 0 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;

    fixture_assert_ok(wcl_dir_reader_open(place->out, &reader, &error), &error);
    fixture_read(reader, &layer);
    return layer;
}

static char *read_link(const place *place, const char *name)
{
    WCL_CLEANUP_FREE char *path = fixture_path(place->out, name);
    char *text = calloc(1, 1024);

    if (readlink(path, text, 1023) < 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void links_within_the_volume_are_links_on_disk(void **state)
{
    system_needs_symlinks();
    place place = make_place(false);
    WCL_CLEANUP_FREE char *link = read_link(&place, "Files/link"),
                          *absolute = read_link(&place, "Files/dir/absolute"),
                          *outside = read_link(&place, "Files/dir/outside"),
                          *elsewhere = read_link(&place, "Files/dir/elsewhere");

    (void)state;
    assert_string_equal(link, "dir/file");
    assert_string_equal(absolute, "../Dir");
    assert_null(outside);
    assert_null(elsewhere);
    free_place(&place);
}

static void hard_links_are_hard_links_on_disk(void **state)
{
    place place = make_place(false);
    WCL_CLEANUP_FREE char *path = fixture_path(place.out, "Files/hard");
    struct stat status;

    (void)state;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_nlink, 2);
    free_place(&place);
}

static void changed_contents_keep_their_metadata(void **state)
{
    (void)state;
    for (int avoid = 0; avoid < 2; avoid++) {
        place place = make_place(avoid);
        fixture_write_file(place.out, "Files/dir/file", "new contents", 12);
        fixture_write_file(place.out, "Files/no-data", "data", 4);
        fixture_layer back = read_place(&place);
        fixture_entry expected = { .entry = WCL_ENTRY_INIT };
        fixture_stream(&expected, WCL_BACKUP_SECURITY_DATA, 0, "", 0, "descriptor", 10);
        fixture_stream(&expected, WCL_BACKUP_DATA, 0, "", 0, "new contents", 12);
        fixture_stream(&expected, WCL_BACKUP_ALTERNATE_DATA, 0, ":s:$DATA", 0, "alternate", 9);
        const fixture_entry *file = fixture_find(&back, "Files/dir/file");
        assert_int_equal(file->stream.size, expected.stream.size);
        assert_memory_equal(file->stream.data, expected.stream.data, expected.stream.size);
        assert_int_equal(file->entry.size, 12);
        assert_true(file->entry.flags & WCL_ENTRY_IN_ORDER);
        const wcl_basic_info *info = &file->entry.info,
                             *before = &fixture_find(&place.layer, "Files/dir/file")->entry.info;
        assert_int_equal(info->creation_time, before->creation_time);
        assert_true(info->last_write_time > before->last_write_time);
        wcl_buffer_clear(&expected.stream);
        fixture_stream(&expected, WCL_BACKUP_DATA, 0, "", 0, "data", 4);
        fixture_stream(&expected, WCL_BACKUP_ALTERNATE_DATA, 0, ":s:$DATA", 0, "alternate", 9);
        file = fixture_find(&back, "Files/no-data");
        assert_int_equal(file->stream.size, expected.stream.size);
        assert_memory_equal(file->stream.data, expected.stream.data, expected.stream.size);
        wcl_buffer_free(&expected.stream);
        fixture_free(&back);
        free_place(&place);
    }
}

static void new_files_get_ordinary_metadata(void **state)
{
    place place = make_place(false);
    WCL_CLEANUP_FREE char *folder = fixture_path(place.out, "Files/new");

    (void)state;
    assert_int_equal(mkdir(folder, 0777), 0);
    fixture_write_file(place.out, "Files/new/file", "contents", 8);
    fixture_layer back = read_place(&place);
    const fixture_entry *file = fixture_find(&back, "Files/new/file");
    assert_int_equal(fixture_find(&back, "Files/new")->entry.kind, WCL_ENTRY_DIRECTORY);
    assert_int_equal(fixture_find(&back, "Files/new")->entry.info.attributes, 16);
    assert_int_equal(file->entry.info.attributes, 32);
    assert_int_equal(file->entry.size, 8);
    assert_int_equal(file->stream.size, 28);
    fixture_free(&back);
    free_place(&place);
}

static void new_link_becomes_a_reparse_point(void **state)
{
    system_needs_symlinks();
    place place = make_place(false);
    WCL_CLEANUP_FREE char *link = fixture_path(place.out, "Files/new");
    wcl_reparse_link target = { 0 };
    uint32_t tag;

    (void)state;
    assert_int_equal(symlink("dir", link), 0);
    fixture_layer back = read_place(&place);
    const fixture_entry *made = fixture_find(&back, "Files/new");
    assert_int_equal(made->entry.info.attributes, 0x410);
    fixture_assert_ok(wcl_reparse_tag(made->stream.data + 20, made->stream.size - 20, &tag, NULL),
                      NULL);
    fixture_assert_ok(
        wcl_reparse_decode_link(made->stream.data + 20, made->stream.size - 20, &target, NULL),
        NULL);
    assert_string_equal(target.target, "dir");
    wcl_free(target.target);
    fixture_free(&back);
    free_place(&place);
}

static void changed_link_keeps_its_descriptor(void **state)
{
    system_needs_symlinks();
    place place = make_place(false);
    WCL_CLEANUP_FREE char *link = fixture_path(place.out, "Files/link");

    (void)state;
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("dir/other", link), 0);
    fixture_layer back = read_place(&place);
    const fixture_entry *changed = fixture_find(&back, "Files/link");
    wcl_reparse_link target = { 0 };
    assert_memory_equal(changed->stream.data + 20, "security", 8);
    fixture_assert_ok(wcl_reparse_decode_link(changed->stream.data + 48, changed->stream.size - 48,
                                              &target, NULL),
                      NULL);
    assert_string_equal(target.target, "dir\\other");
    wcl_free(target.target);
    fixture_free(&back);
    free_place(&place);
}

static void removed_files_are_gone(void **state)
{
    place place = make_place(true);
    WCL_CLEANUP_FREE char *hard = fixture_path(place.out, "Files/hard"),
                          *file = fixture_path(place.out, "Files/no-data");

    (void)state;
    assert_int_equal(unlink(hard), 0);
    assert_int_equal(unlink(file), 0);
    fixture_layer back = read_place(&place);
    assert_null(fixture_find(&back, "Files/hard"));
    assert_null(fixture_find(&back, "Files/no-data"));
    assert_int_equal(back.count, place.layer.count - 2);
    fixture_free(&back);
    free_place(&place);
}

static void link_whose_first_name_is_gone_is_the_file(void **state)
{
    system_needs_xattrs();
    place place = make_place(false);
    WCL_CLEANUP_FREE char *first = fixture_path(place.out, "Files/dir/file"),
                          *hard = fixture_path(place.out, "Files/hard"),
                          *another = fixture_path(place.out, "Files/z-hard");

    (void)state;
    assert_int_equal(link(hard, another), 0);
    assert_int_equal(unlink(first), 0);
    fixture_layer back = read_place(&place);
    const fixture_entry *before = fixture_find(&place.layer, "Files/dir/file"),
                        *file = fixture_find(&back, "Files/hard"),
                        *other = fixture_find(&back, "Files/z-hard");
    assert_int_equal(file->entry.kind, WCL_ENTRY_FILE);
    assert_int_equal(file->stream.size, before->stream.size);
    assert_memory_equal(file->stream.data, before->stream.data, before->stream.size);
    assert_int_equal(other->entry.kind, WCL_ENTRY_HARD_LINK);
    assert_string_equal(other->entry.target, "Files/hard");
    fixture_free(&back);
    free_place(&place);
}

/* The folder cannot be read, and the error names `subject`. */
static void assert_unreadable(const char *folder, uint32_t code, const char *subject)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status = wcl_dir_reader_open(folder, &reader, &error);

    if (status == WCL_OK) {
        while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK)
            ;
        wcl_layer_reader_close(reader, NULL);
    }
    assert_int_equal(status, WCL_FAILED);
    assert_int_equal(error.code, code);
    if (!strstr(error.subject, subject) && !strstr(error.message, subject))
        fail_msg("'%s: %s' does not name '%s'", error.subject, error.message, subject);
}

static void pipes_and_absolute_links_are_refused_by_name(void **state)
{
    system_needs_special_files();
    place place = make_place(false);
    WCL_CLEANUP_FREE char *path = fixture_path(place.out, "Files/odd");

    (void)state;
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_unreadable(place.out, WCL_CODE_NOT_SUPPORTED, "Files/odd");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_unreadable(place.out, WCL_CODE_NOT_SUPPORTED, "Files/odd");
    free_place(&place);
}

static void names_that_windows_cannot_have_are_refused_by_name(void **state)
{
    system_needs_any_name();
    place place = make_place(false);

    (void)state;
    fixture_write_file(place.out, "Files/a:b", "", 0);
    assert_unreadable(place.out, WCL_CODE_INVALID_NAME, "Files/a:b");
    free_place(&place);
}

static void damaged_sidecar_is_refused(void **state)
{
    static const char *const texts[] = {
        "x",
        "{\"wcl_metadata\":1}\n",
        "{\"wcl_metadata\":2}\n{}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"a\",\"kind\":\"thing\"}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"a\",\"kind\":\"link\"}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"../a\",\"kind\":\"deleted\"}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"a\",\"kind\":\"link\",\"target\":\"Li4vYQ==\"}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"a\",\"kind\":\"file\",\"sd\":\"!\"}\n",
        "{\"wcl_metadata\":2}\n{\"path\":\"a\",\"kind\":\"file\"}",
    };
    char *folder = fixture_make_folder("/tmp");

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_layer_reader *reader;
        fixture_write_file(folder, ".wcl-metadata", texts[i], strlen(texts[i]));
        if (wcl_dir_reader_open(folder, &reader, &error) != WCL_FAILED)
            fail_msg("'%s' was accepted", texts[i]);
    }
    WCL_CLEANUP_FREE char *path = fixture_path(folder, ".wcl-metadata");
    assert_int_equal(unlink(path), 0);
    if (system_has_symlinks()) {
        assert_int_equal(symlink("/etc/passwd", path), 0);
        assert_unreadable(folder, WCL_CODE_INVALID_DATA, ".wcl-metadata");
    }
    fixture_remove_folder(folder);
}

static void folder_nested_too_deep_is_refused_by_name(void **state)
{
    system_needs_depth(10000, 4);
    char *folder = fixture_make_folder("/tmp");
    int inner = open(folder, O_PATH | O_DIRECTORY);

    (void)state;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(mkdirat(inner, "deep", 0777), 0);
        int next = openat(inner, "deep", O_PATH | O_DIRECTORY);
        close(inner);
        inner = next;
    }
    close(inner);
    assert_unreadable(folder, WCL_CODE_NAME_TOO_LONG, "deep/deep");
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_within_the_volume_are_links_on_disk),
        cmocka_unit_test(hard_links_are_hard_links_on_disk),
        cmocka_unit_test(changed_contents_keep_their_metadata),
        cmocka_unit_test(new_files_get_ordinary_metadata),
        cmocka_unit_test(new_link_becomes_a_reparse_point),
        cmocka_unit_test(changed_link_keeps_its_descriptor),
        cmocka_unit_test(removed_files_are_gone),
        cmocka_unit_test(link_whose_first_name_is_gone_is_the_file),
        cmocka_unit_test(pipes_and_absolute_links_are_refused_by_name),
        cmocka_unit_test(names_that_windows_cannot_have_are_refused_by_name),
        cmocka_unit_test(damaged_sidecar_is_refused),
        cmocka_unit_test(folder_nested_too_deep_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
