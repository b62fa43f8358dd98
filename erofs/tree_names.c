/* The entries of a tree: what names its folders hold, how they are found, linked and removed. */
#include <string.h>

#include "base/error.h"
#include "erofs/tree_private.h"

static const char *entry_text(const wcl_erofs_tree *tree, const wcl_tree_entry *entry,
                              size_t *length)
{
    const uint8_t *text = wcl_arena_at(&tree->texts, entry->name);

    *length = text[0];
    return (const char *)text + 1;
}

/* ---- Finding -------------------------------------------------------------------------------- */

/* A name that is looked for, as the tree compares it. */
typedef struct name_key {
    const char *name;
    size_t length;
    uint16_t units[WCL_EROFS_MAX_NAME];
    size_t unit_count;
    uint32_t hash;
} name_key;

static bool tree_names_make_key(const wcl_erofs_tree *tree, wcl_node folder, const char *name,
                                size_t length, name_key *key)
{
    key->name = name;
    key->length = length;
    if (tree->names == WCL_NAMES_EXACT) {
        key->hash = wcl_hash(&tree->key, folder, name, length);
        return length <= WCL_EROFS_MAX_NAME;
    }
    if (!wcl_fold_name(name, length, key->units, &key->unit_count))
        return false;
    key->hash = wcl_hash(&tree->key, folder, key->units, key->unit_count * sizeof(uint16_t));
    return true;
}

static bool same_name(const wcl_erofs_tree *tree, const name_key *key, const wcl_tree_entry *entry)
{
    uint16_t units[WCL_EROFS_MAX_NAME];
    size_t length, count;
    const char *name = entry_text(tree, entry, &length);

    if (length == key->length && memcmp(name, key->name, length) == 0)
        return true;
    return tree->names == WCL_NAMES_CASELESS && wcl_fold_name(name, length, units, &count) &&
           count == key->unit_count && memcmp(units, key->units, count * sizeof(uint16_t)) == 0;
}

static wcl_entry_id find_key(const wcl_erofs_tree *tree, wcl_node folder, const name_key *key)
{
    const wcl_hash_table *table = &tree->by_name;

    if (!table->slots)
        return WCL_NO_ENTRY;
    for (uint32_t slot = key->hash & table->mask; table->slots[slot];
         slot = (slot + 1) & table->mask) {
        if (table->slots[slot] == WCL_HASH_REMOVED)
            continue;
        wcl_entry_id number = table->slots[slot] - 1;
        const wcl_tree_entry *entry = wcl_tree_entry_at(tree, number);
        if (entry->hash == key->hash && entry->folder == folder && same_name(tree, key, entry))
            return number;
    }
    return WCL_NO_ENTRY;
}

wcl_entry_id wcl_tree_lookup(const wcl_erofs_tree *tree, wcl_node folder, const char *name,
                             size_t length)
{
    name_key key;

    if (!tree_names_make_key(tree, folder, name, length, &key))
        return WCL_NO_ENTRY;
    return find_key(tree, folder, &key);
}

/* Takes a component off the front of a path. */
static size_t component(const char **path, const char **name)
{
    size_t length = strcspn(*path, "/");

    *name = *path;
    *path += length;
    while (**path == '/')
        (*path)++;
    return length;
}

static wcl_entry_id find_path(const wcl_erofs_tree *tree, const char *path, wcl_node *node)
{
    wcl_entry_id entry = WCL_NO_ENTRY;

    *node = WCL_TREE_ROOT;
    while (*path) {
        const char *name;
        size_t length = component(&path, &name);
        entry = wcl_tree_lookup(tree, *node, name, length);
        *node = entry == WCL_NO_ENTRY ? WCL_NO_NODE : wcl_tree_entry_at(tree, entry)->node;
        if (*node == WCL_NO_NODE)
            return WCL_NO_ENTRY;
    }
    return entry;
}

wcl_node wcl_tree_find(const wcl_erofs_tree *tree, const char *path)
{
    wcl_node node;

    find_path(tree, path, &node);
    return node;
}

