/* Container configurations as JSON. */
#include "container/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "container/fields.h"

/* A configuration is far smaller; a limit keeps a wrong file from being taken for one. */
#define CONFIG_LIMIT (1024 * 1024)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name, type, member, keep)                                                            \
    {                                                                                              \
        name, type, offsetof(wcl_container_config, member), keep                                   \
    }
#define NESTED(name)                                                                               \
    {                                                                                              \
        name, WCL_FIELD_NESTED, 0, false                                                           \
    }

static const wcl_field config_fields[] = {
    FIELD("SystemType", WCL_FIELD_TEXT, system_type, true),
    FIELD("Name", WCL_FIELD_TEXT, name, true),
    FIELD("Owner", WCL_FIELD_TEXT, owner, true),
    FIELD("IsDummy", WCL_FIELD_BOOL, is_dummy, true),
    FIELD("VolumePath", WCL_FIELD_TEXT, volume_path, false),
    FIELD("IgnoreFlushesDuringBoot", WCL_FIELD_BOOL, ignore_flushes_during_boot, true),
    FIELD("LayerFolderPath", WCL_FIELD_TEXT, layer_folder_path, false),
    NESTED("Layers"),
    FIELD("Credentials", WCL_FIELD_TEXT, credentials, false),
    FIELD("ProcessorCount", WCL_FIELD_U32, processor_count, false),
    FIELD("ProcessorWeight", WCL_FIELD_U64, processor_weight, false),
    FIELD("ProcessorMaximum", WCL_FIELD_I64, processor_maximum, false),
    FIELD("StorageIOPSMaximum", WCL_FIELD_U64, storage_iops_maximum, false),
    FIELD("StorageBandwidthMaximum", WCL_FIELD_U64, storage_bandwidth_maximum, false),
    FIELD("StorageSandboxSize", WCL_FIELD_U64, storage_sandbox_size, false),
    FIELD("MemoryMaximumInMB", WCL_FIELD_I64, memory_maximum_in_mb, false),
    FIELD("HostName", WCL_FIELD_TEXT, host_name, true),
    NESTED("MappedDirectories"),
    FIELD("SandboxPath", WCL_FIELD_TEXT, sandbox_path, false),
    FIELD("HvPartition", WCL_FIELD_BOOL, hv_partition, true),
    NESTED("EndpointList"),
    FIELD("NetworkSharedContainerName", WCL_FIELD_TEXT, network_shared_container_name, false),
    NESTED("HvRuntime"),
    FIELD("Servicing", WCL_FIELD_BOOL, servicing, true),
    FIELD("AllowUnqualifiedDNSQuery", WCL_FIELD_BOOL, allow_unqualified_dns_query, true),
    FIELD("DNSSearchList", WCL_FIELD_TEXT, dns_search_list, false),
    FIELD("PidsLimit", WCL_FIELD_I64, pids_limit, false),
    FIELD("SeccompProfile", WCL_FIELD_TEXT, seccomp_profile, false),
    FIELD("NoNewPrivileges", WCL_FIELD_BOOL, no_new_privileges, false),
    FIELD("RemoveLayerOnExit", WCL_FIELD_BOOL, remove_layer_on_exit, false),
    FIELD("RemoveEndpointsOnExit", WCL_FIELD_BOOL, remove_endpoints_on_exit, false),
};

static const wcl_field layer_fields[] = {
    { "ID", WCL_FIELD_TEXT, offsetof(wcl_container_layer, id), true },
    { "Path", WCL_FIELD_TEXT, offsetof(wcl_container_layer, path), true },
};

static const wcl_field mapped_fields[] = {
    { "HostPath", WCL_FIELD_TEXT, offsetof(wcl_mapped_dir, host_path), true },
    { "ContainerPath", WCL_FIELD_TEXT, offsetof(wcl_mapped_dir, container_path), true },
    { "ReadOnly", WCL_FIELD_BOOL, offsetof(wcl_mapped_dir, read_only), true },
    { "BandwidthMaximum", WCL_FIELD_U64, offsetof(wcl_mapped_dir, bandwidth_maximum), true },
    { "IOPSMaximum", WCL_FIELD_U64, offsetof(wcl_mapped_dir, iops_maximum), true },
};

static const wcl_field hv_fields[] = {
    { "ImagePath", WCL_FIELD_TEXT, offsetof(wcl_hv_runtime, image_path), false },
    { "SkipTemplate", WCL_FIELD_BOOL, offsetof(wcl_hv_runtime, skip_template), false },
};

