/* Asking about layers of the store: what they are, what they change, whether they are sound. */
#ifndef WCL_STORE_ASK_H
#define WCL_STORE_ASK_H

#include "layer/store/store.h"

wcl_status wcl_store_get_info(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                              wcl_error *error);
wcl_status wcl_store_list(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error);
wcl_status wcl_store_verify(const wcl_driver *driver, const char *id,
                            void (*found)(void *context, const char *sentence), void *context,
                            size_t *faults, wcl_error *error);
wcl_status wcl_store_changes(const wcl_driver *driver, const char *id, const char *other,
                             wcl_status (*change)(void *context, const char *path,
                                                  wcl_change_kind kind, wcl_error *error),
                             void *context, wcl_error *error);

#endif
