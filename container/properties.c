/* ContainerProperties out of JSON. Fields that are not known are left out: providers add some. */
#include "container/properties.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "container/timestamp.h"

/* Many containers with many processes each. */
#define PROPERTIES_LIMIT (256u * 1024 * 1024)

struct wcl_container_list {
    cJSON *json; /* the texts lie in it */
    wcl_container_properties *items;
    size_t count;
};

static wcl_status get_time(const cJSON *object, const char *name, struct timespec *time,
                           wcl_error *error)
{
    const char *text = NULL;

    if (wcl_json_get_text(object, name, &text, error) != WCL_OK)
        return WCL_FAILED;
    return text ? wcl_timestamp_parse(text, time, error) : WCL_OK;
}

static wcl_status parse_memory(const cJSON *object, wcl_memory_stats *memory, wcl_error *error)
{
    if (wcl_json_get_u64(object, "MemoryUsageCommitBytes", &memory->usage_commit_bytes, error) !=
            WCL_OK ||
        wcl_json_get_u64(object, "MemoryUsageCommitPeakBytes", &memory->usage_commit_peak_bytes,
                         error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_u64(object, "MemoryUsagePrivateWorkingSetBytes",
                            &memory->usage_private_working_set_bytes, error);
}

static wcl_status parse_processor(const cJSON *object, wcl_processor_stats *processor,
                                  wcl_error *error)
{
    if (wcl_json_get_u64(object, "TotalRuntime100ns", &processor->total_runtime_100ns, error) !=
            WCL_OK ||
        wcl_json_get_u64(object, "RuntimeUser100ns", &processor->runtime_user_100ns, error) !=
            WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_u64(object, "RuntimeKernel100ns", &processor->runtime_kernel_100ns, error);
}

static wcl_status parse_storage(const cJSON *object, wcl_storage_stats *storage, wcl_error *error)
{
    if (wcl_json_get_u64(object, "ReadCountNormalized", &storage->read_count_normalized, error) !=
            WCL_OK ||
        wcl_json_get_u64(object, "ReadSizeBytes", &storage->read_size_bytes, error) != WCL_OK ||
        wcl_json_get_u64(object, "WriteCountNormalized", &storage->write_count_normalized, error) !=
            WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_u64(object, "WriteSizeBytes", &storage->write_size_bytes, error);
}

static wcl_status parse_interface(const cJSON *object, wcl_network_stats *network, wcl_error *error)
{
    if (wcl_json_get_u64(object, "BytesReceived", &network->bytes_received, error) != WCL_OK ||
        wcl_json_get_u64(object, "BytesSent", &network->bytes_sent, error) != WCL_OK ||
        wcl_json_get_u64(object, "PacketsReceived", &network->packets_received, error) != WCL_OK ||
        wcl_json_get_u64(object, "PacketsSent", &network->packets_sent, error) != WCL_OK ||
        wcl_json_get_u64(object, "DroppedPacketsIncoming", &network->dropped_packets_incoming,
                         error) != WCL_OK ||
        wcl_json_get_u64(object, "DroppedPacketsOutgoing", &network->dropped_packets_outgoing,
                         error) != WCL_OK ||
        wcl_json_get_text(object, "EndpointId", &network->endpoint_id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_json_get_text(object, "InstanceId", &network->instance_id, error);
}

/* An array of structs of `size` bytes, as many as the JSON list has elements; NULL for none. */
static wcl_status make_array(const cJSON *list, size_t size, void **array, size_t *count,
                             wcl_error *error)
{
    *count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    *array = *count ? calloc(*count, size) : NULL;
    return *count && !*array ? wcl_fail_memory(error) : WCL_OK;
}

static wcl_status parse_network(const cJSON *list, wcl_statistics *statistics, wcl_error *error)
{
    const cJSON *item;
    size_t at = 0;
    void *array;

    if (make_array(list, sizeof(wcl_network_stats), &array, &statistics->network_count, error) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_network_stats *network = array;
    statistics->network = network;
    cJSON_ArrayForEach(item, list) if (parse_interface(item, &network[at++], error) !=
                                       WCL_OK) return WCL_FAILED;
    return WCL_OK;
}

static wcl_status parse_statistics(const cJSON *object, wcl_statistics *statistics,
                                   wcl_error *error)
{
    if (!object || cJSON_IsNull(object))
        return WCL_OK;
    if (get_time(object, "Timestamp", &statistics->timestamp, error) != WCL_OK ||
        get_time(object, "ContainerStartTime", &statistics->container_start_time, error) !=
            WCL_OK ||
        wcl_json_get_u64(object, "Uptime100ns", &statistics->uptime_100ns, error) != WCL_OK ||
        parse_memory(cJSON_GetObjectItemCaseSensitive(object, "Memory"), &statistics->memory,
                     error) != WCL_OK ||
        parse_processor(cJSON_GetObjectItemCaseSensitive(object, "Processor"),
                        &statistics->processor, error) != WCL_OK ||
        parse_storage(cJSON_GetObjectItemCaseSensitive(object, "Storage"), &statistics->storage,
                      error) != WCL_OK)
        return WCL_FAILED;
    return parse_network(cJSON_GetObjectItemCaseSensitive(object, "Network"), statistics, error);
}

static wcl_status parse_process(const cJSON *object, wcl_process_list_item *process,
                                wcl_error *error)
{
    uint64_t pid = 0;

    if (get_time(object, "CreateTimestamp", &process->create_timestamp, error) != WCL_OK ||
        wcl_json_get_text(object, "ImageName", &process->image_name, error) != WCL_OK ||
        wcl_json_get_u64(object, "KernelTime100ns", &process->kernel_time_100ns, error) != WCL_OK ||
        wcl_json_get_u64(object, "UserTime100ns", &process->user_time_100ns, error) != WCL_OK ||
        wcl_json_get_u64(object, "MemoryCommitBytes", &process->memory_commit_bytes, error) !=
            WCL_OK ||
        wcl_json_get_u64(object, "MemoryWorkingSetPrivateBytes",
                         &process->memory_working_set_private_bytes, error) != WCL_OK ||
        wcl_json_get_u64(object, "MemoryWorkingSetSharedBytes",
                         &process->memory_working_set_shared_bytes, error) != WCL_OK ||
        wcl_json_get_u64(object, "ProcessId", &pid, error) != WCL_OK)
        return WCL_FAILED;
    process->process_id = (uint32_t)pid;
    return WCL_OK;
}

static wcl_status parse_processes(const cJSON *list, wcl_container_properties *properties,
                                  wcl_error *error)
{
    const cJSON *item;
    size_t at = 0;
    void *array;

    if (make_array(list, sizeof(wcl_process_list_item), &array, &properties->process_count,
                   error) != WCL_OK)
        return WCL_FAILED;
    wcl_process_list_item *processes = array;
    properties->processes = processes;
    cJSON_ArrayForEach(item, list) if (parse_process(item, &processes[at++], error) !=
                                       WCL_OK) return WCL_FAILED;
    return WCL_OK;
}

static wcl_status parse_texts(const cJSON *object, wcl_container_properties *properties,
                              wcl_error *error)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        { "Id", &properties->id },
        { "Name", &properties->name },
        { "SystemType", &properties->system_type },
        { "Owner", &properties->owner },
        { "SiloGuid", &properties->silo_guid },
        { "RuntimeId", &properties->runtime_id },
        { "RuntimeImagePath", &properties->runtime_image_path },
        { "ExitType", &properties->exit_type },
        { "ObRoot", &properties->ob_root },
        { "State", &properties->state },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i].text = "";
        if (wcl_json_get_text(object, texts[i].name, texts[i].text, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status parse_properties(const cJSON *object, wcl_container_properties *properties,
                                   wcl_error *error)
{
    if (parse_texts(object, properties, error) != WCL_OK ||
        wcl_json_get_bool(object, "IsDummy", &properties->is_dummy, error) != WCL_OK ||
        wcl_json_get_bool(object, "IsRuntimeTemplate", &properties->is_runtime_template, error) !=
            WCL_OK ||
        wcl_json_get_bool(object, "Stopped", &properties->stopped, error) != WCL_OK ||
        wcl_json_get_bool(object, "AreUpdatesPending", &properties->are_updates_pending, error) !=
            WCL_OK ||
        parse_statistics(cJSON_GetObjectItemCaseSensitive(object, "Statistics"),
                         &properties->statistics, error) != WCL_OK)
        return WCL_FAILED;
    return parse_processes(cJSON_GetObjectItemCaseSensitive(object, "ProcessList"), properties,
                           error);
}

static wcl_status fill_list(wcl_container_list *list, wcl_error *error)
{
    bool one = cJSON_IsObject(list->json);
    const cJSON *item = one ? list->json : list->json->child;
    size_t count = one ? 1 : (size_t)cJSON_GetArraySize(list->json);

    list->items = calloc(count + 1, sizeof(*list->items));
    if (!list->items)
        return wcl_fail_memory(error);
    for (; list->count < count; list->count++, item = item->next)
        if (parse_properties(item, &list->items[list->count], error) != WCL_OK) {
            list->count++;
            return WCL_FAILED;
        }
    return WCL_OK;
}

wcl_status wcl_container_list_parse(const char *json, wcl_container_list **list, wcl_error *error)
{
    wcl_container_list *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_json_parse(json, strlen(json), PROPERTIES_LIMIT, &made->json, error) != WCL_OK ||
        fill_list(made, error) != WCL_OK) {
        wcl_container_list_free(made);
        return WCL_FAILED;
    }
    *list = made;
    return WCL_OK;
}

size_t wcl_container_list_count(const wcl_container_list *list)
{
    return list->count;
}

const wcl_container_properties *wcl_container_list_at(const wcl_container_list *list, size_t index)
{
    return index < list->count ? &list->items[index] : NULL;
}

void wcl_container_list_free(wcl_container_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(uintptr_t)list->items[i].statistics.network);
        free((void *)(uintptr_t)list->items[i].processes);
    }
    free(list->items);
    cJSON_Delete(list->json);
    free(list);
}