wcl_node wcl_tree_find_in_way(const wcl_erofs_tree *tree, const char *path, size_t *length)
{
    const char *at = path, *name;
    wcl_node node = WCL_TREE_ROOT;

    while (wcl_tree_is_folder(tree, node)) {
        size_t size = component(&at, &name);
        wcl_entry_id entry = *at ? wcl_tree_lookup(tree, node, name, size) : WCL_NO_ENTRY;
        if (entry == WCL_NO_ENTRY)
            return WCL_NO_NODE;
        node = wcl_tree_entry_at(tree, entry)->node;
        *length = (size_t)(name + size - path);
    }
    return node;
}

wcl_entry_id wcl_tree_find_entry(const wcl_erofs_tree *tree, const char *path)
{
    wcl_node node;

    return find_path(tree, path, &node);
}

wcl_node wcl_tree_entry_node(const wcl_erofs_tree *tree, wcl_entry_id entry)
{
    return wcl_tree_entry_at(tree, entry)->node;
}

wcl_node wcl_tree_entry_folder(const wcl_erofs_tree *tree, wcl_entry_id entry)
{
    return wcl_tree_entry_at(tree, entry)->folder;
}

const char *wcl_tree_entry_name(const wcl_erofs_tree *tree, wcl_entry_id entry, size_t *length)
{
    size_t found;
    const char *name = entry_text(tree, wcl_tree_entry_at(tree, entry), &found);

    if (length)
        *length = found;
    return name;
}

