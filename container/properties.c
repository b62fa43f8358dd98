/* ContainerProperties out of JSON. Fields that are not known are left out: providers add some. */
#include "container/properties.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_fields.h"
#include "container/timestamp.h"

/* Many containers with many processes each. */
#define PROPERTIES_LIMIT (256u * 1024 * 1024)

static wcl_status read_time(const wcl_json_field *field, const cJSON *item, wcl_region *region,
                            void *to, wcl_error *error)
{
    (void)region;
    if (!cJSON_IsString(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a text", field->name);
    return wcl_timestamp_parse(item->valuestring,
                               (struct timespec *)(void *)((char *)to + field->offset), error);
}

/* Texts that are missing are "". */
#define FIELD(of, json, kind, member)                                                              \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_##kind, .keep_empty = true,                               \
        .offset = offsetof(of, member)                                                             \
    }
#define TIME(of, json, member)                                                                     \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_OTHER, .offset = offsetof(of, member), .read = read_time  \
    }
#define INNER(of, json, member, inner)                                                             \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_STRUCT, .offset = offsetof(of, member), .table = (inner)  \
    }
#define LIST(of, json, member, count, inner)                                                       \
    {                                                                                              \
        .name = (json), .type = WCL_JSON_STRUCTS, .offset = offsetof(of, member),                  \
        .count_offset = offsetof(of, count), .table = (inner)                                      \
    }
#define TABLE(of, name, array)                                                                     \
    {                                                                                              \
        .what = (name), .size = sizeof(of), .unknown = WCL_JSON_SKIP_UNKNOWN,                      \
        WCL_JSON_FIELDS(array)                                                                     \
    }

static const wcl_json_field memory_fields[] = {
    FIELD(wcl_memory_stats, "MemoryUsageCommitBytes", U64, usage_commit_bytes),
    FIELD(wcl_memory_stats, "MemoryUsageCommitPeakBytes", U64, usage_commit_peak_bytes),
    FIELD(wcl_memory_stats, "MemoryUsagePrivateWorkingSetBytes", U64,
          usage_private_working_set_bytes),
};
static const wcl_json_table memory_table = TABLE(wcl_memory_stats, "Memory", memory_fields);

static const wcl_json_field processor_fields[] = {
    FIELD(wcl_processor_stats, "TotalRuntime100ns", U64, total_runtime_100ns),
    FIELD(wcl_processor_stats, "RuntimeUser100ns", U64, runtime_user_100ns),
    FIELD(wcl_processor_stats, "RuntimeKernel100ns", U64, runtime_kernel_100ns),
};
static const wcl_json_table processor_table =
    TABLE(wcl_processor_stats, "Processor", processor_fields);

static const wcl_json_field storage_fields[] = {
    FIELD(wcl_storage_stats, "ReadCountNormalized", U64, read_count_normalized),
    FIELD(wcl_storage_stats, "ReadSizeBytes", U64, read_size_bytes),
    FIELD(wcl_storage_stats, "WriteCountNormalized", U64, write_count_normalized),
    FIELD(wcl_storage_stats, "WriteSizeBytes", U64, write_size_bytes),
};
static const wcl_json_table storage_table = TABLE(wcl_storage_stats, "Storage", storage_fields);

static const wcl_json_field network_fields[] = {
    FIELD(wcl_network_stats, "BytesReceived", U64, bytes_received),
    FIELD(wcl_network_stats, "BytesSent", U64, bytes_sent),
    FIELD(wcl_network_stats, "PacketsReceived", U64, packets_received),
    FIELD(wcl_network_stats, "PacketsSent", U64, packets_sent),
    FIELD(wcl_network_stats, "DroppedPacketsIncoming", U64, dropped_packets_incoming),
    FIELD(wcl_network_stats, "DroppedPacketsOutgoing", U64, dropped_packets_outgoing),
    FIELD(wcl_network_stats, "EndpointId", TEXT, endpoint_id),
    FIELD(wcl_network_stats, "InstanceId", TEXT, instance_id),
};
static const wcl_json_table network_table =
    TABLE(wcl_network_stats, "an interface in Network", network_fields);

static const wcl_json_field statistics_fields[] = {
    TIME(wcl_statistics, "Timestamp", timestamp),
    TIME(wcl_statistics, "ContainerStartTime", container_start_time),
    FIELD(wcl_statistics, "Uptime100ns", U64, uptime_100ns),
    INNER(wcl_statistics, "Memory", memory, &memory_table),
    INNER(wcl_statistics, "Processor", processor, &processor_table),
    INNER(wcl_statistics, "Storage", storage, &storage_table),
    LIST(wcl_statistics, "Network", network, network_count, &network_table),
};
static const wcl_json_table statistics_table =
    TABLE(wcl_statistics, "Statistics", statistics_fields);

