/*
 * Mounts of the store. A chain of read-only layers is one EROFS mount (of chain.erofs, with the
 * tars as its devices) at HOME/ID/merged of the nearest layer; all sandboxes on that layer share
 * it, and it stays for as long as one of them is mounted. A sandbox is an overlayfs over it at
 * HOME/SANDBOX/merged.
 *
 *     HOME/ID/users/USER    a marker: the layer USER uses the mount of the read-only layer ID (ID
 *                           itself while that was prepared for reading)
 *     HOME/ID/unpacked/     the chain as files, where the kernel cannot mount the index
 *
 * Markers are only as good as the mounts they speak of: one whose user is neither mounted nor being
 * worked on is void. So a crash or restart, which ends the mounts, ends them too.
 */
#ifndef WCL_STORE_MOUNT_H
#define WCL_STORE_MOUNT_H

#include "layer/store/store.h"

/* How chains get mounted on this host. */
typedef enum wcl_chain_backing {
    WCL_MOUNT_FILES = 1,  /* EROFS straight on the files */
    WCL_MOUNT_LOOP = 2,   /* EROFS on loop devices */
    WCL_MOUNT_UNPACK = 3, /* a folder the chain is unpacked into */
} wcl_chain_backing;

/* The way that WCL_MOUNT (files, loop, unpack) forces, else the first that works for files in the
 * open folder; why the better ones do not is put into `reason`. Found out by trying. */
wcl_status wcl_mount_choose(int folder, wcl_chain_backing *way, char reason[200], wcl_error *error);

/*
 * Whether the kernel tells of a read that ends early in a file that an EROFS is mounted on. Some
 * (since 6.12) take what is missing for zeros, which stay in the cache for all who read the file
 * then; a reader that is killed is such a case. The folder is one whose files can be mounted on.
 */
wcl_status wcl_mount_check_reads(int folder, bool *told, wcl_error *error);

const char *wcl_chain_backing_name(wcl_chain_backing way);

/* Whether a layer's merged folder is mounted now. */
bool wcl_mount_is_mounted(const wcl_store *store, const char *id);

/* After an interrupted change: unmounts what is half done of layer `id`, or of one that is no more,
 * so that it is as if never activated. */
wcl_status wcl_mount_repair(const wcl_store *store, const char *id, wcl_error *error);

/* ---- Chains ---------------------------------------------------------------------------------- */

/*
 * Mounts what others need of a layer, or finds it mounted, for the layer `user`: a read-only
 * layer's chain, whose index is made, or a sandbox's storage. `layer` is locked for sharing at
 * least or known to stay, and a note is held of the work on `user`.
 */
wcl_status wcl_mount_acquire(const wcl_store *store, const wcl_store_layer *layer, const char *user,
                             wcl_error *error);

/*
 * Ends the use (a NULL `user`: nobody's), and the mount when it was the last. A mount that somebody
 * else holds fails with BUSY if `user` is the layer itself, and else stays for the next user. One
 * that cannot be undone for another reason fails, and stays for the next user too.
 */
wcl_status wcl_mount_release(const wcl_store *store, const wcl_store_layer *layer, const char *user,
                             bool lazily, wcl_error *error);

/* Whether `user` uses the mount of the read-only layer `id` now. */
bool wcl_mount_has_user(const wcl_store *store, const char *id, const char *user);

/* Attaches the chain of a read-only layer at its merged folder, which is not mounted. */
wcl_status wcl_mount_chain(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error);

/* Makes HOME/ID/unpacked of chain.erofs and the tars unless it is there. */
wcl_status wcl_mount_unpack(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error);

/* Unpacks the chain, whose index is made, into a folder that is empty. */
wcl_status wcl_mount_unpack_into(const wcl_store *store, const wcl_store_layer *layer, int folder,
                                 wcl_error *error);

/* Removes what an interrupted unpacking left. */
void wcl_mount_discard_unpack(int layer_fd);

/* ---- Pieces ---------------------------------------------------------------------------------- */

/* Makes the folder HOME/ID/NAME where it is missing. */
wcl_status wcl_mount_make_folder(int layer_fd, const char *name, unsigned mode, wcl_error *error);

/* Attaches a mount at HOME/ID/NAME. */
wcl_status wcl_mount_attach(int layer_fd, const char *name, int mount, wcl_error *error);

/* Undoes the mounts at HOME/ID/NAME, all of those that are on top of each other. */
wcl_status wcl_mount_undo(const wcl_store *store, const char *id, const char *name, bool lazily,
                          wcl_error *error);

/* Takes HOME/ID/merged out of sight at once; the mount comes to its end behind, once nobody has
 * anything of it open. */
wcl_status wcl_mount_undo_behind(const wcl_store *store, const char *id, wcl_error *error);

/* The way that WCL_MOUNT names; 0 where it is unset or empty. */
wcl_status wcl_mount_forced(wcl_chain_backing *way, wcl_error *error);

#endif
