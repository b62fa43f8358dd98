/* The document that Windows starts a process by. */
#include "container/vmcompute/parameters.h"

#include <stdlib.h>
#include <string.h>

#include <wcl/container.h>

#include "base/error.h"
#include "base/json.h"
#include "container/fields.h"

/* As in process_config.c. */
#define CONFIG_LIMIT (4 * 1024 * 1024)

/* A command line begins with the program's name, also where ApplicationName says it. */
static wcl_status join_arguments(cJSON *json, const char *const *arguments, size_t count,
                                 wcl_error *error)
{
    WCL_CLEANUP_FREE const char **all = calloc(count + 1, sizeof(*all));
    WCL_CLEANUP_FREE char *line = NULL;
    const char *given = "", *application = "";
    size_t at = 0;

    if (!all)
        return wcl_fail_memory(error);
    if (wcl_json_get_text(json, "CommandLine", &given, error) != WCL_OK ||
        wcl_json_get_text(json, "ApplicationName", &application, error) != WCL_OK)
        return WCL_FAILED;
    if (*given)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "CommandLine and CommandArgs cannot both be given");
    if (*application)
        all[at++] = application;
    memcpy(all + at, arguments, count * sizeof(*all));
    if (wcl_command_line_join(all, at + count, &line, error) != WCL_OK)
        return WCL_FAILED;
    cJSON_DeleteItemFromObjectCaseSensitive(json, "CommandArgs");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "CommandLine");
    return wcl_json_add_text(json, "CommandLine", line) ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_vm_process_parameters(const char *config, char **parameters, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    WCL_CLEANUP_FREE const char **arguments = NULL;
    size_t count = 0;

    if (!config)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no configuration");
    if (wcl_json_parse(config, strlen(config), CONFIG_LIMIT, &json, error) != WCL_OK ||
        wcl_fields_texts(json, "CommandArgs", &arguments, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (count > 0 && join_arguments(json, arguments, count, error) != WCL_OK)
        return WCL_FAILED;
    *parameters = count > 0 ? wcl_json_print(json) : strdup(config);
    return *parameters ? WCL_OK : wcl_fail_memory(error);
}
