/* BackupRead and BackupWrite for tests. */
#include "windows/layers/fake_backup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <windows.h>

#include "base/cursor.h"
#include "platform/windows/wide.h"

#define BACKUPS_MAX 256
#define HEADER_SIZE 20

static fake_backup backups[BACKUPS_MAX];
static size_t backup_count;
static size_t open_contexts;
static DWORD next_failure;

size_t backups_begun(void)
{
    return backup_count;
}

size_t backups_open(void)
{
    return open_contexts;
}

void backups_reset(void)
{
    for (size_t i = 0; i < backup_count; i++) {
        free(backups[i].path);
        wcl_buffer_free(&backups[i].stream);
    }
    memset(backups, 0, sizeof(backups));
    backup_count = 0;
    next_failure = 0;
}

void backups_fail_next(unsigned code)
{
    next_failure = code;
}

const fake_backup *backup_of(const char *path)
{
    for (size_t i = backup_count; i-- > 0;) {
        size_t length = strlen(backups[i].path), wanted = strlen(path);
        if (length >= wanted && strcmp(backups[i].path + length - wanted, path) == 0)
            return &backups[i];
    }
    fail_msg("nothing was restored to %s", path);
    return NULL;
}

static char *path_of(HANDLE file)
{
    static union {
        FILE_NAME_INFO info;
        wchar_t room[4000];
    } name;

    memset(&name, 0, sizeof(name));
    assert_true(GetFileInformationByHandleEx(file, FileNameInfo, &name, sizeof(name) - 2));
    char *path = wcl_text_of_wide(name.info.FileName, NULL);
    for (char *at = path; *at; at++)
        if (*at == '\\')
            *at = '/';
    return path;
}

/* Gives the file what the stream says its data is. As on NTFS, times that were set through the
 * handle stay as they are. */
static void restore_data(HANDLE file, const wcl_buffer *stream)
{
    FILE_BASIC_INFO info;

    assert_true(GetFileInformationByHandleEx(file, FileBasicInfo, &info, sizeof(info)));
    wcl_cursor cursor = wcl_cursor_over(stream->data, stream->size);

    while (wcl_cursor_left(&cursor) >= HEADER_SIZE) {
        uint32_t id = wcl_cursor_le32(&cursor);
        wcl_cursor_le32(&cursor);
        uint64_t size = wcl_cursor_le64(&cursor);
        wcl_cursor_take(&cursor, wcl_cursor_le32(&cursor));
        const uint8_t *data = wcl_cursor_take(&cursor, size);
        DWORD written;
        if (data && id == 1)
            assert_true(WriteFile(file, data, (DWORD)size, &written, NULL));
    }
    assert_true(SetFileInformationByHandle(file, FileBasicInfo, &info, sizeof(info)));
}

static BOOL WINAPI fake_write(HANDLE file, LPBYTE data, DWORD size, LPDWORD taken, BOOL end,
                              BOOL security, LPVOID *context)
{
    fake_backup *backup = *context;

    if (end) {
        restore_data(file, &backup->stream);
        backup->ended = true;
        open_contexts--;
        *context = NULL;
        return TRUE;
    }
    if (next_failure) {
        SetLastError(next_failure);
        next_failure = 0;
        return FALSE;
    }
    if (!backup) {
        assert_true(backup_count < BACKUPS_MAX);
        *context = backup = &backups[backup_count++];
        backup->path = path_of(file);
        backup->security = security;
        open_contexts++;
    }
    assert_int_equal(wcl_buffer_append(&backup->stream, data, size, NULL), WCL_OK);
    *taken = size;
    return TRUE;
}

/* What is still to be given of a file: a header and its data, or nothing of a folder. */
static wcl_buffer *begin_read(HANDLE file)
{
    wcl_buffer *stream = calloc(1, sizeof(*stream));
    LARGE_INTEGER size = { .QuadPart = 0 };
    FILE_BASIC_INFO info;
    DWORD got;

    assert_true(GetFileInformationByHandleEx(file, FileBasicInfo, &info, sizeof(info)));
    if (info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        return stream;
    assert_true(GetFileSizeEx(file, &size));
    wcl_buffer_append_le32(stream, 1, NULL);
    wcl_buffer_append_le32(stream, 0, NULL);
    wcl_buffer_append_le64(stream, (uint64_t)size.QuadPart, NULL);
    wcl_buffer_append_le32(stream, 0, NULL);
    assert_int_equal(wcl_buffer_reserve(stream, (size_t)size.QuadPart, NULL), WCL_OK);
    assert_true(ReadFile(file, stream->data + stream->size, (DWORD)size.QuadPart, &got, NULL));
    stream->size += got;
    return stream;
}

static BOOL WINAPI fake_read(HANDLE file, LPBYTE data, DWORD size, LPDWORD given, BOOL end,
                             BOOL security, LPVOID *context)
{
    wcl_buffer *stream = *context;

    (void)security;
    if (end) {
        wcl_buffer_free(stream);
        free(stream);
        open_contexts--;
        *context = NULL;
        return TRUE;
    }
    if (!stream) {
        *context = stream = begin_read(file);
        open_contexts++;
    }
    *given = stream->size < size ? (DWORD)stream->size : size;
    if (*given)
        memcpy(data, stream->data, *given);
    stream->size -= *given;
    if (stream->size)
        memmove(stream->data, stream->data + *given, stream->size);
    return TRUE;
}

/* What the linker makes calls of the system's functions through. */
extern BOOL(WINAPI *__imp_BackupWrite)(HANDLE, LPBYTE, DWORD, LPDWORD, BOOL, BOOL, LPVOID *);
extern BOOL(WINAPI *__imp_BackupRead)(HANDLE, LPBYTE, DWORD, LPDWORD, BOOL, BOOL, LPVOID *);
BOOL(WINAPI *__imp_BackupWrite)(HANDLE, LPBYTE, DWORD, LPDWORD, BOOL, BOOL, LPVOID *) = fake_write;
BOOL(WINAPI *__imp_BackupRead)(HANDLE, LPBYTE, DWORD, LPDWORD, BOOL, BOOL, LPVOID *) = fake_read;
