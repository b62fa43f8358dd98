/* What a sandbox's reader gives: changed, new and deleted entries with their metadata. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>
#include <wcl/tar.h>

#include "backupstream/internal.h"
#include "base/buffer.h"
#include "base/digest.h"
#include "layer/store/read/entries.h"
#include "layer/store/sandbox/sandbox.h"
#include "unit/store/home.h"
#include "tests/tools/outcome.h"

static const wcl_parents none = { NULL, 0 };

/* ---- Reading -------------------------------------------------------------------------------- */

#define ENTRIES_MAX 200

/* An entry with all of its stream. */
typedef struct seen_entry {
    wcl_entry entry;
    char *path, *target;
    wcl_buffer stream;
    char xattrs[256];
} seen_entry;

typedef struct seen {
    seen_entry entries[ENTRIES_MAX];
    size_t count;
} seen;

static wcl_layer_reader *open_sandbox(const test_home *home, const char *id)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_store store = WCL_STORE_INIT;
    wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    wcl_layer_reader *reader = NULL;

    assert_ok(wcl_store_open(&home->driver, &store, &error), &error);
    assert_ok(wcl_store_layer_open(&store, id, WCL_LOCK_SHARED, &layer, &error), &error);
    assert_ok(wcl_sandbox_reader_open(&store, &layer, &reader, &error), &error);
    return reader;
}

static void read_stream(wcl_layer_reader *reader, wcl_buffer *stream)
{
    wcl_error error = WCL_ERROR_INIT;
    uint8_t bytes[5000];
    size_t got;

    do {
        assert_ok(wcl_layer_reader_read(reader, bytes, sizeof(bytes), &got, &error), &error);
        assert_ok(wcl_buffer_append(stream, bytes, got, &error), &error);
    } while (got > 0);
}

static seen *read_all(wcl_layer_reader *reader)
{
    seen *all = calloc(1, sizeof(*all));
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;
    wcl_error error = WCL_ERROR_INIT;

    assert_non_null(all);
    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK) {
        assert_true(all->count < ENTRIES_MAX);
        seen_entry *one = &all->entries[all->count++];
        one->entry = entry;
        one->path = strdup(entry.path);
        one->target = entry.target ? strdup(entry.target) : NULL;
        for (size_t i = 0; i < entry.xattr_count; i++)
            snprintf(one->xattrs + strlen(one->xattrs), sizeof(one->xattrs) - strlen(one->xattrs),
                     "%s=%.*s;", entry.xattrs[i].name, (int)entry.xattrs[i].size,
                     (const char *)entry.xattrs[i].value);
        read_stream(reader, &one->stream);
    }
    if (status != WCL_END)
        fail_msg("%s: %s", error.subject, error.message);
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_OK);
    return all;
}

static void free_seen(seen *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free(all->entries[i].path);
        free(all->entries[i].target);
        wcl_buffer_free(&all->entries[i].stream);
    }
    free(all);
}

static const seen_entry *find(const seen *all, const char *path)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->entries[i].path, path) == 0)
            return &all->entries[i];
    fail_msg("there is no entry '%s'", path);
    return NULL;
}

/* "KIND path[ -> target]" of every entry, a line each. */
static void check_entries(const seen *all, const char *expected)
{
    wcl_error error = WCL_ERROR_INIT;
    static const char kinds[] = "?FDLXOSCBP";
    WCL_CLEANUP_BUFFER wcl_buffer lines = WCL_BUFFER_INIT;

    for (size_t i = 0; i < all->count; i++)
        assert_ok(wcl_buffer_printf(&lines, &error, "%c %s%s%s\n",
                                    kinds[all->entries[i].entry.kind], all->entries[i].path,
                                    all->entries[i].target ? " -> " : "",
                                    all->entries[i].target ? all->entries[i].target : ""),
                  &error);
    assert_string_equal(wcl_buffer_text(&lines), expected);
}

/* ---- Streams -------------------------------------------------------------------------------- */

typedef struct taking {
    const wcl_buffer *from;
    size_t position;
} taking;

static wcl_status take(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    taking *taking = context;
    size_t left = taking->from->size - taking->position;

    (void)error;
    *got = left < size ? left : size;
    memcpy(buffer, taking->from->data + taking->position, *got);
    taking->position += *got;
    return WCL_OK;
}

