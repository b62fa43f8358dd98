/* What a caller says of the layer that it means: a driver, an id, a parent's path. */
#ifndef WCL_LAYER_DRIVER_H
#define WCL_LAYER_DRIVER_H

#include <wcl/layer.h>

/*
 * Checks the driver that the public function `function` was given, and puts `own`, which is whole
 * whatever the caller's has, in its place.
 */
wcl_status wcl_driver_take(const wcl_driver **driver, wcl_driver *own, const char *function,
                           wcl_error *error);
/* The same where the layers of a home are not concerned. */
wcl_status wcl_driver_take_homeless(const wcl_driver **driver, wcl_driver *own,
                                    const char *function, wcl_error *error);

/* The id in a parent's path: its last element. Fails with INVALID_NAME. `id` points into `path`. */
wcl_status wcl_layer_parent_id(const char *path, const char **id, wcl_error *error);

#endif