/* Adds a list of objects, each of `size` bytes at `from`. */
static bool print_objects(cJSON *object, const char *name, const wcl_field *fields,
                          size_t field_count, const void *from, size_t size, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);

    for (size_t i = 0; list && i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        if (!item || !wcl_fields_print(fields, field_count, (const char *)from + i * size, item) ||
            !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return list != NULL;
}

static bool print_config(const wcl_container_config *config, cJSON *json)
{
    if (!wcl_fields_print(config_fields, COUNT(config_fields), config, json) ||
        !print_objects(json, "Layers", layer_fields, COUNT(layer_fields), config->layers,
                       sizeof(*config->layers), config->layer_count) ||
        !print_objects(json, "MappedDirectories", mapped_fields, COUNT(mapped_fields),
                       config->mapped_directories, sizeof(*config->mapped_directories),
                       config->mapped_directory_count) ||
        !wcl_fields_print_texts(json, "EndpointList", config->endpoint_list,
                                config->endpoint_count))
        return false;
    if (!config->hv_runtime)
        return true;
    cJSON *runtime = cJSON_AddObjectToObject(json, "HvRuntime");
    return runtime && wcl_fields_print(hv_fields, COUNT(hv_fields), config->hv_runtime, runtime);
}

wcl_status wcl_container_config_print(const wcl_container_config *config, char **json,
                                      wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    wcl_container_config named = *config;

    if (!named.system_type || !*named.system_type)
        named.system_type = "Container";
    if (!object || !print_config(&named, object) || !(*json = wcl_json_print(object)))
        return wcl_fail_memory(error);
    return WCL_OK;
}

static wcl_status parse_layers(wcl_parsed_config *parsed, wcl_error *error)
{
    const cJSON *list, *item;
    size_t at = 0, count;

    if (wcl_fields_list(parsed->json, "Layers", &list, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (!list)
        return WCL_OK;
    parsed->layers = calloc(count, sizeof(*parsed->layers));
    if (!parsed->layers)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list) if (wcl_fields_parse(layer_fields, COUNT(layer_fields), item,
                                                        "a layer in Layers", &parsed->layers[at++],
                                                        error) != WCL_OK) return WCL_FAILED;
    parsed->config.layers = parsed->layers;
    parsed->config.layer_count = count;
    return WCL_OK;
}

static wcl_status parse_mapped_directories(wcl_parsed_config *parsed, wcl_error *error)
{
    const cJSON *list, *item;
    size_t at = 0, count;

    if (wcl_fields_list(parsed->json, "MappedDirectories", &list, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (!list)
        return WCL_OK;
    parsed->mapped_directories = calloc(count, sizeof(*parsed->mapped_directories));
    if (!parsed->mapped_directories)
        return wcl_fail_memory(error);
    cJSON_ArrayForEach(item, list) if (wcl_fields_parse(mapped_fields, COUNT(mapped_fields), item,
                                                        "a folder in MappedDirectories",
                                                        &parsed->mapped_directories[at++],
                                                        error) != WCL_OK) return WCL_FAILED;
    parsed->config.mapped_directories = parsed->mapped_directories;
    parsed->config.mapped_directory_count = count;
    return WCL_OK;
}

static wcl_status parse_hv_runtime(wcl_parsed_config *parsed, wcl_error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parsed->json, "HvRuntime");

    if (!item || cJSON_IsNull(item))
        return WCL_OK;
    if (wcl_fields_parse(hv_fields, COUNT(hv_fields), item, "HvRuntime", &parsed->hv_runtime,
                         error) != WCL_OK)
        return WCL_FAILED;
    parsed->config.hv_runtime = &parsed->hv_runtime;
    return WCL_OK;
}

static wcl_status parse_config(const char *json, wcl_parsed_config *parsed, wcl_error *error)
{
    if (!json)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "there is no configuration");
    if (wcl_json_parse(json, strlen(json), CONFIG_LIMIT, &parsed->json, error) != WCL_OK ||
        wcl_fields_parse(config_fields, COUNT(config_fields), parsed->json, "the configuration",
                         &parsed->config, error) != WCL_OK ||
        parse_layers(parsed, error) != WCL_OK ||
        parse_mapped_directories(parsed, error) != WCL_OK ||
        parse_hv_runtime(parsed, error) != WCL_OK ||
        wcl_fields_texts(parsed->json, "EndpointList", &parsed->endpoints,
                         &parsed->config.endpoint_count, error) != WCL_OK)
        return WCL_FAILED;
    parsed->config.endpoint_list = parsed->endpoints;
    return WCL_OK;
}

wcl_status wcl_container_config_parse(const char *json, wcl_parsed_config *parsed, wcl_error *error)
{
    memset(parsed, 0, sizeof(*parsed));
    parsed->config.struct_size = sizeof(parsed->config);
    if (parse_config(json, parsed, error) == WCL_OK)
        return WCL_OK;
    wcl_parsed_config_free(parsed);
    return WCL_FAILED;
}

void wcl_parsed_config_free(wcl_parsed_config *parsed)
{
    cJSON_Delete(parsed->json);
    free(parsed->layers);
    free(parsed->mapped_directories);
    free(parsed->endpoints);
    memset(parsed, 0, sizeof(*parsed));
}

wcl_status wcl_compute_system_query_print(const wcl_compute_system_query *query, char **json,
                                          wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    const struct {
        const char *name;
        const char *const *texts;
        size_t count;
    } lists[] = {
        { "Ids", query->ids, query->id_count },
        { "Types", query->types, query->type_count },
        { "Names", query->names, query->name_count },
        { "Owners", query->owners, query->owner_count },
    };

    for (size_t i = 0; object && i < COUNT(lists); i++)
        if (lists[i].count > 0 &&
            !wcl_fields_print_texts(object, lists[i].name, lists[i].texts, lists[i].count))
            return wcl_fail_memory(error);
    if (!object || !(*json = wcl_json_print(object)))
        return wcl_fail_memory(error);
    return WCL_OK;
}
