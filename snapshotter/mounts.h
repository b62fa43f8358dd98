/* The mounts that snapshots have in the host. */
#ifndef WCL_SNAPSHOTTER_MOUNTS_H
#define WCL_SNAPSHOTTER_MOUNTS_H

#include "snapshotter/driver.h"

/* Around the mounting of a view, until it is published or not: no other view's end undoes the mount
 * meanwhile. Nothing for other kinds. */
void wcl_snapshot_views_enter(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot);
void wcl_snapshot_views_leave(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot);

/* Mounts what an active snapshot or a view shows, with its turn held and views entered, unless it
 * is mounted. */
wcl_status wcl_snapshot_mount_up(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                 const char *parent_layer, wcl_snapshot_mount *mount,
                                 wcl_error *error);

/* Whether it is an active one without a parent that containerd mounts itself: it can be committed
 * on any parent. */
wcl_status wcl_snapshot_is_floating(const wcl_snapshotter *snapshotter,
                                    const wcl_snapshot *snapshot, bool *is_floating,
                                    wcl_error *error);

/* Undoes the mount of a read-only layer unless a view that is there needs it. */
void wcl_snapshot_release_view(wcl_snapshotter *snapshotter, const char *layer);

/* Removes a layer that no snapshot needs, and what it has mounted. What cannot be removed is
 * logged, and left to wcl_snapshotter_cleanup(). */
void wcl_snapshot_discard_layer(wcl_snapshotter *snapshotter, const char *layer);

/* Whether anything was written into an active snapshot. */
wcl_status wcl_snapshot_is_written_to(const wcl_snapshotter *snapshotter, const char *id,
                                      bool *written, wcl_error *error);

/* The id of the layer whose mount has this source or this upper; NOT_SUPPORTED where it is no
 * layer's here. */
#define WCL_SNAPSHOT_LAYER_SIZE 160
wcl_status wcl_snapshot_layer_of_source(const wcl_snapshotter *snapshotter, const char *source,
                                        char layer[WCL_SNAPSHOT_LAYER_SIZE], wcl_error *error);

#endif
