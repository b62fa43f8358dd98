/* A snapshot: what is known of it, and its record on disk. */
#ifndef WCL_SNAPSHOTTER_SNAPSHOT_H
#define WCL_SNAPSHOTTER_SNAPSHOT_H

#include <wcl/base.h>

#define WCL_SNAPSHOT_ID_SIZE 32
/* The layer of a view without a parent. */
#define WCL_SNAPSHOT_NOTHING "nothing-below-snapshots"
#define WCL_SNAPSHOT_ID_PREFIX "snapshot-"

typedef enum wcl_snapshot_kind {
    WCL_SNAPSHOT_VIEW = 1, /* as containerd numbers them */
    WCL_SNAPSHOT_ACTIVE = 2,
    WCL_SNAPSHOT_COMMITTED = 3,
} wcl_snapshot_kind;

typedef struct wcl_snapshot_label {
    char *key;
    char *value;
} wcl_snapshot_label;

typedef struct wcl_snapshot_labels {
    wcl_snapshot_label *items;
    size_t count;
} wcl_snapshot_labels;

/* NULL where there is none of that name. */
const char *wcl_snapshot_labels_find(const wcl_snapshot_labels *labels, const char *key);
/* Adds a label, replaces its value, or, where the value is empty, removes it. */
wcl_status wcl_snapshot_labels_set(wcl_snapshot_labels *labels, const char *key, const char *value,
                                   wcl_error *error);
wcl_status wcl_snapshot_labels_copy(wcl_snapshot_labels *to, const wcl_snapshot_labels *from,
                                    wcl_error *error);
void wcl_snapshot_labels_free(wcl_snapshot_labels *labels);

typedef struct wcl_snapshot {
    struct wcl_snapshot *next;
    char *key;    /* a committed one's name */
    char *parent; /* its key; "" for none */
    wcl_snapshot_kind kind;
    /* Of its record, and of the sandbox of an active one. */
    char id[WCL_SNAPSHOT_ID_SIZE];
    /* The read-only layer: what a committed one is, what a view shows, what was applied to an
     * active one ("" where nothing was). */
    char *layer;
    wcl_snapshot_labels labels;
    struct timespec created;
    struct timespec updated;
    bool is_made; /* there to be seen by others */
    bool is_busy; /* somebody has its turn */
} wcl_snapshot;

/* One with an id of its own, made now. */
wcl_status wcl_snapshot_new(const char *key, const char *parent, wcl_snapshot_kind kind,
                            wcl_snapshot **snapshot, wcl_error *error);
void wcl_snapshot_free(wcl_snapshot *snapshot);
wcl_status wcl_snapshot_set_text(char **text, const char *value, wcl_error *error);

/* Records, in an open folder. One writer at a time. */
wcl_status wcl_snapshot_write(int folder, const wcl_snapshot *snapshot, wcl_error *error);
wcl_status wcl_snapshot_read(int folder, const char *id, wcl_snapshot **snapshot, wcl_error *error);

#endif
