/* What a host can do, as a list that each system adds to. */
#ifndef WCL_LAYER_FEATURES_H
#define WCL_LAYER_FEATURES_H

#include <wcl/layer.h>

#define WCL_FEATURES_MAX 16

typedef struct wcl_feature_list {
    wcl_feature **features; /* room for WCL_FEATURES_MAX, and for as many behind them */
    size_t count;
} wcl_feature_list;

void wcl_feature_add(wcl_feature_list *list, const char *name, bool available, const char *detail);

/* What depends on the system: its kernel, file systems and libraries. */
void wcl_features_of_system(wcl_feature_list *list);

#endif
