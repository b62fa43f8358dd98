/* What tests ask of Windows, or of Wine. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <psapi.h>

/* Wine turns a path into one of the system below it, whose paths end at 4096 bytes, and goes
 * through it name by name each time, which takes minutes with thousands of folders. */
#define WINE_DEPTH_MAX 250
#define WINE_PATH_MAX 4096
#define WINDOWS_PATH_MAX 32767

bool system_has_symlinks(void)
{
    print_message("skipped: wcl makes no symbolic links on Windows, which takes a privilege\n");
    return false;
}

bool system_keeps_modes(void)
{
    print_message("skipped: files of Windows have no modes\n");
    return false;
}

bool system_keeps_access_times(void)
{
    print_message("skipped: reading a file may count as access on Windows\n");
    return false;
}

void system_needs_symlinks(void)
{
    if (!system_has_symlinks())
        skip();
}

void system_needs_special_files(void)
{
    print_message("skipped: folders of Windows hold no pipes, sockets and devices\n");
    skip();
}

void system_needs_any_name(void)
{
    print_message("skipped: Windows has no files of such names\n");
    skip();
}

void system_needs_file_limit(void)
{
    print_message("skipped: Windows does not limit the size of files\n");
    skip();
}

void system_needs_xattrs(void)
{
    print_message("skipped: a folder on Windows keeps all metadata by name, in .wcl-metadata\n");
    skip();
}

void system_needs_block_counts(void)
{
    print_message("skipped: Wine does not tell what of a sparse file is on disk\n");
    skip();
}

bool system_has_name(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file < 0) {
        print_message("left out: a name that this file system cannot have, or not beside one in "
                      "other case\n");
        return false;
    }
    return close(file) == 0;
}

void system_limit_files(size_t bytes)
{
    (void)bytes;
}

long system_peak_memory(void)
{
    PROCESS_MEMORY_COUNTERS counters = { .cb = sizeof(counters) };

    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters)))
        fail_msg("the memory cannot be told: %lu", GetLastError());
    return (long)(counters.PeakWorkingSetSize / 1024);
}

void system_use_one_processor(bool one)
{
    DWORD_PTR all, of_system;

    GetProcessAffinityMask(GetCurrentProcess(), &all, &of_system);
    SetProcessAffinityMask(GetCurrentProcess(), one ? all & -all : of_system);
}

int system_depth(int wanted, int name_size)
{
    bool wine = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
    int most = ((wine ? WINE_PATH_MAX : WINDOWS_PATH_MAX) - 256) / (name_size + 1);

    if (wine && most > WINE_DEPTH_MAX)
        most = WINE_DEPTH_MAX;
    if (most >= wanted)
        return wanted;
    print_message("%d folders deep, not %d: paths are limited here\n", most, wanted);
    return most;
}

void system_needs_depth(int wanted, int name_size)
{
    if (system_depth(wanted, name_size) < wanted)
        skip();
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

int mkfifo(const char *path, unsigned mode)
{
    (void)path;
    (void)mode;
    errno = EOPNOTSUPP;
    return -1;
}

int mknod(const char *path, unsigned mode, unsigned device)
{
    (void)device;
    return mkfifo(path, mode);
}

unsigned getuid(void)
{
    return 0;
}
