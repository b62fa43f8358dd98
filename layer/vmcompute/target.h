/* The layer that a reader or writer of this provider is for. */
#ifndef WCL_LAYER_VMCOMPUTE_TARGET_H
#define WCL_LAYER_VMCOMPUTE_TARGET_H

#include "layer/vmcompute/chain.h"

typedef struct wcl_vm_target {
    wcl_driver driver; /* as the caller gave it, with a home folder of its own */
    char *home_dir;
    char *id;
    char *folder; /* the layer's, as an ordinary path */
    char *root;   /* the same as a long path */
    wcl_vm_chain chain;
} wcl_vm_target;

#define WCL_VM_TARGET_INIT                                                                         \
    {                                                                                              \
        .id = NULL                                                                                 \
    }

/* `chain` is taken over, also after a failure. */
wcl_status wcl_vm_target_init(wcl_vm_target *target, const wcl_driver *driver, const char *id,
                              wcl_vm_chain *chain, wcl_error *error);
void wcl_vm_target_free(wcl_vm_target *target);

/* DriverInfo of a driver. */
static inline wcl_vm_driver wcl_vm_driver_of(const wcl_driver *driver)
{
    return (wcl_vm_driver) { (int32_t)driver->flavour, driver->home_dir };
}

/* Basic information as the bindings have it; a folder's attributes say that it is one. */
wcl_vm_file_info wcl_vm_info_of(const wcl_entry *entry);

/* Refuses the kinds of entries that only Linux layers have, and paths that Windows cannot. */
wcl_status wcl_vm_check_entry(const wcl_entry *entry, wcl_error *error);

#endif
