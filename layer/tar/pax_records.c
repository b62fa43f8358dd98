/* Parsing and writing pax records. */
#include "layer/tar/pax_records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"

wcl_status wcl_pax_records_add(wcl_pax_records *records, const wcl_pax_record *record,
                               wcl_error *error)
{
    if (WCL_LIST_RESERVE(records->items, records->count, records->capacity, error) != WCL_OK)
        return WCL_FAILED;
    records->items[records->count++] = *record;
    return WCL_OK;
}

void wcl_pax_records_free(wcl_pax_records *records)
{
    free(records->items);
    *records = (wcl_pax_records) { 0 };
}

static wcl_status fail_record(size_t offset, const char *why, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT, "the pax record at byte %zu of its header %s", offset,
                    why);
}

/* The decimal length that a record begins with; 0 where there is none. `*digits` counts it with
 * its blank. */
static size_t parse_length(const char *text, size_t size, size_t *digits)
{
    size_t length = 0;
    size_t at = 0;

    while (at < size && text[at] >= '0' && text[at] <= '9') {
        if (length > size)
            return 0;
        length = length * 10 + (size_t)(text[at++] - '0');
    }
    *digits = at + 1;
    return at > 0 && at < size && text[at] == ' ' && length <= size && length > *digits ? length
                                                                                        : 0;
}

wcl_status wcl_pax_records_parse(wcl_pax_records *records, const void *data, size_t size,
                                 bool is_global, wcl_error *error)
{
    const char *text = data;
    size_t length;

    for (size_t offset = 0; offset < size; offset += length) {
        size_t digits;
        length = parse_length(text + offset, size - offset, &digits);
        if (length == 0)
            return fail_record(offset, "has no valid length", error);
        const char *key = text + offset + digits;
        size_t left = length - digits;
        if (key[left - 1] != '\n')
            return fail_record(offset, "does not end in a line feed", error);
        const char *equals = memchr(key, '=', left);
        if (!equals || equals == key)
            return fail_record(offset, "has no key", error);
        wcl_pax_record record = { .key = key,
                                  .key_size = (size_t)(equals - key),
                                  .value = equals + 1,
                                  .value_size = left - (size_t)(equals - key) - 2,
                                  .is_global = is_global };
        if (memchr(key, '\0', record.key_size))
            return fail_record(offset, "has a NUL in its key", error);
        if (wcl_pax_records_add(records, &record, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

const wcl_pax_record *wcl_pax_records_find(const wcl_pax_records *records, const char *key)
{
    size_t size = strlen(key);

    for (size_t i = records->count; i-- > 0;) {
        const wcl_pax_record *record = &records->items[i];
        if (!record->is_global && record->key_size == size && memcmp(record->key, key, size) == 0)
            return record;
    }
    return NULL;
}

static wcl_status fail_value(const wcl_pax_record *record, const char *what, wcl_error *error)
{
    int key_size = record->key_size > 100 ? 100 : (int)record->key_size;
    int value_size = record->value_size > 100 ? 100 : (int)record->value_size;
    return wcl_fail(error, WCL_CODE_INVALID_DATA, "the pax record %.*s is not a valid %s: '%.*s'",
                    key_size, record->key, what, value_size, record->value);
}

/* Takes decimal digits off `*text`; false where there are none or they do not fit. */
static bool take_digits(const char **text, const char *end, uint64_t *value)
{
    const char *start = *text;

    *value = 0;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++)
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (unsigned)(**text - '0'), value))
            return false;
    return *text > start;
}

wcl_status wcl_pax_record_u64(const wcl_pax_record *record, uint64_t *value, wcl_error *error)
{
    const char *text = record->value;
    const char *end = text + record->value_size;

    if (take_digits(&text, end, value) && text == end)
        return WCL_OK;
    return fail_value(record, "number", error);
}

/* The nanoseconds that the digits behind a point stand for. */
static bool take_fraction(const char **text, const char *end, long *nanoseconds)
{
    int digits = 0;

    *nanoseconds = 0;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++)
        if (digits < 9) {
            *nanoseconds = *nanoseconds * 10 + (**text - '0');
            digits++;
        }
    for (; digits < 9; digits++)
        *nanoseconds *= 10;
    return *text == end;
}

wcl_status wcl_pax_record_time(const wcl_pax_record *record, struct timespec *time,
                               wcl_error *error)
{
    const char *text = record->value;
    const char *end = text + record->value_size;
    bool negative = text < end && *text == '-';
    uint64_t seconds;
    long nanoseconds = 0;

    if (negative)
        text++;
    if (!take_digits(&text, end, &seconds) || seconds > INT64_MAX - 1)
        return fail_value(record, "time", error);
    if (text < end && *text == '.') {
        text++;
        take_fraction(&text, end, &nanoseconds);
    }
    if (text != end)
        return fail_value(record, "time", error);
    time->tv_sec = negative ? -(int64_t)seconds : (int64_t)seconds;
    time->tv_nsec = nanoseconds;
    if (negative && nanoseconds) {
        time->tv_sec--;
        time->tv_nsec = 1000000000 - nanoseconds;
    }
    return WCL_OK;
}

void wcl_pax_time_format(struct timespec time, char text[WCL_PAX_TIME_SIZE])
{
    int64_t seconds = time.tv_sec;
    long nanoseconds = time.tv_nsec;
    const char *sign = "";

    if (nanoseconds == 0) {
        snprintf(text, WCL_PAX_TIME_SIZE, "%" PRId64, seconds);
        return;
    }
    if (seconds < 0) {
        sign = "-";
        seconds = -(seconds + 1);
        nanoseconds = 1000000000 - nanoseconds;
    }
    int length =
        snprintf(text, WCL_PAX_TIME_SIZE, "%s%" PRId64 ".%09ld", sign, seconds, nanoseconds);
    while (text[length - 1] == '0')
        text[--length] = '\0';
}

static size_t count_digits(size_t value)
{
    size_t digits = 1;
    while (value /= 10)
        digits++;
    return digits;
}

wcl_status wcl_pax_record_append(const wcl_pax_record *record, wcl_buffer *out, wcl_error *error)
{
    size_t rest = record->key_size + record->value_size + 3;
    size_t length = rest + count_digits(rest);

    /* The length counts its own digits, and may gain one by that. */
    length = rest + count_digits(length);
    if (wcl_buffer_printf(out, error, "%zu ", length) != WCL_OK ||
        wcl_buffer_append(out, record->key, record->key_size, error) != WCL_OK ||
        wcl_buffer_append_byte(out, '=', error) != WCL_OK ||
        wcl_buffer_append(out, record->value, record->value_size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(out, '\n', error);
}