wcl_entry_id wcl_tree_node_entry(const wcl_erofs_tree *tree, wcl_node node)
{
    return wcl_tree_node_at(tree, node)->entry;
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* Takes its name from the node of an entry; what is in a folder stays as it is. */
static void release_node(wcl_erofs_tree *tree, wcl_entry_id number)
{
    wcl_tree_entry *entry = wcl_tree_entry_at(tree, number);
    wcl_tree_node *node = wcl_tree_node_at(tree, entry->node);

    if (S_ISDIR(node->mode))
        wcl_tree_node_at(tree, entry->folder)->links--;
    else
        node->links--;
    if (node->entry == number)
        node->entry = WCL_NO_ENTRY;
    entry->node = WCL_NO_NODE;
}

/* The entry stays in its folder's list, where it is passed over, so that whoever goes through the
 * list can go on from it. */
static void remove_entry(wcl_erofs_tree *tree, wcl_entry_id number)
{
    wcl_hash_table_remove(&tree->by_name, wcl_tree_entry_at(tree, number)->hash, number);
    release_node(tree, number);
}

/* The first entry that is one, and the folder's list from it on. */
static wcl_entry_id first_live(wcl_erofs_tree *tree, wcl_tree_node *folder)
{
    while (folder->folder.first != WCL_NO_ENTRY) {
        const wcl_tree_entry *entry = wcl_tree_entry_at(tree, folder->folder.first);
        if (entry->node != WCL_NO_NODE)
            return folder->folder.first;
        folder->folder.first = entry->next;
    }
    folder->folder.last = WCL_NO_ENTRY;
    folder->unordered = false;
    return WCL_NO_ENTRY;
}

void wcl_tree_clear(wcl_erofs_tree *tree, wcl_node folder)
{
    wcl_node current = folder;

    if (!wcl_tree_is_folder(tree, folder))
        return;
    for (;;) {
        wcl_entry_id first = first_live(tree, wcl_tree_node_at(tree, current));
        if (first != WCL_NO_ENTRY) {
            wcl_node node = wcl_tree_entry_at(tree, first)->node;
            if (wcl_tree_is_folder(tree, node) &&
                first_live(tree, wcl_tree_node_at(tree, node)) != WCL_NO_ENTRY)
                current = node;
            else
                remove_entry(tree, first);
        } else if (current == folder) {
            return;
        } else {
            current = wcl_tree_entry_at(tree, wcl_tree_node_at(tree, current)->entry)->folder;
        }
    }
}

void wcl_tree_unlink(wcl_erofs_tree *tree, wcl_entry_id entry)
{
    wcl_node node = wcl_tree_entry_at(tree, entry)->node;

    if (node == WCL_NO_NODE)
        return;
    wcl_tree_clear(tree, node);
    remove_entry(tree, entry);
}

/* ---- Linking -------------------------------------------------------------------------------- */

static wcl_status tree_names_check_name(const wcl_erofs_tree *tree, wcl_node folder,
                                        const char *name, size_t length, wcl_error *error)
{
    if (!wcl_tree_is_folder(tree, folder))
        return wcl_fail(error, WCL_CODE_DIRECTORY, "what is to hold \"%.*s\" is not a folder",
                        (int)length, name);
    if (length > WCL_EROFS_MAX_NAME)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "a name has %zu bytes; an index holds names of up to 255", length);
    if (!length || memchr(name, '/', length) || memchr(name, 0, length) ||
        (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "\"%.*s\" cannot be the name of a file",
                        (int)length, name);
    return WCL_OK;
}

/* Whether `folder` is `node` or in it. */
static bool lies_in(const wcl_erofs_tree *tree, wcl_node folder, wcl_node node)
{
    for (;;) {
        if (folder == node)
            return true;
        wcl_entry_id entry = wcl_tree_node_at(tree, folder)->entry;
        if (entry == WCL_NO_ENTRY)
            return false;
        folder = wcl_tree_entry_at(tree, entry)->folder;
    }
}

static wcl_status check_folder_link(const wcl_erofs_tree *tree, wcl_node folder, wcl_node node,
                                    wcl_error *error)
{
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);

    if (!S_ISDIR(item->mode))
        return WCL_OK;
    if (node == WCL_TREE_ROOT || item->entry != WCL_NO_ENTRY)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a folder cannot have two names");
    /* In an empty folder nothing lies, however deep it is put. */
    if (folder == node || (item->folder.first != WCL_NO_ENTRY && lies_in(tree, folder, node)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a folder cannot lie in itself");
    return WCL_OK;
}

static wcl_status store_name(wcl_erofs_tree *tree, const char *name, size_t length,
                             uint32_t *offset, wcl_error *error)
{
    if (wcl_arena_add(&tree->texts, length + 2, offset, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *text = wcl_arena_at(&tree->texts, *offset);
    text[0] = (uint8_t)length;
    memcpy(text + 1, name, length);
    text[length + 1] = 0;
    return WCL_OK;
}

static uint32_t entry_hash(const void *context, uint32_t number)
{
    return wcl_tree_entry_at(context, number)->hash;
}

static int compare_entries(const wcl_erofs_tree *tree, wcl_entry_id a, wcl_entry_id b)
{
    size_t a_length, b_length;
    const char *a_name = entry_text(tree, wcl_tree_entry_at(tree, a), &a_length);
    const char *b_name = entry_text(tree, wcl_tree_entry_at(tree, b), &b_length);

    return wcl_compare_bytes(a_name, a_length, b_name, b_length);
}

static void append_entry(wcl_erofs_tree *tree, wcl_node folder, wcl_entry_id number)
{
    wcl_tree_node *item = wcl_tree_node_at(tree, folder);

    wcl_tree_entry_at(tree, number)->next = WCL_NO_ENTRY;
    if (first_live(tree, item) == WCL_NO_ENTRY) {
        item->folder.first = number;
    } else {
        wcl_tree_entry_at(tree, item->folder.last)->next = number;
        if (!item->unordered && compare_entries(tree, item->folder.last, number) > 0)
            item->unordered = true;
    }
    item->folder.last = number;
}

static wcl_status new_entry(wcl_erofs_tree *tree, wcl_node folder, const name_key *key,
                            wcl_entry_id *number, wcl_error *error)
{
    uint32_t name;

    if (wcl_hash_table_reserve(&tree->by_name, entry_hash, tree, error) != WCL_OK ||
        store_name(tree, key->name, key->length, &name, error) != WCL_OK ||
        wcl_pool_add(&tree->entries, number, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tree_entry *entry = wcl_tree_entry_at(tree, *number);
    entry->name = name;
    entry->node = WCL_NO_NODE;
    entry->folder = folder;
    entry->hash = key->hash;
    append_entry(tree, folder, *number);
    wcl_hash_table_add(&tree->by_name, key->hash, *number);
    return WCL_OK;
}

/* Makes room for another node under a name that is taken. */
static wcl_status reuse_entry(wcl_erofs_tree *tree, wcl_entry_id number, const name_key *key,
                              wcl_error *error)
{
    wcl_tree_entry *entry = wcl_tree_entry_at(tree, number);
    size_t length;
    const char *old = entry_text(tree, entry, &length);

    if (length != key->length || memcmp(old, key->name, length) != 0) {
        uint32_t name;
        if (store_name(tree, key->name, key->length, &name, error) != WCL_OK)
            return WCL_FAILED;
        entry->name = name;
        wcl_tree_node_at(tree, entry->folder)->unordered = true;
    }
    wcl_tree_clear(tree, entry->node);
    release_node(tree, number);
    return WCL_OK;
}

wcl_status wcl_tree_link(wcl_erofs_tree *tree, wcl_node folder, const char *name, size_t length,
                         wcl_node node, wcl_entry_id *entry, wcl_error *error)
{
    name_key key;

    if (tree_names_check_name(tree, folder, name, length, error) != WCL_OK ||
        check_folder_link(tree, folder, node, error) != WCL_OK)
        return WCL_FAILED;
    if (!tree_names_make_key(tree, folder, name, length, &key))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the name \"%.*s\" is not valid UTF-8",
                        (int)length, name);
    wcl_entry_id number = find_key(tree, folder, &key);
    if (number == WCL_NO_ENTRY) {
        if (new_entry(tree, folder, &key, &number, error) != WCL_OK)
            return WCL_FAILED;
    } else if (reuse_entry(tree, number, &key, error) != WCL_OK) {
        return WCL_FAILED;
    }
    wcl_tree_node *item = wcl_tree_node_at(tree, node);
    wcl_tree_entry_at(tree, number)->node = node;
    if (S_ISDIR(item->mode))
        wcl_tree_node_at(tree, folder)->links++;
    else
        item->links++;
    if (item->entry == WCL_NO_ENTRY)
        item->entry = number;
    if (entry)
        *entry = number;
    return WCL_OK;
}

static wcl_status tree_names_make_folder(wcl_erofs_tree *tree, wcl_node parent, const char *name,
                                         size_t length, const wcl_erofs_inode *inode,
                                         const wcl_xattr *shared, size_t shared_count,
                                         wcl_node *folder, wcl_error *error)
{
    wcl_erofs_inode made = *inode;

    made.mode = S_IFDIR | (inode->mode & 07777);
    if (wcl_tree_add_node(tree, &made, folder, error) != WCL_OK ||
        wcl_tree_set_xattrs(tree, *folder, shared, shared_count, NULL, 0, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_link(tree, parent, name, length, *folder, NULL, error);
}

wcl_status wcl_tree_make_parents(wcl_erofs_tree *tree, const char *path,
                                 const wcl_erofs_inode *inode, const wcl_xattr *shared,
                                 size_t shared_count, wcl_node *folder, wcl_error *error)
{
    wcl_node current = WCL_TREE_ROOT;

    for (;;) {
        const char *name;
        size_t length = component(&path, &name);
        if (!*path) {
            *folder = current;
            return WCL_OK;
        }
        wcl_entry_id entry = wcl_tree_lookup(tree, current, name, length);
        if (entry != WCL_NO_ENTRY && wcl_tree_is_folder(tree, wcl_tree_entry_at(tree, entry)->node))
            current = wcl_tree_entry_at(tree, entry)->node;
        else if (tree_names_make_folder(tree, current, name, length, inode, shared, shared_count,
                                        &current, error) != WCL_OK)
            return WCL_FAILED;
    }
}
