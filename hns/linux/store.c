/* The records of networks, endpoints and attachments on disk. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/list.h"
#include "base/listing.h"
#include "hns/linux/file.h"
#include "hns/linux/service.h"

#define FORMAT 1

wcl_status wcl_hns_store_id(const char *text, char id[37], wcl_error *error)
{
    wcl_guid guid;

    if (strlen(text) > 38 || wcl_guid_parse(text, &guid, NULL) != WCL_OK)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "'%.60s' is not an id; ids are GUIDs", text);
    wcl_guid_format(&guid, id);
    return WCL_OK;
}

static wcl_status record_path(wcl_service *service, const char *kind, const char *id,
                              wcl_buffer *path, wcl_error *error)
{
    return wcl_buffer_printf(path, error, "%s/%s/%s.json", service->state_dir, kind, id);
}

/* Reads a record and gives the object in it. */
static wcl_status load_record(wcl_service *service, const char *kind, const char *id,
                              const char *name, cJSON **record, const cJSON **object,
                              wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    uint64_t format = 0;

    if (record_path(service, kind, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_read_json(wcl_buffer_text(&path), record, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_ELEMENT_NOT_FOUND, "The %.*s %s was not found",
                        (int)strlen(kind) - 1, kind, id);
    if (status != WCL_OK || wcl_json_get_u64(*record, "Format", &format, error) != WCL_OK)
        return WCL_FAILED;
    if (format != FORMAT)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "%s is of format %" PRIu64 ", which this version does not know",
                        wcl_buffer_text(&path), format);
    *object = cJSON_GetObjectItemCaseSensitive(*record, name);
    return WCL_OK;
}

/* Writes {"Format":1,NAME:object,...}; takes the object over. */
static wcl_status save_record(wcl_service *service, const char *kind, const char *id,
                              const char *name, cJSON *object, uint32_t mtu, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *record = cJSON_CreateObject();

    if (!record || !wcl_json_add_u64(record, "Format", FORMAT) ||
        !cJSON_AddItemToObject(record, name, object)) {
        cJSON_Delete(object);
        return wcl_fail_memory(error);
    }
    if (mtu && !wcl_json_add_u64(record, "Mtu", mtu))
        return wcl_fail_memory(error);
    if (record_path(service, kind, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_file_write_json(wcl_buffer_text(&path), record, error);
}

static wcl_status remove_record(wcl_service *service, const char *kind, const char *id,
                                wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (record_path(service, kind, id, &path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_file_remove(wcl_buffer_text(&path), error) == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_hns_store_load_network(wcl_service *service, const char *id,
                                      wcl_network_record **network, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *record = NULL;
    const cJSON *json = NULL;
    wcl_hns_network *object = NULL;
    uint64_t mtu = 0;

    if (load_record(service, "networks", id, "Network", &record, &json, error) != WCL_OK ||
        wcl_json_get_u64(record, "Mtu", &mtu, error) != WCL_OK ||
        wcl_hns_network_from_json(json, &object, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_network_record_new(object, service->home, network, error) != WCL_OK)
        return wcl_error_context(error, NULL, id);
    if (mtu && mtu <= UINT16_MAX)
        (*network)->mtu = (uint32_t)mtu;
    return WCL_OK;
}

wcl_status wcl_hns_store_save_network(wcl_service *service, const wcl_network_record *network,
                                      wcl_error *error)
{
    cJSON *object = NULL;

    if (wcl_hns_network_to_json(network->object, &object, error) != WCL_OK)
        return WCL_FAILED;
    return save_record(service, "networks", network->object->id, "Network", object, network->mtu,
                       error);
}

wcl_status wcl_hns_store_remove_network(wcl_service *service, const wcl_network_record *network,
                                        wcl_error *error)
{
    return remove_record(service, "networks", network->object->id, error);
}

bool wcl_hns_store_has_endpoint(wcl_service *service, const char *id)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    /* What cannot be looked for counts as there: else what it has would be given to another one. */
    return record_path(service, "endpoints", id, &path, NULL) != WCL_OK ||
           access(wcl_buffer_text(&path), F_OK) == 0 || errno != ENOENT;
}

wcl_status wcl_hns_store_save_endpoint(wcl_service *service, const wcl_endpoint_record *endpoint,
                                       wcl_error *error)
{
    cJSON *object = NULL;

    if (wcl_hns_endpoint_to_json(endpoint->object, &object, error) != WCL_OK)
        return WCL_FAILED;
    return save_record(service, "endpoints", endpoint->object->id, "Endpoint", object, 0, error);
}

wcl_status wcl_hns_store_remove_endpoint(wcl_service *service, const wcl_endpoint_record *endpoint,
                                         wcl_error *error)
{
    return remove_record(service, "endpoints", endpoint->object->id, error);
}

/* ---- Attachments ---- */

/* RUN/attached-HOME/ID.json. */
struct attachment_file {
    const char *system_type, *container_id, *namespace_path;
    uint64_t compartment, device, inode;
};

#define FIELD(json, kind, member)                                                                  \
    {                                                                                              \
        .name = (json), .type = (kind), .keep_empty = true,                                        \
        .offset = offsetof(struct attachment_file, member)                                         \
    }
static const wcl_json_field attachment_fields[] = {
    FIELD("SystemType", WCL_JSON_TEXT, system_type),
    FIELD("ContainerId", WCL_JSON_TEXT, container_id),
    FIELD("CompartmentId", WCL_JSON_U64, compartment),
    FIELD("Namespace", WCL_JSON_TEXT, namespace_path),
    FIELD("Device", WCL_JSON_U64, device),
    FIELD("Inode", WCL_JSON_U64, inode),
};
static const wcl_json_table attachment_table = { .what = "what an endpoint is attached to",
                                                 .size = sizeof(struct attachment_file),
                                                 .unknown = WCL_JSON_SKIP_UNKNOWN,
                                                 WCL_JSON_FIELDS(attachment_fields) };

static wcl_status attachment_path(wcl_service *service, const char *id, wcl_buffer *path,
                                  wcl_error *error)
{
    return wcl_buffer_printf(path, error, "%s/%s.json", service->attached_dir, id);
}

wcl_status wcl_hns_store_save_attachment(wcl_service *service, const wcl_endpoint_record *endpoint,
                                         wcl_error *error)
{
    const wcl_attachment *attachment = &endpoint->attachment;
    const struct attachment_file file = {
        .system_type = attachment->kind == WCL_ATTACHED_HOST ? "Host" : "Container",
        .container_id = attachment->container_id,
        .namespace_path = attachment->path,
        .compartment = attachment->compartment,
        .device = attachment->device,
        .inode = attachment->inode,
    };
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *text = NULL;

    if (wcl_json_write_text(&attachment_table, &file, &text, error) != WCL_OK ||
        attachment_path(service, endpoint->object->id, &path, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_write(wcl_buffer_text(&path), text, error);
    if (status == WCL_OK || wcl_folder_make(service->attached_dir, NULL) != WCL_OK)
        return status;
    return wcl_file_write(wcl_buffer_text(&path), text, error);
}

wcl_status wcl_hns_store_remove_attachment(wcl_service *service, const char *endpoint_id,
                                           wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (attachment_path(service, endpoint_id, &path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_file_remove(wcl_buffer_text(&path), error) == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status load_attachment(wcl_service *service, wcl_endpoint_record *endpoint,
                                  wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    struct attachment_file file = { .system_type = NULL };

    if (attachment_path(service, endpoint->object->id, &path, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_file_read_json(wcl_buffer_text(&path), &json, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (wcl_json_read(&attachment_table, json, wcl_hns_region(endpoint->object), &file, error) !=
        WCL_OK)
        return WCL_FAILED;
    bool is_host = strcmp(file.system_type, "Host") == 0;
    endpoint->attachment = (wcl_attachment) {
        .kind = is_host ? WCL_ATTACHED_HOST : WCL_ATTACHED_CONTAINER,
        .container_id = file.container_id,
        .compartment = (uint32_t)file.compartment,
        .path = file.namespace_path,
        .device = (dev_t)file.device,
        .inode = (ino_t)file.inode,
    };
    return WCL_OK;
}

/* With its network, which the record cannot be understood without. */
wcl_status wcl_hns_store_load_both(wcl_service *service, const char *id,
                                   wcl_network_record **network, wcl_endpoint_record **endpoint,
                                   wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *record = NULL;
    const cJSON *json = NULL;
    wcl_hns_endpoint *object = NULL;

    if (load_record(service, "endpoints", id, "Endpoint", &record, &json, error) != WCL_OK ||
        wcl_hns_endpoint_from_json(json, &object, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_hns_store_load_network(service, object->virtual_network ? object->virtual_network : "",
                                   network, error) != WCL_OK) {
        wcl_hns_endpoint_free(object);
        return WCL_FAILED;
    }
    if (wcl_endpoint_record_new(object, *network, service->home, endpoint, error) != WCL_OK)
        return wcl_error_context(error, NULL, id);
    return load_attachment(service, *endpoint, error);
}

wcl_status wcl_hns_store_load_endpoint(wcl_service *service, const char *id,
                                       wcl_endpoint_record **endpoint, wcl_error *error)
{
    WCL_CLEANUP_NETWORK_RECORD wcl_network_record *network = NULL;

    return wcl_hns_store_load_both(service, id, &network, endpoint, error);
}

/* ---- Lists ---- */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

struct id_list {
    wcl_object_id *ids;
    size_t count, capacity;
};

/* Adds the id that a record's name says; an empty record is one that an earlier version lost. */
static wcl_status add_id(void *context, int folder, const char *name, wcl_error *error)
{
    struct id_list *list = context;
    struct stat status;

    if (strlen(name) != 41 || strcmp(name + 36, ".json") != 0)
        return WCL_OK;
    if (fstatat(folder, name, &status, 0) != 0)
        return errno == ENOENT ? WCL_OK : wcl_fail_errno(error, errno, "cannot look at %s", name);
    if (status.st_size == 0)
        return WCL_OK;
    if (WCL_LIST_RESERVE(list->ids, list->count, list->capacity, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(list->ids[list->count++], sizeof(*list->ids), "%.36s", name);
    return WCL_OK;
}

static wcl_status list_folder(const char *path, wcl_object_id **ids, size_t *count,
                              wcl_error *error)
{
    struct id_list list = { NULL, 0, 0 };

    *ids = NULL;
    *count = 0;
    if (wcl_listing_each(AT_FDCWD, path, add_id, &list, error) != WCL_OK) {
        free(list.ids);
        return wcl_error_context(error, NULL, path);
    }
    if (list.count)
        qsort(list.ids, list.count, sizeof(*list.ids), compare_ids);
    *ids = list.ids;
    *count = list.count;
    return WCL_OK;
}

wcl_status wcl_hns_store_list(wcl_service *service, const char *kind, wcl_object_id **ids,
                              size_t *count, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "%s/%s", service->state_dir, kind) != WCL_OK)
        return WCL_FAILED;
    return list_folder(wcl_buffer_text(&path), ids, count, error);
}

wcl_status wcl_hns_store_list_attached(wcl_service *service, wcl_object_id **ids, size_t *count,
                                       wcl_error *error)
{
    return list_folder(service->attached_dir, ids, count, error);
}

void wcl_network_list_clear(wcl_network_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        wcl_network_record_free(list->records[i]);
    free(list->records);
    *list = (wcl_network_list) { NULL, 0 };
}

wcl_status wcl_hns_store_load_networks(wcl_service *service, wcl_network_list *list,
                                       wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    size_t count;

    if (wcl_hns_store_list(service, "networks", &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    list->records = calloc(count + 1, sizeof(wcl_network_record *));
    if (!list->records)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (wcl_hns_store_load_network(service, ids[i], &list->records[i], error) != WCL_OK)
            return WCL_FAILED;
        list->count++;
    }
    return WCL_OK;
}
