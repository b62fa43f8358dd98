/* Small files that are there whole or not at all, and what is said of them is on disk. */
#include "hns/linux/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "hns/objects.h"

wcl_status wcl_file_read(const char *path, wcl_buffer *contents, wcl_error *error)
{
    WCL_CLEANUP_FD int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 && errno == ENOENT)
        return WCL_END;
    if (file < 0)
        return wcl_fail_errno(error, errno, "cannot open %s", path);
    while (contents->size <= WCL_HNS_JSON_LIMIT) {
        if (wcl_buffer_reserve(contents, 4096, error) != WCL_OK)
            return WCL_FAILED;
        ssize_t got = read(file, contents->data + contents->size, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wcl_fail_errno(error, errno, "cannot read %s", path);
        contents->size += (size_t)got;
        contents->data[contents->size] = 0;
        if (got == 0)
            return WCL_OK;
    }
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "%s is larger than such a file can be", path);
}

wcl_status wcl_file_write(const char *path, const char *text, wcl_error *error)
{
    return wcl_durable_write(AT_FDCWD, path, text, strlen(text), 0600, error);
}

wcl_status wcl_file_remove(const char *path, wcl_error *error)
{
    return wcl_durable_remove(AT_FDCWD, path, error);
}

wcl_status wcl_file_read_json(const char *path, cJSON **json, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_status status = wcl_file_read(path, &text, error);

    *json = NULL;
    if (status != WCL_OK)
        return status;
    if (wcl_json_parse(wcl_buffer_text(&text), text.size, WCL_HNS_JSON_LIMIT, json, error) !=
        WCL_OK)
        return wcl_error_context(error, NULL, path);
    if (cJSON_IsObject(*json))
        return WCL_OK;
    cJSON_Delete(*json);
    *json = NULL;
    return wcl_fail(error, WCL_CODE_CORRUPT, "%s does not hold a JSON object", path);
}

wcl_status wcl_file_write_json(const char *path, const cJSON *json, wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);

    return text ? wcl_file_write(path, text, error) : wcl_fail_memory(error);
}

wcl_status wcl_folder_make(const char *path, wcl_error *error)
{
    return wcl_durable_make_folders(AT_FDCWD, path, 0755, 0700, error);
}
