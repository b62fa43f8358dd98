/* Tables of a struct's fields, by which it is written as JSON and read back. */
#ifndef WCL_CONTAINER_FIELDS_H
#define WCL_CONTAINER_FIELDS_H

#include <cjson/cJSON.h>
#include <wcl/base.h>

typedef enum wcl_field_type {
    WCL_FIELD_TEXT,   /* const char * */
    WCL_FIELD_BOOL,   /* bool */
    WCL_FIELD_U32,    /* uint32_t */
    WCL_FIELD_U64,    /* uint64_t */
    WCL_FIELD_I64,    /* int64_t */
    WCL_FIELD_NESTED, /* dealt with by its owner; only its name is known here */
} wcl_field_type;

typedef struct wcl_field {
    const char *name;
    wcl_field_type type;
    size_t offset;
    bool keep_empty; /* written also when it is empty */
} wcl_field;

/* Adds the fields of `from`; false when out of memory. */
bool wcl_fields_print(const wcl_field *fields, size_t count, const void *from, cJSON *object);

/* Fills `to` from the object, whose texts it points to. Refuses unknown fields and wrong types;
 * `what` names the object in the error. */
wcl_status wcl_fields_parse(const wcl_field *fields, size_t count, const cJSON *object,
                            const char *what, void *to, wcl_error *error);

/* A field that is a list; NULL when missing, null or empty. */
wcl_status wcl_fields_list(const cJSON *object, const char *name, const cJSON **list, size_t *count,
                           wcl_error *error);

/* A list of texts: an array that points into the JSON (wcl_free()), NULL when empty. */
wcl_status wcl_fields_texts(const cJSON *object, const char *name, const char ***texts,
                            size_t *count, wcl_error *error);
bool wcl_fields_print_texts(cJSON *object, const char *name, const char *const *texts,
                            size_t count);

#endif
