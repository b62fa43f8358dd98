#include "support.h"

#include <string.h>

void must(wcl_status status, const wcl_error *error)
{
    char text[1500];

    if (status != WCL_OK)
        fail_msg("%s", wcl_error_format(error, text, sizeof(text)));
}

wcl_hive_writer *new_writer(bool is_layered)
{
    wcl_hive_writer_options options = WCL_HIVE_WRITER_OPTIONS_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive_writer *writer;

    options.is_layered = is_layered;
    options.name = "test";
    must(wcl_hive_writer_new(&options, &writer, &error), &error);
    return writer;
}

wcl_hive_new_key *add_key(wcl_hive_writer *writer, wcl_hive_new_key *parent, const char *name,
                          wcl_hive_semantics semantics)
{
    const wcl_hive_key_info info = {
        .name = name, .name_size = strlen(name), .semantics = semantics, .written = 1000
    };
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive_new_key *key;

    must(wcl_hive_writer_add_key(writer, parent, &info, &key, &error), &error);
    return key;
}

void add_value(wcl_hive_writer *writer, wcl_hive_new_key *key, const char *name, uint32_t type,
               const void *data, size_t size)
{
    const wcl_hive_value value = {
        .name = name, .name_size = strlen(name), .type = type, .data = data, .size = size
    };
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_hive_writer_add_value(writer, key, &value, &error), &error);
}

void add_tombstone(wcl_hive_writer *writer, wcl_hive_new_key *key, const char *name)
{
    const wcl_hive_value value = { .name = name, .name_size = strlen(name), .is_tombstone = true };
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_hive_writer_add_value(writer, key, &value, &error), &error);
}

static wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

void finish(wcl_hive_writer *writer, wcl_buffer *bytes)
{
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_hive_writer_finish(writer, append, bytes, &error), &error);
    wcl_hive_writer_free(writer);
}

wcl_hive *open_hive(const wcl_buffer *bytes)
{
    const wcl_hive_input input = { .data = bytes->data, .size = bytes->size };
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive *hive;

    must(wcl_hive_open(&input, NULL, &hive, &error), &error);
    return hive;
}
