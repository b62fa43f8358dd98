/* The document that Windows starts a process by. */
#include "container/vmcompute/parameters.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_fields.h"
#include "container/process_config.h"

/* What is changed in the document; Windows judges the rest. */
typedef struct command {
    const char *application;
    const char *line;
    const char *const *arguments;
    size_t count;
} command;

static const wcl_json_field command_fields[] = {
    { .name = "ApplicationName", .type = WCL_JSON_TEXT, .offset = offsetof(command, application) },
    { .name = "CommandLine", .type = WCL_JSON_TEXT, .offset = offsetof(command, line) },
    { .name = "CommandArgs",
      .type = WCL_JSON_TEXTS,
      .offset = offsetof(command, arguments),
      .count_offset = offsetof(command, count) },
};
static const wcl_json_table command_table = { .what = "the process configuration",
                                              .unknown = WCL_JSON_SKIP_UNKNOWN,
                                              WCL_JSON_FIELDS(command_fields) };

/* A command line begins with the program's name, also where ApplicationName says it. */
static wcl_status join_arguments(cJSON *json, const command *given, wcl_error *error)
{
    WCL_CLEANUP_FREE const char **all = calloc(given->count + 1, sizeof(*all));
    WCL_CLEANUP_FREE char *line = NULL;
    size_t at = 0;

    if (!all)
        return wcl_fail_memory(error);
    if (given->line)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "CommandLine and CommandArgs cannot both be given");
    if (given->application)
        all[at++] = given->application;
    memcpy(all + at, given->arguments, given->count * sizeof(*all));
    if (wcl_command_line_join(all, at + given->count, &line, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_DeleteItemFromObjectCaseSensitive(json, "CommandArgs");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "CommandLine");
    return wcl_json_add_text(json, "CommandLine", line) ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_vm_process_parameters(const char *config, char **parameters, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    WCL_CLEANUP_REGION wcl_region region = { .used = 0 };
    command given = { 0 };

    if (!config)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no configuration");
    if (wcl_json_parse(config, strlen(config), WCL_PROCESS_CONFIG_LIMIT, &json, error) != WCL_OK ||
        wcl_json_read(&command_table, json, &region, &given, error) != WCL_OK)
        return WCL_FAILED;
    if (given.count > 0 && join_arguments(json, &given, error) != WCL_OK)
        return WCL_FAILED;
    *parameters = given.count > 0 ? wcl_json_print(json) : strdup(config);
    return *parameters ? WCL_OK : wcl_fail_memory(error);
}
