/* The labels that ask for mapped ids. */
#ifndef WCL_SNAPSHOTTER_ID_MAP_H
#define WCL_SNAPSHOTTER_ID_MAP_H

#include "snapshotter/snapshot.h"

bool wcl_snapshot_has_id_map(const wcl_snapshot_labels *labels);

/* Whether a new snapshot can have what its labels ask for. */
wcl_status wcl_snapshot_check_id_map(const wcl_snapshot *snapshot, wcl_error *error);

/* A user namespace as the labels say, as a descriptor. */
wcl_status wcl_snapshot_open_id_map(const wcl_snapshot_labels *labels, int *user_namespace,
                                    wcl_error *error);

#endif
