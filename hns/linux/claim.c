/* Who has which address, MAC and port: symbolic links that name their owner. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/listing.h"
#include "hns/linux/file.h"
#include "hns/linux/service.h"

static bool read_owner(const char *path, char owner[37])
{
    ssize_t size = readlink(path, owner, 36);

    if (size < 0)
        return false;
    owner[size] = '\0';
    return true;
}

wcl_status wcl_claim(wcl_service *service, const char *folder, const char *name, const char *owner,
                     wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    char holder[37];

    if (wcl_buffer_printf(&path, error, "%s/%s/%s", service->claims_dir, folder, name) != WCL_OK)
        return WCL_FAILED;
    while (symlink(owner, wcl_buffer_text(&path)) != 0) {
        if (errno == ENOENT) {
            WCL_CLEANUP_BUFFER wcl_buffer parent = WCL_BUFFER_INIT;
            if (wcl_buffer_printf(&parent, error, "%s/%s", service->claims_dir, folder) != WCL_OK ||
                wcl_folder_make(wcl_buffer_text(&parent), error) != WCL_OK)
                return WCL_FAILED;
            continue;
        }
        if (errno != EEXIST)
            return wcl_fail_errno(error, errno, "cannot create %s", wcl_buffer_text(&path));
        if (read_owner(wcl_buffer_text(&path), holder)) {
            if (strcmp(holder, owner) == 0)
                return WCL_OK;
            if (wcl_hns_store_has_endpoint(service, holder))
                return WCL_END;
        }
        if (wcl_file_remove(wcl_buffer_text(&path), error) == WCL_FAILED)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- All claims of an endpoint, gone through by claiming and releasing ------------------------
 */

/* Something to be done with a claim, which `what` says for people. */
typedef wcl_status claim_visit(wcl_service *service, const char *folder, const char *name,
                               const char *owner, const char *what, wcl_error *error);

static wcl_status claim_or_fail(wcl_service *service, const char *folder, const char *name,
                                const char *owner, const char *what, wcl_error *error)
{
    wcl_status status = wcl_claim(service, folder, name, owner, error);

    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "The object already exists: another endpoint has the %s", what);
    return status;
}

/* Removes a claim if it is the owner's. */
static wcl_status release(wcl_service *service, const char *folder, const char *name,
                          const char *owner, const char *what, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    char holder[37];

    (void)what, (void)error;
    if (wcl_buffer_printf(&path, NULL, "%s/%s/%s", service->claims_dir, folder, name) == WCL_OK &&
        read_owner(wcl_buffer_text(&path), holder) && strcmp(holder, owner) == 0)
        unlink(wcl_buffer_text(&path));
    return WCL_OK;
}

static bool is_same_port(const wcl_hns_policy *one, const wcl_hns_policy *other)
{
    return one->type == WCL_HNS_POLICY_NAT && other->type == WCL_HNS_POLICY_NAT &&
           one->nat.external_port == other->nat.external_port &&
           strcmp(wcl_nat_protocol(&one->nat), wcl_nat_protocol(&other->nat)) == 0;
}

static bool has_port(const wcl_hns_policy *policies, size_t count, const wcl_hns_policy *port)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_port(&policies[i], port))
            return true;
    return false;
}

