/* containerd's filters. */
#include "snapshotter/filter.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

/* Of all filters of a request. */
#define PARTS_MAX 256
#define REGEX_SIZE_MAX 256

typedef enum filter_test {
    IS_THERE,
    IS_EQUAL,
    IS_OTHER,
    IS_LIKE
} filter_test;

typedef struct filter_part {
    bool begins; /* a filter: those before are another one */
    char *field; /* "name", "parent", "kind", or "" for a label */
    char *label;
    filter_test test;
    char *value;
    regex_t regex;
    bool has_regex;
} filter_part;

struct wcl_filter {
    filter_part *parts;
    size_t count;
    bool matches_all;
};

/* ---- Reading --------------------------------------------------------------------------------- */

static wcl_status filter_fail(const char *text, const char *at, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the filter '%.200s' cannot be understood from '%.60s' on", text, at);
}

/* The bytes that an escape of a Go text stands for; false where it is none. */
static bool read_escape(const char **at, wcl_buffer *text)
{
    static const char letters[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
    char digits[3] = "";
    const char *found = **at ? strchr(letters, **at) : NULL;

    if (found) {
        *at += 1;
        return wcl_buffer_append_byte(text, (uint8_t)values[found - letters], NULL) == WCL_OK;
    }
    if (**at != 'x' || !isxdigit((unsigned char)(*at)[1]) || !isxdigit((unsigned char)(*at)[2]))
        return false;
    memcpy(digits, *at + 1, 2);
    *at += 3;
    return wcl_buffer_append_byte(text, (uint8_t)strtoul(digits, NULL, 16), NULL) == WCL_OK;
}

/* A text between two of `quote`; only in double quotes are there escapes of all kinds. */
static bool read_quoted(const char **at, char quote, wcl_buffer *text)
{
    const char *from = *at + 1;

    while (*from && *from != quote) {
        bool ok;
        if (*from == '\\' && quote == '"') {
            from++;
            ok = read_escape(&from, text);
        } else {
            if (*from == '\\' && from[1] == quote)
                from++;
            ok = wcl_buffer_append_byte(text, (uint8_t)*from++, NULL) == WCL_OK;
        }
        if (!ok)
            return false;
    }
    *at = from + (*from == quote);
    return *from == quote;
}

/* A field's name: letters, digits and underscores, or quoted. */
static bool read_name(const char **at, wcl_buffer *text)
{
    const char *from = *at;

    if (*from == '"')
        return read_quoted(at, '"', text);
    while (isalnum((unsigned char)**at) || **at == '_')
        *at += 1;
    return *at > from && wcl_buffer_append(text, from, (size_t)(*at - from), NULL) == WCL_OK;
}

static bool read_value(const char **at, bool is_regex, wcl_buffer *text)
{
    const char *from = *at;

    if (*from == '"' || (is_regex && (*from == '/' || *from == '|')))
        return read_quoted(at, *from, text);
    while (**at && **at != ',' && !isspace((unsigned char)**at))
        *at += 1;
    return wcl_buffer_append(text, from, (size_t)(*at - from), NULL) == WCL_OK;
}

static char *detach_text(wcl_buffer *text)
{
    return wcl_buffer_append_byte(text, 0, NULL) == WCL_OK ? wcl_buffer_detach(text, NULL, NULL)
                                                           : NULL;
}

/* labels.a.b is the label "a.b", as is labels."a.b". */
static bool read_field(const char **at, filter_part *part)
{
    WCL_CLEANUP_BUFFER wcl_buffer field = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer label = WCL_BUFFER_INIT;

    if (!read_name(at, &field))
        return false;
    while (**at == '.') {
        *at += 1;
        if ((label.size > 0 && wcl_buffer_append_byte(&label, '.', NULL) != WCL_OK) ||
            !read_name(at, &label))
            return false;
    }
    part->field = detach_text(&field);
    part->label = detach_text(&label);
    return part->field && part->label;
}

static bool read_operator(const char **at, filter_part *part)
{
    static const char *const operators[] = { "==", "!=", "~=" };

    part->test = IS_THERE;
    for (int i = 0; i < 3; i++)
        if (strncmp(*at, operators[i], 2) == 0) {
            part->test = (filter_test)(IS_EQUAL + i);
            *at += 2;
        }
    return true;
}

/*
 * What regcomp() and regexec() of glibc do with a few bytes of it has no bound: repetitions by
 * count multiply, back-references try every way, and each bracket is a call within a call.
 */
static bool is_harmless_regex(const char *text)
{
    if (strlen(text) > REGEX_SIZE_MAX || strchr(text, '{'))
        return false;
    for (const char *at = text; (at = strchr(at, '\\')) && at[1]; at += 2)
        if (at[1] >= '0' && at[1] <= '9')
            return false;
    return true;
}

static bool read_part(const char **at, filter_part *part)
{
    WCL_CLEANUP_BUFFER wcl_buffer value = WCL_BUFFER_INIT;

    if (!read_field(at, part) || !read_operator(at, part))
        return false;
    if (part->test != IS_THERE && !read_value(at, part->test == IS_LIKE, &value))
        return false;
    part->value = detach_text(&value);
    if (!part->value)
        return false;
    part->has_regex = part->test == IS_LIKE && is_harmless_regex(part->value) &&
                      regcomp(&part->regex, part->value, REG_EXTENDED | REG_NOSUB) == 0;
    return part->test != IS_LIKE || part->has_regex;
}

static wcl_status read_filter(const char *text, wcl_filter *filter, wcl_error *error)
{
    const char *at = text;

    if (!*text)
        filter->matches_all = true;
    for (bool begins = true; *text; begins = false) {
        if (filter->count == PARTS_MAX)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the filters have too many parts");
        filter_part *part = &filter->parts[filter->count++];
        part->begins = begins;
        if (!read_part(&at, part) || (*at && *at != ','))
            return filter_fail(text, at, error);
        if (!*at)
            return WCL_OK;
        at++;
    }
    return WCL_OK;
}

wcl_status wcl_filter_parse(char *const *texts, size_t count, wcl_filter **filter, wcl_error *error)
{
    wcl_filter *made = calloc(1, sizeof(*made));
    wcl_status status = WCL_OK;

    if (!made || !(made->parts = calloc(PARTS_MAX, sizeof(*made->parts)))) {
        free(made);
        return wcl_fail_memory(error);
    }
    made->matches_all = count == 0;
    for (size_t i = 0; status == WCL_OK && i < count; i++)
        status = read_filter(texts[i], made, error);
    if (status == WCL_OK)
        *filter = made;
    else
        wcl_filter_free(made);
    return status;
}

void wcl_filter_free(wcl_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->count; i++) {
        filter_part *part = &filter->parts[i];
        free(part->field);
        free(part->label);
        free(part->value);
        if (part->has_regex)
            regfree(&part->regex);
    }
    free(filter->parts);
    free(filter);
}

