/* Tables of a struct's fields, by which it is written as JSON and read back. */
#ifndef WCL_BASE_JSON_FIELDS_H
#define WCL_BASE_JSON_FIELDS_H

#include "base/region.h"
#include "base/json.h"

typedef struct wcl_json_field wcl_json_field;
typedef struct wcl_json_table wcl_json_table;

typedef enum wcl_json_type {
    WCL_JSON_TEXT, /* const char * */
    WCL_JSON_BOOL, /* bool */
    WCL_JSON_U8,   /* uint8_t, and so on */
    WCL_JSON_U16,
    WCL_JSON_U32,
    WCL_JSON_U64,
    WCL_JSON_I64,
    WCL_JSON_TEXTS,   /* const char *const *, and how many they are at `count_offset` */
    WCL_JSON_STRUCT,  /* a struct by `table` */
    WCL_JSON_POINTER, /* a pointer to such a struct, NULL where the field is missing */
    WCL_JSON_STRUCTS, /* a pointer to such structs, and how many they are at `count_offset` */
    WCL_JSON_OTHER,   /* by `read` and `write`; without them only its name is known */
} wcl_json_type;

struct wcl_json_field {
    const char *name;
    wcl_json_type type;
    bool keep_empty; /* it is written also when it is empty, and a text is "" rather than NULL */
    size_t offset;
    size_t count_offset;
    const wcl_json_table *table;
    /* `item` is the field's value and not null; `to` and `from` are the whole struct. */
    wcl_status (*read)(const wcl_json_field *field, const cJSON *item, wcl_region *region, void *to,
                       wcl_error *error);
    wcl_status (*write)(const wcl_json_field *field, const void *from, cJSON *object,
                        wcl_error *error);
};

typedef enum wcl_json_unknown {
    WCL_JSON_REFUSE_UNKNOWN,
    WCL_JSON_SKIP_UNKNOWN,
    WCL_JSON_KEEP_UNKNOWN, /* as JSON, in the text at `extra_offset` */
} wcl_json_unknown;

struct wcl_json_table {
    const char *what; /* names such an object in errors, such as "a layer in Layers" */
    const wcl_json_field *fields;
    size_t field_count;
    size_t size; /* of the struct */
    /* Of a struct of a caller's that begins with its size, the type's name and the function that is
     * given it; of several, each is as far from the next as the first is large. */
    const char *sized;
    const char *function;
    wcl_json_unknown unknown;
    size_t extra_offset;
};
#define WCL_JSON_FIELDS(array) .fields = (array), .field_count = sizeof(array) / sizeof((array)[0])

/*
 * Fills the struct `to`, which is empty or has what stands where a field is missing or null. Texts
 * and lists are the region's. A field that is there twice or has another type is refused by name.
 */
wcl_status wcl_json_read(const wcl_json_table *table, const cJSON *object, wcl_region *region,
                         void *to, wcl_error *error);
/* The same from a text of `limit` bytes at most. */
wcl_status wcl_json_read_text(const wcl_json_table *table, const char *text, size_t limit,
                              wcl_region *region, void *to, wcl_error *error);

/* Adds the fields of the struct `from` to an object. */
wcl_status wcl_json_write(const wcl_json_table *table, const void *from, cJSON *object,
                          wcl_error *error);
/* The struct as a text on one line (wcl_free()). */
wcl_status wcl_json_write_text(const wcl_json_table *table, const void *from, char **text,
                               wcl_error *error);

/* Adds an item to a list; one that cannot be added, or is NULL, fails for want of memory. */
wcl_status wcl_json_append(cJSON *list, cJSON *item, wcl_error *error);

#endif
