/* Bringing the kernel to what is on disk. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/hooks.h"
#include "base/listing.h"
#include "hns/linux/file.h"
#include "hns/linux/service.h"

/* All that is on disk, understood. */
struct inventory {
    wcl_network_list networks;
    wcl_endpoint_record **endpoints;
    size_t endpoint_count;
};

static void clear_inventory(struct inventory *inventory)
{
    wcl_network_list_clear(&inventory->networks);
    for (size_t i = 0; i < inventory->endpoint_count; i++)
        wcl_endpoint_record_free(inventory->endpoints[i]);
    free(inventory->endpoints);
}
#define CLEANUP_INVENTORY __attribute__((cleanup(clear_inventory)))

static const wcl_network_record *network_of(const struct inventory *inventory,
                                            const wcl_endpoint_record *endpoint)
{
    for (size_t i = 0; i < inventory->networks.count; i++)
        if (strcmp(inventory->networks.records[i]->object->id, endpoint->object->virtual_network) ==
            0)
            return inventory->networks.records[i];
    return NULL;
}

/* Says through the caller's log what cannot be brought back, keeps the first as the error. */
static void note(wcl_service *service, const wcl_error *problem, const char *subject,
                 wcl_error *first, bool *failed)
{
    wcl_error named = *problem;
    char text[1400];

    wcl_error_context(&named, "restore", subject);
    if (wcl_hooks_can_log(&service->hooks)) {
        wcl_error_format(&named, text, sizeof(text));
        wcl_hooks_log(&service->hooks, WCL_LOG_WARNING, text);
    }
    if (!*failed && first)
        *first = named;
    *failed = true;
}

