/* Layers in memory, and temporary folders. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/dir/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/json.h"

#define VECTORS "tests/data/vectors/"

void fixture_assert_ok(wcl_status status, const wcl_error *error)
{
    char text[1200];
    if (status != WCL_OK)
        fail_msg("%s", wcl_error_format(error, text, sizeof(text)));
}

void fixture_free(fixture_layer *layer)
{
    for (size_t i = 0; i < layer->count; i++) {
        free((char *)layer->entries[i].entry.path);
        free((char *)layer->entries[i].entry.target);
        wcl_buffer_free(&layer->entries[i].stream);
    }
    free(layer->entries);
    *layer = (fixture_layer) { 0 };
}

fixture_entry *fixture_add(fixture_layer *layer, wcl_entry_kind kind, const char *path,
                           const char *target)
{
    layer->entries = realloc(layer->entries, (layer->count + 1) * sizeof(*layer->entries));
    assert_non_null(layer->entries);
    fixture_entry *added = &layer->entries[layer->count++];
    *added = (fixture_entry) { .entry = WCL_ENTRY_INIT };
    added->entry.kind = kind;
    added->entry.path = strdup(path);
    added->entry.target = target ? strdup(target) : NULL;
    if (kind == WCL_ENTRY_FILE || kind == WCL_ENTRY_DIRECTORY) {
        added->entry.info.attributes =
            kind == WCL_ENTRY_FILE ? WCL_ATTRIBUTE_ARCHIVE : WCL_ATTRIBUTE_DIRECTORY;
        added->entry.info.creation_time = 133000000000000001 + (wcl_filetime)layer->count;
        added->entry.info.last_access_time = 133100000000000003;
        added->entry.info.last_write_time = 133200000000000007;
        added->entry.info.change_time = 133300000000000009;
    }
    return added;
}

fixture_entry *fixture_find(const fixture_layer *layer, const char *path)
{
    for (size_t i = 0; i < layer->count; i++)
        if (strcmp(layer->entries[i].entry.path, path) == 0)
            return &layer->entries[i];
    return NULL;
}

void fixture_stream(fixture_entry *entry, uint32_t id, uint32_t attributes, const char *name,
                    uint64_t offset, const void *data, size_t size)
{
    wcl_backup_header header = {
        .id = id, .attributes = attributes, .size = size, .offset = offset, .name = name
    };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t header_size;

    fixture_assert_ok(wcl_backup_header_encode(&header, bytes, &header_size, NULL), NULL);
    fixture_assert_ok(wcl_buffer_append(&entry->stream, bytes, header_size, NULL), NULL);
    fixture_assert_ok(wcl_buffer_append(&entry->stream, data, size, NULL), NULL);
}

/* ---- Vectors -------------------------------------------------------------------------------- */

static char *read_text(const cJSON *json, const char *name)
{
    const char *text = NULL;

    fixture_assert_ok(wcl_json_get_text(json, name, &text, NULL), NULL);
    if (!text)
        return NULL;
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\\')
            *at = '/';
    return copy;
}

static void load_vector(fixture_layer *layer, const cJSON *json, size_t number)
{
    static const struct {
        const char *name;
        wcl_entry_kind kind;
    } kinds[] = { { "file", WCL_ENTRY_FILE },
                  { "dir", WCL_ENTRY_DIRECTORY },
                  { "link", WCL_ENTRY_HARD_LINK },
                  { "whiteout", WCL_ENTRY_DELETED } };
    WCL_CLEANUP_FREE char *path = read_text(json, "name"), *target = read_text(json, "target"),
                          *kind = read_text(json, "kind");
    uint64_t attributes = 0;
    size_t at = 0;

    while (strcmp(kinds[at].name, kind) != 0)
        at++;
    fixture_entry *added = fixture_add(layer, kinds[at].kind, path, target);
    if (kinds[at].kind != WCL_ENTRY_FILE && kinds[at].kind != WCL_ENTRY_DIRECTORY)
        return;
    wcl_basic_info *info = &added->entry.info;
    wcl_json_get_u64(json, "size", &added->entry.size, NULL);
    wcl_json_get_u64(json, "file_attributes", &attributes, NULL);
    info->attributes = (uint32_t)attributes;
    wcl_json_get_i64(json, "creation_time", &info->creation_time, NULL);
    wcl_json_get_i64(json, "last_access_time", &info->last_access_time, NULL);
    wcl_json_get_i64(json, "last_write_time", &info->last_write_time, NULL);
    wcl_json_get_i64(json, "change_time", &info->change_time, NULL);
    char file[80];
    snprintf(file, sizeof(file), "entry-%03zu.backup", number);
    added->stream = fixture_read_file(VECTORS, file);
}

void fixture_load_vectors(fixture_layer *layer)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = fixture_read_file(VECTORS, "entries.json");
    WCL_CLEANUP_JSON cJSON *json = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t number = 0;
    const cJSON *item;

    fixture_assert_ok(wcl_json_parse(wcl_buffer_text(&text), text.size, 1 << 20, &json, &error),
                      &error);
    cJSON_ArrayForEach(item, json)
    {
        load_vector(layer, item, number++);
    }
    assert_int_equal(layer->count, 50);
}

/* ---- Layers --------------------------------------------------------------------------------- */

