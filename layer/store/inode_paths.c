/* A hash table from inodes to paths. */
#include "layer/store/inode_paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static wcl_inode_path *slot_of(const wcl_inode_paths *paths, uint64_t inode)
{
    size_t slot = (size_t)(inode * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (paths->size - 1);

    while (paths->slots[slot].path && paths->slots[slot].inode != inode)
        slot = (slot + 1) & (paths->size - 1);
    return &paths->slots[slot];
}

static wcl_status grow(wcl_inode_paths *paths, wcl_error *error)
{
    wcl_inode_paths grown = { .size = paths->size ? paths->size * 2 : 64, .count = paths->count };

    grown.slots = calloc(grown.size, sizeof(*grown.slots));
    if (!grown.slots)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < paths->size; i++)
        if (paths->slots[i].path)
            *slot_of(&grown, paths->slots[i].inode) = paths->slots[i];
    free(paths->slots);
    *paths = grown;
    return WCL_OK;
}

const char *wcl_inode_paths_find(const wcl_inode_paths *paths, uint64_t inode)
{
    return paths->size ? slot_of(paths, inode)->path : NULL;
}

wcl_status wcl_inode_paths_add(wcl_inode_paths *paths, uint64_t inode, const char *path,
                               wcl_error *error)
{
    if (paths->count * 2 >= paths->size && grow(paths, error) != WCL_OK)
        return WCL_FAILED;
    wcl_inode_path *slot = slot_of(paths, inode);
    slot->path = strdup(path);
    if (!slot->path)
        return wcl_fail_memory(error);
    slot->inode = inode;
    paths->count++;
    return WCL_OK;
}

void wcl_inode_paths_free(wcl_inode_paths *paths)
{
    for (size_t i = 0; i < paths->size; i++)
        free(paths->slots[i].path);
    free(paths->slots);
    *paths = (wcl_inode_paths)WCL_INODE_PATHS_INIT;
}
