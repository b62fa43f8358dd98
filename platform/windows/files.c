/* Files of layers on Windows: paths, opening for backup, times, links. */
#include "platform/windows/files.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/windows/wide.h"
#include "platform/windows/win32_error.h"

/* ---- Paths ----------------------------------------------------------------------------------- */

/* The absolute form of a path. */
static char *full_path(const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);
    DWORD size = wide ? GetFullPathNameW(wide, 0, NULL, NULL) : 0;
    WCL_CLEANUP_FREE wchar_t *full = size ? calloc(size, sizeof(*full)) : NULL;

    if (!wide)
        return NULL;
    if (!full || GetFullPathNameW(wide, size, full, NULL) >= size) {
        wcl_fail_win32(error, size && !full ? ERROR_NOT_ENOUGH_MEMORY : GetLastError(),
                       "cannot make '%s' an absolute path", path);
        return NULL;
    }
    return wcl_text_of_wide(full, error);
}

char *wcl_long_path(const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer result = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *full = NULL;
    wcl_status status;

    if (strncmp(path, "\\\\?\\", 4) == 0 || strncmp(path, "\\\\.\\", 4) == 0) {
        status = wcl_buffer_append_text(&result, path, error);
    } else {
        full = full_path(path, error);
        if (!full)
            return NULL;
        bool is_share = strncmp(full, "\\\\", 2) == 0;
        status = wcl_buffer_append_text(&result, is_share ? "\\\\?\\UNC\\" : "\\\\?\\", error);
        if (status == WCL_OK)
            status = wcl_buffer_append_text(&result, is_share ? full + 2 : full, error);
    }
    return status == WCL_OK ? wcl_buffer_detach(&result, NULL, error) : NULL;
}

char *wcl_long_join(const char *folder, const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer result = WCL_BUFFER_INIT;
    size_t length = strlen(folder);

    if (wcl_buffer_append(&result, folder, length, error) != WCL_OK ||
        (*path && length && folder[length - 1] != '\\' &&
         wcl_buffer_append_byte(&result, '\\', error) != WCL_OK) ||
        wcl_buffer_append_text(&result, path, error) != WCL_OK)
        return NULL;
    for (size_t i = length; i < result.size; i++)
        if (result.data[i] == '/')
            result.data[i] = '\\';
    return wcl_buffer_detach(&result, NULL, error);
}

/* ---- Files ----------------------------------------------------------------------------------- */

wcl_status wcl_file_open(const char *path, wcl_open_mode mode, void **file, wcl_error *error)
{
    static const struct {
        DWORD access;
        DWORD disposition;
    } modes[] = {
        [WCL_OPEN_PLAIN] = { GENERIC_READ, OPEN_EXISTING },
        [WCL_OPEN_READ] = { GENERIC_READ | ACCESS_SYSTEM_SECURITY, OPEN_EXISTING },
        [WCL_OPEN_RESTORE] = { GENERIC_READ | GENERIC_WRITE | WRITE_DAC | WRITE_OWNER |
                                   ACCESS_SYSTEM_SECURITY,
                               OPEN_EXISTING },
        [WCL_CREATE] = { GENERIC_READ | GENERIC_WRITE | WRITE_DAC | WRITE_OWNER |
                             ACCESS_SYSTEM_SECURITY,
                         CREATE_NEW },
        [WCL_CREATE_PLAIN] = { GENERIC_READ | GENERIC_WRITE, CREATE_NEW },
        [WCL_OPEN_TIMES] = { GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING },
    };
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);

    *file = NULL;
    if (!wide)
        return WCL_FAILED;
    HANDLE handle =
        CreateFileW(wide, modes[mode].access, FILE_SHARE_READ, NULL, modes[mode].disposition,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return wcl_fail_win32(error, GetLastError(), "cannot open '%s'", path);
    *file = handle;
    return WCL_OK;
}

void wcl_file_close(void *file)
{
    if (file)
        CloseHandle(file);
}

wcl_status wcl_file_get_info(void *file, wcl_vm_file_info *info, wcl_error *error)
{
    FILE_BASIC_INFO basic;

    if (!GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof(basic)))
        return wcl_fail_win32(error, GetLastError(), "cannot read a file's times");
    *info = (wcl_vm_file_info) { basic.CreationTime.QuadPart, basic.LastAccessTime.QuadPart,
                                 basic.LastWriteTime.QuadPart, basic.ChangeTime.QuadPart,
                                 basic.FileAttributes };
    return WCL_OK;
}

