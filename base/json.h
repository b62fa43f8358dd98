/*
 * JSON on cJSON, with what cJSON lacks: limits on what comes from outside, whole numbers beyond
 * 2^53 kept exactly (FILETIMEs need that), and errors that name the field.
 *
 * A number that a double cannot hold becomes a cJSON_Raw item, which prints as it was read; the
 * getters here know it.
 */
#ifndef WCL_BASE_JSON_H
#define WCL_BASE_JSON_H

#include <cjson/cJSON.h>

#include "base/buffer.h"

/* Parses `size` bytes; larger than `limit` bytes, or deeper than 64 levels, is refused. */
wcl_status wcl_json_parse(const char *text, size_t size, size_t limit, cJSON **json,
                          wcl_error *error);

/*
 * The length of the next character of a text, whose bytes may be any, and its escape; an empty one
 * where it may stand as it is. What is not printable is \uXXXX. A byte that is not UTF-8, which
 * those of halves of surrogate pairs are not, is \udcXX, as Python's "surrogateescape" has it: jq,
 * Python and Go take that, and no first half of a pair alone. wcl_json_parse() gives the same bytes
 * back.
 */
#define WCL_JSON_ESCAPE_SIZE 16
size_t wcl_json_escape(const char *text, size_t left, char escape[WCL_JSON_ESCAPE_SIZE]);
/* Takes JSON as cJSON printed it, and returns it with such escapes; NULL when out of memory. */
char *wcl_json_escape_printed(char *printed);

/* The value printed on one line, in UTF-8; freed with wcl_free(). NULL when out of memory. */
char *wcl_json_print(const cJSON *json);
/* The same over several lines, for people. */
char *wcl_json_print_pretty(const cJSON *json);

/*
 * A field of an object. Each leaves `*value` alone when the field is missing or null, and fails
 * with its name when it has another type or does not fit. Texts belong to the JSON.
 */
wcl_status wcl_json_get_text(const cJSON *object, const char *name, const char **value,
                             wcl_error *error);
wcl_status wcl_json_get_u64(const cJSON *object, const char *name, uint64_t *value,
                            wcl_error *error);
wcl_status wcl_json_get_i64(const cJSON *object, const char *name, int64_t *value,
                            wcl_error *error);
wcl_status wcl_json_get_bool(const cJSON *object, const char *name, bool *value, wcl_error *error);

/* Adds a field; false when out of memory. Numbers are exact. */
bool wcl_json_add_u64(cJSON *object, const char *name, uint64_t value);
bool wcl_json_add_i64(cJSON *object, const char *name, int64_t value);
/* A text whose bytes may be any. */
bool wcl_json_add_text(cJSON *object, const char *name, const char *text);

static inline void wcl_json_cleanup(cJSON **json)
{
    cJSON_Delete(*json);
}
#define WCL_CLEANUP_JSON __attribute__((cleanup(wcl_json_cleanup)))

#endif