static const wcl_json_field process_fields[] = {
    TIME(wcl_process_list_item, "CreateTimestamp", create_timestamp),
    FIELD(wcl_process_list_item, "ImageName", TEXT, image_name),
    FIELD(wcl_process_list_item, "KernelTime100ns", U64, kernel_time_100ns),
    FIELD(wcl_process_list_item, "UserTime100ns", U64, user_time_100ns),
    FIELD(wcl_process_list_item, "MemoryCommitBytes", U64, memory_commit_bytes),
    FIELD(wcl_process_list_item, "MemoryWorkingSetPrivateBytes", U64,
          memory_working_set_private_bytes),
    FIELD(wcl_process_list_item, "MemoryWorkingSetSharedBytes", U64,
          memory_working_set_shared_bytes),
    FIELD(wcl_process_list_item, "ProcessId", U32, process_id),
};
static const wcl_json_table process_table =
    TABLE(wcl_process_list_item, "a process in ProcessList", process_fields);

static const wcl_json_field container_fields[] = {
    FIELD(wcl_container_properties, "Id", TEXT, id),
    FIELD(wcl_container_properties, "Name", TEXT, name),
    FIELD(wcl_container_properties, "SystemType", TEXT, system_type),
    FIELD(wcl_container_properties, "Owner", TEXT, owner),
    FIELD(wcl_container_properties, "SiloGuid", TEXT, silo_guid),
    FIELD(wcl_container_properties, "RuntimeId", TEXT, runtime_id),
    FIELD(wcl_container_properties, "RuntimeImagePath", TEXT, runtime_image_path),
    FIELD(wcl_container_properties, "ExitType", TEXT, exit_type),
    FIELD(wcl_container_properties, "ObRoot", TEXT, ob_root),
    FIELD(wcl_container_properties, "State", TEXT, state),
    FIELD(wcl_container_properties, "IsDummy", BOOL, is_dummy),
    FIELD(wcl_container_properties, "IsRuntimeTemplate", BOOL, is_runtime_template),
    FIELD(wcl_container_properties, "Stopped", BOOL, stopped),
    FIELD(wcl_container_properties, "AreUpdatesPending", BOOL, are_updates_pending),
    INNER(wcl_container_properties, "Statistics", statistics, &statistics_table),
    LIST(wcl_container_properties, "ProcessList", processes, process_count, &process_table),
};
static const wcl_json_table container_table =
    TABLE(wcl_container_properties, "a container", container_fields);

/* What is handed out comes first: the properties, or with `as_list` pointers to all of them. */
static wcl_status read_properties(const cJSON *json, bool as_list, wcl_region *region,
                                  size_t *count, wcl_error *error)
{
    bool one = cJSON_IsObject(json);
    const cJSON *item = one ? json : json->child;

    *count = one ? 1 : (size_t)cJSON_GetArraySize(json);
    if (!as_list && *count != 1)
        return wcl_fail(error, WCL_CODE_UNEXPECTED_VALUE,
                        "the provider did not answer with one container");
    wcl_container_properties **list =
        as_list ? wcl_region_alloc(region, *count + 1, sizeof(*list)) : NULL;
    wcl_container_properties *items = wcl_region_alloc(region, *count, sizeof(*items));
    if ((as_list && !list) || !items)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < *count; i++, item = item->next) {
        if (as_list)
            list[i] = &items[i];
        if (wcl_json_read(&container_table, item, region, &items[i], error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Reads twice, to learn first how much memory is needed. */
static void *read_block(const char *text, bool as_list, size_t *count, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    WCL_CLEANUP_REGION wcl_region measured = { .used = 0 };
    wcl_region block = { .used = 0 };

    if (wcl_json_parse(text, strlen(text), PROPERTIES_LIMIT, &json, error) != WCL_OK ||
        read_properties(json, as_list, &measured, count, error) != WCL_OK)
        return NULL;
    block.room = calloc(1, measured.used);
    if (!block.room)
        wcl_fail_memory(error);
    else if (read_properties(json, as_list, &block, count, error) != WCL_OK) {
        free(block.room);
        return NULL;
    }
    return block.room;
}

wcl_status wcl_container_list_parse(const char *json, wcl_container_properties ***list,
                                    size_t *count, wcl_error *error)
{
    *list = read_block(json, true, count, error);
    if (*list)
        return WCL_OK;
    *count = 0;
    return WCL_FAILED;
}

wcl_status wcl_container_properties_parse(const char *json, wcl_container_properties **properties,
                                          wcl_error *error)
{
    size_t count;

    *properties = read_block(json, false, &count, error);
    return *properties ? WCL_OK : WCL_FAILED;
}
