/* Making, moving and removing names on Windows. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/windows/posix/native.h"

/* Information classes and their flags that older SDKs do not name. */
enum {
    RENAME_INFORMATION = 10,
    LINK_INFORMATION = 11,
    DISPOSITION_INFORMATION = 13,
    DISPOSITION_INFORMATION_EX = 64,
    RENAME_INFORMATION_EX = 65,
    DISPOSITION_DELETE_NOW = 0x13, /* delete, with POSIX semantics, read-only or not */
    RENAME_REPLACE_NOW = 0x43,     /* replace, with POSIX semantics, read-only or not */
    RENAME_KEEP_OTHER = 0x02,      /* POSIX semantics alone */
};

/* FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION. */
typedef struct new_name {
    ULONG flags; /* or a BOOLEAN: replace */
    HANDLE folder;
    ULONG size;
    WCHAR text[];
} new_name;

NTSTATUS NTAPI NtSetInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);

static NTSTATUS set_information(HANDLE handle, void *data, size_t size, int class)
{
    IO_STATUS_BLOCK done;

    return NtSetInformationFile(handle, &done, data, (ULONG)size, (FILE_INFORMATION_CLASS) class);
}

/* Whether the system or the file system does not know an information class. */
static bool is_unknown(NTSTATUS status)
{
    DWORD code = RtlNtStatusToDosError(status);

    return code == ERROR_INVALID_PARAMETER || code == ERROR_NOT_SUPPORTED ||
           code == ERROR_INVALID_FUNCTION || code == ERROR_CALL_NOT_IMPLEMENTED;
}

