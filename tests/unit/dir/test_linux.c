/* A Linux layer as a plain folder: what only such layers have comes back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/dir/dir_writer.h"
#include "system/system.h"
#include "unit/dir/fixture.h"

static const wcl_xattr xattrs[] = { { "security.capability", "\1\0\0\2", 4 }, { "user.x", "", 0 } };

static const wcl_entry entries[] = {
    { .kind = WCL_ENTRY_DIRECTORY, .path = "bin", .mode = 0755 },
    { .kind = WCL_ENTRY_OPAQUE, .path = "bin" },
    { .kind = WCL_ENTRY_FILE,
      .path = "bin/su",
      .mode = 04711,
      .uid = 7,
      .gid = 70000,
      .xattrs = xattrs,
      .xattr_count = 2,
      .modified = { -5, 123456789 } },
    { .kind = WCL_ENTRY_FILE, .path = "bin/a:b\\c\n\xFF", .mode = 0 },
    { .kind = WCL_ENTRY_SYMLINK, .path = "lib", .target = "usr/lib", .mode = 0777 },
    { .kind = WCL_ENTRY_SYMLINK, .path = "bin/abs", .target = "/etc/x", .mode = 0777 },
    { .kind = WCL_ENTRY_SYMLINK, .path = "bin/out", .target = "../../../etc/x", .mode = 0777 },
    { .kind = WCL_ENTRY_SYMLINK, .path = "bin/odd", .target = "a//./b/../c", .mode = 0777 },
    { .kind = WCL_ENTRY_CHARACTER_DEVICE, .path = "null", .device_major = 1, .device_minor = 3 },
    { .kind = WCL_ENTRY_BLOCK_DEVICE, .path = "disk", .device_major = 8, .device_minor = 70000 },
    { .kind = WCL_ENTRY_FIFO, .path = "pipe", .mode = 0600 },
    { .kind = WCL_ENTRY_DIRECTORY, .path = "tmp", .mode = 07777 },
    { .kind = WCL_ENTRY_HARD_LINK, .path = "su2", .target = "bin/su" },
    { .kind = WCL_ENTRY_DELETED, .path = "bin/gone" },
};
enum {
    COUNT = sizeof(entries) / sizeof(entries[0])
};

static wcl_status write_entry(wcl_layer_writer *writer, const wcl_entry *entry, wcl_error *error)
{
    wcl_entry copy = *entry;

    if (entry->kind == WCL_ENTRY_HARD_LINK)
        return wcl_layer_writer_add_link(writer, entry->path, entry->target, error);
    if (entry->kind == WCL_ENTRY_DELETED)
        return wcl_layer_writer_remove(writer, entry->path, error);
    copy.struct_size = sizeof(copy);
    copy.has_posix = entry->kind != WCL_ENTRY_OPAQUE;
    return wcl_layer_writer_add(writer, &copy, error);
}

static void assert_same(const wcl_entry *expected, const wcl_entry *got)
{
    if (expected->target)
        assert_string_equal(got->target, expected->target);
    if (expected->kind == WCL_ENTRY_HARD_LINK || expected->kind == WCL_ENTRY_DELETED ||
        expected->kind == WCL_ENTRY_OPAQUE)
        return;
    assert_true(got->has_posix);
    assert_int_equal(got->mode, expected->mode);
    assert_int_equal(got->uid, expected->uid);
    assert_int_equal(got->gid, expected->gid);
    assert_int_equal(got->device_major, expected->device_major);
    assert_int_equal(got->device_minor, expected->device_minor);
    assert_int_equal(got->modified.tv_sec, expected->modified.tv_sec);
    assert_int_equal(got->modified.tv_nsec, expected->modified.tv_nsec);
    assert_int_equal(got->xattr_count, expected->xattr_count);
    for (size_t i = 0; i < got->xattr_count; i++) {
        assert_string_equal(got->xattrs[i].name, expected->xattrs[i].name);
        assert_int_equal(got->xattrs[i].size, expected->xattrs[i].size);
        assert_memory_equal(got->xattrs[i].value, expected->xattrs[i].value,
                            expected->xattrs[i].size);
    }
}

/* Finds each given entry among the expected ones; returns how many were given. */
static size_t read_and_compare(const char *folder)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;
    size_t count = 0;

    fixture_assert_ok(wcl_dir_reader_open(folder, &reader, &error), &error);
    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK) {
        size_t at = 0;
        while (at < COUNT &&
               (strcmp(entries[at].path, entry.path) != 0 || entries[at].kind != entry.kind))
            at++;
        if (at == COUNT)
            fail_msg("unexpected: %s of kind %d", entry.path, entry.kind);
        assert_same(&entries[at], &entry);
        count++;
    }
    if (status != WCL_END)
        fixture_assert_ok(status, &error);
    fixture_assert_ok(wcl_layer_reader_close(reader, &error), &error);
    return count;
}

