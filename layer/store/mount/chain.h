/*
 * Chains: a layer together with its parents, merged into one index. In chain.erofs, device 1 is the
 * layer's own layer.tar, and device N its (N-1)th parent's, nearest first. Deleted files and what
 * opaque folders hide are gone from it.
 */
#ifndef WCL_STORE_CHAIN_H
#define WCL_STORE_CHAIN_H

#include "layer/store/index/index.h"

/*
 * Makes sure that the layer has its chain.erofs. The layer's folder must be locked, for sharing at
 * least; two who do this at once do not disturb each other.
 */
wcl_status wcl_chain_ensure(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error);

/* The merged tree in memory, without writing it. `layer` comes first among the devices. */
wcl_status wcl_chain_load(const wcl_store *store, const wcl_store_layer *layer,
                          wcl_erofs_tree **tree, wcl_error *error);

/* Whether every hard link into the parents has its target there; the error names the first without.
 */
wcl_status wcl_chain_check_links(const wcl_store *store, const wcl_store_chain *parents,
                                 const wcl_index *index, wcl_error *error);

#endif
