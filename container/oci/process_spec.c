/* A process configuration as the OCI runtime wants it. */
#include "container/oci/process_spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/oci/protocol.h"
#include "container/oci/seccomp.h"
#include "container/oci/state.h"
#include "container/oci/user.h"
#include "container/process_config.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

wcl_status wcl_container_path(const char *path, const char *field, char **posix, wcl_error *error)
{
    const char *rest = path;

    if (isalpha((unsigned char)path[0]) && path[1] == ':')
        rest += 2;
    if (*rest != '/' && *rest != '\\')
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the path '%s' (%s) is not absolute in the container", path, field);
    bool windows = rest != path || *rest == '\\';
    *posix = strdup(rest);
    if (!*posix)
        return wcl_fail_memory(error);
    for (char *at = *posix; windows && (at = strchr(at, '\\'));)
        *at = '/';
    return WCL_OK;
}

static bool add_list(cJSON *object, const char *name, const char *const *texts, size_t count)
{
    cJSON *list = cJSON_CreateStringArray(texts, (int)count);

    if (cJSON_AddItemToObject(object, name, list))
        return true;
    cJSON_Delete(list);
    return false;
}

/* Docker's, which the default profile of system calls goes with. */
static const char *const capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};
#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

/* Root has them; others can have no more than those through a file. */
static bool add_capabilities(cJSON *process, bool is_root)
{
    const size_t had = is_root ? CAPABILITY_COUNT : 0;
    cJSON *sets = cJSON_AddObjectToObject(process, "capabilities");

    return sets && add_list(sets, "bounding", capabilities, CAPABILITY_COUNT) &&
           add_list(sets, "effective", capabilities, had) &&
           add_list(sets, "permitted", capabilities, had);
}

wcl_status wcl_spec_add_seccomp(const char *profile, cJSON *linux_part, wcl_error *error)
{
    return wcl_seccomp_add(profile, capabilities, CAPABILITY_COUNT, linux_part, error);
}

static wcl_status fail_arguments(const char *why, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s", why);
}

