/* The snapshotter without its server: what containerd's Snapshots service asks for, on the store.
 */
#ifndef WCL_SNAPSHOTTER_DRIVER_H
#define WCL_SNAPSHOTTER_DRIVER_H

#include <wcl/layer.h>
#include <wcl/tar.h>

#include "mounts/mounts.h"
#include "snapshotter/ahead.h"
#include "snapshotter/table.h"

typedef struct wcl_snapshotter {
    wcl_driver layers; /* its texts are the snapshotter's */
    char *home;        /* absolute */
    wcl_hooks hooks;
    wcl_mounts mounts;
    wcl_snapshot_table table;
    bool has_table;
    bool works_behind; /* wcl_behind_start() was called */
    wcl_ahead ahead;
    pthread_mutex_t views; /* held while mounts that views share come or go */
} wcl_snapshotter;

wcl_status wcl_snapshotter_open(const char *home, const wcl_hooks *hooks,
                                wcl_snapshotter **snapshotter, wcl_error *error);
void wcl_snapshotter_free(wcl_snapshotter *snapshotter);

/* A mount as containerd is told of it. */
#define WCL_SNAPSHOT_OPTIONS_MAX 8
typedef struct wcl_snapshot_mount {
    const char *type;
    char *source;
    char *options[WCL_SNAPSHOT_OPTIONS_MAX];
    size_t option_count;
} wcl_snapshot_mount;
#define WCL_SNAPSHOT_MOUNT_INIT                                                                    \
    {                                                                                              \
        .type = NULL                                                                               \
    }
void wcl_snapshot_mount_free(wcl_snapshot_mount *mount);

/* Prepare and View: one on `parent` ("" for none). */
wcl_status wcl_snapshotter_prepare(wcl_snapshotter *snapshotter, const char *key,
                                   const char *parent, const wcl_snapshot_labels *labels,
                                   wcl_snapshot_kind kind, wcl_snapshot_mount *mount,
                                   wcl_error *error);
/* Mounts: mounts it again where it is not any more. */
wcl_status wcl_snapshotter_mounts(wcl_snapshotter *snapshotter, const char *key,
                                  wcl_snapshot_mount *mount, wcl_error *error);
/* Commit: the active `key` becomes the committed `name`, on `parent` where it has none yet. */
wcl_status wcl_snapshotter_commit(wcl_snapshotter *snapshotter, const char *name, const char *key,
                                  const char *parent, const wcl_snapshot_labels *labels,
                                  const wcl_hooks *hooks, wcl_error *error);
wcl_status wcl_snapshotter_remove(wcl_snapshotter *snapshotter, const char *key, wcl_error *error);
/* Update: sets these labels and removes those of `gone`'s keys; with `replace` no others remain. */
wcl_status wcl_snapshotter_update(wcl_snapshotter *snapshotter, const char *key,
                                  const wcl_snapshot_labels *labels,
                                  const wcl_snapshot_labels *gone, bool replace, wcl_error *error);
/* What it takes by itself. */
wcl_status wcl_snapshotter_usage(wcl_snapshotter *snapshotter, const char *key, uint64_t *size,
                                 uint64_t *inodes, const wcl_hooks *hooks, wcl_error *error);
/* Removes what an interrupted call left. */
wcl_status wcl_snapshotter_cleanup(wcl_snapshotter *snapshotter, const wcl_hooks *hooks,
                                   wcl_error *error);

/* Apply: the layer tar that `read` gives is what the active snapshot changes, whose mount has this
 * source. NOT_SUPPORTED where it is none of ours. `hooks` may be NULL. */
wcl_status wcl_snapshotter_apply(wcl_snapshotter *snapshotter, const char *source,
                                 const char *digest, wcl_read_fn read, void *context,
                                 const wcl_hooks *hooks, wcl_import_result *result,
                                 wcl_error *error);

/*
 * Diff: the layer whose mount has the source `right`, if it stands on that of `left` ("": on
 * nothing); NOT_SUPPORTED otherwise. wcl_free(). What it changes is written by
 * wcl_snapshotter_export(), of a read-only one the bytes that were applied; with times no later
 * than `latest`, unless it is NULL, of an active one.
 */
wcl_status wcl_snapshotter_diff_of(wcl_snapshotter *snapshotter, const char *left,
                                   const char *right, wcl_layer_info **info, wcl_error *error);
wcl_status wcl_snapshotter_export(const wcl_snapshotter *snapshotter, const char *layer,
                                  const struct timespec *latest, const wcl_hooks *hooks,
                                  wcl_write_fn write, void *context, wcl_error *error);

#endif