/* The bytes of the stream of an id (and name) of an entry; false where it has none. */
static bool stream_of(const seen_entry *one, uint32_t id, const char *name, wcl_buffer *bytes)
{
    wcl_error error = WCL_ERROR_INIT;
    taking taking = { &one->stream, 0 };
    wcl_backup_reader *reader;
    wcl_backup_header header;
    wcl_status status;
    bool found = false;

    wcl_buffer_clear(bytes);
    assert_ok(wcl_backup_reader_new(take, &taking, &reader, &error), &error);
    while ((status = wcl_backup_reader_next(reader, &header, NULL)) == WCL_OK) {
        uint8_t part[4096];
        size_t got;
        if (header.id != id || strcmp(header.name, name) != 0)
            continue;
        found = true;
        do {
            assert_ok(wcl_backup_reader_read(reader, part, sizeof(part), &got, &error), &error);
            assert_ok(wcl_buffer_append(bytes, part, got, &error), &error);
        } while (got > 0);
    }
    assert_int_equal(status, WCL_END);
    wcl_backup_reader_free(reader);
    return found;
}

static void check_same_stream(const seen_entry *a, const seen_entry *b, uint32_t id,
                              const char *name)
{
    WCL_CLEANUP_BUFFER wcl_buffer of_a = WCL_BUFFER_INIT, of_b = WCL_BUFFER_INIT;

    assert_true(stream_of(a, id, name, &of_a));
    assert_true(stream_of(b, id, name, &of_b));
    assert_int_equal(of_a.size, of_b.size);
    assert_memory_equal(of_a.data, of_b.data, of_a.size);
}

static void check_data(const seen_entry *one, const char *expected)
{
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;

    assert_true(stream_of(one, WCL_BACKUP_DATA, "", &data));
    assert_string_equal(wcl_buffer_text(&data), expected);
    assert_int_equal(one->entry.size, strlen(expected));
}

static void check_link(const seen_entry *one, const char *target, bool relative)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
    wcl_reparse_link link;

    assert_true(stream_of(one, WCL_BACKUP_REPARSE_DATA, "", &data));
    assert_ok(wcl_reparse_decode_link(data.data, data.size, &link, &error), &error);
    assert_string_equal(link.target, target);
    assert_int_equal(link.is_relative, relative);
    assert_true(one->entry.info.attributes & WCL_ATTRIBUTE_REPARSE_POINT);
    wcl_free(link.target);
}

/* ---- Layers --------------------------------------------------------------------------------- */

static void mount_sandbox(const test_home *home, const char *id, const char *parent, uint64_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_store_create_sandbox(&home->driver, id, parent, none, size, &error), &error);
    assert_ok(wcl_store_activate(&home->driver, id, &error), &error);
    assert_ok(wcl_store_prepare(&home->driver, id, none, &error), &error);
}

static void unmount_sandbox(const test_home *home, const char *id)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_store_unprepare(&home->driver, id, &error), &error);
    assert_ok(wcl_store_deactivate(&home->driver, id, &error), &error);
}

