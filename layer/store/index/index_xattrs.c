/* Extended attributes of the index: those of Linux entries, and the index's own. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/store/index/index_private.h"
#include "layer/store/index/xattr_check.h"
#include "layer/tar/xattr_record.h"

/* More than a file of a sensible layer has, and few enough for the quadratic search for doubles. */
#define XATTRS_MAX 256

/* Attributes with memory of their own. */
typedef struct xattr_list {
    wcl_xattr items[XATTRS_MAX];
    char *names[XATTRS_MAX];
    void *values[XATTRS_MAX];
    size_t count;
} xattr_list;

static void list_free(xattr_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
        free(list->values[i]);
    }
    free(list);
}

static void list_cleanup(xattr_list **list)
{
    if (*list)
        list_free(*list);
}

/* Sets one; the last of a name wins, as when a tar is unpacked. Takes name and value over. */
static wcl_status list_set(xattr_list *list, char *name, void *value, size_t size, wcl_error *error)
{
    size_t at = 0;

    while (name && at < list->count && strcmp(list->names[at], name) != 0)
        at++;
    if (!name || !value || at == XATTRS_MAX) {
        free(name);
        free(value);
        return at == XATTRS_MAX ? wcl_fail(error, WCL_CODE_INVALID_DATA,
                                           "it has more than %d extended attributes", XATTRS_MAX)
                                : wcl_fail_memory(error);
    }
    if (at < list->count) {
        free(list->names[at]);
        free(list->values[at]);
    } else {
        list->count++;
    }
    list->names[at] = name;
    list->values[at] = value;
    list->items[at] = (wcl_xattr) { name, value, size };
    return WCL_OK;
}

static void *copy_bytes(const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

/* What would act on the mount, or pass for the index's own, does not come in from a tar. */
static bool is_forbidden(const char *name)
{
    return strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "trusted.wcl.", 12) == 0;
}

/* Whether Linux has a place for one of the name. Of other systems' names nothing is to be seen in a
 * mount, as when a tar with them is unpacked on Linux. */
static bool is_known(const char *name)
{
    const char *suffix;
    uint8_t number;

    return wcl_xattr_split(name, &number, &suffix);
}

static wcl_status take_record(xattr_list *list, const wcl_pax_record *record, const char *prefix,
                              uint32_t type, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer value = WCL_BUFFER_INIT;

    if (wcl_xattr_record_name(record, prefix, &name, error) != WCL_OK)
        return WCL_FAILED;
    if (is_forbidden(wcl_buffer_text(&name)) || !is_known(wcl_buffer_text(&name)))
        return WCL_OK;
    if (wcl_xattr_record_value(record, prefix, &value, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_xattr_is_possible(wcl_buffer_text(&name), value.data, value.size, type))
        return WCL_OK;
    return list_set(list, strdup(wcl_buffer_text(&name)), copy_bytes(value.data, value.size),
                    value.size, error);
}

wcl_status wcl_index_linux_xattrs(wcl_index *index, const wcl_tar_entry *entry, wcl_node node,
                                  wcl_error *error)
{
    __attribute__((cleanup(list_cleanup))) xattr_list *list = NULL;
    const char *prefix = wcl_xattr_records_prefix(entry->records);
    const uint32_t type = wcl_tree_type(index->tree, node);

    if (prefix && !(list = calloc(1, sizeof(*list))))
        return wcl_fail_memory(error);
    for (size_t i = 0; prefix && i < entry->records->count; i++)
        if (wcl_xattr_record_is(&entry->records->items[i], prefix) &&
            take_record(list, &entry->records->items[i], prefix, type, error) != WCL_OK)
            return WCL_FAILED;
    /* A folder that stands for an earlier one of the same path loses what that had. */
    return wcl_tree_set_xattrs(index->tree, node, list ? list->items : NULL, list ? list->count : 0,
                               NULL, 0, error);
}

/* What many files have the same of is kept once; what is a file's own stays with it. */
static bool is_own(const char *name)
{
    return strncmp(name, "trusted.wcl.", 12) == 0 && strcmp(name, WCL_XATTR_SD) != 0 &&
           strcmp(name, WCL_XATTR_IMPLICIT) != 0;
}

wcl_status wcl_index_set_xattr(wcl_erofs_tree *tree, wcl_node node, const char *name,
                               const void *value, size_t size, wcl_error *error)
{
    __attribute__((cleanup(list_cleanup))) xattr_list *list = calloc(1, sizeof(*list));
    wcl_xattr xattr, own[XATTRS_MAX];
    size_t shared_count = 0, own_count = 0;

    if (!list)
        return wcl_fail_memory(error);
    for (size_t i = 0; wcl_tree_xattr(tree, node, i, &xattr); i++)
        if (list_set(list, strdup(xattr.name), copy_bytes(xattr.value, xattr.size), xattr.size,
                     error) != WCL_OK)
            return WCL_FAILED;
    if (list_set(list, strdup(name), copy_bytes(value, size), size, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < list->count; i++) {
        if (is_own(list->names[i]))
            own[own_count++] = list->items[i];
        else
            list->items[shared_count++] = list->items[i];
    }
    return wcl_tree_set_xattrs(tree, node, list->items, shared_count, own, own_count, error);
}
