/* What a layer has besides the files that are appended: the folders that lead to them, and what is
 * deleted. */
#ifndef WCL_IMAGE_APPEND_EXTRAS_H
#define WCL_IMAGE_APPEND_EXTRAS_H

#include "image/append/layer.h"

typedef struct wcl_append_extra {
    char *path; /* in the layer */
    bool is_deleted;
    bool is_met; /* by an entry of the source */
} wcl_append_extra;

typedef struct wcl_append_extras {
    char *prefix; /* what stands before the paths of the source; "" or with a slash at its end */
    wcl_append_extra *list; /* in the order of a layer, no path twice */
    size_t count;
    size_t capacity;
} wcl_append_extras;

/* Finds them. What is deleted must be in the image, and no path may lead over a symbolic link. */
wcl_status wcl_append_extras_find(wcl_append_extras *extras, const wcl_append_layer *layer,
                                  wcl_error *error);
void wcl_append_extras_free(wcl_append_extras *extras);

#endif