static void export_sandbox(const test_home *home, const char *id, const char *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader = open_sandbox(home, id);
    wcl_layer_writer *writer;

    assert_ok(wcl_tar_writer_open_file(tar, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void import_linux(const test_home *home)
{
    char tar[128];

    test_shell(
        home, "mkdir -p $H.src && cd $H.src &&"
              " mkdir -p etc usr/bin usr/lib var/old/deep && echo base >etc/name &&"
              " echo keep >etc/keep && seq 20000 >usr/lib/large && ln usr/lib/large usr/lib/twin &&"
              " echo x >var/old/deep/file && ln -s ../etc usr/link && chown 7:8 etc/keep &&"
              " setfattr -n user.note -v hello etc/keep && mknod usr/null c 1 3 &&"
              " tar --xattrs --format=pax -cf $H.tar . && cd / && rm -rf $H.src");
    snprintf(tar, sizeof(tar), "%s.tar", home->path);
    test_import(home, "base", NULL, 0, tar);
    test_shell(home, "rm $H.tar");
}

#define CHANGE_LINUX                                                                               \
    "cd $H/box/merged; echo more >>etc/keep; mv etc/name etc/renamed; rm usr/null;"                \
    " rm -r var/old; mkdir var/old; echo new >var/old/new; mv usr/bin usr/programs;"               \
    " rm -r usr/lib; echo file >usr/lib; ln etc/renamed etc/hard; ln -s /etc/keep usr/absolute;"   \
    " mknod etc/device b 8 17; mkfifo etc/fifo; chmod 2711 var; chown 5 var/old/new;"              \
    " setfattr -n user.mine -v 1 var/old/new; setfattr -n trusted.wcl.sd -v x etc/keep;"           \
    " python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"etc/socket\")';"             \
    " touch -h -d '2002-02-02 02:02:02.123456789' usr/absolute etc/keep"

static void changes_of_a_linux_layer_are_read(void **state)
{
    const test_home *home = *state;

    import_linux(home);
    mount_sandbox(home, "box", "base", 0);
    test_shell(home, CHANGE_LINUX);
    seen *all = read_all(open_sandbox(home, "box"));
    check_entries(all, "D etc\nB etc/device\nP etc/fifo\nF etc/hard\nF etc/keep\nX etc/name\n"
                       "L etc/renamed -> etc/hard\n"
                       "D usr\nS usr/absolute -> /etc/keep\nX usr/bin\nF usr/lib\nX usr/null\n"
                       "D usr/programs\n"
                       "D var\nD var/old\nO var/old\nF var/old/new\n");
    const seen_entry *keep = find(all, "etc/keep");
    check_data(keep, "keep\nmore\n");
    assert_string_equal(keep->xattrs, "user.note=hello;");
    assert_int_equal(keep->entry.uid, 7);
    assert_int_equal(keep->entry.gid, 8);
    assert_int_equal(keep->entry.modified.tv_nsec, 123456789);
    check_data(find(all, "etc/hard"), "base\n");
    assert_int_equal(find(all, "var")->entry.mode, 02711);
    assert_string_equal(find(all, "var/old/new")->xattrs, "user.mine=1;");
    assert_int_equal(find(all, "etc/device")->entry.device_major, 8);
    assert_int_equal(find(all, "etc/device")->entry.device_minor, 17);
    free_seen(all);
    unmount_sandbox(home, "box");
}

/* Everything about every file of a mount; a folder's own number of links is its file system's. */
#define LIST                                                                                       \
    "find . -type f -exec sha256sum {} + | sort;"                                                  \
    " find . -mindepth 1 -printf '%%p %%y %%m %%U %%G %%T@ %%l\\n' | sort;"                        \
    " find . -not -type d -printf '%%p %%s %%n\\n' | sort;"                                        \
    " find . -type b,c -exec stat -c '%%n %%t %%T' {} + | sort;"                                   \
    " getfattr -R -d -h -m '^[^t]' -e hex . | sort"

static void an_exported_linux_sandbox_imports_to_the_same_tree(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    const char *const parents[] = { "base" };
    char tar[128];

    import_linux(home);
    mount_sandbox(home, "box", "base", UINT64_C(64) << 20);
    test_shell(home, CHANGE_LINUX "; rm etc/socket; cd $H/box/merged; (" LIST ") >$H.before");
    unmount_sandbox(home, "box");
    /* Its storage is not mounted now. */
    snprintf(tar, sizeof(tar), "%s.tar", home->path);
    export_sandbox(home, "box", tar);
    assert_int_equal(test_mounts(home), 0);
    assert_int_equal(test_loops(home), 0);
    test_import(home, "again", parents, 1, tar);
    assert_ok(wcl_store_prepare(&home->driver, "again", none, &error), &error);
    test_shell(home, "cd $H/again/merged; (" LIST ") >$H.after; [ $(wc -l <$H.after) -gt 20 ];"
                     " diff $H.before $H.after; rm $H.before $H.after $H.tar");
    assert_ok(wcl_store_unprepare(&home->driver, "again", &error), &error);
}

static void a_sandbox_that_was_never_mounted_has_no_changes(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;

    import_linux(home);
    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    assert_ok(wcl_store_create_sandbox(&home->driver, "box", "base", none, 0, &error), &error);
    assert_ok(wcl_store_create_sandbox(&home->driver, "limited", "base", none, 1 << 24, &error),
              &error);
    assert_ok(wcl_store_create_sandbox(&home->driver, "windows", "win", none, 0, &error), &error);
    seen *all = read_all(open_sandbox(home, "box"));
    check_entries(all, "");
    free_seen(all);
    all = read_all(open_sandbox(home, "limited"));
    check_entries(all, "");
    free_seen(all);
    /* What Windows wants of every layer is there all the same. */
    all = read_all(open_sandbox(home, "windows"));
    check_entries(all, "D Files\nD Hives\n");
    free_seen(all);
}

/* ---- Windows -------------------------------------------------------------------------------- */

static seen *read_layer(const test_home *home, const char *id)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_store store = WCL_STORE_INIT;
    wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    wcl_layer_reader *reader = NULL;

    assert_ok(wcl_store_open(&home->driver, &store, &error), &error);
    assert_ok(wcl_store_layer_open(&store, id, WCL_LOCK_SHARED, &layer, &error), &error);
    assert_ok(wcl_store_reader_open(&store, &layer, &reader, &error), &error);
    return read_all(reader);
}

#define CHANGE_WINDOWS                                                                             \
    "cd $H/box/merged; echo more >>Windows/notepad.exe; echo more >>Windows/zone.url;"             \
    " echo new >Windows/new.txt; ln Windows/new.txt Windows/hard.txt; mkdir Windows/Made;"         \
    " echo in >Windows/Made/in.txt; rm Windows/nulldacl.bin;"                                      \
    " rm -r 'Program Files/Common Files'; mkdir 'Program Files/Common Files';"                     \
    " echo 1 >'Program Files/Common Files/Rnd File 003.bin';"                                      \
    " ln -s /Windows/notepad.exe Windows/link1; ln -s ../Users Windows/link2;"                     \
    " ln -s Made Windows/link3; truncate -s 200000 Windows/holes; echo end >>Windows/holes;"       \
    " mkfifo Windows/fifo"

static void check_inherited(const seen_entry *folder, const seen_entry *made, bool is_folder)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer parent = WCL_BUFFER_INIT, has = WCL_BUFFER_INIT;
    void *expected;
    size_t size;

    assert_true(stream_of(folder, WCL_BACKUP_SECURITY_DATA, "", &parent));
    assert_true(stream_of(made, WCL_BACKUP_SECURITY_DATA, "", &has));
    assert_ok(wcl_sd_inherit(parent.data, parent.size, is_folder, &expected, &size, &error),
              &error);
    assert_int_equal(has.size, size);
    assert_memory_equal(has.data, expected, size);
    wcl_free(expected);
}

static void check_changed_file(const seen *before, const seen *after, const char *path)
{
    const seen_entry *old = find(before, path), *now = find(after, path);

    check_same_stream(old, now, WCL_BACKUP_SECURITY_DATA, "");
    assert_int_equal(now->entry.size, old->entry.size + 5);
    assert_int_equal(now->entry.info.creation_time, old->entry.info.creation_time);
    assert_true(now->entry.info.last_write_time > old->entry.info.last_write_time);
    assert_int_equal(now->entry.info.attributes & ~(WCL_ATTRIBUTE_ARCHIVE | WCL_ATTRIBUTE_NORMAL),
                     old->entry.info.attributes & ~(WCL_ATTRIBUTE_ARCHIVE | WCL_ATTRIBUTE_NORMAL));
    assert_true(now->entry.info.attributes & WCL_ATTRIBUTE_ARCHIVE);
}

static void changes_of_a_windows_layer_have_its_metadata(void **state)
{
    const test_home *home = *state;

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    seen *before = read_layer(home, "win");
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, CHANGE_WINDOWS);
    seen *after = read_all(open_sandbox(home, "box"));
    check_changed_file(before, after, "Files/Windows/notepad.exe");
    check_changed_file(before, after, "Files/Windows/zone.url");
    check_same_stream(find(before, "Files/Windows/zone.url"), find(after, "Files/Windows/zone.url"),
                      WCL_BACKUP_ALTERNATE_DATA, ":Zone.Identifier:$DATA");
    const seen_entry *windows = find(after, "Files/Windows");
    check_same_stream(find(before, "Files/Windows"), windows, WCL_BACKUP_SECURITY_DATA, "");
    check_inherited(windows, find(after, "Files/Windows/hard.txt"), false);
    check_inherited(windows, find(after, "Files/Windows/Made"), true);
    check_inherited(find(after, "Files/Windows/Made"), find(after, "Files/Windows/Made/in.txt"),
                    false);
    check_data(find(after, "Files/Windows/hard.txt"), "new\n");
    assert_int_equal(find(after, "Files/Windows/hard.txt")->entry.info.attributes,
                     WCL_ATTRIBUTE_ARCHIVE);
    check_link(find(after, "Files/Windows/link1"), "C:\\Windows\\notepad.exe", false);
    check_link(find(after, "Files/Windows/link2"), "..\\Users", true);
    assert_int_equal(find(after, "Files/Windows/link1")->entry.kind, WCL_ENTRY_FILE);
    assert_int_equal(find(after, "Files/Windows/link2")->entry.kind, WCL_ENTRY_DIRECTORY);
    assert_int_equal(find(after, "Files/Windows/link3")->entry.kind, WCL_ENTRY_DIRECTORY);
    free_seen(before);
    free_seen(after);
    unmount_sandbox(home, "box");
}