int wcl_nt_mkdirat(int folder, const char *path, unsigned mode)
{
    wcl_native_name name;
    IO_STATUS_BLOCK done;
    HANDLE handle;

    (void)mode; /* inherited from the folder */
    if (wcl_native_name_make(folder, path, &name) < 0)
        return -1;
    NTSTATUS status =
        NtCreateFile(&handle, FILE_LIST_DIRECTORY | SYNCHRONIZE, &name.attributes, &done, NULL,
                     FILE_ATTRIBUTE_NORMAL, WCL_NATIVE_SHARE_ALL, FILE_CREATE,
                     FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    wcl_native_name_free(&name);
    if (wcl_native_failed(status))
        return wcl_native_fail_status(status);
    CloseHandle(handle);
    return 0;
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* Before Windows 10 a read-only file has to lose that attribute first. */
static NTSTATUS remove_old_way(HANDLE handle)
{
    FILE_BASIC_INFO basic;
    BOOLEAN yes = TRUE;

    if (GetFileInformationByHandleEx(handle, FileBasicInfo, &basic, sizeof(basic)) &&
        (basic.FileAttributes & FILE_ATTRIBUTE_READONLY)) {
        basic.FileAttributes &= ~(DWORD)FILE_ATTRIBUTE_READONLY;
        if (basic.FileAttributes == 0)
            basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
        SetFileInformationByHandle(handle, FileBasicInfo, &basic, sizeof(basic));
    }
    return set_information(handle, &yes, sizeof(yes), DISPOSITION_INFORMATION);
}

static int check_kind(HANDLE handle, int flags)
{
    FILE_ATTRIBUTE_TAG_INFO info;

    if (!GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &info, sizeof(info)))
        return wcl_native_fail(GetLastError());
    bool is_folder = info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    bool is_link = info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT &&
                   IsReparseTagNameSurrogate(info.ReparseTag);
    if ((flags & AT_REMOVEDIR) && (!is_folder || is_link)) {
        errno = ENOTDIR;
        return -1;
    }
    if (!(flags & AT_REMOVEDIR) && is_folder && !is_link) {
        errno = EISDIR;
        return -1;
    }
    return 0;
}

int wcl_nt_unlinkat(int folder, const char *path, int flags)
{
    ULONG now = DISPOSITION_DELETE_NOW;
    HANDLE handle;

    if (wcl_native_open_itself(folder, path, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                               &handle) < 0)
        return -1;
    int result = check_kind(handle, flags);
    if (result == 0) {
        NTSTATUS status = set_information(handle, &now, sizeof(now), DISPOSITION_INFORMATION_EX);
        if (wcl_native_failed(status) && is_unknown(status))
            status = remove_old_way(handle);
        if (wcl_native_failed(status))
            result = wcl_native_fail_status(status);
    }
    int number = errno;
    CloseHandle(handle);
    errno = number;
    return result;
}

int wcl_nt_unlink(const char *path)
{
    return wcl_nt_unlinkat(AT_FDCWD, path, 0);
}

/* ---- Moving and linking --------------------------------------------------------------------- */

static new_name *make_new_name(const wcl_native_name *name, size_t *size)
{
    *size = offsetof(new_name, text) + name->text.Length;
    /* Windows wants at least the whole struct, however short the name is. */
    if (*size < sizeof(new_name))
        *size = sizeof(new_name);
    new_name *made = calloc(1, *size);
    if (!made)
        return NULL;
    made->folder = name->attributes.RootDirectory;
    made->size = name->text.Length;
    memcpy(made->text, name->text.Buffer, name->text.Length);
    return made;
}

static NTSTATUS move(HANDLE handle, new_name *to, size_t size, unsigned flags)
{
    bool replace = !(flags & RENAME_NOREPLACE);

    to->flags = replace ? RENAME_REPLACE_NOW : RENAME_KEEP_OTHER;
    NTSTATUS status = set_information(handle, to, size, RENAME_INFORMATION_EX);
    if (!wcl_native_failed(status) || !is_unknown(status))
        return status;
    to->flags = replace;
    return set_information(handle, to, size, RENAME_INFORMATION);
}

static bool is_folder(HANDLE handle)
{
    FILE_STANDARD_INFO info;

    return GetFileInformationByHandleEx(handle, FileStandardInfo, &info, sizeof(info)) &&
           info.Directory;
}

/* POSIX lets a folder replace an empty one; Windows wants that one gone. */
static bool make_way_for_folder(HANDLE handle, int folder, const char *path, unsigned flags)
{
    return !(flags & RENAME_NOREPLACE) && is_folder(handle) &&
           wcl_nt_unlinkat(folder, path, AT_REMOVEDIR) == 0;
}

int wcl_nt_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    wcl_native_name name;
    HANDLE handle;
    size_t size;

    if (flags & RENAME_EXCHANGE) {
        errno = EOPNOTSUPP; /* no two names change places at once on Windows */
        return -1;
    }
    if (wcl_native_open_itself(from_folder, from, DELETE | FILE_READ_ATTRIBUTES, &handle) < 0)
        return -1;
    int result = wcl_native_name_make(to_folder, to, &name);
    new_name *information = result < 0 ? NULL : make_new_name(&name, &size);
    if (information) {
        /* A folder takes the place of an empty folder only; Windows would let it take a file's. */
        unsigned way = is_folder(handle) ? flags | RENAME_NOREPLACE : flags;
        NTSTATUS status = move(handle, information, size, way);
        if (wcl_native_failed(status) && make_way_for_folder(handle, to_folder, to, flags))
            status = move(handle, information, size, way);
        result = wcl_native_failed(status) ? wcl_native_fail_status(status) : 0;
    } else {
        result = -1;
    }
    int number = errno;
    wcl_native_name_free(&name);
    free(information);
    CloseHandle(handle);
    errno = number;
    return result;
}

int wcl_nt_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return wcl_nt_renameat2(from_folder, from, to_folder, to, 0);
}

int wcl_nt_rename(const char *from, const char *to)
{
    return wcl_nt_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int wcl_nt_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    wcl_native_name name;
    HANDLE handle;
    size_t size;

    (void)flags; /* a link is never followed */
    if (wcl_native_open_itself(from_folder, from, FILE_WRITE_ATTRIBUTES, &handle) < 0)
        return -1;
    int result = wcl_native_name_make(to_folder, to, &name);
    new_name *information = result < 0 ? NULL : make_new_name(&name, &size);
    if (information) {
        NTSTATUS status = set_information(handle, information, size, LINK_INFORMATION);
        result = wcl_native_failed(status) ? wcl_native_fail_status(status) : 0;
    } else {
        result = -1;
    }
    int number = errno;
    wcl_native_name_free(&name);
    free(information);
    CloseHandle(handle);
    errno = number;
    return result;
}
