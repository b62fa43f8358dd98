/* Lists of names. */
#include "layer/store/home/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/listing.h"

wcl_status wcl_names_add(wcl_names *names, const char *name, size_t length, wcl_error *error)
{
    if (WCL_LIST_RESERVE(names->list, names->count, names->capacity, error) != WCL_OK)
        return WCL_FAILED;
    names->list[names->count] = strndup(name, length);
    if (!names->list[names->count])
        return wcl_fail_memory(error);
    names->count++;
    return WCL_OK;
}

static int home_names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void wcl_names_sort(wcl_names *names)
{
    size_t kept = 0;

    if (names->count)
        qsort(names->list, names->count, sizeof(*names->list), home_names_compare);
    for (size_t i = 0; i < names->count; i++)
        if (kept && strcmp(names->list[kept - 1], names->list[i]) == 0)
            free(names->list[i]);
        else
            names->list[kept++] = names->list[i];
    names->count = kept;
}

static wcl_status add_listed(void *context, int folder, const char *name, wcl_error *error)
{
    (void)folder;
    return wcl_names_add(context, name, strlen(name), error);
}

wcl_status wcl_names_list(wcl_names *names, int folder, wcl_error *error)
{
    wcl_status status = wcl_listing_each(folder, ".", add_listed, names, error);
    wcl_names_sort(names);
    return status;
}

void wcl_names_subtract(wcl_names *names, const wcl_names *others)
{
    size_t kept = 0, other = 0;

    for (size_t i = 0; i < names->count; i++) {
        while (other < others->count && strcmp(others->list[other], names->list[i]) < 0)
            other++;
        if (other < others->count && strcmp(others->list[other], names->list[i]) == 0)
            free(names->list[i]);
        else
            names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

void wcl_names_clear(wcl_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    names->count = 0;
}

void wcl_names_free(wcl_names *names)
{
    wcl_names_clear(names);
    free(names->list);
    *names = (wcl_names)WCL_NAMES_INIT;
}