wcl_status wcl_file_set_info(void *file, const wcl_vm_file_info *info, wcl_error *error)
{
    FILE_BASIC_INFO basic = { 0 };

    basic.CreationTime.QuadPart = info->creation_time;
    basic.LastAccessTime.QuadPart = info->last_access_time;
    basic.LastWriteTime.QuadPart = info->last_write_time;
    basic.ChangeTime.QuadPart = info->change_time;
    basic.FileAttributes = info->attributes;
    if (!SetFileInformationByHandle(file, FileBasicInfo, &basic, sizeof(basic)))
        return wcl_fail_win32(error, GetLastError(), "cannot set a file's times");
    return WCL_OK;
}

static wcl_status read_all(HANDLE file, size_t limit, wcl_buffer *data, wcl_error *error)
{
    DWORD got;

    do {
        if (data->size > limit)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "it is larger than %zu bytes", limit);
        if (wcl_buffer_reserve(data, 4096, error) != WCL_OK)
            return WCL_FAILED;
        if (!ReadFile(file, data->data + data->size, 4096, &got, NULL))
            return wcl_fail_win32(error, GetLastError(), "cannot read it");
        data->size += got;
        data->data[data->size] = 0;
    } while (got);
    return WCL_OK;
}

wcl_status wcl_file_read_all(const char *path, size_t limit, wcl_buffer *data, wcl_error *error)
{
    wcl_error opening = WCL_ERROR_INIT;
    void *file;

    if (wcl_file_open(path, WCL_OPEN_PLAIN, &file, &opening) != WCL_OK) {
        if (opening.code == ERROR_FILE_NOT_FOUND || opening.code == ERROR_PATH_NOT_FOUND)
            return WCL_END;
        if (error)
            *error = opening;
        return WCL_FAILED;
    }
    wcl_status status = read_all(file, limit, data, error);
    wcl_file_close(file);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, path);
}

wcl_status wcl_file_write(void *file, const void *data, size_t size, wcl_error *error)
{
    const uint8_t *bytes = data;

    while (size) {
        DWORD piece = size < (1u << 30) ? (DWORD)size : 1u << 30;
        DWORD taken = 0;
        if (!WriteFile(file, bytes, piece, &taken, NULL) || taken == 0)
            return wcl_fail_win32(error, GetLastError(), "cannot write a file");
        bytes += taken;
        size -= taken;
    }
    return WCL_OK;
}

wcl_status wcl_file_attributes(const char *path, uint32_t *attributes, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);

    if (!wide)
        return WCL_FAILED;
    *attributes = GetFileAttributesW(wide);
    if (*attributes != INVALID_FILE_ATTRIBUTES)
        return WCL_OK;
    DWORD code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        return WCL_END;
    return wcl_fail_win32(error, code, "cannot look at '%s'", path);
}

wcl_status wcl_folder_make(const char *path, bool may_exist, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);

    if (!wide)
        return WCL_FAILED;
    if (CreateDirectoryW(wide, NULL))
        return WCL_OK;
    DWORD code = GetLastError();
    if (may_exist && code == ERROR_ALREADY_EXISTS)
        return WCL_OK;
    return wcl_fail_win32(error, code, "cannot make the folder '%s'", path);
}

wcl_status wcl_file_link(const char *path, const char *target, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide_target = wcl_wide_of(target, error);
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);

    if (!wide_target || !wide || wcl_file_remove(path, error) != WCL_OK)
        return WCL_FAILED;
    if (!CreateHardLinkW(wide, wide_target, NULL))
        return wcl_fail_win32(error, GetLastError(), "cannot make '%s' a link to '%s'", path,
                              target);
    return WCL_OK;
}

/* ---- Folders --------------------------------------------------------------------------------- */

char *wcl_folder_names(const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer names = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *pattern = wcl_long_join(path, "*", error);
    WCL_CLEANUP_FREE wchar_t *wide = pattern ? wcl_wide_of(pattern, error) : NULL;
    WIN32_FIND_DATAW found;
    wcl_status status = WCL_OK;

    if (!wide)
        return NULL;
    HANDLE search = FindFirstFileW(wide, &found);
    if (search == INVALID_HANDLE_VALUE) {
        wcl_fail_win32(error, GetLastError(), "cannot read the folder '%s'", path);
        return NULL;
    }
    do {
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0)
            continue;
        WCL_CLEANUP_FREE char *name = wcl_text_of_wide(found.cFileName, error);
        status = name ? wcl_buffer_append(&names, name, strlen(name) + 1, error) : WCL_FAILED;
    } while (status == WCL_OK && FindNextFileW(search, &found));
    DWORD code = GetLastError();
    FindClose(search);
    if (status == WCL_OK && code != ERROR_NO_MORE_FILES)
        status = wcl_fail_win32(error, code, "cannot read the folder '%s'", path);
    if (status != WCL_OK || wcl_buffer_append_byte(&names, 0, error) != WCL_OK)
        return NULL;
    return wcl_buffer_detach(&names, NULL, error);
}

