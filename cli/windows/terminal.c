/* The console that the program runs in. */
#include "cli/terminal.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <io.h>

/* How the console was before; a program has one. */
static DWORD before_in, before_out;
static bool is_raw;

bool terminal_is_there(void)
{
    DWORD mode;

    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) &&
           GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode);
}

bool terminal_size(uint16_t *width, uint16_t *height)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info))
        return false;
    *width = (uint16_t)(info.srWindow.Right - info.srWindow.Left + 1);
    *height = (uint16_t)(info.srWindow.Bottom - info.srWindow.Top + 1);
    return *width > 0 && *height > 0;
}

void terminal_make_raw(void)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);

    if (!GetConsoleMode(in, &before_in) || !GetConsoleMode(out, &before_out))
        return;
    is_raw = SetConsoleMode(in, ENABLE_VIRTUAL_TERMINAL_INPUT) &&
             SetConsoleMode(out, before_out | ENABLE_VIRTUAL_TERMINAL_PROCESSING |
                                     DISABLE_NEWLINE_AUTO_RETURN);
}

void terminal_restore(void)
{
    if (is_raw) {
        SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), before_in);
        SetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), before_out);
    }
    is_raw = false;
}
