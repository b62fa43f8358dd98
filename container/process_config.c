/* Process configurations as JSON. */
#include "container/process_config.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/json_fields.h"

static wcl_status read_environment(const wcl_json_field *field, const cJSON *object,
                                   wcl_region *region, void *to, wcl_error *error)
{
    wcl_process_config *config = to;
    const cJSON *item;

    if (!cJSON_IsObject(object))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not an object",
                        field->name);
    size_t count = (size_t)cJSON_GetArraySize(object), at = 0;
    wcl_environment_variable *list = wcl_region_alloc(region, count + 1, sizeof(*list));
    if (!list)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item) || !*item->string || strchr(item->string, '='))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the variable '%s' in '%s' is not a name and a text", item->string,
                            field->name);
        list[at].name = wcl_region_text(region, item->string);
        list[at].value = wcl_region_text(region, item->valuestring);
        if (!list[at].name || !list[at].value)
            return wcl_fail_memory(error);
        at++;
    }
    config->environment = list;
    config->environment_count = count;
    return WCL_OK;
}

static wcl_status write_environment(const wcl_json_field *field, const void *from, cJSON *json,
                                    wcl_error *error)
{
    const wcl_process_config *config = from;
    cJSON *object = cJSON_AddObjectToObject(json, field->name);

    if (!object)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < config->environment_count; i++) {
        const wcl_environment_variable *variable = &config->environment[i];
        if (!variable->name)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s has a variable without a name",
                            field->name);
        /* The last of several values for one name stands. */
        cJSON_DeleteItemFromObjectCaseSensitive(object, variable->name);
        if (!wcl_json_add_text(object, variable->name, variable->value ? variable->value : ""))
            return wcl_fail_memory(error);
    }
    return WCL_OK;
}

static wcl_status read_console_size(const wcl_json_field *field, const cJSON *list,
                                    wcl_region *region, void *to, wcl_error *error)
{
    wcl_process_config *config = to;
    uint16_t *const sizes[] = { &config->console_height, &config->console_width };
    const cJSON *item;
    size_t at = 0;
    int count = cJSON_GetArraySize(list);

    (void)region;
    if (!cJSON_IsArray(list) || (count != 0 && count != 2))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the field '%s' is not a list of a height and a width", field->name);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 65535)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the field '%s' is not a height and a width up to 65535", field->name);
        *sizes[at++] = (uint16_t)item->valuedouble;
    }
    return WCL_OK;
}

/* 0,0 is what is sent when there is no console. */
static wcl_status write_console_size(const wcl_json_field *field, const void *from, cJSON *json,
                                     wcl_error *error)
{
    const wcl_process_config *config = from;
    const int size[] = { config->emulate_console ? config->console_height : 0,
                         config->emulate_console ? config->console_width : 0 };
    cJSON *list = cJSON_CreateIntArray(size, 2);

    if (cJSON_AddItemToObject(json, field->name, list))
        return WCL_OK;
    cJSON_Delete(list);
    return wcl_fail_memory(error);
}

#define FIELD(json, kind, member)                                                                  \
    {                                                                                              \
        .name = (json), .type = (kind), .keep_empty = true,                                        \
        .offset = offsetof(wcl_process_config, member)                                             \
    }
#define OTHER(json, reader, writer)                                                                \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_OTHER, .read = (reader), .write = (writer)                \
    }

static const wcl_json_field fields[] = {
    FIELD("ApplicationName", WCL_JSON_TEXT, application_name),
    FIELD("CommandLine", WCL_JSON_TEXT, command_line),
    FIELD("User", WCL_JSON_TEXT, user),
    FIELD("WorkingDirectory", WCL_JSON_TEXT, working_directory),
    FIELD("EmulateConsole", WCL_JSON_BOOL, emulate_console),
    FIELD("CreateStdInPipe", WCL_JSON_BOOL, create_stdin_pipe),
    FIELD("CreateStdOutPipe", WCL_JSON_BOOL, create_stdout_pipe),
    FIELD("CreateStdErrPipe", WCL_JSON_BOOL, create_stderr_pipe),
    { .name = "EndsContainer",
      .type = WCL_JSON_BOOL,
      .offset = offsetof(wcl_process_config, ends_container) },
    OTHER("Environment", read_environment, write_environment),
    OTHER("ConsoleSize", read_console_size, write_console_size),
    { .name = "CommandArgs",
      .type = WCL_JSON_TEXTS,
      .offset = offsetof(wcl_process_config, arguments),
      .count_offset = offsetof(wcl_process_config, argument_count) },
};
static const wcl_json_table table = { .what = "the process configuration",
                                      WCL_JSON_FIELDS(fields) };

wcl_status wcl_process_config_print(const wcl_process_config *config, char **json, wcl_error *error)
{
    return wcl_json_write_text(&table, config, json, error);
}

wcl_status wcl_process_config_parse(const char *json, wcl_parsed_process_config *parsed,
                                    wcl_error *error)
{
    *parsed = (wcl_parsed_process_config) { .config.struct_size = sizeof(parsed->config) };
    if (wcl_json_read_text(&table, json, WCL_PROCESS_CONFIG_LIMIT, &parsed->region, &parsed->config,
                           error) == WCL_OK)
        return WCL_OK;
    wcl_parsed_process_config_free(parsed);
    return WCL_FAILED;
}

void wcl_parsed_process_config_free(wcl_parsed_process_config *parsed)
{
    wcl_region_free(&parsed->region);
    memset(parsed, 0, sizeof(*parsed));
}
