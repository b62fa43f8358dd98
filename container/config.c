/* Container configurations as JSON. */
#include "container/config.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/json_fields.h"
#include "base/options.h"

/* A configuration is far smaller; a limit keeps a wrong file from being taken for one. */
#define CONFIG_LIMIT (1024 * 1024)

#define FIELD(of, json, kind, member, keep)                                                        \
    {                                                                                              \
        .name = (json), .type = (kind), .keep_empty = (keep), .offset = offsetof(of, member)       \
    }

static const wcl_json_field layer_fields[] = {
    FIELD(wcl_container_layer, "ID", WCL_JSON_TEXT, id, true),
    FIELD(wcl_container_layer, "Path", WCL_JSON_TEXT, path, true),
};
static const wcl_json_table layer_table = { .what = "a layer in Layers",
                                            .size = sizeof(wcl_container_layer),
                                            .sized = "wcl_container_layer",
                                            .function = "wcl_container_create",
                                            WCL_JSON_FIELDS(layer_fields) };

static const wcl_json_field mapped_fields[] = {
    FIELD(wcl_mapped_dir, "HostPath", WCL_JSON_TEXT, host_path, true),
    FIELD(wcl_mapped_dir, "ContainerPath", WCL_JSON_TEXT, container_path, true),
    FIELD(wcl_mapped_dir, "ReadOnly", WCL_JSON_BOOL, read_only, true),
    FIELD(wcl_mapped_dir, "BandwidthMaximum", WCL_JSON_U64, bandwidth_maximum, true),
    FIELD(wcl_mapped_dir, "IOPSMaximum", WCL_JSON_U64, iops_maximum, true),
};
static const wcl_json_table mapped_table = { .what = "a folder in MappedDirectories",
                                             .size = sizeof(wcl_mapped_dir),
                                             .sized = "wcl_mapped_dir",
                                             .function = "wcl_container_create",
                                             WCL_JSON_FIELDS(mapped_fields) };

static const wcl_json_field hv_fields[] = {
    FIELD(wcl_hv_runtime, "ImagePath", WCL_JSON_TEXT, image_path, false),
    FIELD(wcl_hv_runtime, "SkipTemplate", WCL_JSON_BOOL, skip_template, false),
};
static const wcl_json_table hv_table = { .what = "HvRuntime",
                                         .size = sizeof(wcl_hv_runtime),
                                         .sized = "wcl_hv_runtime",
                                         .function = "wcl_container_create",
                                         WCL_JSON_FIELDS(hv_fields) };

#define ALWAYS(json, kind, member) FIELD(wcl_container_config, json, kind, member, true)
#define GIVEN(json, kind, member) FIELD(wcl_container_config, json, kind, member, false)
#define LIST(json, kind, member, count, of)                                                        \
    {                                                                                              \
        .name = (json), .type = (kind), .keep_empty = true,                                        \
        .offset = offsetof(wcl_container_config, member),                                          \
        .count_offset = offsetof(wcl_container_config, count), .table = (of)                       \
    }