bool wcl_spec_add_text(cJSON *list, const char *text)
{
    cJSON *item = cJSON_CreateString(text);

    if (cJSON_AddItemToArray(list, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = path + strlen(path);

    while (slash > path && slash[-1] != '/' && slash[-1] != '\\')
        slash--;
    return slash;
}

/* Whether a command line begins with the application's name, as it does by custom on Windows:
 * "\bin\app.exe" with "app -x". Such a beginning is not an argument. */
static bool names_application(const char *argument, const char *application)
{
    const char *name = base_name(application), *given = base_name(argument);
    size_t length = strlen(given);

    return strcmp(argument, application) == 0 ||
           (length > 0 && strncasecmp(name, given, length) == 0 &&
            (!name[length] || strcasecmp(name + length, ".exe") == 0));
}

/* What to run: the application, or the first argument, and then the other arguments. */
static wcl_status add_arguments(const wcl_process_config *config, cJSON *process, wcl_error *error)
{
    WCL_CLEANUP_FREE char **split = NULL;
    const char *const *arguments = config->arguments;
    size_t count = config->argument_count;
    bool has_line = config->command_line && *config->command_line;
    bool has_application = config->application_name && *config->application_name;

    if (has_line && count > 0)
        return fail_arguments("CommandLine and CommandArgs cannot both be given", error);
    if (has_line) {
        if (wcl_command_line_split(config->command_line, &split, &count, error) != WCL_OK)
            return WCL_FAILED;
        arguments = (const char *const *)split;
    }
    if (!has_application && (count == 0 || !*arguments[0]))
        return fail_arguments("ApplicationName and CommandLine name no program to run", error);
    size_t at = has_application && has_line && count > 0 &&
                names_application(arguments[0], config->application_name);
    cJSON *list = cJSON_AddArrayToObject(process, "args");
    bool added = list && (!has_application || wcl_spec_add_text(list, config->application_name));
    for (; added && at < count; at++)
        added = wcl_spec_add_text(list, arguments[at]);
    return added ? WCL_OK : wcl_fail_memory(error);
}

static const char *find_variable(const wcl_process_config *config, const char *name)
{
    for (size_t i = 0; i < config->environment_count; i++)
        if (strcmp(config->environment[i].name, name) == 0)
            return config->environment[i].value;
    return NULL;
}

static wcl_status add_environment(const wcl_process_config *config, cJSON *process,
                                  wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer line = WCL_BUFFER_INIT;
    cJSON *list = cJSON_AddArrayToObject(process, "env");

    bool added = list && (find_variable(config, "PATH") || wcl_spec_add_text(list, DEFAULT_PATH)) &&
                 (!config->emulate_console || find_variable(config, "TERM") ||
                  wcl_spec_add_text(list, "TERM=xterm"));
    for (size_t i = 0; added && i < config->environment_count; i++) {
        wcl_buffer_clear(&line);
        if (wcl_buffer_printf(&line, error, "%s=%s", config->environment[i].name,
                              config->environment[i].value) != WCL_OK)
            return WCL_FAILED;
        added = wcl_spec_add_text(list, wcl_buffer_text(&line));
    }
    return added ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status add_user(const wcl_state *state, const wcl_process_config *config, cJSON *process,
                           wcl_error *error)
{
    wcl_user user = { 0 };

    if (config->user && *config->user &&
        wcl_user_find(state->root ? state->root : "", config->user, &user, error) != WCL_OK)
        return WCL_FAILED;
    cJSON *object = cJSON_AddObjectToObject(process, "user");
    if (!object || !wcl_json_add_u64(object, "uid", user.uid) ||
        !wcl_json_add_u64(object, "gid", user.gid))
        return wcl_fail_memory(error);
    cJSON *groups = cJSON_AddArrayToObject(object, "additionalGids");
    bool added = groups != NULL;
    for (size_t i = 0; added && i < user.group_count; i++) {
        cJSON *group = cJSON_CreateNumber(user.groups[i]);
        added = cJSON_AddItemToArray(groups, group);
        if (!added)
            cJSON_Delete(group);
    }
    return added && add_capabilities(process, user.uid == 0) ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status add_folder(const wcl_process_config *config, cJSON *process, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = NULL;
    bool given = config->working_directory && *config->working_directory;

    if (wcl_container_path(given ? config->working_directory : "/", "WorkingDirectory", &folder,
                           error) != WCL_OK)
        return WCL_FAILED;
    return cJSON_AddStringToObject(process, "cwd", folder) ? WCL_OK : wcl_fail_memory(error);
}

static bool add_console(const wcl_process_config *config, cJSON *process)
{
    if (!cJSON_AddBoolToObject(process, "terminal", config->emulate_console))
        return false;
    if (!config->emulate_console || !config->console_height || !config->console_width)
        return true;
    cJSON *size = cJSON_AddObjectToObject(process, "consoleSize");
    return size && wcl_json_add_u64(size, "height", config->console_height) &&
           wcl_json_add_u64(size, "width", config->console_width);
}

static uint32_t flags_of(const wcl_process_config *config)
{
    return (config->create_stdin_pipe ? WCL_PIPE_STDIN : 0) |
           (config->create_stdout_pipe ? WCL_PIPE_STDOUT : 0) |
           (config->create_stderr_pipe ? WCL_PIPE_STDERR : 0) |
           (config->emulate_console ? WCL_EXEC_CONSOLE : 0) |
           (config->ends_container ? WCL_EXEC_ENDS_CONTAINER : 0);
}

wcl_status wcl_process_spec(const wcl_container_folder *place, const char *config, char **document,
                            uint32_t *flags, wcl_error *error)
{
    WCL_CLEANUP_PROCESS_CONFIG wcl_parsed_process_config parsed = { 0 };
    WCL_CLEANUP_JSON cJSON *process = cJSON_CreateObject();
    WCL_CLEANUP_STATE wcl_state state = { 0 };
    bool no_new_privileges = false;

    if (wcl_state_read_of(place, &state, error) != WCL_OK ||
        wcl_json_get_bool(state.config, "NoNewPrivileges", &no_new_privileges, error) != WCL_OK ||
        wcl_process_config_parse(config, &parsed, error) != WCL_OK ||
        add_arguments(&parsed.config, process, error) != WCL_OK ||
        add_environment(&parsed.config, process, error) != WCL_OK ||
        add_user(&state, &parsed.config, process, error) != WCL_OK ||
        add_folder(&parsed.config, process, error) != WCL_OK)
        return WCL_FAILED;
    if (!add_console(&parsed.config, process) ||
        !cJSON_AddBoolToObject(process, "noNewPrivileges", no_new_privileges) ||
        !(*document = wcl_json_print(process)))
        return wcl_fail_memory(error);
    *flags = flags_of(&parsed.config);
    return WCL_OK;
}
