/* JSON output, written as it comes: a list of a million entries needs no memory. */
#include <inttypes.h>

#include "cli/cli.h"

static void write_quoted(FILE *stream, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    fputc('"', stream);
    while (*at) {
        if (*at == '"' || *at == '\\') {
            fputc('\\', stream);
            fputc(*at++, stream);
        } else if (*at < 0x20 || *at == 0x7F) {
            fprintf(stream, "\\u%04x", *at++);
        } else if (at[0] == 0xED && at[1] >= 0xA0 && at[1] < 0xC0 && (at[2] & 0xC0) == 0x80) {
            /* A lone surrogate, which JSON can hold as an escape only. */
            fprintf(stream, "\\u%04x", 0xD000u | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu));
            at += 3;
        } else {
            fputc(*at++, stream);
        }
    }
    fputc('"', stream);
}

static void write_name(json_out *out, const char *name)
{
    if (out->comma)
        fputc(',', out->stream);
    out->comma = true;
    if (name) {
        write_quoted(out->stream, name);
        fputc(':', out->stream);
    }
}

void json_begin(json_out *out, const char *name, char bracket)
{
    write_name(out, name);
    fputc(bracket, out->stream);
    out->comma = false;
}

void json_end(json_out *out, char bracket)
{
    fputc(bracket == '{' ? '}' : ']', out->stream);
    out->comma = true;
}

void json_text(json_out *out, const char *name, const char *text)
{
    write_name(out, name);
    write_quoted(out->stream, text);
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

void json_null(json_out *out, const char *name)
{
    write_name(out, name);
    fputs("null", out->stream);
}
