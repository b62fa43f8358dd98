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

/* Locks what the images of a home say, whose folder is `images`; a descriptor to be closed, or -1.
 * With `wait` false, -1 also (without an error) where somebody else holds the lock. */
int wcl_store_lock_images(int images, bool wait, wcl_error *error);

/* Removes a layer without that check: for whoever holds the images' lock and knows. */
wcl_status wcl_store_destroy_unused(const wcl_store *store, const char *id, wcl_error *error);

#endif
