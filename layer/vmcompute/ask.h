/* What is known of the layers of a home folder. */
#ifndef WCL_LAYER_VMCOMPUTE_ASK_H
#define WCL_LAYER_VMCOMPUTE_ASK_H

#include <wcl/layer.h>

wcl_status wcl_vm_get_info(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                           wcl_error *error);
wcl_status wcl_vm_list(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error);

#endif
