/* The provider of Windows itself: layers kept and mounted by vmcompute.dll. */
#include "layer/provider.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/vmcompute/ask.h"
#include "layer/vmcompute/chain.h"
#include "layer/vmcompute/import_tar.h"
#include "layer/vmcompute/open.h"
#include "layer/vmcompute/target.h"

/* ---- Creating and removing ------------------------------------------------------------------- */

/* Writes the chain of a layer that was just made; one that cannot have it is removed again. */
static wcl_status keep_chain(const wcl_driver *driver, const char *id, const wcl_vm_chain *chain,
                             wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);

    if (wcl_vm_chain_write(driver, id, chain, error) == WCL_OK)
        return WCL_OK;
    wcl_vm_destroy_layer(&info, id, NULL);
    return WCL_FAILED;
}

/* The chain of a layer whose nearest parent is `parent` (NULL: the first of `parents`). */
static wcl_status chain_on(const wcl_driver *driver, const char *parent, wcl_parents parents,
                           wcl_vm_chain *chain, wcl_error *error)
{
    if (parents.count == 0 && parent)
        parents = (wcl_parents) { &parent, 1 };
    return wcl_vm_chain_of(driver, parents, chain, error);
}

static wcl_status vmcompute_provider_create(const wcl_driver *driver, const char *id,
                                            const char *parent, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (chain_on(driver, parent, (wcl_parents) { NULL, 0 }, &chain, error) != WCL_OK ||
        wcl_vm_create_layer(&info, id, parent ? wcl_vm_layer_id(parent) : "", error) != WCL_OK)
        return WCL_FAILED;
    return keep_chain(driver, id, &chain, error);
}

static wcl_status create_sandbox(const wcl_driver *driver, const char *id, const char *parent,
                                 wcl_parents parents, uint64_t size, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (chain_on(driver, parent, parents, &chain, error) != WCL_OK)
        return WCL_FAILED;
    if (chain.count == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a sandbox needs a parent layer");
    const char *nearest = wcl_vm_layer_id(parent ? parent : chain.paths[0]);
    if (wcl_vm_create_sandbox_layer(&info, id, nearest, wcl_vm_chain_parents(&chain), error) !=
        WCL_OK)
        return WCL_FAILED;
    if (size && wcl_vm_expand_sandbox_size(&info, id, size, error) != WCL_OK) {
        wcl_vm_destroy_layer(&info, id, NULL);
        return WCL_FAILED;
    }
    return keep_chain(driver, id, &chain, error);
}

static wcl_status destroy(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_destroy_layer(&info, id, error);
}

static wcl_status vmcompute_provider_exists(const wcl_driver *driver, const char *id, bool *answer,
                                            wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_layer_exists(&info, id, answer, error);
}

/* ---- Mounting -------------------------------------------------------------------------------- */

static wcl_status activate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_activate_layer(&info, id, error);
}

static wcl_status deactivate(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_deactivate_layer(&info, id, error);
}

static wcl_status vmcompute_provider_prepare(const wcl_driver *driver, const char *id,
                                             wcl_parents parents, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (wcl_vm_chain_of_layer(driver, id, parents, &chain, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_vm_prepare_layer(&info, id, wcl_vm_chain_parents(&chain), error);
}

static wcl_status unprepare(const wcl_driver *driver, const char *id, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_unprepare_layer(&info, id, error);
}

static wcl_status mount_path(const wcl_driver *driver, const char *id, char **path,
                             wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_layer_mount_path(&info, id, path, error);
}

static wcl_status expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                 wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    return wcl_vm_expand_sandbox_size(&info, id, size, error);
}

/* ---- Reading and writing --------------------------------------------------------------------- */

static wcl_status reader_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_reader **reader, wcl_error *error)
{
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (wcl_vm_chain_of_layer(driver, id, parents, &chain, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_vm_has_export() ? wcl_vm_filter_reader_open(driver, id, &chain, reader, error)
                               : wcl_vm_transport_reader_open(driver, id, &chain, reader, error);
}

wcl_status wcl_vm_writer_open(const wcl_driver *driver, const char *id, wcl_parents parents,
                              wcl_layer_writer **writer, wcl_error *error)
{
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;
    wcl_vm_target layer = WCL_VM_TARGET_INIT;

    wcl_status status = wcl_vm_chain_of(driver, parents, &chain, error);
    if (status == WCL_OK)
        status = wcl_vm_target_init(&layer, driver, id, &chain, error);
    if (status == WCL_OK)
        status = layer.chain.count == 0 ? wcl_vm_base_writer_open(&layer, writer, error)
                 : wcl_vm_has_import()  ? wcl_vm_filter_writer_open(&layer, writer, error)
                                        : wcl_vm_transport_writer_open(&layer, writer, error);
    wcl_vm_target_free(&layer);
    return status;
}

static wcl_status export_folder(const wcl_driver *driver, const char *id, const char *folder,
                                wcl_parents parents, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (wcl_vm_chain_of_layer(driver, id, parents, &chain, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_vm_export_layer(&info, id, folder, wcl_vm_chain_parents(&chain), error);
}

static wcl_status import_folder(const wcl_driver *driver, const char *id, const char *folder,
                                wcl_parents parents, wcl_error *error)
{
    const wcl_vm_driver info = wcl_vm_driver_of(driver);
    WCL_CLEANUP_VM_CHAIN wcl_vm_chain chain = WCL_VM_CHAIN_INIT;

    if (wcl_vm_chain_of(driver, parents, &chain, error) != WCL_OK ||
        wcl_vm_import_layer(&info, id, folder, wcl_vm_chain_parents(&chain), error) != WCL_OK)
        return WCL_FAILED;
    return keep_chain(driver, id, &chain, error);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static wcl_status shared_base_images(const wcl_driver *driver, char **json, wcl_error *error)
{
    (void)driver;
    return wcl_vm_base_images(json, error);
}

static bool is_tp4(void)
{
    return !wcl_vm_has_hns_call();
}

const wcl_layer_provider wcl_vmcompute_provider = {
    .name = "vmcompute",
    .create = vmcompute_provider_create,
    .create_sandbox = create_sandbox,
    .activate = activate,
    .deactivate = deactivate,
    .prepare = vmcompute_provider_prepare,
    .unprepare = unprepare,
    .mount_path = mount_path,
    .destroy = destroy,
    .exists = vmcompute_provider_exists,
    .expand_sandbox = expand_sandbox,
    .reader_open = reader_open,
    .writer_open = wcl_vm_writer_open,
    .export_folder = export_folder,
    .import_folder = import_folder,
    .import_tar = wcl_vm_import_tar,
    .process_base = wcl_vm_process_base_image,
    .process_utility_vm = wcl_vm_process_utility_image,
    .shared_base_images = shared_base_images,
    .get_info = wcl_vm_get_info,
    .list = wcl_vm_list,
    .name_to_guid = wcl_vm_name_to_guid,
    .is_tp4 = is_tp4,
};
