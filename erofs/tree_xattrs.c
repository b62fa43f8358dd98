/* The extended attributes of a tree's nodes: shared ones as sets that are kept once, own ones
 * packed with the node. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "erofs/tree_private.h"

#define MAX_SHARED 255u
#define MAX_OWN_BYTES (200u * 1024)

static const struct {
    const char *text;
    uint8_t index;
    bool whole; /* the name has nothing behind the prefix */
} prefixes[] = {
    { "user.", 1, false },
    { "system.posix_acl_access", 2, true },
    { "system.posix_acl_default", 3, true },
    { "trusted.", 4, false },
    { "security.", 6, false },
};

bool wcl_xattr_split(const char *name, uint8_t *index, const char **suffix)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i].text);
        if (strncmp(name, prefixes[i].text, length) == 0 &&
            prefixes[i].whole == (name[length] == 0)) {
            *index = prefixes[i].index;
            *suffix = name + length;
            return true;
        }
    }
    return false;
}

const char *wcl_xattr_prefix(uint8_t index)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (prefixes[i].index == index)
            return prefixes[i].text;
    return NULL;
}

size_t wcl_put_number(uint8_t *to, uint32_t value)
{
    size_t size = 0;

    for (; value >= 0x80; value >>= 7)
        to[size++] = (uint8_t)(value | 0x80);
    to[size++] = (uint8_t)value;
    return size;
}

uint32_t wcl_get_number(const uint8_t **from)
{
    uint32_t value = 0;
    unsigned shift = 0;

    for (; **from & 0x80; (*from)++, shift += 7)
        value |= (uint32_t)(**from & 0x7F) << shift;
    value |= (uint32_t) * (*from)++ << shift;
    return value;
}

/* ---- Getting -------------------------------------------------------------------------------- */

static const char *name_of(const wcl_erofs_tree *tree, uint32_t number)
{
    size_t size;

    return (const char *)wcl_intern_at(&tree->xattr_names, number, &size);
}

wcl_own_xattrs wcl_tree_own_xattrs(const wcl_erofs_tree *tree, const wcl_tree_node *node)
{
    wcl_own_xattrs own = { NULL, 0 };

    if (node->own) {
        own.position = wcl_arena_at(&tree->texts, node->own);
        own.left = wcl_get_number(&own.position);
    }
    return own;
}

bool wcl_own_xattrs_next(const wcl_erofs_tree *tree, wcl_own_xattrs *own, wcl_xattr *xattr)
{
    if (!own->left)
        return false;
    own->left--;
    xattr->name = name_of(tree, wcl_get_number(&own->position));
    xattr->size = wcl_get_number(&own->position);
    xattr->value = own->position;
    own->position += xattr->size;
    return true;
}

uint32_t wcl_tree_set_count(const wcl_erofs_tree *tree, uint32_t set)
{
    size_t size;

    wcl_intern_at(&tree->xattr_sets, set, &size);
    return (uint32_t)(size / 4);
}

uint32_t wcl_tree_set_member(const wcl_erofs_tree *tree, uint32_t set, uint32_t index)
{
    size_t size;

    return wcl_load_le32(wcl_intern_at(&tree->xattr_sets, set, &size) + (size_t)index * 4);
}

void wcl_tree_shared_xattr(const wcl_erofs_tree *tree, uint32_t number, wcl_xattr *xattr)
{
    size_t size;
    const uint8_t *whole = wcl_intern_at(&tree->xattrs, number, &size);

    xattr->name = name_of(tree, wcl_load_le32(whole));
    xattr->value = whole + 4;
    xattr->size = size - 4;
}

bool wcl_tree_xattr(const wcl_erofs_tree *tree, wcl_node node, size_t index, wcl_xattr *xattr)
{
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);
    uint32_t shared = item->shared ? wcl_tree_set_count(tree, item->shared - 1) : 0;

    if (index < shared) {
        wcl_tree_shared_xattr(tree, wcl_tree_set_member(tree, item->shared - 1, (uint32_t)index),
                              xattr);
        return true;
    }
    wcl_own_xattrs own = wcl_tree_own_xattrs(tree, item);
    for (size_t i = shared; wcl_own_xattrs_next(tree, &own, xattr); i++)
        if (i == index)
            return true;
    return false;
}

bool wcl_tree_find_xattr(const wcl_erofs_tree *tree, wcl_node node, const char *name,
                         wcl_xattr *xattr)
{
    for (size_t i = 0; wcl_tree_xattr(tree, node, i, xattr); i++)
        if (strcmp(xattr->name, name) == 0)
            return true;
    return false;
}

/* ---- Setting -------------------------------------------------------------------------------- */

static wcl_status check_xattr(const wcl_xattr *xattr, wcl_error *error)
{
    const char *suffix;
    uint8_t index;

    if (!wcl_xattr_split(xattr->name, &index, &suffix))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "an index cannot hold the extended attribute \"%s\"; only user, trusted "
                        "and security ones and POSIX ACLs can be kept",
                        xattr->name);
    if (strlen(xattr->name) > 255)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the extended attribute \"%s\" has a name of over 255 bytes", xattr->name);
    if (xattr->size > WCL_EROFS_MAX_XATTR_VALUE)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the extended attribute \"%s\" has %zu bytes; an index holds 65535",
                        xattr->name, xattr->size);
    return WCL_OK;
}

static wcl_status given_twice(const char *name, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the extended attribute \"%s\" is given twice", name);
}

