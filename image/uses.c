/* What images use: a set of layers' ids and blobs' digits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "image/store.h"

wcl_status wcl_image_uses_add(wcl_image_uses *uses, const char *id_or_digest, wcl_error *error)
{
    const char *colon = strchr(id_or_digest, ':');

    if (WCL_LIST_RESERVE(uses->items, uses->count, uses->capacity, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(uses->items[uses->count++], sizeof(*uses->items), "%s",
             colon ? colon + 1 : id_or_digest);
    return WCL_OK;
}

static int compare_uses(const void *a, const void *b)
{
    return strcmp(a, b);
}

void wcl_image_uses_sort(wcl_image_uses *uses)
{
    if (uses->count)
        qsort(uses->items, uses->count, sizeof(*uses->items), compare_uses);
}

bool wcl_image_uses_has(const wcl_image_uses *uses, const char *hex)
{
    return uses->count &&
           bsearch(hex, uses->items, uses->count, sizeof(*uses->items), compare_uses);
}

void wcl_image_uses_free(wcl_image_uses *uses)
{
    free(uses->items);
    *uses = (wcl_image_uses) { NULL, 0, 0 };
}
