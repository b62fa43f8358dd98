/*
 * What else than layers is in a home and uses them: its images. Their records, names and leases are
 * the images' own to write (image/store.h says what they hold); here they are only looked into,
 * because a layer must not go while an image is made of it.
 */
#ifndef WCL_STORE_USES_H
#define WCL_STORE_USES_H

#include "layer/store/store.h"

/*
 * Refuses a layer that an image of the home is made of, or that a pull or load under way needs:
 * SHARING_VIOLATION, with the image's name. `*lock` is then to be closed once the layer has gone,
 * if it is none but -1: until then no image can come to use it.
 */
wcl_status wcl_store_check_unused(const wcl_store *store, const char *id, int *lock,
                                  wcl_error *error);

/* Removes a layer without that check: for whoever holds the images' lock and knows. */
wcl_status wcl_store_destroy_unused(const wcl_store *store, const char *id, wcl_error *error);

#endif
