/* Changing configs and manifests. */
#include "image/append/config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/error.h"

#define OPTION_SIZE_MAX ((size_t)1024 * 1024)

/* ---- Fields --------------------------------------------------------------------------------- */

/* Takes `value`, which may be NULL for want of memory. */
static wcl_status set(cJSON *object, const char *name, cJSON *value, wcl_error *error)
{
    cJSON_bool is_set = false;

    if (value)
        is_set = cJSON_GetObjectItemCaseSensitive(object, name)
                     ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
                     : cJSON_AddItemToObject(object, name, value);
    if (is_set)
        return WCL_OK;
    cJSON_Delete(value);
    return wcl_fail_memory(error);
}

static wcl_status append_config_set_text(cJSON *object, const char *name, const char *text,
                                         wcl_error *error)
{
    return set(object, name, cJSON_CreateString(text), error);
}

/* Takes `value`, likewise. */
static wcl_status append_config_push(cJSON *array, cJSON *value, wcl_error *error)
{
    if (value && cJSON_AddItemToArray(array, value))
        return WCL_OK;
    cJSON_Delete(value);
    return wcl_fail_memory(error);
}

/* The member of that name, made where it is missing or null. */
static wcl_status member(cJSON *object, const char *name, bool is_array, cJSON **found,
                         wcl_error *error)
{
    *found = cJSON_GetObjectItemCaseSensitive(object, name);
    if (*found && !cJSON_IsNull(*found)) {
        if (is_array ? cJSON_IsArray(*found) : cJSON_IsObject(*found))
            return WCL_OK;
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%s' in the image's config is not %s", name,
                        is_array ? "a list" : "an object");
    }
    if (set(object, name, is_array ? cJSON_CreateArray() : cJSON_CreateObject(), error) != WCL_OK)
        return WCL_FAILED;
    *found = cJSON_GetObjectItemCaseSensitive(object, name);
    return WCL_OK;
}

static void format_time(struct timespec time, char text[40])
{
    struct tm parts = { 0 };
    char fraction[12] = "";

    gmtime_r(&time.tv_sec, &parts);
    if (time.tv_nsec > 0) {
        size_t size = (size_t)snprintf(fraction, sizeof(fraction), ".%09ld", time.tv_nsec);
        while (fraction[size - 1] == '0')
            fraction[--size] = '\0';
    }
    snprintf(text, 40, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", parts.tm_year + 1900, parts.tm_mon + 1,
             parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, fraction);
}

/* ---- What to run ---------------------------------------------------------------------------- */

static bool is_text_list(const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list) if (!cJSON_IsString(item)) return false;
    return true;
}

/* A command: a JSON list of its words, or a line for the system's shell. */
static wcl_status parse_command(const char *option, const char *text, bool is_windows,
                                cJSON **command, wcl_error *error)
{
    static const char *const shells[2][4] = { { "/bin/sh", "-c", NULL },
                                              { "cmd", "/S", "/C", NULL } };

    *command = NULL;
    if (text[strspn(text, " \t\n")] == '[') {
        if (wcl_json_parse(text, strlen(text), OPTION_SIZE_MAX, command, error) != WCL_OK)
            return wcl_error_context(error, NULL, option);
        if (is_text_list(*command))
            return WCL_OK;
        cJSON_Delete(*command);
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is a JSON list, but not of texts",
                        option);
    }
    *command = cJSON_CreateArray();
    if (!*command)
        return wcl_fail_memory(error);
    wcl_status status = WCL_OK;
    for (size_t i = 0; shells[is_windows][i] && status == WCL_OK; i++)
        status = append_config_push(*command, cJSON_CreateString(shells[is_windows][i]), error);
    if (status == WCL_OK)
        status = append_config_push(*command, cJSON_CreateString(text), error);
    if (status != WCL_OK)
        cJSON_Delete(*command);
    return status;
}

static wcl_status set_command(cJSON *run, const char *name, const char *option, const char *text,
                              bool is_windows, wcl_error *error)
{
    cJSON *command;

    if (!text)
        return WCL_OK;
    if (parse_command(option, text, is_windows, &command, error) != WCL_OK)
        return WCL_FAILED;
    if (cJSON_GetArraySize(command) > 0)
        return set(run, name, command, error);
    cJSON_Delete(command);
    cJSON_DeleteItemFromObjectCaseSensitive(run, name);
    return WCL_OK;
}