static wcl_status write_entry(const fixture_entry *item, wcl_layer_writer *writer, size_t piece,
                              wcl_error *error)
{
    const wcl_entry *entry = &item->entry;

    if (entry->kind == WCL_ENTRY_HARD_LINK)
        return wcl_layer_writer_add_link(writer, entry->path, entry->target, error);
    if (entry->kind == WCL_ENTRY_DELETED)
        return wcl_layer_writer_remove(writer, entry->path, error);
    wcl_status status = wcl_layer_writer_add(writer, entry, error);
    for (size_t at = 0; status == WCL_OK && at < item->stream.size; at += piece) {
        size_t left = item->stream.size - at;
        status = wcl_layer_writer_write(writer, item->stream.data + at, left < piece ? left : piece,
                                        error);
    }
    return status;
}

wcl_status fixture_write(const fixture_layer *layer, wcl_layer_writer *writer, size_t piece,
                         wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;

    for (size_t i = 0; i < layer->count; i++) {
        wcl_status status = write_entry(&layer->entries[i], writer, piece, error ? error : &own);
        if (status != WCL_OK && error)
            return status;
        fixture_assert_ok(status, &own);
    }
    return WCL_OK;
}

void fixture_read(wcl_layer_reader *reader, fixture_layer *layer)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;
    uint8_t bytes[3000];
    size_t got;

    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK) {
        fixture_entry *added = fixture_add(layer, entry.kind, entry.path, entry.target);
        const char *path = added->entry.path, *target = added->entry.target;
        added->entry = entry;
        added->entry.path = path;
        added->entry.target = target;
        added->entry.xattrs = NULL;
        do {
            fixture_assert_ok(wcl_layer_reader_read(reader, bytes, sizeof(bytes), &got, &error),
                              &error);
            wcl_buffer_append(&added->stream, bytes, got, NULL);
        } while (got > 0);
    }
    if (status != WCL_END)
        fixture_assert_ok(status, &error);
    fixture_assert_ok(wcl_layer_reader_close(reader, &error), &error);
}

static void assert_same_entry(const fixture_entry *expected, const fixture_entry *got)
{
    const wcl_entry *a = &expected->entry, *b = &got->entry;

    if (a->kind != b->kind || (a->target && strcmp(a->target, b->target) != 0))
        fail_msg("%s: kind %d, expected %d", a->path, b->kind, a->kind);
    if (expected->stream.size != got->stream.size ||
        (got->stream.size &&
         memcmp(expected->stream.data, got->stream.data, got->stream.size) != 0))
        fail_msg("%s: the backup stream of %zu bytes differs from the one of %zu", a->path,
                 got->stream.size, expected->stream.size);
    if (a->kind != WCL_ENTRY_FILE && a->kind != WCL_ENTRY_DIRECTORY)
        return;
    if (a->info.attributes != b->info.attributes ||
        a->info.creation_time != b->info.creation_time ||
        a->info.last_access_time != b->info.last_access_time ||
        a->info.last_write_time != b->info.last_write_time ||
        a->info.change_time != b->info.change_time)
        fail_msg("%s: the basic information differs", a->path);
    if (a->size && a->size != b->size)
        fail_msg("%s: size %llu", a->path, (unsigned long long)b->size);
}

void fixture_assert_same(const fixture_layer *expected, const fixture_layer *got)
{
    for (size_t i = 0; i < expected->count; i++) {
        const fixture_entry *found = fixture_find(got, expected->entries[i].entry.path);
        if (!found)
            fail_msg("%s is missing", expected->entries[i].entry.path);
        assert_same_entry(&expected->entries[i], found);
    }
    assert_int_equal(expected->count, got->count);
}

/* ---- Folders -------------------------------------------------------------------------------- */

char *fixture_make_folder(const char *base)
{
    char *folder = fixture_path(base, "wcl-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

void fixture_remove_folder(char *folder)
{
    wcl_error error = WCL_ERROR_INIT;
    fixture_assert_ok(wcl_beneath_remove_tree(AT_FDCWD, folder, &error), &error);
    free(folder);
}

char *fixture_path(const char *folder, const char *name)
{
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    assert_non_null(path);
    stpcpy(stpcpy(stpcpy(path, folder), "/"), name);
    return path;
}

void fixture_write_file(const char *folder, const char *name, const void *data, size_t size)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    WCL_CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
}

wcl_buffer fixture_read_file(const char *folder, const char *name)
{
    WCL_CLEANUP_FREE char *path = fixture_path(folder, name);
    WCL_CLEANUP_FD int fd = open(path, O_RDONLY);
    wcl_buffer data = WCL_BUFFER_INIT;
    struct stat status;
    size_t got;

    if (fd < 0 || fstat(fd, &status) < 0)
        fail_msg("cannot open %s", path);
    fixture_assert_ok(wcl_buffer_append_zeros(&data, (size_t)status.st_size, NULL), NULL);
    fixture_assert_ok(wcl_pread_full(fd, data.data, data.size, 0, &got, NULL), NULL);
    assert_int_equal(got, data.size);
    return data;
}

size_t fixture_count_names(const char *folder)
{
    DIR *listing = opendir(folder);
    const struct dirent *item;
    size_t count = 0;

    assert_non_null(listing);
    while ((item = readdir(listing)) != NULL)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(listing);
    return count;
}