static void everything_comes_back(void **state)
{
    (void)state;
    for (int avoid = 0; avoid < 2; avoid++) {
        wcl_error error = WCL_ERROR_INIT;
        char *folder = fixture_make_folder("/tmp");
        WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
        wcl_layer_writer *writer;
        fixture_assert_ok(wcl_dir_writer_open_with(out, avoid, &writer, &error), &error);
        for (size_t i = 0; i < COUNT; i++)
            fixture_assert_ok(write_entry(writer, &entries[i], &error), &error);
        fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
        assert_int_equal(read_and_compare(out), COUNT);
        fixture_remove_folder(folder);
    }
}

static void nothing_dangerous_is_made_on_disk(void **state)
{
    system_needs_symlinks();
    wcl_error error = WCL_ERROR_INIT;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *out = fixture_path(folder, "out");
    wcl_layer_writer *writer;
    struct stat status;
    char target[64] = "";

    (void)state;
    fixture_assert_ok(wcl_dir_writer_open(out, &writer, &error), &error);
    for (size_t i = 0; i < COUNT; i++)
        fixture_assert_ok(write_entry(writer, &entries[i], &error), &error);
    fixture_assert_ok(wcl_layer_writer_close(writer, &error), &error);
    WCL_CLEANUP_FREE char *su = fixture_path(out, "bin/su"), *null = fixture_path(out, "null"),
                          *absolute = fixture_path(out, "bin/abs"),
                          *outside = fixture_path(out, "bin/out"), *tmp = fixture_path(out, "tmp");
    assert_int_equal(lstat(su, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0711);
    assert_int_equal(lstat(tmp, &status), 0);
    assert_int_equal(status.st_mode & 07777, 01777);
    assert_int_equal(lstat(null, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(lstat(outside, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_true(readlink(absolute, target, sizeof(target) - 1) > 0);
    assert_string_equal(target, "../etc/x");
    fixture_remove_folder(folder);
}

static void folder_made_by_hand_is_a_linux_layer(void **state)
{
    system_needs_symlinks();
    wcl_error error = WCL_ERROR_INIT;
    char *folder = fixture_make_folder("/tmp");
    WCL_CLEANUP_FREE char *tool = fixture_path(folder, "tool"), *link = fixture_path(folder, "sh");
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    (void)state;
    fixture_write_file(folder, "tool", "#!/bin/sh\n", 10);
    assert_int_equal(chmod(tool, 0751), 0);
    assert_int_equal(symlink("/bin/sh", link), 0);
    fixture_assert_ok(wcl_dir_reader_open(folder, &reader, &error), &error);
    fixture_assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_int_equal(entry.kind, WCL_ENTRY_SYMLINK);
    assert_string_equal(entry.target, "/bin/sh");
    fixture_assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_int_equal(entry.kind, WCL_ENTRY_FILE);
    assert_int_equal(entry.mode, 0751);
    assert_int_equal(entry.uid, getuid());
    assert_int_equal(entry.size, 10);
    assert_int_equal(wcl_layer_reader_next(reader, &entry, &error), WCL_END);
    fixture_assert_ok(wcl_layer_reader_close(reader, &error), &error);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(nothing_dangerous_is_made_on_disk),
        cmocka_unit_test(folder_made_by_hand_is_a_linux_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
