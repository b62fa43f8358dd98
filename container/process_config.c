/* Process configurations as JSON. */
#include "container/process_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "container/fields.h"

/* Command lines and environments are smaller; see CONFIG_LIMIT in config.c. */
#define CONFIG_LIMIT (4 * 1024 * 1024)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name, type, member)                                                                  \
    {                                                                                              \
        name, type, offsetof(wcl_process_config, member), true                                     \
    }
#define NESTED(name)                                                                               \
    {                                                                                              \
        name, WCL_FIELD_NESTED, 0, false                                                           \
    }

static const wcl_field fields[] = {
    FIELD("ApplicationName", WCL_FIELD_TEXT, application_name),
    FIELD("CommandLine", WCL_FIELD_TEXT, command_line),
    NESTED("CommandArgs"),
    FIELD("User", WCL_FIELD_TEXT, user),
    FIELD("WorkingDirectory", WCL_FIELD_TEXT, working_directory),
    NESTED("Environment"),
    FIELD("EmulateConsole", WCL_FIELD_BOOL, emulate_console),
    FIELD("CreateStdInPipe", WCL_FIELD_BOOL, create_stdin_pipe),
    FIELD("CreateStdOutPipe", WCL_FIELD_BOOL, create_stdout_pipe),
    FIELD("CreateStdErrPipe", WCL_FIELD_BOOL, create_stderr_pipe),
    NESTED("ConsoleSize"),
    { "EndsContainer", WCL_FIELD_BOOL, offsetof(wcl_process_config, ends_container), false },
};

static bool print_environment(const wcl_process_config *config, cJSON *json)
{
    cJSON *object = cJSON_AddObjectToObject(json, "Environment");

    for (size_t i = 0; object && i < config->environment_count; i++) {
        const wcl_environment_variable *variable = &config->environment[i];
        /* The last of several values for one name stands. */
        cJSON_DeleteItemFromObjectCaseSensitive(object, variable->name);
        if (!wcl_json_add_text(object, variable->name, variable->value ? variable->value : ""))
            return false;
    }
    return object != NULL;
}

/* 0,0 is what is sent when there is no console. */
static bool print_console_size(const wcl_process_config *config, cJSON *json)
{
    int size[2] = { 0, 0 };

    if (config->emulate_console) {
        size[0] = config->console_height;
        size[1] = config->console_width;
    }
    cJSON *list = cJSON_CreateIntArray(size, 2);
    if (cJSON_AddItemToObject(json, "ConsoleSize", list))
        return true;
    cJSON_Delete(list);
    return false;
}

wcl_status wcl_process_config_print(const wcl_process_config *config, char **json, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();

    for (size_t i = 0; i < config->environment_count; i++)
        if (!config->environment[i].name)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "Environment has a variable without a name");
    if (!object || !wcl_fields_print(fields, COUNT(fields), config, object) ||
        !print_environment(config, object) || !print_console_size(config, object) ||
        (config->argument_count > 0 &&
         !wcl_fields_print_texts(object, "CommandArgs", config->arguments,
                                 config->argument_count)) ||
        !(*json = wcl_json_print(object)))
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status parse_environment(wcl_parsed_process_config *parsed, wcl_error *error)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(parsed->json, "Environment"), *item;
    size_t at = 0;

    if (!object || cJSON_IsNull(object))
        return WCL_OK;
    if (!cJSON_IsObject(object))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field 'Environment' is not an object");
    size_t count = (size_t)cJSON_GetArraySize(object);
    parsed->environment = calloc(count + 1, sizeof(*parsed->environment));
    if (!parsed->environment)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item) || !*item->string || strchr(item->string, '='))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the variable '%s' in 'Environment' is not a name and a text",
                            item->string);
        parsed->environment[at++] = (wcl_environment_variable) { item->string, item->valuestring };
    }
    parsed->config.environment = parsed->environment;
    parsed->config.environment_count = count;
    return WCL_OK;
}

static wcl_status parse_console_size(wcl_parsed_process_config *parsed, wcl_error *error)
{
    const cJSON *list, *item;
    uint16_t size[2];
    size_t at = 0, count;

    if (wcl_fields_list(parsed->json, "ConsoleSize", &list, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (!list)
        return WCL_OK;
    cJSON_ArrayForEach(item, list)
    {
        if (count != 2 || !cJSON_IsNumber(item) || item->valuedouble < 0 ||
            item->valuedouble > 65535)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the field 'ConsoleSize' is not a height and a width up to 65535");
        size[at++] = (uint16_t)item->valuedouble;
    }
    parsed->config.console_height = size[0];
    parsed->config.console_width = size[1];
    return WCL_OK;
}

static wcl_status parse_config(const char *json, wcl_parsed_process_config *parsed,
                               wcl_error *error)
{
    if (!json)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no configuration");
    if (wcl_json_parse(json, strlen(json), CONFIG_LIMIT, &parsed->json, error) != WCL_OK ||
        wcl_fields_parse(fields, COUNT(fields), parsed->json, "the process configuration",
                         &parsed->config, error) != WCL_OK ||
        parse_environment(parsed, error) != WCL_OK || parse_console_size(parsed, error) != WCL_OK ||
        wcl_fields_texts(parsed->json, "CommandArgs", &parsed->arguments,
                         &parsed->config.argument_count, error) != WCL_OK)
        return WCL_FAILED;
    parsed->config.arguments = parsed->arguments;
    return WCL_OK;
}

wcl_status wcl_process_config_parse(const char *json, wcl_parsed_process_config *parsed,
                                    wcl_error *error)
{
    memset(parsed, 0, sizeof(*parsed));
    parsed->config.struct_size = sizeof(parsed->config);
    if (parse_config(json, parsed, error) == WCL_OK)
        return WCL_OK;
    wcl_parsed_process_config_free(parsed);
    return WCL_FAILED;
}

void wcl_parsed_process_config_free(wcl_parsed_process_config *parsed)
{
    cJSON_Delete(parsed->json);
    free(parsed->arguments);
    free(parsed->environment);
    memset(parsed, 0, sizeof(*parsed));
}