/* ---- Matching -------------------------------------------------------------------------------- */

static const char *field_of(const filter_part *part, const wcl_snapshot *snapshot)
{
    static const char *const kinds[] = { "unknown", "view", "active", "committed" };

    if (strcmp(part->field, "labels") == 0)
        return wcl_snapshot_labels_find(&snapshot->labels, part->label);
    if (*part->label)
        return NULL;
    if (strcmp(part->field, "name") == 0)
        return snapshot->key;
    if (strcmp(part->field, "parent") == 0)
        return snapshot->parent;
    return strcmp(part->field, "kind") == 0 ? kinds[snapshot->kind] : NULL;
}

static bool part_matches(const filter_part *part, const wcl_snapshot *snapshot)
{
    const char *value = field_of(part, snapshot);

    switch (part->test) {
    case IS_THERE:
        return value != NULL;
    case IS_EQUAL:
        return value && strcmp(value, part->value) == 0;
    case IS_OTHER:
        return !value || strcmp(value, part->value) != 0;
    case IS_LIKE:
        return regexec(&part->regex, value ? value : "", 0, NULL, 0) == 0;
    }
    return false;
}

bool wcl_filter_matches(const wcl_filter *filter, const wcl_snapshot *snapshot)
{
    bool found = filter->matches_all, holds = false;

    for (size_t i = 0; i < filter->count; i++) {
        const filter_part *part = &filter->parts[i];
        if (part->begins) {
            found |= holds;
            holds = true;
        }
        holds = holds && part_matches(part, snapshot);
    }
    return found || holds;
}
