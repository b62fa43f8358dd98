/* Making paths of the names in a tar. */
#include "layer/tar/tar_names.h"

#include <string.h>

#include "base/error.h"
#include "layer/entry/path.h"
#include "layer/entry/windows_names.h"

wcl_status wcl_tar_name_clean(const char *name, size_t size, wcl_buffer *path, wcl_error *error)
{
    const char *end = name + size;

    wcl_buffer_clear(path);
    if (memchr(name, '\0', size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the name '%.200s' has a NUL in it", name);
    while (name < end) {
        const char *slash = memchr(name, '/', (size_t)(end - name));
        size_t length = (size_t)((slash ? slash : end) - name);
        bool is_self = length == 0 || (length == 1 && name[0] == '.');
        if (length == 2 && name[0] == '.' && name[1] == '.')
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "the name has a '..' component, which could lead out of the layer");
        if (!is_self && path->size > 0 && wcl_buffer_append_byte(path, '/', error) != WCL_OK)
            return WCL_FAILED;
        if (!is_self && wcl_buffer_append(path, name, length, error) != WCL_OK)
            return WCL_FAILED;
        name += length + (slash != NULL);
    }
    return WCL_OK;
}

wcl_status wcl_tar_path_check(const char *path, wcl_os os, wcl_error *error)
{
    return os == WCL_OS_WINDOWS ? wcl_path_check_windows(path, error) : wcl_path_check(path, error);
}

bool wcl_tar_path_is_windows(const char *path)
{
    static const char *const roots[] = { "Files", "Hives", "UtilityVM" };
    size_t size = strcspn(path, "/");

    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
        if (strlen(roots[i]) == size && memcmp(path, roots[i], size) == 0)
            return true;
    return false;
}

const char *wcl_tar_path_stream(const char *path)
{
    const char *colon = strchr(wcl_path_base(path), ':');
    return colon ? colon + 1 : NULL;
}
