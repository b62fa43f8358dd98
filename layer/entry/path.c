/* Checking the paths of entries. */
#include "layer/entry/path.h"

#include <string.h>

#include "base/error.h"

#define PATH_BYTES_MAX 32767
#define COMPONENT_BYTES_MAX 1024
#define COMPONENTS_MAX 1024

static wcl_status fail_path(wcl_error *error, const char *path, const char *why)
{
    return wcl_fail(error, WCL_CODE_INVALID_NAME, "the path '%.200s' %s", path, why);
}

wcl_status wcl_path_check(const char *path, wcl_error *error)
{
    size_t components = 0;

    if (!path || !*path)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "an entry has an empty path");
    if (*path == '/')
        return fail_path(error, path, "is absolute");
    if (strlen(path) > PATH_BYTES_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the path '%.60s...' is longer than %d bytes", path, PATH_BYTES_MAX);
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (length == 0)
            return fail_path(error, path, "has an empty component");
        if ((length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
            return fail_path(error, path, "has a '.' or '..' component");
        if (length > COMPONENT_BYTES_MAX)
            return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                            "the path '%.60s...' has a component of over %d bytes", path,
                            COMPONENT_BYTES_MAX);
        if (++components > COMPONENTS_MAX)
            return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                            "the path '%.60s...' is nested deeper than %d folders", path,
                            COMPONENTS_MAX);
        at += length;
        if (*at == '\0')
            return WCL_OK;
    }
}

const char *wcl_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

size_t wcl_path_parent_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}
