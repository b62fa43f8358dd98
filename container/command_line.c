/* Windows command lines: where one argument ends and the next begins, both ways. */
#include <stdlib.h>
#include <string.h>

#include <wcl/container.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * The first argument, the program's name, knows no escapes, since a path cannot hold a quote: it
 * goes from quote to quote, or to the first blank. A line that begins with a blank has an empty
 * one.
 */
static const char *take_program(const char *line, char **out)
{
    if (*line == '"') {
        line++;
        while (*line && *line != '"')
            *(*out)++ = *line++;
        if (*line)
            line++;
    } else {
        while (*line && !is_blank(*line))
            *(*out)++ = *line++;
    }
    *(*out)++ = '\0';
    return line;
}

/* A run of backslashes: literal, unless a quote follows, when each pair is one of them. Returns
 * whether an odd one makes that quote literal. */
static bool take_backslashes(const char **line, char **out)
{
    size_t count = strspn(*line, "\\");

    *line += count;
    size_t written = **line == '"' ? count / 2 : count;
    memset(*out, '\\', written);
    *out += written;
    return **line == '"' && count % 2 == 1;
}

/* One further argument; `line` is at its first character. */
static const char *take_argument(const char *line, char **out)
{
    bool quoted = false;

    while (*line && (quoted || !is_blank(*line))) {
        if (*line == '\\') {
            if (take_backslashes(&line, out))
                *(*out)++ = *line++;
        } else if (*line == '"' && quoted && line[1] == '"') {
            /* Two quotes within quotes are a literal one, and end the quoted part as well. */
            *(*out)++ = '"';
            line += 2;
            quoted = false;
        } else if (*line == '"') {
            quoted = !quoted;
            line++;
        } else {
            *(*out)++ = *line++;
        }
    }
    *(*out)++ = '\0';
    return line;
}

wcl_status wcl_command_line_split(const char *line, char ***arguments, size_t *count,
                                  wcl_error *error)
{
    size_t length, most, bytes;

    *arguments = NULL;
    *count = 0;
    line = wcl_text(line);
    length = strlen(line);

    /* At most every second character begins an argument, and the texts need one byte more than the
     * line for the end of the first, which a blank line has as well. */
    if (__builtin_mul_overflow(length / 2 + 3, sizeof(char *), &most) ||
        __builtin_add_overflow(most, length + 2, &bytes))
        return wcl_fail_memory(error);
    char **list = malloc(bytes);
    if (!list)
        return wcl_fail_memory(error);
    char *out = (char *)list + most;
    size_t n = 0;
    if (*line) {
        list[n++] = out;
        line = take_program(line, &out);
    }
    for (;;) {
        while (is_blank(*line))
            line++;
        if (!*line)
            break;
        list[n++] = out;
        line = take_argument(line, &out);
    }
    list[n] = NULL;
    *arguments = list;
    *count = n;
    return WCL_OK;
}

static wcl_status join_program(const char *program, wcl_buffer *line, wcl_error *error)
{
    bool quoted = !*program || strpbrk(program, " \t");

    if (strchr(program, '"'))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the program '%s' has a quote in its name, which no command line can say",
                        program);
    return wcl_buffer_printf(line, error, quoted ? "\"%s\"" : "%s", program);
}

/* Backslashes are doubled where a quote follows, and one more makes that quote literal. */
static wcl_status join_quoted(const char *argument, wcl_buffer *line, wcl_error *error)
{
    wcl_status status = wcl_buffer_append_byte(line, '"', error);

    while (status == WCL_OK && *argument) {
        size_t slashes = strspn(argument, "\\");
        size_t plain = strcspn(argument + slashes, "\\\"");
        bool quote = argument[slashes] == '"', end = !argument[slashes];
        for (size_t i = 0; i < slashes && status == WCL_OK && (quote || end); i++)
            status = wcl_buffer_append_byte(line, '\\', error);
        if (status == WCL_OK)
            status = wcl_buffer_append(line, argument, slashes + plain, error);
        argument += slashes + plain;
        if (status == WCL_OK && quote) {
            status = wcl_buffer_append_text(line, "\\\"", error);
            argument++;
        }
    }
    return status == WCL_OK ? wcl_buffer_append_byte(line, '"', error) : WCL_FAILED;
}

static wcl_status join_argument(const char *argument, wcl_buffer *line, wcl_error *error)
{
    if (wcl_buffer_append_byte(line, ' ', error) != WCL_OK)
        return WCL_FAILED;
    if (*argument && !strpbrk(argument, " \t\""))
        return wcl_buffer_append_text(line, argument, error);
    return join_quoted(argument, line, error);
}

wcl_status wcl_command_line_join(const char *const *arguments, size_t count, char **line,
                                 wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer joined = WCL_BUFFER_INIT;

    *line = NULL;
    if (count == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a command line names a program");
    if (join_program(arguments[0], &joined, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 1; i < count; i++)
        if (join_argument(arguments[i], &joined, error) != WCL_OK)
            return WCL_FAILED;
    *line = wcl_buffer_detach(&joined, NULL, error);
    return *line ? WCL_OK : WCL_FAILED;
}
