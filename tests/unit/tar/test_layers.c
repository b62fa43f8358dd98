/* Layer tars as a whole: which system's they are, Linux' own kinds of entries, folders that are not
 * listed, links, compression, and files that appear only when they are whole. */
#include "tests/conformance/tar/tar_vectors.h"

#include <wcl/backupstream.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/tar/pax_write.h"
#include "tests/tools/outcome.h"

typedef struct pair {
    const char *key;
    const char *value;
} pair;

static void append(wcl_buffer *tar, char type, const char *name, const char *link,
                   const pair *record)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_pax_record records[1];
    wcl_tar_header header = { .type = type,
                              .name = name,
                              .link = link,
                              .mode = 0750,
                              .uid = 1000,
                              .gid = 3000000,
                              .has_modified = true,
                              .modified = { -5, 123456789 },
                              .format = WCL_TAR_FORMAT_PAX,
                              .records = records };

    if (record) {
        records[0] = (wcl_pax_record) { record->key, strlen(record->key), record->value,
                                        strlen(record->value), false };
        header.record_count = 1;
    }
    if (type == '3') {
        header.device_major = 5;
        header.device_minor = 1;
    }
    assert_ok(wcl_tar_header_append(&header, tar, &error), &error);
}

static void open_tar(const wcl_buffer *tar, memory_source *source, wcl_layer_reader **reader)
{
    wcl_error error = WCL_ERROR_INIT;

    *source = (memory_source) { .data = tar->data, .size = tar->size };
    assert_ok(wcl_tar_reader_open(read_memory, source, NULL, reader, &error), &error);
}

/* ---- Which system's ------------------------------------------------------------------------- */

static wcl_os os_of(const char *name, const pair *record)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    memory_source source;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    append(&tar, '5', "./", NULL, NULL);
    append(&tar, '5', name, NULL, record);
    open_tar(&tar, &source, &reader);
    assert_int_equal(wcl_tar_reader_os(reader), WCL_OS_UNKNOWN);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    wcl_os os = wcl_tar_reader_os(reader);
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_FAILED);
    return os;
}

static void a_layers_system_is_told_by_its_first_entry(void **state)
{
    pair record = { "MSWINDOWS.fileattr", "16" };

    (void)state;
    assert_int_equal(os_of("Files", NULL), WCL_OS_WINDOWS);
    assert_int_equal(os_of("./Hives/", NULL), WCL_OS_WINDOWS);
    assert_int_equal(os_of("UtilityVM/Files", NULL), WCL_OS_WINDOWS);
    assert_int_equal(os_of("Filesystem", NULL), WCL_OS_LINUX);
    assert_int_equal(os_of("etc", NULL), WCL_OS_LINUX);
    assert_int_equal(os_of("etc", &record), WCL_OS_WINDOWS);
}

/* ---- Linux ---------------------------------------------------------------------------------- */

static void make_linux_layer(wcl_buffer *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    pair capability = { "SCHILY.xattr.security.capability", "\x01\x02=\n" };
    pair escaped = { "LIBARCHIVE.xattr.user.a%20b", "dmFsdWU" };

    append(tar, '5', "./", NULL, NULL);
    append(tar, '5', "./etc/", NULL, &escaped);
    append(tar, '0', "./etc/a:b\\c", NULL, &capability);
    append(tar, '2', "./etc/link", "../no/../where", NULL);
    append(tar, '1', "./etc/hard", "./etc/a:b\\c", NULL);
    append(tar, '3', "./dev/console", NULL, NULL);
    append(tar, '6', "./dev/fifo", NULL, NULL);
    append(tar, '0', "./var/.wh.gone", NULL, NULL);
    append(tar, '0', "./var/lib/.wh..wh..opq", NULL, NULL);
    append(tar, '0', "./.wh..wh.plnk", NULL, NULL);
    assert_ok(wcl_buffer_append_zeros(tar, 1024, &error), &error);
}