static wcl_status check_list(const wcl_xattr *xattrs, size_t count, wcl_error *error)
{
    if (count > MAX_SHARED)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "a file has more than %u extended attributes", MAX_SHARED);
    for (size_t i = 0; i < count; i++) {
        if (check_xattr(&xattrs[i], error) != WCL_OK)
            return WCL_FAILED;
        for (size_t j = 0; j < i; j++)
            if (strcmp(xattrs[i].name, xattrs[j].name) == 0)
                return given_twice(xattrs[i].name, error);
    }
    return WCL_OK;
}

static wcl_status intern_name(wcl_erofs_tree *tree, const char *name, uint32_t *number,
                              wcl_error *error)
{
    return wcl_intern_add(&tree->xattr_names, name, strlen(name) + 1, number, error);
}

static wcl_status intern_xattr(wcl_erofs_tree *tree, const wcl_xattr *xattr, uint32_t *number,
                               wcl_error *error)
{
    wcl_buffer *whole = &tree->scratch;
    uint32_t name;

    wcl_buffer_clear(whole);
    if (intern_name(tree, xattr->name, &name, error) != WCL_OK ||
        wcl_buffer_append_le32(whole, name, error) != WCL_OK ||
        wcl_buffer_append(whole, xattr->value, xattr->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_intern_add(&tree->xattrs, whole->data, whole->size, number, error);
}

static wcl_status intern_set(wcl_erofs_tree *tree, const wcl_xattr *shared, size_t count,
                             uint32_t *set, wcl_error *error)
{
    const wcl_xattr *ordered[MAX_SHARED];
    uint8_t numbers[MAX_SHARED * 4];

    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at && strcmp(ordered[at - 1]->name, shared[i].name) > 0; at--)
            ordered[at] = ordered[at - 1];
        ordered[at] = &shared[i];
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t number;
        if (intern_xattr(tree, ordered[i], &number, error) != WCL_OK)
            return WCL_FAILED;
        wcl_store_le32(numbers + i * 4, number);
    }
    return wcl_intern_add(&tree->xattr_sets, numbers, count * 4, set, error);
}

static wcl_status pack_own(wcl_erofs_tree *tree, const wcl_xattr *own, size_t count,
                           uint32_t *offset, wcl_error *error)
{
    uint32_t names[MAX_SHARED];
    uint8_t head[5];
    size_t size = wcl_put_number(head, (uint32_t)count);

    for (size_t i = 0; i < count; i++) {
        if (intern_name(tree, own[i].name, &names[i], error) != WCL_OK)
            return WCL_FAILED;
        size += wcl_put_number(head, names[i]) + wcl_put_number(head, (uint32_t)own[i].size) +
                own[i].size;
    }
    if (size > MAX_OWN_BYTES)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "a file's extended attributes have more than 200 KiB together");
    if (wcl_arena_add(&tree->texts, size, offset, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *to = wcl_arena_at(&tree->texts, *offset);
    to += wcl_put_number(to, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        to += wcl_put_number(to, names[i]);
        to += wcl_put_number(to, (uint32_t)own[i].size);
        if (own[i].size)
            memcpy(to, own[i].value, own[i].size);
        to += own[i].size;
    }
    return WCL_OK;
}

static wcl_status check_against_set(const wcl_erofs_tree *tree, uint32_t set, const wcl_xattr *own,
                                    size_t own_count, wcl_error *error)
{
    for (uint32_t i = 0; i < wcl_tree_set_count(tree, set); i++) {
        wcl_xattr shared;
        wcl_tree_shared_xattr(tree, wcl_tree_set_member(tree, set, i), &shared);
        for (size_t j = 0; j < own_count; j++)
            if (strcmp(shared.name, own[j].name) == 0)
                return given_twice(shared.name, error);
    }
    return WCL_OK;
}

wcl_status wcl_tree_set_own_xattrs(wcl_erofs_tree *tree, wcl_node node, uint32_t shared,
                                   const wcl_xattr *own, size_t own_count, wcl_error *error)
{
    wcl_tree_node *item = wcl_tree_node_at(tree, node);
    uint32_t offset = 0;

    if (check_list(own, own_count, error) != WCL_OK ||
        (shared && check_against_set(tree, shared - 1, own, own_count, error) != WCL_OK) ||
        (own_count && pack_own(tree, own, own_count, &offset, error) != WCL_OK))
        return WCL_FAILED;
    item->shared = shared;
    item->own = offset;
    return WCL_OK;
}

wcl_status wcl_tree_set_xattrs(wcl_erofs_tree *tree, wcl_node node, const wcl_xattr *shared,
                               size_t shared_count, const wcl_xattr *own, size_t own_count,
                               wcl_error *error)
{
    uint32_t set = 0;

    if (check_list(shared, shared_count, error) != WCL_OK)
        return WCL_FAILED;
    if (shared_count) {
        if (intern_set(tree, shared, shared_count, &set, error) != WCL_OK)
            return WCL_FAILED;
        set++;
    }
    return wcl_tree_set_own_xattrs(tree, node, set, own, own_count, error);
}

void wcl_tree_copy_xattrs(wcl_erofs_tree *tree, wcl_node from, wcl_node to)
{
    const wcl_tree_node *source = wcl_tree_node_at(tree, from);
    wcl_tree_node *target = wcl_tree_node_at(tree, to);

    target->shared = source->shared;
    target->own = source->own;
}
