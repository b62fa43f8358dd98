/* The program on Windows. */
#include "cli/system.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/utf16.h"

/* A program has one of each. */
static void (*on_stop)(int number);
static char home[4096];

static char *to_utf8(const wchar_t *text)
{
    wcl_buffer made = WCL_BUFFER_INIT;

    if (wcl_utf16_to_wtf8(text, wcslen(text) * sizeof(*text), &made, NULL) != WCL_OK ||
        wcl_buffer_append(&made, "", 1, NULL) != WCL_OK)
        return NULL;
    return (char *)made.data;
}

/* The C runtime's own arguments are in the code page, which cannot hold every name. The program
 * keeps these to its end. */
static bool take_arguments(int *argc, char ***argv)
{
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);
    char **made = wide ? calloc((size_t)*argc + 1, sizeof(*made)) : NULL;

    for (int i = 0; made && i < *argc; i++)
        if (!(made[i] = to_utf8(wide[i])))
            return false;
    LocalFree(wide);
    *argv = made;
    return made != NULL;
}

bool cli_system_begin(int *argc, char ***argv)
{
    for (int fd = 0; fd < 3; fd++)
        _setmode(fd, _O_BINARY);
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    return take_arguments(argc, argv);
}

const char *cli_system_home(void)
{
    const char *data = getenv("ProgramData");

    snprintf(home, sizeof(home), "%s/wcl", data && *data ? data : "C:/ProgramData");
    return home;
}

/* The store's files are its user's own; those behind vmcompute.dll are the system's. */
bool cli_system_has_networks(const char *home)
{
    return true;
}

void cli_system_take_rights(const wcl_hooks *hooks)
{
    const char *provider = getenv("WCL_PROVIDER");
    wcl_error error = WCL_ERROR_INIT;
    char text[1400];

    if (provider && *provider && strcmp(provider, "vmcompute") != 0)
        return;
    if (wcl_enable_backup_privileges(&error) != WCL_OK && hooks->log)
        hooks->log(hooks->context, WCL_LOG_INFO, wcl_error_format(&error, text, sizeof(text)));
}

static BOOL WINAPI stop(DWORD event)
{
    on_stop((int)event);
    /* After closing and logging off, Windows ends the program when this returns. */
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(5000);
    return TRUE;
}

void cli_system_watch(void (*handler)(int number))
{
    on_stop = handler;
    SetConsoleCtrlHandler(stop, TRUE);
}

void cli_system_end_in_time(void)
{
}

void cli_system_end_begins(void)
{
}

void cli_system_end_reader(pthread_t thread)
{
    HANDLE handle = pthread_gethandle(thread);

    /* It may not have begun to wait yet. */
    while (WaitForSingleObject(handle, 10) == WAIT_TIMEOUT)
        CancelSynchronousIo(handle);
    pthread_join(thread, NULL);
}
