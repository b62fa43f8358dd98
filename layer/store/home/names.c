/* Lists of names. */
#include "layer/store/home/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/listing.h"

wcl_status wcl_names_add(wcl_names *names, const char *name, size_t length, wcl_error *error)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 32;
        char **list = reallocarray(names->list, capacity, sizeof(*list));
        if (!list)
            return wcl_fail_memory(error);
        names->list = list;
        names->capacity = capacity;
    }
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

wcl_status wcl_names_list(wcl_names *names, int folder, wcl_error *error)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    wcl_status status;
    const struct dirent *item;

    if (!listing) {
        wcl_fail_errno(error, errno, "cannot list the folder");
        if (copy >= 0)
            close(copy);
        return WCL_FAILED;
    }
    while ((status = wcl_listing_next(listing, &item, error)) == WCL_OK) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            status = wcl_names_add(names, item->d_name, strlen(item->d_name), error);
        if (status != WCL_OK)
            break;
    }
    closedir(listing);
    wcl_names_sort(names);
    return status == WCL_END ? WCL_OK : WCL_FAILED;
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
