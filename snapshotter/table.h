/*
 * All snapshots of a home: in memory, and in HOME/.snapshots/ID, a file each. Whoever changes a
 * snapshot has its turn; what it is, is changed by the table alone.
 */
#ifndef WCL_SNAPSHOTTER_TABLE_H
#define WCL_SNAPSHOTTER_TABLE_H

#include <pthread.h>

#include "snapshotter/snapshot.h"

typedef struct wcl_snapshot_table {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    wcl_snapshot *first;
    pthread_mutex_t writing; /* of records */
    int folder;
} wcl_snapshot_table;

wcl_status wcl_snapshot_table_open(wcl_snapshot_table *table, const char *home,
                                   const wcl_hooks *hooks, wcl_error *error);
void wcl_snapshot_table_close(wcl_snapshot_table *table);

/* Waits for the turn of a snapshot; FILE_NOT_FOUND where there is none. */
wcl_status wcl_snapshot_table_enter(wcl_snapshot_table *table, const char *key,
                                    wcl_snapshot **snapshot, wcl_error *error);
void wcl_snapshot_table_leave(wcl_snapshot_table *table, wcl_snapshot *snapshot);

/*
 * Takes in a new one, which nobody sees yet, with its turn held. ALREADY_EXISTS where there is one
 * of its key; its parent must be a committed one, and stays while it is there. `layer` is the
 * parent's, or "" without a parent; wcl_free().
 */
wcl_status wcl_snapshot_table_add(wcl_snapshot_table *table, wcl_snapshot *snapshot, char **layer,
                                  wcl_error *error);
/* The layer of a committed one that is to be a parent, or "" where the key is. wcl_free(). */
wcl_status wcl_snapshot_table_layer_of(wcl_snapshot_table *table, const char *key, char **layer,
                                       wcl_error *error);
/* Its record is written, and everybody sees it. It is the table's now. Leaves it. */
wcl_status wcl_snapshot_table_publish(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                      wcl_error *error);
/* Takes it out of memory alone; it is freed, turn and all. */
void wcl_snapshot_table_drop(wcl_snapshot_table *table, wcl_snapshot *snapshot);

/* Removes its record, and it is freed. SHARING_VIOLATION where another one stands on it. */
wcl_status wcl_snapshot_table_remove(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                     wcl_error *error);

/*
 * Makes it what `change` is, with another key perhaps, under which there must be none. What was
 * taken over of `change` is swapped with what was there before. Keeps the turn.
 */
wcl_status wcl_snapshot_table_change(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                     wcl_snapshot *change, wcl_error *error);

/* Calls `visit` for each, until it fails; nothing changes meanwhile. */
typedef wcl_status (*wcl_snapshot_visit_fn)(void *context, const wcl_snapshot *snapshot,
                                            wcl_error *error);
wcl_status wcl_snapshot_table_each(wcl_snapshot_table *table, wcl_snapshot_visit_fn visit,
                                   void *context, wcl_error *error);

/* The key of the active snapshot of that id, NULL where there is none or no memory. wcl_free(). */
char *wcl_snapshot_table_key_of(wcl_snapshot_table *table, const char *id);

/* Whether a snapshot that is there, is being made or cannot be read needs this layer. */
bool wcl_snapshot_table_needs(wcl_snapshot_table *table, const char *layer);

#endif
