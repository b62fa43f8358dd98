/* Changing a tree of files as a layer changes what it stands on. */
#ifndef WCL_STORE_LAY_OVER_H
#define WCL_STORE_LAY_OVER_H

#include "layer/store/store.h"

/*
 * Makes the folder `root`, which others see as a volume, what it is with the read-only Linux layer
 * `id` on it, which has no parents. Nothing outside of the folder is touched, whatever links are in
 * it. When it fails some of it may be done.
 */
wcl_status wcl_store_lay_over(const wcl_driver *driver, const char *id, int root, wcl_error *error);

#endif
