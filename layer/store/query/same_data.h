/*
 * Whether two files of merged trees hold the same bytes. It costs what the tars hold of them,
 * whatever sizes they declare and however many names they have: a hole is compared as a hole, and
 * of a file with several names it is remembered what it holds.
 */
#ifndef WCL_STORE_SAME_DATA_H
#define WCL_STORE_SAME_DATA_H

#include "erofs/tree.h"
#include "layer/store/store.h"
#include "base/map.h"

/* A merged tree and the layers that its devices are the tars of. */
typedef struct wcl_merged_side {
    wcl_store_layer layer;
    wcl_erofs_tree *tree;
    int *tars;         /* by device - 1, -1 until opened; NULL before the first */
    wcl_map *digests;  /* of nodes with several names; NULL before the first */
    wcl_map *partners; /* the node of the other side whose data is at the same place */
} wcl_merged_side;

#define WCL_MERGED_SIDE_INIT                                                                       \
    {                                                                                              \
        .layer = WCL_STORE_LAYER_INIT                                                              \
    }

void wcl_merged_side_close(wcl_merged_side *side);

/* Compares two files of one size. `progress` is what the store's hooks are told. */
wcl_status wcl_same_data(const wcl_store *store, wcl_merged_side *before, wcl_node old,
                         wcl_merged_side *after, wcl_node new, wcl_progress *progress, bool *same,
                         wcl_error *error);

#endif
