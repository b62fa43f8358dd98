/* The utility VM of a layer: Windows keeps it whole in each layer, so it begins as a clone of the
 * parent's. */
#ifndef WCL_LAYER_VMCOMPUTE_UTILITY_VM_H
#define WCL_LAYER_VMCOMPUTE_UTILITY_VM_H

#include <wcl/base.h>

/*
 * Makes `UtilityVM\Files` of the layer's folder a clone of that of the parent's (both are long
 * paths): files are hard links, folders, links and the boot files that Windows will change are
 * copies.
 */
wcl_status wcl_utility_vm_clone(const char *layer, const char *parent, wcl_error *error);

#endif
