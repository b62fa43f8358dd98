/* Small files that are there whole or not at all. */
#include "hns/linux/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "hns/objects.h"

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}
#define CLEANUP_DESCRIPTOR __attribute__((cleanup(close_descriptor)))

wcl_status wcl_file_read(const char *path, wcl_buffer *contents, wcl_error *error)
{
    CLEANUP_DESCRIPTOR int file = open(path, O_RDONLY | O_CLOEXEC);

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

static wcl_status write_new(const char *path, const char *text, bool durable, wcl_error *error)
{
    CLEANUP_DESCRIPTOR int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0)
        return wcl_fail_errno(error, errno, "cannot create %s", path);
    if (wcl_pwrite_full(file, text, strlen(text), 0, error) != WCL_OK)
        return wcl_error_context(error, NULL, path);
    if (durable && fdatasync(file) != 0)
        return wcl_fail_errno(error, errno, "cannot write %s to disk", path);
    return WCL_OK;
}

wcl_status wcl_file_write(const char *path, const char *text, bool durable, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer new_path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&new_path, error, "%s.new", path) != WCL_OK)
        return WCL_FAILED;
    if (write_new(wcl_buffer_text(&new_path), text, durable, error) != WCL_OK) {
        unlink(wcl_buffer_text(&new_path));
        return WCL_FAILED;
    }
    if (rename(wcl_buffer_text(&new_path), path) == 0)
        return WCL_OK;
    int number = errno;
    unlink(wcl_buffer_text(&new_path));
    return wcl_fail_errno(error, number, "cannot replace %s", path);
}

wcl_status wcl_file_remove(const char *path, wcl_error *error)
{
    if (unlink(path) == 0)
        return WCL_OK;
    return errno == ENOENT ? WCL_END : wcl_fail_errno(error, errno, "cannot remove %s", path);
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

wcl_status wcl_file_write_json(const char *path, const cJSON *json, bool durable, wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);

    return text ? wcl_file_write(path, text, durable, error) : wcl_fail_memory(error);
}

wcl_status wcl_folder_make(const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer part = WCL_BUFFER_INIT;

    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return WCL_OK;
    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        wcl_buffer_clear(&part);
        size_t size = slash ? (size_t)(slash - path) : strlen(path);
        if (wcl_buffer_append(&part, path, size, error) != WCL_OK)
            return WCL_FAILED;
        if (mkdir(wcl_buffer_text(&part), 0755) != 0 && errno != EEXIST)
            return wcl_fail_errno(error, errno, "cannot make the folder %s",
                                  wcl_buffer_text(&part));
        if (!slash)
            return WCL_OK;
    }
}
