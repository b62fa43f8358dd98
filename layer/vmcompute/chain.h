/*
 * The parents of a layer as vmcompute.dll wants them: the paths of all of them, nearest first. As
 * Docker's windowsfilter driver does, each layer's folder has them in layerchain.json, so that a
 * layer can be named without naming all that it stands on.
 */
#ifndef WCL_LAYER_VMCOMPUTE_CHAIN_H
#define WCL_LAYER_VMCOMPUTE_CHAIN_H

#include <wcl/layer.h>

#include "platform/windows/vmcompute.h"

typedef struct wcl_vm_chain {
    char **paths;
    size_t count;
    size_t capacity;
} wcl_vm_chain;

#define WCL_VM_CHAIN_INIT                                                                          \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* The folder of the layer that `path` names: itself, or for an id alone that in the home folder.
 * wcl_free(). NULL after a failure. */
char *wcl_vm_layer_folder(const wcl_driver *driver, const char *path, wcl_error *error);

/* The last element of a path. */
const char *wcl_vm_layer_id(const char *path);

/* `parents` and what the last of them stands on by its layerchain.json, which ends a list that was
 * not given whole. */
wcl_status wcl_vm_chain_of(const wcl_driver *driver, wcl_parents parents, wcl_vm_chain *chain,
                           wcl_error *error);

/* The same; without parents, what the layer's own layerchain.json says. */
wcl_status wcl_vm_chain_of_layer(const wcl_driver *driver, const char *id, wcl_parents parents,
                                 wcl_vm_chain *chain, wcl_error *error);

/* Writes the layer's layerchain.json; none for a layer without parents. */
wcl_status wcl_vm_chain_write(const wcl_driver *driver, const char *id, const wcl_vm_chain *chain,
                              wcl_error *error);

/* As the bindings take it. */
static inline wcl_vm_parents wcl_vm_chain_parents(const wcl_vm_chain *chain)
{
    return (wcl_vm_parents) { (const char *const *)chain->paths, chain->count };
}

void wcl_vm_chain_free(wcl_vm_chain *chain);
#define WCL_CLEANUP_VM_CHAIN __attribute__((cleanup(wcl_vm_chain_free)))

#endif