/* Whether an entry of the environment has the name of `setting`, up to the equals sign. */
static bool is_same_variable(const char *entry, const char *setting, size_t name, bool is_windows)
{
    if (strlen(entry) <= name || entry[name] != '=')
        return false;
    return (is_windows ? strncasecmp(entry, setting, name) : strncmp(entry, setting, name)) == 0;
}

static wcl_status set_variable(cJSON *variables, const char *setting, bool is_windows,
                               wcl_error *error)
{
    const char *equals = strchr(setting, '=');

    if (!equals || equals == setting)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the environment's '%s' is not of the form NAME=VALUE", setting);
    for (int i = cJSON_GetArraySize(variables) - 1; i >= 0; i--) {
        const cJSON *entry = cJSON_GetArrayItem(variables, i);
        if (!cJSON_IsString(entry) ||
            !is_same_variable(entry->valuestring, setting, (size_t)(equals - setting), is_windows))
            continue;
        cJSON *changed = cJSON_CreateString(setting);
        if (changed && cJSON_ReplaceItemInArray(variables, i, changed))
            return WCL_OK;
        cJSON_Delete(changed);
        return wcl_fail_memory(error);
    }
    return append_config_push(variables, cJSON_CreateString(setting), error);
}

static wcl_status set_environment(cJSON *run, const wcl_image_append_options *options,
                                  bool is_windows, wcl_error *error)
{
    cJSON *variables;

    if (options->env_count == 0)
        return WCL_OK;
    if (member(run, "Env", true, &variables, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < options->env_count; i++)
        if (set_variable(variables, options->env[i], is_windows, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status set_labels(cJSON *run, const wcl_image_append_options *options, wcl_error *error)
{
    cJSON *labels;

    if (options->label_count == 0)
        return WCL_OK;
    if (member(run, "Labels", false, &labels, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < options->label_count; i++) {
        const char *label = options->labels[i];
        const char *equals = strchr(label, '=');
        WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
        if (!equals || equals == label)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "the label '%s' is not of the form NAME=VALUE", label);
        if (wcl_buffer_append(&name, label, (size_t)(equals - label), error) != WCL_OK ||
            append_config_set_text(labels, wcl_buffer_text(&name), equals + 1, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status set_run(cJSON *config, const wcl_image_append_options *options, bool is_windows,
                          wcl_error *error)
{
    cJSON *run;

    if (member(config, "config", false, &run, error) != WCL_OK)
        return WCL_FAILED;
    /* The command was meant for the entry point that was. */
    if (options->entrypoint && !options->cmd)
        cJSON_DeleteItemFromObjectCaseSensitive(run, "Cmd");
    if (set_command(run, "Entrypoint", "--entrypoint", options->entrypoint, is_windows, error) !=
            WCL_OK ||
        set_command(run, "Cmd", "--cmd", options->cmd, is_windows, error) != WCL_OK ||
        set_environment(run, options, is_windows, error) != WCL_OK ||
        set_labels(run, options, error) != WCL_OK)
        return WCL_FAILED;
    if (options->workdir &&
        append_config_set_text(run, "WorkingDir", options->workdir, error) != WCL_OK)
        return WCL_FAILED;
    return options->user ? append_config_set_text(run, "User", options->user, error) : WCL_OK;
}

/* ---- The config ----------------------------------------------------------------------------- */

static wcl_status set_platform(cJSON *config, const wcl_platform *platform, wcl_error *error)
{
    const struct {
        const char *name;
        const char *value;
    } fields[] = { { "os", platform->os },
                   { "architecture", platform->architecture },
                   { "variant", platform->variant },
                   { "os.version", platform->os_version } };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].value && *fields[i].value &&
            append_config_set_text(config, fields[i].name, fields[i].value, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Says in the history where the layer comes from, unless the image keeps none. */
static wcl_status add_history(cJSON *config, int layers_before, const char *created, const char *to,
                              wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer command = WCL_BUFFER_INIT;
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(config, "history");
    cJSON *history, *event;

    if (layers_before > 0 && (!known || cJSON_IsNull(known) || cJSON_GetArraySize(known) == 0))
        return WCL_OK;
    if (member(config, "history", true, &history, error) != WCL_OK)
        return WCL_FAILED;
    event = cJSON_CreateObject();
    if (append_config_push(history, event, error) != WCL_OK ||
        append_config_set_text(event, "created", created, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_buffer_printf(&command, error, "wcl append%s%s", to ? " --to " : "", to ? to : "") !=
        WCL_OK)
        return WCL_FAILED;
    return append_config_set_text(event, "created_by", wcl_buffer_text(&command), error);
}

wcl_status wcl_append_config(cJSON *config, const wcl_image_append_options *options,
                             const wcl_append_blob *blob, wcl_error *error)
{
    cJSON *rootfs, *diff_ids;
    const char *os = "";
    char created[40];

    if (options->platform && set_platform(config, options->platform, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_json_get_text(config, "os", &os, error) != WCL_OK ||
        member(config, "rootfs", false, &rootfs, error) != WCL_OK ||
        member(rootfs, "diff_ids", true, &diff_ids, error) != WCL_OK)
        return WCL_FAILED;
    int layers_before = cJSON_GetArraySize(diff_ids);
    format_time(blob->created, created);
    if (append_config_push(diff_ids, cJSON_CreateString(blob->diff_id), error) != WCL_OK ||
        add_history(config, layers_before, created, options->to, error) != WCL_OK ||
        append_config_set_text(config, "created", created, error) != WCL_OK)
        return WCL_FAILED;
    return set_run(config, options, strcmp(os, "windows") == 0, error);
}

/* ---- The manifest --------------------------------------------------------------------------- */

wcl_status wcl_append_manifest(cJSON *manifest, const wcl_append_blob *blob, const char *config,
                               size_t config_size, wcl_error *error)
{
    char config_digest[WCL_DIGEST_TEXT_SIZE];
    cJSON *described, *layers, *layer;
    const char *config_type = "";

    if (wcl_digest_of(config, config_size, config_digest, error) != WCL_OK ||
        member(manifest, "config", false, &described, error) != WCL_OK ||
        member(manifest, "layers", true, &layers, error) != WCL_OK ||
        wcl_json_get_text(described, "mediaType", &config_type, error) != WCL_OK)
        return WCL_FAILED;
    bool is_docker = strcmp(config_type, WCL_MEDIA_DOCKER_CONFIG) == 0;
    const wcl_compression_info *gzip = wcl_compression_info_of(WCL_COMPRESSION_GZIP);
    const char *layer_type = is_docker ? gzip->docker_media_type : gzip->oci_media_type;
    cJSON_DeleteItemFromObjectCaseSensitive(described, "size");
    if (append_config_set_text(described, "digest", config_digest, error) != WCL_OK)
        return WCL_FAILED;
    /* What the old config had besides, a copy of its bytes or places to get it, is not of this one.
     */
    cJSON_DeleteItemFromObjectCaseSensitive(described, "data");
    cJSON_DeleteItemFromObjectCaseSensitive(described, "urls");
    if (!wcl_json_add_u64(described, "size", config_size))
        return wcl_fail_memory(error);
    layer = cJSON_CreateObject();
    if (append_config_push(layers, layer, error) != WCL_OK ||
        append_config_set_text(layer, "mediaType", layer_type, error) != WCL_OK ||
        append_config_set_text(layer, "digest", blob->digest, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_add_u64(layer, "size", blob->size) ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_append_scratch(const wcl_platform *platform, cJSON **config, cJSON **manifest,
                              wcl_error *error)
{
    cJSON *rootfs = cJSON_CreateObject();
    cJSON *described = cJSON_CreateObject();

    *config = cJSON_CreateObject();
    *manifest = cJSON_CreateObject();
    if (!*config || !*manifest) {
        cJSON_Delete(rootfs);
        cJSON_Delete(described);
        return wcl_fail_memory(error);
    }
    wcl_status status = set(*config, "rootfs", rootfs, error);
    wcl_status also = set(*manifest, "config", described, error);
    if (status != WCL_OK || also != WCL_OK)
        return WCL_FAILED;
    if (set_platform(*config, platform, error) != WCL_OK ||
        append_config_set_text(rootfs, "type", "layers", error) != WCL_OK ||
        append_config_set_text(*manifest, "mediaType", WCL_MEDIA_OCI_MANIFEST, error) != WCL_OK ||
        append_config_set_text(described, "mediaType", WCL_MEDIA_OCI_CONFIG, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_add_u64(*manifest, "schemaVersion", 2) ? WCL_OK : wcl_fail_memory(error);
}
