/* Reading the reference vectors. */
#include "tests/conformance/tar/tar_vectors.h"
#include "tests/tools/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool read_file(const char *name, wcl_buffer *out)
{
    wcl_error error = WCL_ERROR_INIT;
    uint8_t piece[65536];
    size_t got;
    FILE *file = fopen(name, "rb");

    if (!file)
        return false;
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        assert_ok(wcl_buffer_append(out, piece, got, &error), &error);
    fclose(file);
    return true;
}

void read_vector(const char *name, int number, wcl_buffer *out)
{
    char path[200];

    snprintf(path, sizeof(path), VECTORS "entry-%03d.%s", number, name);
    if (number < 0)
        snprintf(path, sizeof(path), VECTORS "%s", name);
    if (!read_file(path, out))
        fail_msg("%s is missing", path);
}

cJSON *read_entries(void)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    cJSON *json = NULL;

    read_vector("entries.json", -1, &text);
    assert_ok(wcl_json_parse(wcl_buffer_text(&text), text.size, text.size, &json, &error), &error);
    return json;
}

static char *with_slashes(const char *name)
{
    char *path = strdup(name);

    for (char *at = path; *at; at++)
        if (*at == '\\')
            *at = '/';
    return path;
}

static wcl_filetime time_of(const cJSON *json, const char *name)
{
    wcl_error error = WCL_ERROR_INIT;
    int64_t value = 0;
    assert_ok(wcl_json_get_i64(json, name, &value, &error), &error);
    return value;
}

static wcl_entry_kind kind_of(const char *text)
{
    if (strcmp(text, "dir") == 0)
        return WCL_ENTRY_DIRECTORY;
    if (strcmp(text, "link") == 0)
        return WCL_ENTRY_HARD_LINK;
    return strcmp(text, "whiteout") == 0 ? WCL_ENTRY_DELETED : WCL_ENTRY_FILE;
}

void describe_entry(const cJSON *json, wcl_entry *entry, char **path, char **target)
{
    wcl_error error = WCL_ERROR_INIT;
    const char *name = NULL;
    const char *kind = NULL;
    const char *link = NULL;
    uint64_t attributes = 0;

    *entry = (wcl_entry)WCL_ENTRY_INIT;
    assert_ok(wcl_json_get_text(json, "name", &name, &error), &error);
    assert_ok(wcl_json_get_text(json, "kind", &kind, &error), &error);
    assert_ok(wcl_json_get_text(json, "target", &link, &error), &error);
    assert_ok(wcl_json_get_u64(json, "size", &entry->size, &error), &error);
    assert_ok(wcl_json_get_u64(json, "file_attributes", &attributes, &error), &error);
    *path = with_slashes(name);
    *target = link ? with_slashes(link) : NULL;
    entry->kind = kind_of(kind);
    entry->path = *path;
    entry->target = *target;
    entry->info.attributes = (uint32_t)attributes;
    entry->info.creation_time = time_of(json, "creation_time");
    entry->info.last_access_time = time_of(json, "last_access_time");
    entry->info.last_write_time = time_of(json, "last_write_time");
    entry->info.change_time = time_of(json, "change_time");
}

wcl_status read_memory(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    memory_source *source = context;

    (void)error;
    if (size > source->size - source->position)
        size = source->size - source->position;
    if (source->step > 0 && size > source->step)
        size = source->step;
    if (size > 0)
        memcpy(buffer, source->data + source->position, size);
    source->position += size;
    *got = size;
    return WCL_OK;
}

wcl_status write_memory(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

void read_stream(wcl_layer_reader *reader, wcl_buffer *out)
{
    wcl_error error = WCL_ERROR_INIT;
    uint8_t piece[1000];
    size_t got;

    do {
        assert_ok(wcl_layer_reader_read(reader, piece, sizeof(piece), &got, &error), &error);
        assert_ok(wcl_buffer_append(out, piece, got, &error), &error);
    } while (got > 0);
}

void assert_same_bytes(const wcl_buffer *got, const wcl_buffer *wanted, const char *what)
{
    size_t at = 0;

    while (at < got->size && at < wanted->size && got->data[at] == wanted->data[at])
        at++;
    if (at < got->size || at < wanted->size)
        fail_msg("%s: differs at %zu (of %zu bytes, wanted %zu)", what, at, got->size,
                 wanted->size);
}
