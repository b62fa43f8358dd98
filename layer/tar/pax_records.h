/* Pax records: the keys and values of extended headers, as read from and written to a tar. */
#ifndef WCL_TAR_PAX_RECORDS_H
#define WCL_TAR_PAX_RECORDS_H

#include <string.h>

#include "base/buffer.h"

typedef struct wcl_pax_record {
    const char *key;
    size_t key_size;
    const char *value; /* any bytes */
    size_t value_size;
    bool is_global; /* of a `g` header, which nobody applies to entries */
} wcl_pax_record;

/* The records of an entry, in order; texts belong to whoever the records were parsed from. */
typedef struct wcl_pax_records {
    wcl_pax_record *items;
    size_t count;
    size_t capacity;
} wcl_pax_records;

wcl_status wcl_pax_records_add(wcl_pax_records *records, const wcl_pax_record *record,
                               wcl_error *error);
void wcl_pax_records_free(wcl_pax_records *records);

/* Adds the records in the `size` bytes of an extended header. */
wcl_status wcl_pax_records_parse(wcl_pax_records *records, const void *data, size_t size,
                                 bool is_global, wcl_error *error);

/* The last record of that key that is not global, or NULL. */
const wcl_pax_record *wcl_pax_records_find(const wcl_pax_records *records, const char *key);

/* Whether the record's key begins with `prefix`. */
static inline bool wcl_pax_has_prefix(const wcl_pax_record *record, const char *prefix)
{
    size_t size = strlen(prefix);
    return record->key_size >= size && memcmp(record->key, prefix, size) == 0;
}

/* The value as a decimal number. Errors name the key. */
wcl_status wcl_pax_record_u64(const wcl_pax_record *record, uint64_t *value, wcl_error *error);

/* The value as a time: decimal seconds with a fraction; digits past nanoseconds are dropped. */
wcl_status wcl_pax_record_time(const wcl_pax_record *record, struct timespec *time,
                               wcl_error *error);

/* Bytes of the longest text of a time. */
#define WCL_PAX_TIME_SIZE 40
/* Writes a time as Go's archive/tar does. */
void wcl_pax_time_format(struct timespec time, char text[WCL_PAX_TIME_SIZE]);

/* Appends one record as it stands in an extended header. */
wcl_status wcl_pax_record_append(const wcl_pax_record *record, wcl_buffer *out, wcl_error *error);

#endif
