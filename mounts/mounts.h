/*
 * The mounts that a server gives to an engine, whichever the engine: who wants a layer mounted, a
 * turn for each layer, what a server that was killed left mounted, and giving back what nobody asks
 * to give back. The one door into this module.
 */
#ifndef WCL_MOUNTS_H
#define WCL_MOUNTS_H

#include <pthread.h>
#include <wcl/layer.h>

/* The uses of one layer's mount. */
typedef struct wcl_mount_use {
    struct wcl_mount_use *next;
    uint64_t count;
    unsigned waiting;    /* threads that want the turn */
    bool busy;           /* somebody has it */
    bool adopted;        /* one of the uses was found, and may be nobody's */
    bool looks_forsaken; /* adopted, and nobody's when it was last looked at */
    char id[];
} wcl_mount_use;

typedef struct wcl_mounts {
    const wcl_driver *layers; /* the caller's; its home is absolute */
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    wcl_mount_use *first;
} wcl_mounts;

void wcl_mounts_init(wcl_mounts *mounts, const wcl_driver *layers);
/* What is mounted stays mounted. */
void wcl_mounts_destroy(wcl_mounts *mounts);

/* ---- Turns: only one call at a time changes a layer -------------------------------------------
 */

/* Checks the id, waits for the layer's turn and takes it. While it is held, `count` is the holder's
 * to change. */
wcl_status wcl_mounts_enter(wcl_mounts *mounts, const char *id, wcl_mount_use **use,
                            wcl_error *error);
/* Gives `status` back, what came of the turn. */
wcl_status wcl_mounts_leave(wcl_mounts *mounts, wcl_mount_use *use, wcl_status status);

#ifndef _WIN32

/* ---- Unmounting, with the layer's turn held ----------------------------------------------------
 */

/* Whether the layers are the portable store's, which can do more than others. */
bool wcl_mounts_is_store(const wcl_driver *layers);

/* Undoes a layer's mount, whoever uses it: what is busy is put out of sight at once. Nothing is to
 * be done for what is not mounted. */
wcl_status wcl_mounts_unmount(const wcl_mounts *mounts, const char *id, wcl_error *error);

/* Whether the layer's mount is the root of a process somewhere: a container's. */
bool wcl_mounts_is_lived_in(const wcl_mounts *mounts, const char *id);

/* ---- Mounts that were found, with no turn held -------------------------------------------------
 */

/* Forgets all uses and undoes all mounts below the home, except those that are lived in: these
 * count as one use again. */
wcl_status wcl_mounts_clean_up(wcl_mounts *mounts, wcl_error *error);

/*
 * Takes every mount below the home, after a server that ended without being asked to, for one that
 * the engine still wants: it may be a container's, or in use by a call of the engine's own.
 */
wcl_status wcl_mounts_adopt(wcl_mounts *mounts, wcl_error *error);

/*
 * Undoes adopted mounts that no process lives in and nobody asked for since the last time: who
 * should have put them may have asked the server that ended, and does not ask again. Gives how many
 * are adopted still. What fails is left for the next time.
 */
size_t wcl_mounts_release_forsaken(wcl_mounts *mounts);

/* ---- A thread that looks after the adopted until none is left ----------------------------------
 */

typedef struct wcl_keeper {
    size_t (*look)(void *context); /* wcl_mounts_release_forsaken() of what is served now */
    void *context;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_started;
    bool stop;
} wcl_keeper;

wcl_status wcl_keeper_start(wcl_keeper *keeper, size_t (*look)(void *context), void *context,
                            wcl_error *error);
/* Also right where it was not started. */
void wcl_keeper_stop(wcl_keeper *keeper);

#endif
#endif