static void entries_of_a_windows_sandbox_are_deleted_name_by_name(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    WCL_CLEANUP_BUFFER wcl_buffer expected = WCL_BUFFER_INIT;

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, CHANGE_WINDOWS);
    seen *all = read_all(open_sandbox(home, "box"));
    assert_ok(wcl_buffer_append_text(
                  &expected, "D Files\nD Files/Program Files\nD Files/Program Files/Common Files\n",
                  &error),
              &error);
    for (int i = 0; i < 20; i++)
        assert_ok(wcl_buffer_printf(&expected, &error,
                                    "%c Files/Program Files/Common Files/Rnd File %03d.bin\n",
                                    i == 3 ? 'F' : 'X', i),
                  &error);
    assert_ok(
        wcl_buffer_append_text(
            &expected,
            "D Files/Windows\nD Files/Windows/Made\nF Files/Windows/Made/in.txt\n"
            "F Files/Windows/hard.txt\nF Files/Windows/holes\nF Files/Windows/link1\n"
            "D Files/Windows/link2\nD Files/Windows/link3\nL Files/Windows/new.txt -> "
            "Files/Windows/hard.txt\nF Files/Windows/notepad.exe\nX Files/Windows/nulldacl.bin\n"
            "F Files/Windows/zone.url\nD Hives\n",
            &error),
        &error);
    check_entries(all, wcl_buffer_text(&expected));
    free_seen(all);
    unmount_sandbox(home, "box");
}