static void expect_entry(wcl_layer_reader *reader, wcl_entry *entry, wcl_entry_kind kind,
                         const char *path, const char *target)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_ok(wcl_layer_reader_next(reader, entry, &error), &error);
    assert_string_equal(entry->path, path);
    assert_int_equal(entry->kind, kind);
    if (target)
        assert_string_equal(entry->target, target);
    if (entry->flags & WCL_ENTRY_IMPLICIT || kind == WCL_ENTRY_DELETED || kind == WCL_ENTRY_OPAQUE)
        return;
    assert_true(entry->has_posix);
    assert_int_equal(entry->mode, 0750);
    assert_int_equal(entry->uid, 1000);
    assert_int_equal(entry->gid, 3000000);
    assert_int_equal(entry->modified.tv_sec, -5);
    assert_int_equal(entry->modified.tv_nsec, 123456789);
}

static void expect_linux_layer(const wcl_buffer *tar)
{
    wcl_error error = WCL_ERROR_INIT;
    memory_source source;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    open_tar(tar, &source, &reader);
    expect_entry(reader, &entry, WCL_ENTRY_DIRECTORY, "etc", NULL);
    assert_int_equal(entry.xattr_count, 1);
    assert_string_equal(entry.xattrs[0].name, "user.a b");
    assert_int_equal(entry.xattrs[0].size, 5);
    assert_memory_equal(entry.xattrs[0].value, "value", 5);
    expect_entry(reader, &entry, WCL_ENTRY_FILE, "etc/a:b\\c", NULL);
    assert_int_equal(entry.xattr_count, 1);
    assert_string_equal(entry.xattrs[0].name, "security.capability");
    assert_memory_equal(entry.xattrs[0].value, "\x01\x02=\n", 4);
    expect_entry(reader, &entry, WCL_ENTRY_SYMLINK, "etc/link", "../no/../where");
    expect_entry(reader, &entry, WCL_ENTRY_HARD_LINK, "etc/hard", "etc/a:b\\c");
    expect_entry(reader, &entry, WCL_ENTRY_DIRECTORY, "dev", NULL);
    assert_true(entry.flags & WCL_ENTRY_IMPLICIT);
    expect_entry(reader, &entry, WCL_ENTRY_CHARACTER_DEVICE, "dev/console", NULL);
    assert_int_equal(entry.device_major, 5);
    assert_int_equal(entry.device_minor, 1);
    expect_entry(reader, &entry, WCL_ENTRY_FIFO, "dev/fifo", NULL);
    expect_entry(reader, &entry, WCL_ENTRY_DIRECTORY, "var", NULL);
    expect_entry(reader, &entry, WCL_ENTRY_DELETED, "var/gone", NULL);
    expect_entry(reader, &entry, WCL_ENTRY_DIRECTORY, "var/lib", NULL);
    assert_true(entry.flags & WCL_ENTRY_IMPLICIT);
    expect_entry(reader, &entry, WCL_ENTRY_OPAQUE, "var/lib", NULL);
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void copy_layer(const wcl_buffer *from, wcl_compression compression, wcl_buffer *to)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_tar_writer_options options = { .struct_size = sizeof(options), .compression = compression };
    memory_source source;
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;

    open_tar(from, &source, &reader);
    assert_ok(wcl_tar_writer_open(write_memory, to, &options, &writer, &error), &error);
    assert_ok(wcl_layer_copy(reader, writer, NULL, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void linux_entries_are_kept_with_all_their_metadata(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer layer = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer copy = WCL_BUFFER_INIT;

    (void)state;
    make_linux_layer(&layer);
    expect_linux_layer(&layer);
    copy_layer(&layer, WCL_COMPRESSION_NONE, &copy);
    expect_linux_layer(&copy);
}

/* ---- Compression ---------------------------------------------------------------------------- */

static bool has_zstd(void)
{
    const wcl_tar_writer_options options = { .struct_size = sizeof(options),
                                             .compression = WCL_COMPRESSION_ZSTD };
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    if (wcl_tar_writer_open(write_memory, NULL, &options, &writer, &error) == WCL_OK) {
        wcl_layer_writer_abort(writer);
        return true;
    }
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    print_message("skipped: this build is without zstd\n");
    return false;
}

static void compressed_layers_hold_the_same_tar(void **state)
{
    static const wcl_compression compressions[] = { WCL_COMPRESSION_GZIP, WCL_COMPRESSION_ZSTD };
    size_t count = has_zstd() ? 2 : 1;
    WCL_CLEANUP_BUFFER wcl_buffer layer = WCL_BUFFER_INIT;

    (void)state;
    read_vector("layer.tar", -1, &layer);
    for (size_t i = 0; i < count; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer packed = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;
        copy_layer(&layer, compressions[i], &packed);
        assert_true(packed.size < layer.size / 3);
        copy_layer(&packed, WCL_COMPRESSION_NONE, &again);
        assert_same_bytes(&again, &layer, "the layer");
    }
}

/* ---- Folders and links ---------------------------------------------------------------------- */

static void folders_that_differ_by_case_are_one_in_a_windows_layer(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    memory_source source;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;

    (void)state;
    append(&tar, '5', "Files", NULL, NULL);
    append(&tar, '5', "Files/Windows", NULL, NULL);
    append(&tar, '0', "Files/WINDOWS/a", NULL, NULL);
    append(&tar, '0', "files/windows/b/c", NULL, NULL);
    open_tar(&tar, &source, &reader);
    static const char *const wanted[] = { "Files", "Files/Windows", "Files/WINDOWS/a",
                                          "files/windows/b", "files/windows/b/c" };
    for (size_t i = 0; i < 5; i++) {
        assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
        assert_string_equal(entry.path, wanted[i]);
        assert_int_equal((entry.flags & WCL_ENTRY_IMPLICIT) != 0, i == 3);
    }
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void a_link_is_given_what_is_known_of_its_file(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_entry file = { .struct_size = sizeof(file), .kind = WCL_ENTRY_FILE, .path = "f" };
    memory_source source;
    wcl_layer_reader *reader;
    wcl_layer_writer *writer;
    wcl_entry entry = WCL_ENTRY_INIT;

    (void)state;
    file.info.attributes = WCL_ATTRIBUTE_READONLY;
    file.info.last_write_time = 133000000000000001;
    assert_ok(wcl_tar_writer_open(write_memory, &tar, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_writer_add(writer, &file, &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "link", "f", &error), &error);
    assert_ok(wcl_layer_writer_add_link(writer, "other", "of/a/parent", &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    open_tar(&tar, &source, &reader);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_int_equal(entry.kind, WCL_ENTRY_HARD_LINK);
    assert_string_equal(entry.target, "f");
    assert_memory_equal(&entry.info, &file.info, offsetof(wcl_basic_info, attributes) + 4);
    assert_ok(wcl_layer_reader_next(reader, &entry, &error), &error);
    assert_string_equal(entry.target, "of/a/parent");
    assert_int_equal(wcl_layer_reader_next(reader, &entry, NULL), WCL_END);
    assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

/* ---- Promises ------------------------------------------------------------------------------- */

static void write_stream(wcl_layer_writer *writer, uint32_t id, const char *name, uint64_t size,
                         wcl_status *status, wcl_error *error)
{
    wcl_backup_header header = { .id = id, .name = name, .size = size };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX + 100] = { 0 };
    size_t header_size;

    assert_true(size <= 100);
    assert_int_equal(wcl_backup_header_encode(&header, bytes, &header_size, NULL), WCL_OK);
    if (*status == WCL_OK)
        *status = wcl_layer_writer_write(writer, bytes, header_size + (size_t)size, error);
}

static void expect_broken_promise(uint64_t promised, const uint32_t *ids, size_t count,
                                  const char *why)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_entry file = { .struct_size = sizeof(file),
                       .kind = WCL_ENTRY_FILE,
                       .path = "Files/f",
                       .size = promised,
                       .flags = WCL_ENTRY_IN_ORDER };
    wcl_layer_writer *writer;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = WCL_OK;

    assert_int_equal(wcl_tar_writer_open(write_memory, &tar, NULL, &writer, NULL), WCL_OK);
    assert_int_equal(wcl_layer_writer_add(writer, &file, NULL), WCL_OK);
    for (size_t i = 0; i < count; i++)
        write_stream(writer, ids[i], ids[i] == WCL_BACKUP_ALTERNATE_DATA ? ":s:$DATA" : NULL, 10,
                     &status, &error);
    assert_int_equal(status, WCL_FAILED);
    assert_string_equal(error.subject, "Files/f");
    assert_non_null(strstr(error.message, why));
    assert_int_equal(wcl_layer_writer_close(writer, NULL), WCL_FAILED);
}

static void a_broken_promise_of_order_is_refused(void **state)
{
    (void)state;
    expect_broken_promise(11, (const uint32_t[]) { 1 }, 1, "promised");
    expect_broken_promise(10, (const uint32_t[]) { 1, 2 }, 2, "promised in order");
    expect_broken_promise(10, (const uint32_t[]) { 1, 1 }, 2, "promised in order");
    expect_broken_promise(10, (const uint32_t[]) { 4, 1 }, 2, "promised in order");
    expect_broken_promise(10, (const uint32_t[]) { 8, 3 }, 2, "promised in order");
    expect_broken_promise(10, (const uint32_t[]) { 7 }, 1, "promised in order");
}

/* ---- Files ---------------------------------------------------------------------------------- */

static size_t count_files(const char *folder)
{
    DIR *listing = opendir(folder);
    size_t count = 0;

    assert_non_null(listing);
    for (const struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static void a_file_appears_only_when_it_is_whole(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char folder[] = "/tmp/wcl-test-tar-XXXXXX";
    char name[80];
    wcl_entry root = { .struct_size = sizeof(root), .kind = WCL_ENTRY_DIRECTORY, .path = "Files" };
    wcl_layer_writer *writer;
    struct stat facts;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof(name), "%s/layer.tar", folder);

    assert_ok(wcl_tar_writer_open_file(name, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_writer_add(writer, &root, &error), &error);
    assert_int_equal(stat(name, &facts), -1);
    wcl_layer_writer_abort(writer);
    assert_int_equal(count_files(folder), 0);

    /* A writer that failed leaves nothing either. */
    assert_ok(wcl_tar_writer_open_file(name, NULL, &writer, &error), &error);
    root.path = "Files/..";
    assert_int_equal(wcl_layer_writer_add(writer, &root, NULL), WCL_FAILED);
    assert_int_equal(wcl_layer_writer_close(writer, NULL), WCL_FAILED);
    assert_int_equal(count_files(folder), 0);

    root.path = "Files";
    assert_ok(wcl_tar_writer_open_file(name, NULL, &writer, &error), &error);
    assert_ok(wcl_layer_writer_add(writer, &root, &error), &error);
    assert_ok(wcl_layer_writer_close(writer, &error), &error);
    assert_int_equal(stat(name, &facts), 0);
    assert_int_equal(facts.st_size % 512, 0);
    assert_int_equal(count_files(folder), 1);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void names_that_would_be_read_as_whiteouts_are_not_written(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tar = WCL_BUFFER_INIT;
    wcl_entry file = { .struct_size = sizeof(file), .kind = WCL_ENTRY_FILE, .path = "a/.wh.b" };
    wcl_layer_writer *writer;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_tar_writer_open(write_memory, &tar, NULL, &writer, NULL), WCL_OK);
    assert_int_equal(wcl_layer_writer_add(writer, &file, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    wcl_layer_writer_abort(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layers_system_is_told_by_its_first_entry),
        cmocka_unit_test(linux_entries_are_kept_with_all_their_metadata),
        cmocka_unit_test(compressed_layers_hold_the_same_tar),
        cmocka_unit_test(folders_that_differ_by_case_are_one_in_a_windows_layer),
        cmocka_unit_test(a_link_is_given_what_is_known_of_its_file),
        cmocka_unit_test(a_broken_promise_of_order_is_refused),
        cmocka_unit_test(a_file_appears_only_when_it_is_whole),
        cmocka_unit_test(names_that_would_be_read_as_whiteouts_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
