/* Describing an image as JSON or to people. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/printable.h"
#include "image/inspect/describe.h"
#include "layer/internal.h"

/* ---- Text ----------------------------------------------------------------------------------- */

static wcl_status append_line(wcl_buffer *out, const char *label, const char *text,
                              wcl_error *error)
{
    if (!text || !*text)
        return WCL_OK;
    if (wcl_buffer_printf(out, error, "%-15s", label) != WCL_OK ||
        wcl_printable_append(out, text, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, '\n', error);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static void format_size(uint64_t size, char text[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)size;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static uint64_t size_of(const cJSON *object, const char *name)
{
    uint64_t size = 0;

    wcl_json_get_u64(object, name, &size, NULL);
    return size;
}

static wcl_status append_list(wcl_buffer *out, const char *label, const cJSON *list,
                              wcl_error *error)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
        const char *shown = item == list->child ? label : "";
        if (item->string && wcl_buffer_printf(&text, error, "%s", item->string) != WCL_OK)
            return WCL_FAILED;
        if (cJSON_IsString(item) && wcl_buffer_printf(&text, error, "%s%s", item->string ? "=" : "",
                                                      item->valuestring) != WCL_OK)
            return WCL_FAILED;
        if (append_line(out, shown, wcl_buffer_text(&text), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* A command on one line, as JSON, so that its words stay apart. */
static wcl_status append_command(wcl_buffer *out, const char *label, const cJSON *command,
                                 wcl_error *error)
{
    if (!cJSON_IsArray(command) || !command->child)
        return WCL_OK;
    WCL_CLEANUP_FREE char *text = wcl_json_print(command);
    return text ? append_line(out, label, text, error) : wcl_fail_memory(error);
}

static wcl_status append_run(wcl_buffer *out, const cJSON *json, wcl_error *error)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(json, "config");
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(config, "config");

    if (append_command(out, "Entry point:", cJSON_GetObjectItemCaseSensitive(run, "Entrypoint"),
                       error) != WCL_OK ||
        append_command(out, "Command:", cJSON_GetObjectItemCaseSensitive(run, "Cmd"), error) !=
            WCL_OK ||
        append_line(out, "Folder:", text_of(run, "WorkingDir"), error) != WCL_OK ||
        append_line(out, "User:", text_of(run, "User"), error) != WCL_OK ||
        append_list(out, "Environment:", cJSON_GetObjectItemCaseSensitive(run, "Env"), error) !=
            WCL_OK ||
        append_list(out, "Labels:", cJSON_GetObjectItemCaseSensitive(run, "Labels"), error) !=
            WCL_OK ||
        append_list(out, "Ports:", cJSON_GetObjectItemCaseSensitive(run, "ExposedPorts"), error) !=
            WCL_OK)
        return WCL_FAILED;
    return append_list(out, "Volumes:", cJSON_GetObjectItemCaseSensitive(run, "Volumes"), error);
}

static wcl_status append_platform(wcl_buffer *out, const cJSON *json, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    const char *version = text_of(json, "os_version");
    const char *variant = text_of(json, "variant");

    if (wcl_buffer_printf(&text, error, "%s%s%s%s/%s%s%s", text_of(json, "os"), *version ? "(" : "",
                          version, *version ? ")" : "", text_of(json, "architecture"),
                          *variant ? "/" : "", variant) != WCL_OK)
        return WCL_FAILED;
    return append_line(out, "Platform:", wcl_buffer_text(&text), error);
}

static wcl_status append_created(wcl_buffer *out, const cJSON *json, wcl_error *error)
{
    int64_t created = 0;
    struct tm parts;
    char text[64];

    wcl_json_get_i64(json, "created", &created, NULL);
    time_t seconds = (time_t)created;
    if (created == 0 || !gmtime_r(&seconds, &parts))
        return WCL_OK;
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return append_line(out, "Created:", text, error);
}

static wcl_status append_layers(wcl_buffer *out, const cJSON *json, wcl_error *error)
{
    const cJSON *layers = cJSON_GetObjectItemCaseSensitive(json, "layers"), *layer;
    unsigned number = 0;
    char blob[32], tar[32];

    if (wcl_buffer_printf(out, error, "\n%5s  %11s  %11s  %-71s  %s\n", "LAYER", "BLOB", "TAR",
                          "DIFF ID", "CREATED BY") != WCL_OK)
        return WCL_FAILED;
    cJSON_ArrayForEach(layer, layers)
    {
        format_size(size_of(layer, "size"), blob);
        format_size(size_of(layer, "tar_size"), tar);
        if (wcl_buffer_printf(out, error, "%5u  %11s  %11s  %s  ", ++number, blob, tar,
                              text_of(layer, "diff_id")) != WCL_OK ||
            wcl_printable_append(out, text_of(layer, "created_by"), error) != WCL_OK ||
            wcl_buffer_append_byte(out, '\n', error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status append_all(wcl_buffer *out, const cJSON *json, wcl_error *error)
{
    char blobs[32], tars[32];

    format_size(size_of(json, "size"), blobs);
    format_size(size_of(json, "tar_size"), tars);
    if (append_line(out, "Image:", text_of(json, "name"), error) != WCL_OK ||
        append_list(out, "Names:", cJSON_GetObjectItemCaseSensitive(json, "names"), error) !=
            WCL_OK ||
        append_line(out, "Digest:", text_of(json, "digest"), error) != WCL_OK ||
        append_line(out, "Media type:", text_of(json, "media_type"), error) != WCL_OK ||
        append_line(out, "Config:", text_of(json, "config_digest"), error) != WCL_OK ||
        append_platform(out, json, error) != WCL_OK || append_created(out, json, error) != WCL_OK ||
        append_line(out, "Blobs:", blobs, error) != WCL_OK ||
        append_line(out, "Tars:", tars, error) != WCL_OK || append_run(out, json, error) != WCL_OK)
        return WCL_FAILED;
    return append_layers(out, json, error);
}

wcl_status wcl_image_inspect(const wcl_driver *driver, const char *image, bool as_json, char **text,
                             wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
    size_t size;

    *text = NULL;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_image_get_info(driver, image, &info, error);
    if (status == WCL_OK)
        status = wcl_image_describe(driver, image, info, true, &json, error);
    if (status == WCL_OK && as_json) {
        *text = wcl_json_print(json);
        return *text ? WCL_OK : wcl_fail_memory(error);
    }
    if (status == WCL_OK)
        status = append_all(&out, json, error);
    if (status != WCL_OK)
        return wcl_error_context(error, "inspect", image);
    *text = wcl_buffer_detach(&out, &size, error);
    return *text ? WCL_OK : WCL_FAILED;
}