/* Removes a file or an empty folder, which it may be forbidden to change. */
static wcl_status remove_one(const char *path, uint32_t attributes, wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = wcl_wide_of(path, error);

    if (!wide)
        return WCL_FAILED;
    if (attributes & FILE_ATTRIBUTE_READONLY)
        SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL);
    if (attributes & FILE_ATTRIBUTE_DIRECTORY ? RemoveDirectoryW(wide) : DeleteFileW(wide))
        return WCL_OK;
    return wcl_fail_win32(error, GetLastError(), "cannot remove '%s'", path);
}

wcl_status wcl_file_remove(const char *path, wcl_error *error)
{
    uint32_t attributes = 0;
    wcl_status status = wcl_file_attributes(path, &attributes, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    if ((attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) ==
        FILE_ATTRIBUTE_DIRECTORY) {
        WCL_CLEANUP_FREE char *names = wcl_folder_names(path, error);
        if (!names)
            return WCL_FAILED;
        for (const char *name = names; *name; name += strlen(name) + 1) {
            WCL_CLEANUP_FREE char *inner = wcl_long_join(path, name, error);
            if (!inner || wcl_file_remove(inner, error) != WCL_OK)
                return WCL_FAILED;
        }
    }
    return remove_one(path, attributes, error);
}

char *wcl_folder_temporary(wcl_error *error)
{
    wchar_t folder[MAX_PATH + 1];
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE char *parent = NULL;
    wcl_guid guid;
    char name[37];

    DWORD length = GetTempPathW(MAX_PATH + 1, folder);
    if (length == 0 || length > MAX_PATH) {
        wcl_fail_win32(error, GetLastError(), "there is no folder for temporary files");
        return NULL;
    }
    parent = wcl_text_of_wide(folder, error);
    if (!parent || wcl_guid_random(&guid, error) != WCL_OK)
        return NULL;
    wcl_guid_format(&guid, name);
    if (wcl_buffer_printf(&path, error, "%swcl-%s", parent, name) != WCL_OK ||
        wcl_folder_make(wcl_buffer_text(&path), false, error) != WCL_OK)
        return NULL;
    return wcl_buffer_detach(&path, NULL, error);
}

/* Whether one folder is none that leads elsewhere: no mount point, no symbolic link. Layers have
 * reparse points of other kinds, which do not. */
static wcl_status check_folder(const char *root, const char *path, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = wcl_long_join(root, path, error);
    WCL_CLEANUP_FREE wchar_t *wide = folder ? wcl_wide_of(folder, error) : NULL;
    WIN32_FIND_DATAW found;

    if (!wide)
        return WCL_FAILED;
    HANDLE search = FindFirstFileW(wide, &found);
    DWORD code = GetLastError();
    if (search == INVALID_HANDLE_VALUE &&
        (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND))
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "its folder '%s' was not added before it",
                        path);
    if (search == INVALID_HANDLE_VALUE)
        return wcl_fail_win32(error, code, "cannot look at the folder '%s'", path);
    FindClose(search);
    bool leads_away = found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT &&
                      IsReparseTagNameSurrogate(found.dwReserved0);
    if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || leads_away)
        return wcl_fail(error, WCL_CODE_DIRECTORY, "'%s' is a link or a file, not a folder", path);
    return WCL_OK;
}

/* Forgets the folder that was checked when `path` is it or leads to it: it may become a link. */
static void forget_replaced(const char *path, char **checked)
{
    size_t length = strlen(path);

    if (*checked && strncmp(*checked, path, length) == 0 &&
        ((*checked)[length] == '\0' || (*checked)[length] == '/')) {
        wcl_free(*checked);
        *checked = NULL;
    }
}

wcl_status wcl_check_folders(const char *root, const char *path, char **checked, wcl_error *error)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    forget_replaced(path, checked);
    if (length == 0 ||
        (*checked && strncmp(*checked, path, length) == 0 && (*checked)[length] == '\0'))
        return WCL_OK;
    WCL_CLEANUP_FREE char *folder = malloc(length + 1);
    if (!folder)
        return wcl_fail_memory(error);
    memcpy(folder, path, length);
    folder[length] = '\0';
    for (char *at = strchr(folder, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        wcl_status status = check_folder(root, folder, error);
        *at = '/';
        if (status != WCL_OK)
            return status;
    }
    if (check_folder(root, folder, error) != WCL_OK)
        return WCL_FAILED;
    wcl_free(*checked);
    *checked = folder;
    folder = NULL;
    return WCL_OK;
}