static void holes_stay_holes(void **state)
{
    const test_home *home = *state;
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, CHANGE_WINDOWS);
    seen *all = read_all(open_sandbox(home, "box"));
    const seen_entry *holes = find(all, "Files/Windows/holes");
    assert_int_equal(holes->entry.size, 200004);
    assert_true(holes->entry.info.attributes & WCL_ATTRIBUTE_SPARSE_FILE);
    assert_true(stream_of(holes, WCL_BACKUP_DATA, "", &data));
    assert_int_equal(data.size, 0);
    assert_true(stream_of(holes, WCL_BACKUP_SPARSE_BLOCK, "", &data));
    assert_in_range(data.size, 4, 8192);
    assert_memory_equal(data.data + data.size - 4, "end\n", 4);
    free_seen(all);
    unmount_sandbox(home, "box");
}

static void an_exported_windows_sandbox_imports_to_the_same_tree(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    const test_home *home = *state;
    const char *const parents[] = { "win" };
    char tar[128];

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, CHANGE_WINDOWS "; rm Windows/fifo; cd $H/box/merged;"
                                    " (find . -type f -exec sha256sum {} +;"
                                    "  find . -printf '%%p %%y %%l\\n') | sort >$H.before");
    unmount_sandbox(home, "box");
    snprintf(tar, sizeof(tar), "%s.tar", home->path);
    export_sandbox(home, "box", tar);
    test_import(home, "again", parents, 1, tar);
    assert_ok(wcl_store_prepare(&home->driver, "again", none, &error), &error);
    /* An absolute link of the sandbox leads out of the mount, and a relative one stays in it. */
    test_shell(home, "cd $H/again/merged; (find . -type f -exec sha256sum {} +;"
                     "  find . -printf '%%p %%y %%l\\n') | sort >$H.after;"
                     " sed -i 's, /Windows/notepad.exe$, ../Windows/notepad.exe,' $H.before;"
                     " [ $(wc -l <$H.after) -gt 30 ]; diff $H.before $H.after;"
                     " rm $H.before $H.after $H.tar");
    assert_ok(wcl_store_unprepare(&home->driver, "again", &error), &error);
}

