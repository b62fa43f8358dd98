/* open() and openat() on Windows. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/windows/posix/native.h"

static ACCESS_MASK access_of(int flags)
{
    if (flags & O_PATH)
        return FILE_READ_ATTRIBUTES | FILE_TRAVERSE | SYNCHRONIZE;
    switch (flags & (O_RDONLY | O_WRONLY | O_RDWR)) {
    case O_WRONLY:
        return FILE_GENERIC_WRITE;
    case O_RDWR:
        /* NOLINTNEXTLINE(misc-redundant-expression): they share bits */
        return FILE_GENERIC_READ | FILE_GENERIC_WRITE;
    default:
        return FILE_GENERIC_READ;
    }
}

static ULONG disposition_of(int flags)
{
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return FILE_CREATE;
    if (flags & O_CREAT)
        return flags & O_TRUNC ? FILE_OVERWRITE_IF : FILE_OPEN_IF;
    return flags & O_TRUNC ? FILE_OVERWRITE : FILE_OPEN;
}

static ULONG options_of(int flags)
{
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT;

    if (flags & O_DIRECTORY)
        options |= FILE_DIRECTORY_FILE;
    else if (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR))
        options |= FILE_NON_DIRECTORY_FILE;
    if (flags & O_NOFOLLOW)
        options |= FILE_OPEN_REPARSE_POINT;
    if (flags & O_TMPFILE)
        options |= FILE_DELETE_ON_CLOSE;
    return options;
}

static int wrap(HANDLE handle, int flags)
{
    int runtime_flags = _O_BINARY | (flags & (O_CLOEXEC | O_APPEND));

    if (!(flags & (O_WRONLY | O_RDWR)))
        runtime_flags |= _O_RDONLY;
    int descriptor = _open_osfhandle((intptr_t)handle, runtime_flags);
    if (descriptor < 0)
        CloseHandle(handle);
    return descriptor;
}

/* Links that were not followed are refused; what else is a reparse point (a compressed file, say)
 * is opened again as what it stands for. */
static int settle_reparse_point(HANDLE *handle, int flags)
{
    FILE_ATTRIBUTE_TAG_INFO info;

    if (!(flags & O_NOFOLLOW) || (flags & O_PATH && !(flags & O_DIRECTORY)) ||
        !GetFileInformationByHandleEx(*handle, FileAttributeTagInfo, &info, sizeof(info)) ||
        !(info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return 0;
    if (IsReparseTagNameSurrogate(info.ReparseTag)) {
        errno = flags & O_DIRECTORY ? ENOTDIR : ELOOP;
        return -1;
    }
    HANDLE again =
        ReOpenFile(*handle, access_of(flags), WCL_NATIVE_SHARE_ALL, FILE_FLAG_BACKUP_SEMANTICS);
    if (again == INVALID_HANDLE_VALUE)
        return wcl_native_fail(GetLastError());
    CloseHandle(*handle);
    *handle = again;
    return 0;
}

static int open_name(int folder, const char *path, int flags)
{
    wcl_native_name name;
    IO_STATUS_BLOCK done;
    HANDLE handle;
    ACCESS_MASK access = access_of(flags);

    if (flags & O_TMPFILE)
        access |= DELETE;
    if (wcl_native_name_make(folder, path, &name) < 0)
        return -1;
    if (!(flags & O_CLOEXEC))
        name.attributes.Attributes |= OBJ_INHERIT;
    NTSTATUS status =
        NtCreateFile(&handle, access, &name.attributes, &done, NULL,
                     flags & O_TMPFILE ? FILE_ATTRIBUTE_TEMPORARY : FILE_ATTRIBUTE_NORMAL,
                     WCL_NATIVE_SHARE_ALL, disposition_of(flags), options_of(flags), NULL, 0);
    wcl_native_name_free(&name);
    if (wcl_native_failed(status))
        return wcl_native_fail_status(status);
    if (settle_reparse_point(&handle, flags) < 0) {
        int number = errno;
        CloseHandle(handle);
        errno = number;
        return -1;
    }
    return wrap(handle, flags);
}

/* A file that goes when it is closed. */
static int open_unnamed(int folder, const char *path, int flags)
{
    char *name = malloc(strlen(path) + 40);
    unsigned long long number = 0;
    int descriptor = -1;

    if (!name)
        return -1;
    wcl_nt_getrandom(&number, sizeof(number), 0);
    sprintf(name, "%s/wcl-%016llx.tmp", path, number);
    descriptor = open_name(folder, name + (strcmp(path, ".") == 0 ? 2 : 0),
                           flags | O_CREAT | O_EXCL | O_NOFOLLOW);
    free(name);
    return descriptor;
}

int wcl_nt_openat(int folder, const char *path, int flags, ...)
{
    return flags & O_TMPFILE ? open_unnamed(folder, path, flags) : open_name(folder, path, flags);
}

int wcl_nt_open(const char *path, int flags, ...)
{
    return wcl_nt_openat(AT_FDCWD, path, flags);
}

/* ---- Names of their own --------------------------------------------------------------------- */

static bool fill_template(char *path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    size_t length = strlen(path);
    unsigned char random[6];

    if (length < 6 || strcmp(path + length - 6, "XXXXXX") != 0 ||
        wcl_nt_getrandom(random, sizeof(random), 0) != sizeof(random)) {
        errno = EINVAL;
        return false;
    }
    for (size_t i = 0; i < 6; i++)
        path[length - 6 + i] = letters[random[i] & 31];
    return true;
}

int wcl_nt_mkostemp(char *path, int flags)
{
    if (!fill_template(path))
        return -1;
    return wcl_nt_open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

char *wcl_nt_mkdtemp(char *path)
{
    return fill_template(path) && wcl_nt_mkdir(path, 0700) == 0 ? path : NULL;
}

int wcl_nt_fcntl(int descriptor, int command, ...)
{
    if (command == F_DUPFD_CLOEXEC)
        return _dup(descriptor);
    errno = EINVAL;
    return -1;
}

/* Windows writes behind without being asked to. */
int wcl_nt_sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags)
{
    (void)descriptor;
    (void)offset;
    (void)size;
    (void)flags;
    return 0;
}

int wcl_nt_fadvise(int descriptor, off_t offset, off_t length, int advice)
{
    (void)descriptor;
    (void)offset;
    (void)length;
    (void)advice; /* Windows sees for itself how a file is read. */
    return 0;
}
