/* A map of the files that have several names. */
#include "layer/dir/inodes.h"

#include <string.h>

void wcl_inodes_free(wcl_inodes *inodes)
{
    wcl_map_free(inodes->places);
    wcl_buffer_free(&inodes->paths);
    *inodes = (wcl_inodes) { 0 };
}

wcl_status wcl_inodes_meet(wcl_inodes *inodes, const struct stat *status, const char *path,
                           const char **first, wcl_error *error)
{
    const uint64_t key[2] = { (uint64_t)status->st_dev, (uint64_t)status->st_ino };
    const size_t place = inodes->paths.size;

    *first = NULL;
    if (!inodes->places && wcl_map_new(sizeof(place), &inodes->places, error) != WCL_OK)
        return WCL_FAILED;
    const size_t *met = wcl_map_find(inodes->places, key, sizeof(key));
    if (met) {
        *first = (const char *)inodes->paths.data + *met;
        return WCL_OK;
    }
    if (wcl_buffer_append(&inodes->paths, path, strlen(path) + 1, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(inodes->places, key, sizeof(key), &place, error);
}