static wcl_status restore_load(wcl_service *service, struct inventory *inventory, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    size_t count;

    if (wcl_hns_store_load_networks(service, &inventory->networks, error) != WCL_OK ||
        wcl_hns_store_list(service, "endpoints", &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    inventory->endpoints = calloc(count + 1, sizeof(*inventory->endpoints));
    if (!inventory->endpoints)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        wcl_endpoint_record **place = &inventory->endpoints[inventory->endpoint_count];
        inventory->endpoint_count++;
        if (wcl_hns_store_load_endpoint(service, ids[i], place, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Removes what a write that was cut short, by a kill or by a power cut, left in a folder. */
static wcl_status remove_unfinished(void *context, int folder, const char *name, wcl_error *error)
{
    size_t length = strlen(name);
    const char *end = name + (length > 5 ? length - 5 : 0);
    struct stat status;

    (void)context, (void)error;
    bool empty =
        strcmp(end, ".json") == 0 && fstatat(folder, name, &status, 0) == 0 && status.st_size == 0;
    if (empty || (length >= 4 && strcmp(name + length - 4, WCL_DURABLE_UNFINISHED) == 0))
        unlinkat(folder, name, 0);
    return WCL_OK;
}

static wcl_status remove_all_unfinished(wcl_service *service, wcl_error *error)
{
    static const char *const folders[] = { "", "/networks", "/endpoints" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
        if (wcl_buffer_printf(&path, error, "%s%s", service->state_dir, folders[i]) != WCL_OK)
            return WCL_FAILED;
        /* Those that cannot be listed are for the next restore to remove. */
        wcl_listing_each(AT_FDCWD, wcl_buffer_text(&path), remove_unfinished, NULL, NULL);
    }
    wcl_listing_each(AT_FDCWD, service->attached_dir, remove_unfinished, NULL, NULL);
    return WCL_OK;
}

static bool is_attached(const struct inventory *inventory, const char *id)
{
    for (size_t i = 0; i < inventory->endpoint_count; i++)
        if (inventory->endpoints[i]->attachment.kind &&
            strcmp(inventory->endpoints[i]->object->id, id) == 0)
            return true;
    return false;
}

/* Detaches what was attached to namespaces that are gone, and drops records of endpoints that are.
 */
static wcl_status settle_attachments(wcl_service *service, struct inventory *inventory,
                                     wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_object_id *ids = NULL;
    size_t count;
    int descriptor;

    for (size_t i = 0; i < inventory->endpoint_count; i++) {
        wcl_endpoint_record *endpoint = inventory->endpoints[i];
        if (!endpoint->attachment.kind)
            continue;
        wcl_status status = wcl_attachment_open(endpoint, &descriptor, error);
        if (status == WCL_FAILED)
            return WCL_FAILED;
        if (status == WCL_END)
            endpoint->attachment.kind = WCL_ATTACHED_NOWHERE;
        else if (descriptor >= 0)
            close(descriptor);
    }
    if (wcl_hns_store_list_attached(service, &ids, &count, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++)
        if (!is_attached(inventory, ids[i]) &&
            wcl_hns_store_remove_attachment(service, ids[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status drop_compartment(void *service, int folder, const char *name, wcl_error *error)
{
    char *end;
    unsigned long id = strtoul(name, &end, 10);

    (void)folder;
    return name[0] == '.' || *end || id > UINT32_MAX
               ? WCL_OK
               : wcl_namespace_drop_compartment(service, (uint32_t)id, error);
}

/* Removes the namespaces of compartments that nothing is attached to. */
static wcl_status settle_compartments(wcl_service *service, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "%s/compartments", service->run_dir) != WCL_OK)
        return WCL_FAILED;
    return wcl_listing_each(AT_FDCWD, wcl_buffer_text(&path), drop_compartment, service, error);
}

static wcl_status restore_claims(wcl_service *service, const struct inventory *inventory,
                                 wcl_error *error)
{
    if (wcl_claim_reset(service, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < inventory->endpoint_count; i++)
        if (wcl_claim_all(service, inventory->endpoints[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status restore_endpoint(wcl_service *service, const wcl_network_record *network,
                                   const wcl_endpoint_record *endpoint, wcl_error *error)
{
    const wcl_kernel_ops *ops = service->kernel->ops;
    int descriptor = -1;
    bool is_up = false;

    if (endpoint->object->is_remote_endpoint)
        return ops->endpoint_up(service->kernel, network, endpoint, -1, error);
    if (!endpoint->attachment.kind)
        return WCL_OK;
    if (ops->endpoint_is_up(service->kernel, endpoint, &is_up, error) != WCL_OK)
        return WCL_FAILED;
    if (is_up)
        return ops->endpoint_change(service->kernel, network, NULL, endpoint, error);
    wcl_status status = wcl_attachment_open(endpoint, &descriptor, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "its network namespace is gone");
    if (status != WCL_OK)
        return WCL_FAILED;
    status = ops->endpoint_down(service->kernel, network, endpoint, error);
    if (status == WCL_OK)
        status = ops->endpoint_up(service->kernel, network, endpoint, descriptor, error);
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

/* Goes on after a failure, so that one adapter that is gone does not keep all else down. */
static wcl_status restore_kernel(wcl_service *service, struct inventory *inventory,
                                 wcl_error *error)
{
    const wcl_kernel_ops *ops = service->kernel->ops;
    bool failed = false;
    size_t up = 0;

    if (ops->sweep(service->kernel, inventory->networks.records, inventory->networks.count,
                   inventory->endpoints, inventory->endpoint_count, error) != WCL_OK ||
        wcl_networks_set_forwarding(service, &inventory->networks, NULL, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < inventory->networks.count; i++) {
        const wcl_network_record *network = inventory->networks.records[i];
        wcl_error problem = WCL_ERROR_INIT;
        if (ops->network_up(service->kernel, network, up, &problem) == WCL_OK)
            up++;
        else
            note(service, &problem, network->object->name, error, &failed);
    }
    for (size_t i = 0; i < inventory->endpoint_count; i++) {
        wcl_endpoint_record *endpoint = inventory->endpoints[i];
        wcl_error problem = WCL_ERROR_INIT;
        if (restore_endpoint(service, network_of(inventory, endpoint), endpoint, &problem) !=
            WCL_OK)
            note(service, &problem, endpoint->object->id, error, &failed);
    }
    return failed ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_service_restore(wcl_service *service, bool restarted, wcl_error *error)
{
    CLEANUP_INVENTORY struct inventory inventory = { { NULL, 0 }, NULL, 0 };
    WCL_CLEANUP_BUFFER wcl_buffer memory = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&memory, error, "%s/forwarding.json", service->state_dir) != WCL_OK)
        return WCL_FAILED;
    /* What the settings were before the restart is of no use after it. */
    if (restarted && wcl_file_remove(wcl_buffer_text(&memory), error) == WCL_FAILED)
        return WCL_FAILED;
    if (remove_all_unfinished(service, error) != WCL_OK ||
        restore_load(service, &inventory, error) != WCL_OK ||
        settle_attachments(service, &inventory, error) != WCL_OK ||
        settle_compartments(service, error) != WCL_OK ||
        restore_claims(service, &inventory, error) != WCL_OK)
        return WCL_FAILED;
    return restore_kernel(service, &inventory, error);
}
