/* Loading the reference vectors. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "conformance/backupstream/vectors.h"

#include <stdio.h>
#include <string.h>

#include <wcl/backupstream.h>

#include "base/base64.h"

wcl_buffer vector_load(const char *name)
{
    wcl_buffer contents = WCL_BUFFER_INIT;
    char path[200], piece[65536];
    size_t got;

    snprintf(path, sizeof(path), "tests/data/vectors/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        assert_int_equal(wcl_buffer_append(&contents, piece, got, NULL), WCL_OK);
    fclose(file);
    return contents;
}

cJSON *vector_load_json(const char *name)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = vector_load(name);
    cJSON *json = NULL;

    assert_int_equal(wcl_json_parse(wcl_buffer_text(&text), text.size, 1 << 24, &json, NULL),
                     WCL_OK);
    return json;
}

wcl_buffer vector_unhex(const char *text)
{
    wcl_buffer bytes = WCL_BUFFER_INIT;
    unsigned value;

    for (; *text; text += 2) {
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        assert_int_equal(wcl_buffer_append_byte(&bytes, (uint8_t)value, NULL), WCL_OK);
    }
    return bytes;
}

wcl_buffer vector_unbase64(const char *text)
{
    wcl_buffer bytes = WCL_BUFFER_INIT;

    assert_int_equal(wcl_base64_decode(text, strlen(text), &bytes, NULL), WCL_OK);
    return bytes;
}

const char *vector_text(const cJSON *object, const char *name)
{
    const char *value = "";

    assert_int_equal(wcl_json_get_text(object, name, &value, NULL), WCL_OK);
    return value;
}

uint64_t vector_number(const cJSON *object, const char *name)
{
    uint64_t value = 0;

    assert_int_equal(wcl_json_get_u64(object, name, &value, NULL), WCL_OK);
    return value;
}

size_t vector_each_entry(void (*visit)(size_t number, const cJSON *entry, const wcl_buffer *backup))
{
    WCL_CLEANUP_JSON cJSON *entries = vector_load_json("entries.json");
    const cJSON *entry;
    size_t number = 0, visited = 0;

    cJSON_ArrayForEach(entry, entries)
    {
        const char *kind = vector_text(entry, "kind");
        if (strcmp(kind, "link") != 0 && strcmp(kind, "whiteout") != 0) {
            char name[32];
            snprintf(name, sizeof(name), "entry-%03zu.backup", number);
            WCL_CLEANUP_BUFFER wcl_buffer backup = vector_load(name);
            visit(number, entry, &backup);
            visited++;
        }
        number++;
    }
    return visited;
}

size_t vector_each_stream(uint32_t id,
                          void (*visit)(size_t number, const uint8_t *data, size_t size))
{
    WCL_CLEANUP_JSON cJSON *entries = vector_load_json("entries.json");
    const cJSON *entry, *stream;
    size_t number = 0, visited = 0;

    cJSON_ArrayForEach(entry, entries)
    {
        cJSON_ArrayForEach(stream, cJSON_GetObjectItem(entry, "streams"))
        {
            if (vector_number(stream, "id") != id)
                continue;
            WCL_CLEANUP_BUFFER wcl_buffer data = vector_unhex(vector_text(stream, "hex"));
            assert_int_equal(data.size, vector_number(stream, "size"));
            visit(number, data.data, data.size);
            visited++;
        }
        number++;
    }
    return visited;
}
