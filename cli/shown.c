/* Showing text that comes from layers, images and the command line. */
#include "base/printable.h"

#include <stdarg.h>

#include "cli/cli.h"

/* As many as one call of printf() may show. */
#define SHOWN_AT_A_TIME 8

const char *cli_shown(const char *text)
{
    static _Thread_local wcl_buffer shown[SHOWN_AT_A_TIME];
    static _Thread_local unsigned next;

    if (!text || wcl_printable_as_is(text))
        return text ? text : "";
    wcl_buffer *out = &shown[next++ % SHOWN_AT_A_TIME];
    wcl_buffer_clear(out);
    return wcl_printable_append(out, text, NULL) == WCL_OK ? wcl_buffer_text(out) : "?";
}

void cli_say(const char *format, ...)
{
    va_list arguments;
    char text[4096];

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", cli_shown(text));
}