/* All ports but those that `but` (NULL: nobody) has too. */
static wcl_status each_port(wcl_service *service, const wcl_hns_endpoint *object,
                            const wcl_hns_endpoint *but, claim_visit *visit, wcl_error *error)
{
    char name[32], what[64];

    for (size_t i = 0; i < object->policy_count; i++) {
        const wcl_hns_policy *policy = &object->policies[i];
        if (policy->type != WCL_HNS_POLICY_NAT ||
            (but && has_port(but->policies, but->policy_count, policy)))
            continue;
        const char *protocol = wcl_nat_protocol(&policy->nat);
        snprintf(name, sizeof(name), "%s-%u", protocol, policy->nat.external_port);
        snprintf(what, sizeof(what), "port %u (%s) of the host", policy->nat.external_port,
                 protocol);
        if (visit(service, "ports", name, object->id, what, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status each_claim(wcl_service *service, const wcl_endpoint_record *endpoint,
                             claim_visit *visit, wcl_error *error)
{
    const wcl_hns_endpoint *object = endpoint->object;
    const char *network = object->virtual_network;
    char name[96], what[80], ip[WCL_IP_TEXT_SIZE];

    snprintf(name, sizeof(name), "endpoint-%s", object->id);
    if (visit(service, network, name, object->id, "id", error) != WCL_OK)
        return WCL_FAILED;
    snprintf(name, sizeof(name), "mac-%012" PRIx64, wcl_mac_to_number(&endpoint->mac));
    snprintf(what, sizeof(what), "MAC %.20s", object->mac_address);
    if (visit(service, network, name, object->id, what, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < endpoint->address_count; i++) {
        wcl_ip_format(&endpoint->addresses[i].ip, ip);
        snprintf(name, sizeof(name), "ip-%s", ip);
        snprintf(what, sizeof(what), "address %s", ip);
        if (visit(service, network, name, object->id, what, error) != WCL_OK)
            return WCL_FAILED;
    }
    return each_port(service, object, NULL, visit, error);
}

static wcl_status check_ports(const wcl_hns_endpoint *object, wcl_error *error)
{
    for (size_t i = 0; i < object->policy_count; i++)
        if (has_port(object->policies, i, &object->policies[i]))
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "two NAT policies map the same port %u of the host",
                            object->policies[i].nat.external_port);
    return WCL_OK;
}

wcl_status wcl_claim_all(wcl_service *service, const wcl_endpoint_record *endpoint,
                         wcl_error *error)
{
    if (check_ports(endpoint->object, error) == WCL_OK &&
        each_claim(service, endpoint, claim_or_fail, error) == WCL_OK)
        return WCL_OK;
    wcl_claim_release(service, endpoint);
    return WCL_FAILED;
}

void wcl_claim_release_ports(wcl_service *service, const wcl_endpoint_record *before,
                             const wcl_endpoint_record *after)
{
    each_port(service, before->object, after->object, release, NULL);
}

void wcl_claim_release(wcl_service *service, const wcl_endpoint_record *endpoint)
{
    each_claim(service, endpoint, release, NULL);
}

/* ---- Claims of a network, and all -------------------------------------------------------------
 */

struct clearing {
    wcl_service *service;
    const char *path;
    char *holder; /* NULL: claims go whoever has them */
    bool is_held;
};

/* Removes a claim; WCL_END where it is one of an endpoint that is there, whose `holder` is. */
static wcl_status clear_claim(void *context, int folder, const char *name, wcl_error *error)
{
    struct clearing *clearing = context;
    WCL_CLEANUP_BUFFER wcl_buffer claim = WCL_BUFFER_INIT;
    char owner[37];

    if (name[0] == '.')
        return WCL_OK;
    if (wcl_buffer_printf(&claim, error, "%s/%s", clearing->path, name) != WCL_OK)
        return WCL_FAILED;
    if (clearing->holder && read_owner(wcl_buffer_text(&claim), owner) &&
        wcl_hns_store_has_endpoint(clearing->service, owner)) {
        memcpy(clearing->holder, owner, sizeof(owner));
        clearing->is_held = true;
        return WCL_END;
    }
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot remove %s", wcl_buffer_text(&claim));
}

/* Removes the claims in a folder, and the folder; WCL_END as above. */
static wcl_status clear_folder(wcl_service *service, const char *path, char *holder,
                               wcl_error *error)
{
    struct clearing clearing = { service, path, holder, false };

    if (wcl_listing_each(AT_FDCWD, path, clear_claim, &clearing, error) != WCL_OK)
        return WCL_FAILED;
    if (!clearing.is_held)
        rmdir(path);
    return clearing.is_held ? WCL_END : WCL_OK;
}

wcl_status wcl_claim_check_empty(wcl_service *service, const wcl_network_record *network,
                                 wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    char holder[37];

    if (wcl_buffer_printf(&path, error, "%s/%s", service->claims_dir, network->object->id) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_status status = clear_folder(service, wcl_buffer_text(&path), holder, error);
    if (status != WCL_END)
        return status;
    return wcl_fail(error, WCL_CODE_BUSY,
                    "The network has endpoints, %s among them; remove them first", holder);
}

static wcl_status clear_any(void *context, int folder, const char *name, wcl_error *error)
{
    wcl_service *service = context;
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    (void)folder;
    if (name[0] == '.')
        return WCL_OK;
    if (wcl_buffer_printf(&path, error, "%s/%s", service->claims_dir, name) != WCL_OK)
        return WCL_FAILED;
    return clear_folder(service, wcl_buffer_text(&path), NULL, error);
}

wcl_status wcl_claim_reset(wcl_service *service, wcl_error *error)
{
    if (wcl_listing_each(AT_FDCWD, service->claims_dir, clear_any, service, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_folder_make(service->claims_dir, error);
}
