/* A map from inodes to paths. */
#include "layer/store/sandbox/inode_paths.h"

#include <string.h>

const char *wcl_inode_paths_find(const wcl_inode_paths *paths, uint64_t inode)
{
    const size_t *place = paths->places ? wcl_map_find(paths->places, &inode, sizeof(inode)) : NULL;

    return place ? (const char *)paths->paths.data + *place : NULL;
}

wcl_status wcl_inode_paths_add(wcl_inode_paths *paths, uint64_t inode, const char *path,
                               wcl_error *error)
{
    const size_t place = paths->paths.size;

    if ((!paths->places && wcl_map_new(sizeof(place), &paths->places, error) != WCL_OK) ||
        wcl_buffer_append(&paths->paths, path, strlen(path) + 1, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(paths->places, &inode, sizeof(inode), &place, error);
}

void wcl_inode_paths_free(wcl_inode_paths *paths)
{
    wcl_map_free(paths->places);
    wcl_buffer_free(&paths->paths);
    *paths = (wcl_inode_paths)WCL_INODE_PATHS_INIT;
}
