/* What the parts of the graph driver share. */
#ifndef WCL_GRAPHDRIVER_DRIVER_H
#define WCL_GRAPHDRIVER_DRIVER_H

#include <wcl/graphdriver.h>

#include "base/buffer.h"
#include "graphdriver/storage_options.h"
#include "mounts/mounts.h"

struct wcl_graphdriver {
    wcl_driver layers; /* of wcl/layer.h; its texts are the driver's */
    char *home;        /* absolute */
    char *provider;    /* or NULL */
    wcl_hooks hooks;
    int pending_fd; /* the folder of notes */
    uint64_t size;  /* of writable layers that do not say theirs; 0: no limit */
    wcl_mounts mounts;
    bool works_behind; /* wcl_behind_start() was called */
};

/* ---- Notes of layers: HOME/.graphdriver/ID holds the parent's id ----------------------------- */

wcl_status wcl_pending_open(const char *home, int *pending_fd, wcl_error *error);
wcl_status wcl_pending_add(const wcl_graphdriver *driver, const char *id, const char *parent,
                           wcl_error *error);
/* The parent ("" for none) of a layer that has a note; WCL_END where `id` is none. wcl_free(). */
wcl_status wcl_pending_parent(const wcl_graphdriver *driver, const char *id, char **parent,
                              wcl_error *error);
void wcl_pending_remove(const wcl_graphdriver *driver, const char *id);
/* Fails with SHARING_VIOLATION where a layer with a note stands on `id`. */
wcl_status wcl_pending_check_unused(const wcl_graphdriver *driver, const char *id,
                                    wcl_error *error);

/* ---- Layers made by Create --------------------------------------------------------------------
 *
 * Such a layer is a note at first. A tar that is applied to it makes it a read-only layer; whoever
 * gets it before makes it a writable one, whose note stays. It becomes read-only, and the note
 * goes, with its first Diff, or when something is to stand on it. While somebody has it mounted
 * then, it stays as it is, which docker does not write to any more, until the next time.
 */

/* Makes one that is only a note a writable layer. Its turn is held. */
wcl_status wcl_graphdriver_make_open(wcl_graphdriver *driver, const char *id, wcl_error *error);

/* Makes it read-only. Its turn is not held. */
wcl_status wcl_graphdriver_settle(wcl_graphdriver *driver, const char *id, wcl_error *error);

/* A writable layer on `parent`, or on an empty layer of its own. Its turn is held. */
wcl_status wcl_graphdriver_make_writable(wcl_graphdriver *driver, const char *id,
                                         const char *parent, uint64_t size, wcl_error *error);
/* Whether anything was changed in a writable layer. */
bool wcl_graphdriver_has_changes(const wcl_graphdriver *driver, const char *id);

/* Makes a writable layer the read-only layer of its changes, on its parent or, if `alone`, on none.
 * Fails with BUSY while it is in use. */
wcl_status wcl_graphdriver_freeze(const wcl_graphdriver *driver, const char *id, bool alone,
                                  wcl_error *error);

/* Whether it is one of docker's own "-init" layers, which hold a few empty files. */
bool wcl_graphdriver_is_init(const char *id);

/* ---- Layers beside docker's own ---------------------------------------------------------------
 */

/* Their names are those of the layers that they belong to, and an ending. */
#define WCL_COMPANION_SIZE 160

/* The empty layer that a writable one on nothing stands on, and which was made for it alone. */
wcl_status wcl_graphdriver_make_scratch(wcl_graphdriver *driver, const char *id,
                                        char scratch[WCL_COMPANION_SIZE], wcl_error *error);
wcl_status wcl_graphdriver_remove_scratch(wcl_graphdriver *driver, const char *id,
                                          wcl_error *error);
bool wcl_graphdriver_is_scratch_of(const char *scratch, const char *id);

/* Names the layer that an ApplyDiff onto a writable one goes through, and removes what an
 * interrupted one left of it. The turn of `id` is held. */
wcl_status wcl_graphdriver_discard_applied(wcl_graphdriver *driver, const char *id,
                                           char applied[WCL_COMPANION_SIZE], wcl_error *error);

/* ---- Differences ----------------------------------------------------------------------------- */

/* A reader of what a read-only layer changes of another: as if it stood on it, in one layer. */
wcl_status wcl_difference_open(const wcl_graphdriver *driver, const char *id, const char *other,
                               wcl_layer_reader **reader, wcl_error *error);

/* ---- Mounts that were found ------------------------------------------------------------------ */

/* As wcl_mounts_adopt() and wcl_mounts_release_forsaken(). */
wcl_status wcl_graphdriver_adopt(wcl_graphdriver *driver, wcl_error *error);
size_t wcl_graphdriver_release_forsaken(wcl_graphdriver *driver);

/* ---- Mounts, with the layer's turn held ------------------------------------------------------ */

/* Get and Put. */
wcl_status wcl_graphdriver_get_held(wcl_graphdriver *driver, const char *id, const char *label,
                                    wcl_mount_use *use, char **path, wcl_error *error);
wcl_status wcl_graphdriver_put_held(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                                    wcl_error *error);

/*
 * wcl_layer_prepare() for an engine, with a mount label (NULL or "": none). The engine makes the
 * mount a container's root with the flags that it has, so set-uid files count in it; only the
 * home's mode keeps other users from them.
 */
wcl_status wcl_graphdriver_prepare(const wcl_graphdriver *driver, const char *id, const char *label,
                                   wcl_error *error);

/* Changes the tree at `path` as the read-only layer `id` does, which stands on nothing. */
wcl_status wcl_graphdriver_lay_over(const wcl_graphdriver *driver, const char *id, const char *path,
                                    wcl_error *error);

#endif
