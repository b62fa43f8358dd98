/* A list of names in a folder. */
#ifndef WCL_STORE_NAMES_H
#define WCL_STORE_NAMES_H

#include "base/buffer.h"

typedef struct wcl_names {
    char **list;
    size_t count;
    size_t capacity;
} wcl_names;

#define WCL_NAMES_INIT                                                                             \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

wcl_status wcl_names_add(wcl_names *names, const char *name, size_t length, wcl_error *error);
/* All names in an open folder, in byte order. */
wcl_status wcl_names_list(wcl_names *names, int folder, wcl_error *error);

/* Puts the names in byte order, and leaves one of each. */
void wcl_names_sort(wcl_names *names);
/* Takes names out of a list in order: those that `others`, in order too, has. */
void wcl_names_subtract(wcl_names *names, const wcl_names *others);

static inline const char *wcl_names_at(const wcl_names *names, size_t index)
{
    return names->list[index];
}

void wcl_names_clear(wcl_names *names);
void wcl_names_free(wcl_names *names);

#endif
