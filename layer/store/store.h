/*
 * The portable provider's home folder: where layers are, how they appear and disappear whole, and
 * how processes keep out of each other's way.
 *
 *     HOME/ID/              a layer; its folder is locked (flock) while something is done to it
 *     HOME/.staging/new-*   a layer being made; its maker holds a lock on it
 *     HOME/.staging/gone-*  a layer being removed, likewise
 *     HOME/.staging/work-*  a note that mounts of a layer are being changed, likewise
 *
 * What is in .staging and not locked was left behind by a process that died, and is cleared up by
 * the next one that opens the home. A layer's lock is shared by those who stand on it and exclusive
 * to the one who changes it; locks are taken from a child to its parents, nearest first.
 */
#ifndef WCL_STORE_H
#define WCL_STORE_H

#include <wcl/layer.h>
#include <wcl/tar.h>

#include "base/json.h"

/* ---- The home ------------------------------------------------------------------------------- */

typedef struct wcl_store {
    char *home; /* absolute */
    int home_fd;
    int staging_fd;
    const wcl_hooks *hooks;
} wcl_store;

/* Opens the driver's home, and clears up what was left behind. PATH_NOT_FOUND where it is not a
 * store. */
wcl_status wcl_store_open(const wcl_driver *driver, wcl_store *store, wcl_error *error);
/* The same for what makes layers and images: the home is made where it is missing. */
wcl_status wcl_store_make(const wcl_driver *driver, wcl_store *store, wcl_error *error);
/* Either, without a look at what was left behind. */
wcl_status wcl_home_open(const wcl_driver *driver, bool make, wcl_store *store, wcl_error *error);
void wcl_store_close(wcl_store *store);
#define WCL_CLEANUP_STORE __attribute__((cleanup(wcl_store_close)))
#define WCL_STORE_INIT                                                                             \
    {                                                                                              \
        NULL, -1, -1, NULL                                                                         \
    }

/* HOME/ID, and HOME/ID/NAME. NULL when out of memory. wcl_free(). */
char *wcl_store_path(const wcl_store *store, const char *id, const char *name);

void wcl_store_log(const wcl_store *store, wcl_log_level level, const char *format, ...)
    WCL_PRINTF(3, 4);

/* ---- Records: layer.json -------------------------------------------------------------------- */

typedef enum wcl_layer_kind {
    WCL_LAYER_BASE = 1,    /* no parents */
    WCL_LAYER_LAYER = 2,   /* read-only, on parents */
    WCL_LAYER_SANDBOX = 3, /* writable */
    WCL_LAYER_EMPTY = 4,   /* read-only, nothing of its own */
} wcl_layer_kind;

typedef struct wcl_layer_record {
    char *id;
    wcl_layer_kind kind;
    wcl_os os;
    char **parents; /* ids, nearest first */
    size_t parent_count;
    char *diff_id;      /* "sha256:..." of layer.tar; NULL for a sandbox */
    char *blob_digest;  /* of the bytes that were imported */
    char *media_type;   /* of the same */
    uint64_t blob_size; /* bytes imported */
    uint64_t tar_size;  /* bytes of layer.tar */
    uint64_t data_size; /* bytes of its files' data */
    uint64_t entries;
    uint64_t limit;   /* of a sandbox, in bytes; 0: none */
    bool scattered;   /* the tar lists a folder after its contents, or a path twice */
    bool links_below; /* it has hard links to files of parents that it was imported without */
    int64_t created;  /* seconds since 1970 */
    cJSON *rest;      /* the file as it was read, for keys that this version does not know */
} wcl_layer_record;

#define WCL_LAYER_RECORD_INIT                                                                      \
    {                                                                                              \
        .id = NULL                                                                                 \
    }
void wcl_layer_record_free(wcl_layer_record *record);
#define WCL_CLEANUP_LAYER_RECORD __attribute__((cleanup(wcl_layer_record_free)))

/* Reads layer.json of the layer folder `layer_fd`; a damaged one fails with CORRUPT. */
wcl_status wcl_layer_record_read(int layer_fd, wcl_layer_record *record, wcl_error *error);
/* Whether the text of `id`'s record has another layer's id in it, which takes less than reading it.
 * True where that cannot be told. */
bool wcl_record_may_name(int home_fd, const char *id, const char *other);
/* Writes it, atomically and synced. */
wcl_status wcl_layer_record_write(int layer_fd, const wcl_layer_record *record, wcl_error *error);
/* The same for a new layer, whose folder is synced with it. */
wcl_status wcl_record_write_new(int layer_fd, const wcl_layer_record *record, wcl_error *error);
const char *wcl_layer_kind_name(wcl_layer_kind kind);

