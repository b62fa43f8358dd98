/* JSON helpers on cJSON. */
#include "base/json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Whole numbers of up to this many digits are exact as doubles. */
#define EXACT_DIGITS 15
#define MAX_DEPTH 64
/*
 * What a long number is wrapped in while cJSON parses it, and what a text that begins with U+0001
 * itself gets in front, so that it is not taken for one.
 */
#define NUMBER_MARK "\\u0001#"
#define TEXT_MARK "\\u0001="
#define NUMBER_MARK_PARSED "\001#"
#define TEXT_MARK_PARSED "\001="
#define MARK_PARSED_SIZE 2

static bool is_number_char(char c)
{
    return isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* The unit that an escape \uXXXX at `at` stands for, or -1. */
static int32_t escaped_unit(const char *text, size_t size, size_t at)
{
    int32_t unit = 0;

    if (size - at < 6 || text[at] != '\\' || text[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return -1;
        int digit = isdigit((unsigned char)text[i]) ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Copies one character or escape; returns where it ends. cJSON refuses half a surrogate pair, so
 * that is copied as the byte (see wcl_json_escape()) or the WTF-8 it stands for. */
static size_t copy_character(const char *text, size_t size, size_t at, wcl_buffer *out,
                             wcl_error *error, wcl_status *status)
{
    int32_t unit = escaped_unit(text, size, at);
    size_t length = unit >= 0 ? 6 : text[at] == '\\' && at + 1 < size ? 2 : 1;

    if (unit == 0) {
        *status = wcl_fail(error, WCL_CODE_INVALID_DATA,
                           "the JSON has a text with a NUL in it at byte %zu", at);
        return at + length;
    }
    if (unit >= 0xD800 && unit < 0xDC00 && size - at > 6 &&
        (escaped_unit(text, size, at + 6) & ~0x3FF) == 0xDC00)
        length = 12;
    if (length == 6 && unit >= 0xDC80 && unit <= 0xDCFF)
        *status = wcl_buffer_append_byte(out, (uint8_t)unit, error);
    else if (length == 6 && unit >= 0xD800 && unit < 0xE000)
        *status = wcl_buffer_printf(out, error, "\xED%c%c", 0x80 | (unit >> 6 & 0x3F),
                                    0x80 | (unit & 0x3F));
    else
        *status = wcl_buffer_append(out, text + at, length, error);
    return at + length;
}

/* Copies one string literal that starts at `at`; returns where it ends. */
static size_t copy_string(const char *text, size_t size, size_t at, wcl_buffer *out,
                          wcl_error *error, wcl_status *status)
{
    size_t end = at + 1;
    bool is_marked = end < size && (text[end] == '\001' || escaped_unit(text, size, end) == 1);

    *status = wcl_buffer_append_text(out, is_marked ? "\"" TEXT_MARK : "\"", error);
    while (*status == WCL_OK && end < size && text[end] != '"')
        end = copy_character(text, size, end, out, error, status);
    if (*status == WCL_OK && end < size)
        *status = wcl_buffer_append_byte(out, (uint8_t)text[end++], error);
    return end;
}

/* Copies one number, as a marked string when a double might not hold it. */
static size_t copy_number(const char *text, size_t size, size_t at, wcl_buffer *out,
                          wcl_error *error, wcl_status *status)
{
    size_t end = at, digits = 0, first = text[at] == '-' ? at + 1 : at;
    bool whole = true;

    for (; end < size && is_number_char(text[end]); end++) {
        if (isdigit((unsigned char)text[end]))
            digits++;
        else if (end != at || text[end] != '-')
            whole = false;
    }
    if (!whole || digits <= EXACT_DIGITS) {
        *status = wcl_buffer_append(out, text + at, end - at, error);
        return end;
    }
    if (text[first] == '0') {
        *status = wcl_fail(error, WCL_CODE_INVALID_DATA,
                           "the JSON has a number that begins with 0 at byte %zu", at);
        return end;
    }
    *status = wcl_buffer_printf(out, error, "\"" NUMBER_MARK "%.*s\"", (int)(end - at), text + at);
    return end;
}

/* The text with long numbers marked; checks the depth on the way. */
static wcl_status mark_long_numbers(const char *text, size_t size, wcl_buffer *out,
                                    wcl_error *error)
{
    wcl_status status = wcl_buffer_reserve(out, size, error);
    unsigned depth = 0;

    for (size_t at = 0; at < size && status == WCL_OK;) {
        char c = text[at];
        if (c == '"') {
            at = copy_string(text, size, at, out, error, &status);
            continue;
        }
        if (isdigit((unsigned char)c) || c == '-') {
            at = copy_number(text, size, at, out, error, &status);
            continue;
        }
        if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth)
            depth--;
        if (depth > MAX_DEPTH)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the JSON is nested deeper than %d levels at byte %zu", MAX_DEPTH, at);
        status = wcl_buffer_append_byte(out, (uint8_t)c, error);
        at++;
    }
    return status;
}

static bool begins_with(const char *text, const char *mark)
{
    return text && strncmp(text, mark, MARK_PARSED_SIZE) == 0;
}

static void remove_mark(char *text)
{
    memmove(text, text + MARK_PARSED_SIZE, strlen(text + MARK_PARSED_SIZE) + 1);
}

/* Takes the marks away and makes marked numbers numbers again; false where one is the name of a
 * field. Recursion is bounded by MAX_DEPTH. */
static bool unmark(cJSON *item)
{
    for (; item; item = item->next) {
        if (begins_with(item->string, NUMBER_MARK_PARSED))
            return false;
        if (begins_with(item->string, TEXT_MARK_PARSED))
            remove_mark(item->string);
        if (cJSON_IsString(item) && begins_with(item->valuestring, NUMBER_MARK_PARSED)) {
            remove_mark(item->valuestring);
            item->type = (item->type & ~0xFF) | cJSON_Raw;
        } else if (cJSON_IsString(item) && begins_with(item->valuestring, TEXT_MARK_PARSED)) {
            remove_mark(item->valuestring);
        }
        if (!unmark(item->child))
            return false;
    }
    return true;
}

wcl_status wcl_json_parse(const char *text, size_t size, size_t limit, cJSON **json,
                          wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer marked = WCL_BUFFER_INIT;
    const char *end = NULL;

    if (size > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the JSON has %zu bytes, more than the %zu allowed", size, limit);
    if (size && memchr(text, '\0', size))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the JSON has a NUL in it");
    if (mark_long_numbers(text, size, &marked, error) != WCL_OK)
        return WCL_FAILED;
    /* cJSON does not say why; malloc() does. */
    errno = 0;
    cJSON *parsed =
        cJSON_ParseWithLengthOpts(wcl_buffer_text(&marked), marked.size + 1, &end, true);
    if (!parsed && errno == ENOMEM)
        return wcl_fail_memory(error);
    if (!parsed)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "not valid JSON near '%.40s'",
                        end ? end : "");
    if (!unmark(parsed)) {
        cJSON_Delete(parsed);
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "not valid JSON: a field has a number for its name");
    }
    *json = parsed;
    return WCL_OK;
}

char *wcl_json_print(const cJSON *json)
{
    return wcl_json_escape_printed(cJSON_PrintUnformatted(json));
}

char *wcl_json_print_pretty(const cJSON *json)
{
    return wcl_json_escape_printed(cJSON_Print(json));
}

static const cJSON *json_find(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return item && !cJSON_IsNull(item) ? item : NULL;
}

wcl_status wcl_json_get_text(const cJSON *object, const char *name, const char **value,
                             wcl_error *error)
{
    const cJSON *item = json_find(object, name);

    if (item && !cJSON_IsString(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a text", name);
    if (item)
        *value = item->valuestring;
    return WCL_OK;
}

static wcl_status fail_number(wcl_error *error, const char *name, const char *wanted)
{
    return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not a whole number %s", name,
                    wanted);
}

wcl_status wcl_json_get_u64(const cJSON *object, const char *name, uint64_t *value,
                            wcl_error *error)
{
    const cJSON *item = json_find(object, name);
    const char *wanted = "from 0 to 2^64-1";

    if (!item)
        return WCL_OK;
    if (cJSON_IsRaw(item)) {
        char *end;
        errno = 0;
        unsigned long long number = strtoull(item->valuestring, &end, 10);
        if (errno || *end || item->valuestring[0] == '-')
            return fail_number(error, name, wanted);
        *value = number;
        return WCL_OK;
    }
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
        item->valuedouble >= 18446744073709551616.0 ||
        item->valuedouble != floor(item->valuedouble))
        return fail_number(error, name, wanted);
    *value = (uint64_t)item->valuedouble;
    return WCL_OK;
}

wcl_status wcl_json_get_i64(const cJSON *object, const char *name, int64_t *value, wcl_error *error)
{
    const cJSON *item = json_find(object, name);
    const char *wanted = "from -2^63 to 2^63-1";

    if (!item)
        return WCL_OK;
    if (cJSON_IsRaw(item)) {
        char *end;
        errno = 0;
        long long number = strtoll(item->valuestring, &end, 10);
        if (errno || *end)
            return fail_number(error, name, wanted);
        *value = number;
        return WCL_OK;
    }
    if (!cJSON_IsNumber(item) || item->valuedouble < -9223372036854775808.0 ||
        item->valuedouble >= 9223372036854775808.0 || item->valuedouble != floor(item->valuedouble))
        return fail_number(error, name, wanted);
    *value = (int64_t)item->valuedouble;
    return WCL_OK;
}

wcl_status wcl_json_get_bool(const cJSON *object, const char *name, bool *value, wcl_error *error)
{
    const cJSON *item = json_find(object, name);

    if (item && !cJSON_IsBool(item))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "the field '%s' is not true or false", name);
    if (item)
        *value = cJSON_IsTrue(item);
    return WCL_OK;
}

bool wcl_json_add_u64(cJSON *object, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    return cJSON_AddRawToObject(object, name, text) != NULL;
}

bool wcl_json_add_i64(cJSON *object, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    return cJSON_AddRawToObject(object, name, text) != NULL;
}

bool wcl_json_add_text(cJSON *object, const char *name, const char *text)
{
    return cJSON_AddStringToObject(object, name, text) != NULL;
}
