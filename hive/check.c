/* Going through all of a hive once, which proves that its keys make a tree and that no cell has two
 * owners: what is read later is bounded by its size. */
#include <stdlib.h>
#include <string.h>

#include "hive/hive_internal.h"

#define KEYS_PER_REPORT 4096u

typedef struct checking {
    wcl_hive *hive;
    wcl_hive_claims claims;
    wcl_hive_claims descriptors; /* those seen: they may have many owners */
    const wcl_hooks *hooks;
    wcl_error *error;
} checking;

static wcl_status check_bins(checking *check)
{
    const wcl_hive *hive = check->hive;

    for (uint64_t at = 0; at < hive->bins_size;) {
        const uint8_t *bin = hive->bins + at;
        uint64_t size = wcl_load_le32(bin + 8);
        if (wcl_load_le32(bin) != REGF_BIN_MAGIC || wcl_load_le32(bin + 4) != at || !size ||
            size % REGF_BIN_ALIGN || size > hive->bins_size - at)
            return wcl_hive_fail((uint32_t)at, check->error, "no valid bin begins");
        wcl_hive_claim_range(&check->claims, at, REGF_BIN_HEADER);
        at += size;
    }
    return WCL_OK;
}

static wcl_status check_value(checking *check, uint32_t offset)
{
    wcl_buffer none = WCL_BUFFER_INIT;
    const uint8_t *data;
    wcl_hive_vk vk;

    if (wcl_hive_vk_get(check->hive, offset, &vk, check->error) != WCL_OK ||
        wcl_hive_claim(&check->claims, &vk.cell, check->error) != WCL_OK)
        return WCL_FAILED;
    check->hive->info.value_count++;
    if (vk.is_tombstone)
        return WCL_OK;
    return wcl_hive_vk_data(check->hive, &vk, &none, &data, &check->claims, check->error);
}

static wcl_status check_values(checking *check, const wcl_hive_node *node)
{
    wcl_hive_cell list;

    if (!node->value_count)
        return WCL_OK;
    if (wcl_hive_node_values(check->hive, node, &list, check->error) != WCL_OK ||
        wcl_hive_claim(&check->claims, &list, check->error) != WCL_OK)
        return WCL_FAILED;
    for (uint32_t i = 0; i < node->value_count; i++)
        if (check_value(check, wcl_load_le32(list.data + 4 * (size_t)i)) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status check_security(checking *check, const wcl_hive_node *node)
{
    wcl_hive_cell descriptor, cell;

    if (wcl_hive_node_security(check->hive, node, &descriptor, check->error) != WCL_OK)
        return WCL_FAILED;
    if (!descriptor.data || !wcl_hive_claim_range(&check->descriptors, node->security, 8))
        return WCL_OK;
    if (wcl_hive_cell_get(check->hive, node->security, "sk", SK_DATA, &cell, check->error) !=
        WCL_OK)
        return WCL_FAILED;
    return wcl_hive_claim(&check->claims, &cell, check->error);
}

static wcl_status check_node(checking *check, const wcl_hive_node *node)
{
    wcl_hive_cell cell, class_cell;

    if (wcl_hive_cell_get(check->hive, node->offset, "nk", NK_NAME, &cell, check->error) !=
            WCL_OK ||
        wcl_hive_claim(&check->claims, &cell, check->error) != WCL_OK ||
        wcl_hive_node_class(check->hive, node, &class_cell, check->error) != WCL_OK ||
        (class_cell.data && wcl_hive_claim(&check->claims, &class_cell, check->error) != WCL_OK) ||
        check_security(check, node) != WCL_OK)
        return WCL_FAILED;
    return check_values(check, node);
}

static wcl_status report(const checking *check)
{
    const wcl_hive_info *info = &check->hive->info;
    const wcl_progress progress = { .operation = "read a hive", .entries = info->key_count };

    return info->key_count % KEYS_PER_REPORT
               ? WCL_OK
               : wcl_hooks_report(check->hooks, &progress, check->error);
}

static wcl_status name_key(checking *check, const wcl_hive_node *node)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;

    if (check->error && check->error->code == WCL_CODE_CORRUPT && !check->error->subject[0] &&
        wcl_hive_name_append(&node->name, &name, NULL) == WCL_OK)
        wcl_error_context(check->error, NULL, wcl_buffer_text(&name));
    return WCL_FAILED;
}

static wcl_status check_place(checking *check, const wcl_hive_node *node, uint32_t parent,
                              unsigned depth)
{
    if (depth > WCL_HIVE_MAX_DEPTH)
        return wcl_hive_fail(node->offset, check->error, "a key lies deeper than %u",
                             WCL_HIVE_MAX_DEPTH);
    if (depth && node->parent != parent)
        return wcl_hive_fail(node->offset, check->error,
                             "a key is listed by another than its parent");
    if (node->subkey_count > check->hive->bins_size / NK_NAME)
        return wcl_hive_fail(node->offset, check->error, "a key says that it has %u subkeys",
                             node->subkey_count);
    return check_node(check, node);
}

static wcl_status check_key(checking *check, uint32_t offset, uint32_t parent, unsigned depth)
{
    WCL_CLEANUP_FREE uint32_t *offsets = NULL;
    wcl_hive_node node;

    check->hive->info.key_count++;
    if (report(check) != WCL_OK ||
        wcl_hive_node_get(check->hive, offset, &node, check->error) != WCL_OK)
        return WCL_FAILED;
    if (check_place(check, &node, parent, depth) != WCL_OK)
        return name_key(check, &node);
    if (!node.subkey_count)
        return WCL_OK;
    offsets = malloc((size_t)node.subkey_count * sizeof(*offsets));
    if (!offsets)
        return wcl_fail_memory(check->error);
    if (wcl_hive_node_subkeys(check->hive, &node, offsets, &check->claims, check->error) != WCL_OK)
        return name_key(check, &node);
    for (uint32_t i = 0; i < node.subkey_count; i++)
        if (check_key(check, offsets[i], offset, depth + 1) != WCL_OK)
            return name_key(check, &node);
    return WCL_OK;
}

wcl_status wcl_hive_check(wcl_hive *hive, const wcl_hooks *hooks, wcl_error *error)
{
    wcl_error own = WCL_ERROR_INIT;
    checking check = { .hive = hive, .hooks = hooks, .error = &own };
    size_t bytes = (size_t)(hive->bins_size / 64 + 1);

    check.claims.taken = calloc(1, bytes);
    check.descriptors.taken = calloc(1, bytes);
    wcl_status status =
        check.claims.taken && check.descriptors.taken ? WCL_OK : wcl_fail_memory(&own);
    if (status == WCL_OK)
        status = check_bins(&check);
    if (status == WCL_OK)
        status = check_key(&check, hive->root, REGF_NONE, 0);
    free(check.claims.taken);
    free(check.descriptors.taken);
    return status == WCL_OK ? WCL_OK : wcl_error_pass(error, &own);
}
