/* JSON output, written as it comes: a list of a million entries needs no memory. */
#include "base/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

/* How many bytes of ASCII come that need no escape. */
static size_t plain_length(const char *text, size_t left)
{
    size_t length = 0;

    while (length < left && text[length] >= ' ' && text[length] <= '~' && text[length] != '"' &&
           text[length] != '\\')
        length++;
    return length;
}

static void write_quoted(FILE *stream, const char *text, size_t left)
{
    fputc('"', stream);
    while (left) {
        char escape[WCL_JSON_ESCAPE_SIZE] = "";
        size_t length = plain_length(text, left);
        if (length == 0)
            length = wcl_json_escape(text, left, escape);
        if (*escape)
            fputs(escape, stream);
        else
            fwrite(text, 1, length, stream);
        text += length;
        left -= length;
    }
    fputc('"', stream);
}

static void write_name(json_out *out, const char *name)
{
    if (out->comma)
        fputc(',', out->stream);
    out->comma = true;
    if (name) {
        write_quoted(out->stream, name, strlen(name));
        fputc(':', out->stream);
    }
}

void json_begin(json_out *out, const char *name, char bracket)
{
    write_name(out, name);
    fputc(bracket, out->stream);
    out->comma = false;
    out->depth++;
}

void json_end(json_out *out, char bracket)
{
    fputc(bracket == '{' ? '}' : ']', out->stream);
    out->comma = true;
    if (--out->depth == 0)
        fputc('\n', out->stream);
}

void json_text(json_out *out, const char *name, const char *text)
{
    write_name(out, name);
    if (text)
        write_quoted(out->stream, text, strlen(text));
    else
        fputs("null", out->stream);
}

void json_text_sized(json_out *out, const char *name, const char *text, size_t size)
{
    write_name(out, name);
    write_quoted(out->stream, text, size);
}

void json_texts_to_null(json_out *out, const char *name, ...)
{
    va_list arguments;

    json_begin(out, NULL, '{');
    va_start(arguments, name);
    for (; name; name = va_arg(arguments, const char *))
        json_text(out, name, va_arg(arguments, const char *));
    va_end(arguments);
    json_end(out, '{');
}

void json_number(json_out *out, const char *name, int64_t number)
{
    write_name(out, name);
    fprintf(out->stream, "%" PRId64, number);
}

void json_unsigned(json_out *out, const char *name, uint64_t number)
{
    write_name(out, name);
    fprintf(out->stream, "%" PRIu64, number);
}

void json_bool(json_out *out, const char *name, bool value)
{
    write_name(out, name);
    fputs(value ? "true" : "false", out->stream);
}
