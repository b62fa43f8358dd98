/* Going through a tree: folders put in the order of their names, and the paths of entries. */
#include <string.h>

#include "base/error.h"
#include "erofs/tree_private.h"

/* ---- Order ---------------------------------------------------------------------------------- */

static int tree_walk_compare_names(const wcl_erofs_tree *tree, wcl_entry_id a, wcl_entry_id b)
{
    size_t a_length, b_length;
    const char *a_name = wcl_tree_entry_name(tree, a, &a_length);
    const char *b_name = wcl_tree_entry_name(tree, b, &b_length);

    return wcl_compare_bytes(a_name, a_length, b_name, b_length);
}

static wcl_entry_id merge_lists(const wcl_erofs_tree *tree, wcl_entry_id a, wcl_entry_id b)
{
    wcl_entry_id head = WCL_NO_ENTRY;
    wcl_entry_id *end = &head;

    while (a != WCL_NO_ENTRY && b != WCL_NO_ENTRY) {
        wcl_entry_id *smaller = tree_walk_compare_names(tree, a, b) <= 0 ? &a : &b;
        *end = *smaller;
        end = &wcl_tree_entry_at(tree, *end)->next;
        *smaller = *end;
    }
    *end = a != WCL_NO_ENTRY ? a : b;
    return head;
}

/* Cuts a run that is in order already off the front of a list. */
static wcl_entry_id take_run(const wcl_erofs_tree *tree, wcl_entry_id *list)
{
    wcl_entry_id first = *list, last = first;

    for (;;) {
        wcl_entry_id next = wcl_tree_entry_at(tree, last)->next;
        if (next == WCL_NO_ENTRY || tree_walk_compare_names(tree, last, next) > 0) {
            wcl_tree_entry_at(tree, last)->next = WCL_NO_ENTRY;
            *list = next;
            return first;
        }
        last = next;
    }
}

/* Merges runs like a counter carries: level n holds what 2^n runs became. */
static wcl_entry_id sort_list(const wcl_erofs_tree *tree, wcl_entry_id list)
{
    wcl_entry_id levels[33];
    size_t count = 0;

    while (list != WCL_NO_ENTRY) {
        wcl_entry_id run = take_run(tree, &list);
        size_t level = 0;
        for (; level < count && levels[level] != WCL_NO_ENTRY; level++) {
            run = merge_lists(tree, levels[level], run);
            levels[level] = WCL_NO_ENTRY;
        }
        levels[level] = run;
        if (level == count)
            count++;
    }
    for (size_t level = 0; level < count; level++)
        list = merge_lists(tree, levels[level], list);
    return list;
}

/* Drops removed entries; gives the last one that stays. */
static wcl_entry_id drop_removed(const wcl_erofs_tree *tree, wcl_entry_id *first)
{
    wcl_entry_id *link = first, last = WCL_NO_ENTRY;

    while (*link != WCL_NO_ENTRY) {
        wcl_tree_entry *entry = wcl_tree_entry_at(tree, *link);
        if (entry->node == WCL_NO_NODE) {
            *link = entry->next;
        } else {
            last = *link;
            link = &entry->next;
        }
    }
    return last;
}

static wcl_entry_id live(const wcl_erofs_tree *tree, wcl_entry_id entry)
{
    while (entry != WCL_NO_ENTRY && wcl_tree_entry_at(tree, entry)->node == WCL_NO_NODE)
        entry = wcl_tree_entry_at(tree, entry)->next;
    return entry;
}

wcl_entry_id wcl_tree_first(wcl_erofs_tree *tree, wcl_node folder)
{
    wcl_tree_node *item = wcl_tree_node_at(tree, folder);

    if (!S_ISDIR(item->mode))
        return WCL_NO_ENTRY;
    if (item->unordered) {
        wcl_entry_id first = item->folder.first;
        drop_removed(tree, &first);
        item->folder.first = sort_list(tree, first);
        item->folder.last = drop_removed(tree, &item->folder.first);
        item->unordered = false;
    }
    return live(tree, item->folder.first);
}

wcl_entry_id wcl_tree_next(const wcl_erofs_tree *tree, wcl_entry_id entry)
{
    return live(tree, wcl_tree_entry_at(tree, entry)->next);
}

wcl_entry_id wcl_tree_walk(wcl_erofs_tree *tree, wcl_entry_id entry, bool skip)
{
    if (entry == WCL_NO_ENTRY)
        return wcl_tree_first(tree, WCL_TREE_ROOT);
    wcl_node node = wcl_tree_entry_node(tree, entry);
    if (!skip && node != WCL_NO_NODE) {
        wcl_entry_id inner = wcl_tree_first(tree, node);
        if (inner != WCL_NO_ENTRY)
            return inner;
    }
    while (entry != WCL_NO_ENTRY) {
        wcl_entry_id next = wcl_tree_next(tree, entry);
        if (next != WCL_NO_ENTRY)
            return next;
        entry = wcl_tree_node_entry(tree, wcl_tree_entry_folder(tree, entry));
    }
    return WCL_NO_ENTRY;
}

/* ---- Paths ---------------------------------------------------------------------------------- */

wcl_status wcl_tree_path(const wcl_erofs_tree *tree, wcl_entry_id entry, wcl_buffer *path,
                         wcl_error *error)
{
    size_t size = 0, length;

    for (wcl_entry_id e = entry; e != WCL_NO_ENTRY;
         e = wcl_tree_node_entry(tree, wcl_tree_entry_folder(tree, e))) {
        wcl_tree_entry_name(tree, e, &length);
        size += length + 1;
    }
    if (wcl_buffer_append_zeros(path, size - 1, error) != WCL_OK)
        return WCL_FAILED;
    uint8_t *end = path->data + path->size;
    for (wcl_entry_id e = entry;;) {
        const char *name = wcl_tree_entry_name(tree, e, &length);
        end -= length;
        memcpy(end, name, length);
        e = wcl_tree_node_entry(tree, wcl_tree_entry_folder(tree, e));
        if (e == WCL_NO_ENTRY)
            return WCL_OK;
        *--end = '/';
    }
}
