/* The list of what a host can do. */
#include <stdio.h>

#include "layer/features.h"

void wcl_feature_add(wcl_feature_list *list, const char *name, bool available, const char *detail)
{
    if (list->count == WCL_FEATURES_MAX)
        return;
    wcl_feature *feature = (wcl_feature *)(list->features + WCL_FEATURES_MAX) + list->count;
    list->features[list->count++] = feature;
    snprintf(feature->name, sizeof(feature->name), "%s", name);
    snprintf(feature->detail, sizeof(feature->detail), "%.*s", (int)sizeof(feature->detail) - 1,
             detail);
    feature->available = available;
}
