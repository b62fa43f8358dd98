/* Listing folders on Windows. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf16.h"
#include "platform/windows/posix/native.h"

#define CHUNK_SIZE (64 * 1024)

struct wcl_nt_dir {
    int descriptor;
    HANDLE handle;
    bool restart;
    bool ended;
    const FILE_ID_BOTH_DIR_INFO *next; /* in `chunk`, NULL when it is used up */
    struct dirent item;
    _Alignas(16) uint8_t chunk[CHUNK_SIZE];
};

DIR *wcl_nt_fdopendir(int descriptor)
{
    HANDLE handle = wcl_native_handle(descriptor);
    DIR *made = handle == INVALID_HANDLE_VALUE ? NULL : calloc(1, sizeof(*made));

    if (!made)
        return NULL;
    made->descriptor = descriptor;
    made->handle = handle;
    made->restart = true;
    return made;
}

DIR *wcl_nt_opendir(const char *path)
{
    int descriptor = wcl_nt_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *made = descriptor < 0 ? NULL : wcl_nt_fdopendir(descriptor);

    if (!made && descriptor >= 0)
        close(descriptor);
    return made;
}

/* 1 for another chunk, 0 at the end, -1 with errno. */
static int directory_fill(DIR *listing)
{
    FILE_INFO_BY_HANDLE_CLASS class =
        listing->restart ? FileIdBothDirectoryRestartInfo : FileIdBothDirectoryInfo;

    if (listing->ended)
        return 0;
    listing->restart = false;
    if (GetFileInformationByHandleEx(listing->handle, class, listing->chunk, CHUNK_SIZE)) {
        listing->next = (const FILE_ID_BOTH_DIR_INFO *)listing->chunk;
        return 1;
    }
    listing->ended = true;
    DWORD code = GetLastError();
    return code == ERROR_NO_MORE_FILES || code == ERROR_FILE_NOT_FOUND ? 0 : wcl_native_fail(code);
}

static unsigned char type_of(const FILE_ID_BOTH_DIR_INFO *info)
{
    /* The size of a reparse point's EAs is its tag. */
    if ((info->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
        IsReparseTagNameSurrogate(info->EaSize))
        return DT_LNK;
    return info->FileAttributes & FILE_ATTRIBUTE_DIRECTORY ? DT_DIR : DT_REG;
}

struct dirent *wcl_nt_readdir(DIR *listing)
{
    if (!listing->next && directory_fill(listing) <= 0)
        return NULL;
    const FILE_ID_BOTH_DIR_INFO *info = listing->next;
    listing->next =
        info->NextEntryOffset
            ? (const FILE_ID_BOTH_DIR_INFO *)((const uint8_t *)info + info->NextEntryOffset)
            : NULL;
    wcl_buffer name = { 0 };
    if (wcl_utf16_to_wtf8((const uint8_t *)info->FileName, info->FileNameLength, &name, NULL) !=
            WCL_OK ||
        name.size >= sizeof(listing->item.d_name)) {
        wcl_buffer_free(&name);
        errno = ENOMEM;
        return NULL;
    }
    memcpy(listing->item.d_name, name.data, name.size);
    listing->item.d_name[name.size] = '\0';
    wcl_buffer_free(&name);
    listing->item.d_ino = (uint64_t)info->FileId.QuadPart;
    listing->item.d_type = type_of(info);
    return &listing->item;
}

void wcl_nt_rewinddir(DIR *listing)
{
    listing->restart = true;
    listing->ended = false;
    listing->next = NULL;
}

int wcl_nt_dirfd(DIR *listing)
{
    return listing->descriptor;
}

int wcl_nt_closedir(DIR *listing)
{
    int result = close(listing->descriptor);

    free(listing);
    return result;
}