static const wcl_json_field config_fields[] = {
    ALWAYS("SystemType", WCL_JSON_TEXT, system_type),
    ALWAYS("Name", WCL_JSON_TEXT, name),
    ALWAYS("Owner", WCL_JSON_TEXT, owner),
    ALWAYS("IsDummy", WCL_JSON_BOOL, is_dummy),
    GIVEN("VolumePath", WCL_JSON_TEXT, volume_path),
    ALWAYS("IgnoreFlushesDuringBoot", WCL_JSON_BOOL, ignore_flushes_during_boot),
    GIVEN("LayerFolderPath", WCL_JSON_TEXT, layer_folder_path),
    LIST("Layers", WCL_JSON_STRUCTS, layers, layer_count, &layer_table),
    GIVEN("Credentials", WCL_JSON_TEXT, credentials),
    GIVEN("ProcessorCount", WCL_JSON_U32, processor_count),
    GIVEN("ProcessorWeight", WCL_JSON_U64, processor_weight),
    GIVEN("ProcessorMaximum", WCL_JSON_I64, processor_maximum),
    GIVEN("StorageIOPSMaximum", WCL_JSON_U64, storage_iops_maximum),
    GIVEN("StorageBandwidthMaximum", WCL_JSON_U64, storage_bandwidth_maximum),
    GIVEN("StorageSandboxSize", WCL_JSON_U64, storage_sandbox_size),
    GIVEN("MemoryMaximumInMB", WCL_JSON_I64, memory_maximum_in_mb),
    ALWAYS("HostName", WCL_JSON_TEXT, host_name),
    LIST("MappedDirectories", WCL_JSON_STRUCTS, mapped_directories, mapped_directory_count,
         &mapped_table),
    GIVEN("SandboxPath", WCL_JSON_TEXT, sandbox_path),
    ALWAYS("HvPartition", WCL_JSON_BOOL, hv_partition),
    LIST("EndpointList", WCL_JSON_TEXTS, endpoint_list, endpoint_count, NULL),
    GIVEN("NetworkSharedContainerName", WCL_JSON_TEXT, network_shared_container_name),
    { .name = "HvRuntime",
      .type = WCL_JSON_POINTER,
      .offset = offsetof(wcl_container_config, hv_runtime),
      .table = &hv_table },
    ALWAYS("Servicing", WCL_JSON_BOOL, servicing),
    ALWAYS("AllowUnqualifiedDNSQuery", WCL_JSON_BOOL, allow_unqualified_dns_query),
    GIVEN("DNSSearchList", WCL_JSON_TEXT, dns_search_list),
    GIVEN("PidsLimit", WCL_JSON_I64, pids_limit),
    GIVEN("SeccompProfile", WCL_JSON_TEXT, seccomp_profile),
    GIVEN("NoNewPrivileges", WCL_JSON_BOOL, no_new_privileges),
    GIVEN("RemoveLayerOnExit", WCL_JSON_BOOL, remove_layer_on_exit),
    GIVEN("RemoveEndpointsOnExit", WCL_JSON_BOOL, remove_endpoints_on_exit),
};

static const wcl_json_table config_table = { .what = "the configuration",
                                             WCL_JSON_FIELDS(config_fields) };

wcl_status wcl_container_config_print(const wcl_container_config *config, char **json,
                                      wcl_error *error)
{
    wcl_container_config named = *config;

    if (!*wcl_text(named.system_type))
        named.system_type = "Container";
    return wcl_json_write_text(&config_table, &named, json, error);
}

wcl_status wcl_container_config_parse(const char *json, wcl_parsed_config *parsed, wcl_error *error)
{
    *parsed = (wcl_parsed_config) { .config.struct_size = sizeof(parsed->config) };
    if (wcl_json_read_text(&config_table, json, CONFIG_LIMIT, &parsed->region, &parsed->config,
                           error) == WCL_OK)
        return WCL_OK;
    wcl_parsed_config_free(parsed);
    return WCL_FAILED;
}

void wcl_parsed_config_free(wcl_parsed_config *parsed)
{
    wcl_region_free(&parsed->region);
    memset(parsed, 0, sizeof(*parsed));
}

#define QUERY_LIST(json, member, count)                                                            \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_TEXTS,                                                    \
        .offset = offsetof(wcl_compute_system_query, member),                                      \
        .count_offset = offsetof(wcl_compute_system_query, count)                                  \
    }

static const wcl_json_field query_fields[] = {
    QUERY_LIST("Ids", ids, id_count),
    QUERY_LIST("Types", types, type_count),
    QUERY_LIST("Names", names, name_count),
    QUERY_LIST("Owners", owners, owner_count),
};
static const wcl_json_table query_table = { .what = "the query", WCL_JSON_FIELDS(query_fields) };

wcl_status wcl_compute_system_query_print(const wcl_compute_system_query *query, char **json,
                                          wcl_error *error)
{
    return wcl_json_write_text(&query_table, query, json, error);
}

wcl_status wcl_compute_system_query_parse(const char *json, wcl_region *region,
                                          wcl_compute_system_query *query, wcl_error *error)
{
    *query = (wcl_compute_system_query) { .struct_size = sizeof(*query) };
    if (!json || !*json)
        return WCL_OK;
    return wcl_json_read_text(&query_table, json, CONFIG_LIMIT, region, query, error);
}