/* Fills in the parents from a caller's list: checks the ids and that they are there. */
wcl_status wcl_layer_record_set_parents(wcl_layer_record *record, const wcl_store *store,
                                        wcl_parents parents, wcl_error *error);

/* ---- Layers --------------------------------------------------------------------------------- */

typedef enum wcl_lock {
    WCL_LOCK_NONE = 0,
    WCL_LOCK_SHARED = 1,
    WCL_LOCK_EXCLUSIVE = 2,
} wcl_lock;

/* A layer's folder, opened and locked, with its record. */
typedef struct wcl_store_layer {
    int fd;
    int lock; /* wcl_folder_lock()'s */
    wcl_layer_record record;
} wcl_store_layer;

#define WCL_STORE_LAYER_INIT                                                                       \
    {                                                                                              \
        .fd = -1, .lock = -1                                                                       \
    }

/* Opens a layer; FILE_NOT_FOUND where there is none. Waits for the lock. */
wcl_status wcl_store_layer_open(const wcl_store *store, const char *id, wcl_lock lock,
                                wcl_store_layer *layer, wcl_error *error);
void wcl_store_layer_close(wcl_store_layer *layer);
#define WCL_CLEANUP_STORE_LAYER __attribute__((cleanup(wcl_store_layer_close)))

wcl_status wcl_store_find_layer(const wcl_store *store, const char *id, bool *found,
                                wcl_error *error);

/* The id of a parent, as its path names it; fails where there is no such layer. */
wcl_status wcl_store_find_parent(const wcl_store *store, const char *path, const char **id,
                                 wcl_error *error);

/* All of a layer's parents, locked for sharing, nearest first. */
typedef struct wcl_store_chain {
    wcl_store_layer *layers;
    size_t count;
} wcl_store_chain;

wcl_status wcl_store_chain_open(const wcl_store *store, const wcl_layer_record *record,
                                wcl_store_chain *chain, wcl_error *error);
void wcl_store_chain_close(wcl_store_chain *chain);
#define WCL_CLEANUP_STORE_CHAIN __attribute__((cleanup(wcl_store_chain_close)))

/* Calls `visit` for each layer's id, in no order, until it fails. */
wcl_status wcl_store_each(const wcl_store *store,
                          wcl_status (*visit)(void *context, const char *id, wcl_error *error),
                          void *context, wcl_error *error);

/* ---- Making and removing -------------------------------------------------------------------- */

/* A layer being made: a locked folder in .staging. */
typedef struct wcl_stage {
    int fd;
    int lock; /* wcl_folder_lock()'s */
    char name[192];
    bool replaces; /* what is in the layer's place */
    bool is_light; /* it is in place at once, and on disk a moment later: whole or not at all */
} wcl_stage;

#define WCL_STAGE_INIT                                                                             \
    {                                                                                              \
        .fd = -1, .lock = -1                                                                       \
    }

/* Begins a layer; fails with ALREADY_EXISTS where there is one of that id. */
wcl_status wcl_stage_begin(const wcl_store *store, const char *id, wcl_stage *stage,
                           wcl_error *error);
/* Begins a layer that will take the place of one which its maker has locked exclusively. */
wcl_status wcl_stage_begin_replacing(const wcl_store *store, wcl_stage *stage, wcl_error *error);
/* Puts the folder in place as layer `id`: atomically and durably. */
wcl_status wcl_stage_commit(const wcl_store *store, wcl_stage *stage, const char *id,
                            wcl_error *error);
/* Removes it unless it was committed. */
void wcl_stage_end(const wcl_store *store, wcl_stage *stage);

/* Takes a layer, which is locked exclusively, out of the home at once and then removes its files.
 */
wcl_status wcl_store_remove(const wcl_store *store, wcl_store_layer *layer, wcl_error *error);

/* What a layer replaced, in .staging: this and the layer's id. */
#define WCL_STAGE_ASIDE "aside-"

/*
 * The lock on .staging itself is held for a moment by whoever makes something in it, until that is
 * locked too, and by the clean-up, which so never sees a folder that has no holder yet.
 */
bool wcl_stage_lock(const wcl_store *store, int *lock, wcl_error *error);

/* Says that mounts of a layer are about to change; held until wcl_store_note_end(). Whoever finds
 * the note without its holder undoes the mounts (wcl_mount_repair()). */
typedef struct wcl_store_note {
    int fd;
    char name[192];
} wcl_store_note;
wcl_status wcl_store_note_begin(const wcl_store *store, const char *id, wcl_store_note *note,
                                wcl_error *error);
void wcl_store_note_end(const wcl_store *store, wcl_store_note *note);

/* Removes all of .staging that nobody holds, undoing mounts first. Failures are logged only: the
 * next one to open the home tries again. */
void wcl_store_clean(const wcl_store *store);

#endif
