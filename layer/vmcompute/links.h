/* Hard links of a layer, which are made once vmcompute.dll has made the files. */
#ifndef WCL_LAYER_VMCOMPUTE_LINKS_H
#define WCL_LAYER_VMCOMPUTE_LINKS_H

#include "layer/vmcompute/target.h"

typedef struct wcl_vm_link {
    char *path; /* as entries have them */
    char *target;
} wcl_vm_link;

typedef struct wcl_vm_links {
    wcl_vm_link *items;
    size_t count;
    size_t capacity;
} wcl_vm_links;

/* Remembers a link. Both ends must lie in Files/, or both in UtilityVM/Files/. */
wcl_status wcl_vm_links_add(wcl_vm_links *links, const char *path, const char *target,
                            wcl_error *error);

/* Makes them all, in order, in the layer's folder. A target that the layer does not have is looked
 * for in its parents, the nearest first. */
wcl_status wcl_vm_links_make(const wcl_vm_links *links, const wcl_vm_target *layer,
                             wcl_error *error);

void wcl_vm_links_free(wcl_vm_links *links);

#endif
