/* A hash table of the files that have several names. */
#include "layer/dir/inodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void wcl_inodes_free(wcl_inodes *inodes)
{
    for (size_t i = 0; i < inodes->capacity; i++)
        free(inodes->slots[i].path);
    free(inodes->slots);
    *inodes = (wcl_inodes) { 0 };
}

/* The slot of the file, or the free one where it belongs. */
static wcl_inode *find_slot(wcl_inode *slots, size_t capacity, dev_t device, ino_t number)
{
    uint64_t hash = ((uint64_t)number ^ (uint64_t)device << 40) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (capacity - 1);

    while (slots[at].path && (slots[at].number != number || slots[at].device != device))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static wcl_status grow(wcl_inodes *inodes, wcl_error *error)
{
    size_t capacity = inodes->capacity ? inodes->capacity * 2 : 64;
    wcl_inode *slots = calloc(capacity, sizeof(*slots));

    if (!slots)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < inodes->capacity; i++)
        if (inodes->slots[i].path)
            *find_slot(slots, capacity, inodes->slots[i].device, inodes->slots[i].number) =
                inodes->slots[i];
    free(inodes->slots);
    inodes->slots = slots;
    inodes->capacity = capacity;
    return WCL_OK;
}

wcl_status wcl_inodes_meet(wcl_inodes *inodes, const struct stat *status, const char *path,
                           const char **first, wcl_error *error)
{
    if (inodes->count * 2 >= inodes->capacity && grow(inodes, error) != WCL_OK)
        return WCL_FAILED;
    wcl_inode *slot = find_slot(inodes->slots, inodes->capacity, status->st_dev, status->st_ino);
    *first = slot->path;
    if (slot->path)
        return WCL_OK;
    char *copy = strdup(path);
    if (!copy)
        return wcl_fail_memory(error);
    *slot = (wcl_inode) { status->st_dev, status->st_ino, copy };
    inodes->count++;
    return WCL_OK;
}
