/* The rest of what POSIX adds to C's library, on Windows. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/random.h"
#include "base/utf16.h"
#include "platform/windows/posix/native.h"

char *wcl_nt_strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = malloc(length + 1);

    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void *wcl_nt_memmem(const void *data, size_t size, const void *part, size_t part_size)
{
    const char *at = data;

    for (; size >= part_size; at++, size--)
        if (memcmp(at, part, part_size) == 0)
            return (void *)(uintptr_t)at;
    return NULL;
}

char *wcl_nt_stpcpy(char *to, const char *from)
{
    size_t length = strlen(from);

    memcpy(to, from, length + 1);
    return to + length;
}

void *wcl_nt_memrchr(const void *data, int byte, size_t size)
{
    const unsigned char *bytes = data;

    while (size > 0)
        if (bytes[--size] == (unsigned char)byte)
            return (void *)(uintptr_t)(bytes + size);
    return NULL;
}

void wcl_nt_explicit_bzero(void *data, size_t size)
{
    SecureZeroMemory(data, size);
}

char *wcl_nt_strsep(char **text, const char *ends)
{
    char *start = *text;

    if (!start)
        return NULL;
    char *end = start + strcspn(start, ends);
    *text = *end ? end + 1 : NULL;
    *end = '\0';
    return start;
}

typedef struct ordering {
    int (*compare)(const void *, const void *, void *);
    void *context;
} ordering;

static int __cdecl compare_turned(void *context, const void *a, const void *b)
{
    const ordering *order = context;

    return order->compare(a, b, order->context);
}

void wcl_nt_qsort_r(void *items, size_t count, size_t size,
                    int (*compare)(const void *, const void *, void *), void *context)
{
    ordering order = { compare, context };

    qsort_s(items, count, size, compare_turned, &order);
}

/* ---- Time ----------------------------------------------------------------------------------- */

time_t wcl_nt_timegm(struct tm *parts)
{
    return _mkgmtime(parts);
}

char *wcl_nt_strptime(const char *text, const char *format, struct tm *parts)
{
    int size = 0;

    if (strcmp(format, "%Y-%m-%dT%H:%M:%S") != 0 ||
        sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts->tm_year, &parts->tm_mon, &parts->tm_mday,
               &parts->tm_hour, &parts->tm_min, &parts->tm_sec, &size) != 6)
        return NULL;
    parts->tm_year -= 1900;
    parts->tm_mon--;
    return (char *)(uintptr_t)(text + size);
}

int wcl_nt_uname(struct utsname *host)
{
    SYSTEM_INFO info;

    GetNativeSystemInfo(&info);
    strcpy(host->sysname, "Windows");
    strcpy(host->machine, info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_ARM64   ? "aarch64"
                          : info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64 ? "x86_64"
                                                                                        : "i686");
    return 0;
}

struct tm *wcl_nt_gmtime_r(const time_t *time, struct tm *parts)
{
    return gmtime_s(parts, time) == 0 ? parts : NULL;
}

int wcl_nt_usleep(unsigned microseconds)
{
    Sleep((microseconds + 999) / 1000);
    return 0;
}

void *wcl_nt_reallocarray(void *memory, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, bytes);
}

int wcl_nt_setenv(const char *name, const char *value, int overwrite)
{
    return !overwrite && getenv(name) ? 0 : _putenv_s(name, value);
}

int wcl_nt_unsetenv(const char *name)
{
    return _putenv_s(name, "");
}

ssize_t wcl_nt_getrandom(void *buffer, size_t size, unsigned flags)
{
    (void)flags;
    if (wcl_random_bytes(buffer, size, NULL) == WCL_OK)
        return (ssize_t)size;
    errno = EIO;
    return -1;
}

/* The variable's value as UTF-8, good until this thread asks for another. */
char *wcl_nt_getenv(const char *name)
{
    static _Thread_local char value[3 * 32768];
    wcl_buffer wide_name = { 0 }, text = { 0 };
    char *result = NULL;

    if (wcl_wtf8_to_utf16(name, strlen(name), &wide_name, NULL) != WCL_OK ||
        wcl_buffer_append(&wide_name, "\0", 2, NULL) != WCL_OK) {
        wcl_buffer_free(&wide_name);
        return NULL;
    }
    const wchar_t *wide = _wgetenv((const wchar_t *)wide_name.data);
    wcl_buffer_free(&wide_name);
    if (wide && wcl_utf16_to_wtf8(wide, wcslen(wide) * sizeof(*wide), &text, NULL) == WCL_OK &&
        text.size < sizeof(value)) {
        strcpy(value, wcl_buffer_text(&text));
        result = value;
    }
    wcl_buffer_free(&text);
    return result;
}

/* UTF-8 with slashes of what stands behind "\\?\" or "\??\". */
static char *plain_path(const wchar_t *wide, size_t length)
{
    wcl_buffer text = { 0 };

    if (wcl_utf16_to_wtf8(wide, length * sizeof(*wide), &text, NULL) != WCL_OK || text.size < 8) {
        wcl_buffer_free(&text);
        errno = ENOMEM;
        return NULL;
    }
    char *path = (char *)text.data;
    if (strncmp(path + 4, "UNC\\", 4) == 0)
        memmove(path + 1, path + 7, text.size - 6);
    else
        memmove(path, path + 4, text.size - 3);
    for (char *at = path; *at; at++)
        if (*at == '\\')
            *at = '/';
    return path;
}

/* Where a handle really is; NULL where the system does not say. */
static char *final_path(HANDLE handle)
{
    DWORD size = GetFinalPathNameByHandleW(handle, NULL, 0, 0);
    wchar_t *wide = size ? malloc((size + 1) * sizeof(*wide)) : NULL;
    DWORD length = wide ? GetFinalPathNameByHandleW(handle, wide, size + 1, 0) : 0;
    char *path = length > 0 && length <= size ? plain_path(wide, length) : NULL;

    free(wide);
    return path;
}

char *wcl_nt_realpath(const char *path, char *resolved)
{
    int descriptor = resolved ? -1 : wcl_nt_open(path, O_PATH | O_CLOEXEC);
    wcl_native_name name;

    if (descriptor < 0)
        return NULL;
    char *real = final_path(wcl_native_handle(descriptor));
    /* Wine knows no longer path than 260 units; without its links resolved it is a path as well. */
    if (!real && wcl_native_name_make(AT_FDCWD, path, &name) == 0) {
        real = plain_path(name.text.Buffer, name.text.Length / sizeof(wchar_t));
        wcl_native_name_free(&name);
    }
    int number = errno;
    close(descriptor);
    errno = number;
    return real;
}