static void what_a_sandbox_below_changed_counts_as_below(void **state)
{
    const test_home *home = *state;

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    mount_sandbox(home, "init", "win", UINT64_C(1) << 24);
    test_shell(home, "cd $H/init/merged/'Program Files/Common Files'; rm *[1-9].bin;"
                     " echo init >init.txt; echo init >'Rnd File 000.bin'; mkdir ../Gone ../Kept;"
                     " rm -r ../../Users; mkdir ../../Users; echo x >../../Users/mine");
    unmount_sandbox(home, "init");
    mount_sandbox(home, "box", "init", 0);
    test_shell(home, "cd $H/box/merged/'Program Files'; rm -r 'Common Files'; mkdir 'Common Files';"
                     " rmdir Gone; ln -s ../Users ../Windows/link; ln -s ../Gone ../Windows/gone;"
                     " rm -r ../Users; mkdir ../Users; ln -s Kept held");
    unmount_sandbox(home, "box");
    seen *all = read_all(open_sandbox(home, "box"));
    check_entries(all, "D Files\nD Files/Program Files\nD Files/Program Files/Common Files\n"
                       "X Files/Program Files/Common Files/Rnd File 000.bin\n"
                       "X Files/Program Files/Common Files/Rnd File 010.bin\n"
                       "X Files/Program Files/Common Files/init.txt\n"
                       "X Files/Program Files/Gone\nD Files/Program Files/held\n"
                       "D Files/Users\nX Files/Users/mine\n"
                       "D Files/Windows\nF Files/Windows/gone\nD Files/Windows/link\nD Hives\n");
    free_seen(all);
    assert_int_equal(test_loops(home), 0);
}

static void what_a_new_folder_in_a_new_folder_hides_is_deleted(void **state)
{
    const test_home *home = *state;
    char tar[128];

    test_shell(home, "mkdir -p $H.src/Files/d/sub/deep $H.src/Hives && cd $H.src/Files &&"
                     " touch d/a d/sub/x d/sub/deep/y && tar -cf $H.tar -C .. Files Hives &&"
                     " cd / && rm -r $H.src");
    snprintf(tar, sizeof(tar), "%s.tar", home->path);
    test_import(home, "win", NULL, 0, tar);
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, "rm $H.tar; cd $H/box/merged; rm -r d; mkdir -p d/sub");
    unmount_sandbox(home, "box");
    seen *all = read_all(open_sandbox(home, "box"));
    check_entries(all, "D Files\nD Files/d\nX Files/d/a\nD Files/d/sub\nX Files/d/sub/deep\n"
                       "X Files/d/sub/x\nD Hives\n");
    free_seen(all);
}

static void a_name_that_windows_cannot_have_is_refused(void **state)
{
    const test_home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    test_import(home, "win", NULL, 0, "tests/data/vectors/layer.tar");
    mount_sandbox(home, "box", "win", 0);
    test_shell(home, "echo x >$H/box/merged/Windows/a:b");
    unmount_sandbox(home, "box");
    wcl_layer_reader *reader = open_sandbox(home, "box");
    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK)
        assert_string_not_equal(entry.path, "Files/Windows/a:b");
    assert_int_equal(status, WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    assert_non_null(strstr(error.subject, "Files/Windows/a:b"));
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_FAILED);
}

int main(void)
{
    if (!test_can_mount())
        return 77;
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_home_make, test_home_remove)
    const struct CMUnitTest tests[] = {
        TEST(changes_of_a_linux_layer_are_read),
        TEST(an_exported_linux_sandbox_imports_to_the_same_tree),
        TEST(a_sandbox_that_was_never_mounted_has_no_changes),
        TEST(changes_of_a_windows_layer_have_its_metadata),
        TEST(entries_of_a_windows_sandbox_are_deleted_name_by_name),
        TEST(holes_stay_holes),
        TEST(an_exported_windows_sandbox_imports_to_the_same_tree),
        TEST(what_a_sandbox_below_changed_counts_as_below),
        TEST(what_a_new_folder_in_a_new_folder_hides_is_deleted),
        TEST(a_name_that_windows_cannot_have_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
