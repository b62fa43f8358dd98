/*
 * wcl/graphdriver.h - a docker-style graph driver over the layers of wcl/layer.h, and the server
 * that offers it to dockerd as a graph driver plugin.
 *
 * A layer is made on a parent and is one of two kinds. A read-only one (wcl_graphdriver_create())
 * gets its contents once: from a tar that is applied to it, or from what is written where
 * wcl_graphdriver_get() mounts it, until its first diff or until a layer on it is used. The parent
 * of a writable one (wcl_graphdriver_create_read_write()) is a read-only layer, another writable
 * one that is not written to any more (docker's "-init" layers), or none. Ids are as in
 * wcl/layer.h; "" as a parent means none.
 *
 * All functions may be called by many threads at once on one handle.
 */
#ifndef WCL_GRAPHDRIVER_H
#define WCL_GRAPHDRIVER_H

#include <wcl/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wcl_graphdriver wcl_graphdriver;

/* A range of ids in a user namespace and outside it. */
typedef struct wcl_id_map {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t size;
} wcl_id_map;

typedef struct wcl_graphdriver_options {
    size_t struct_size;   /* sizeof(wcl_graphdriver_options) */
    const char *home;     /* the folder of all layers; made where it is missing */
    const char *provider; /* as in wcl_driver */
    const char *const
        *options; /* "KEY=VALUE", from dockerd's --storage-opt; see docs/graphdriver.md */
    size_t option_count;
    /* Maps that change no id are accepted; others are refused. */
    const wcl_id_map *uid_maps;
    size_t uid_map_count;
    const wcl_id_map *gid_maps;
    size_t gid_map_count;
    /* May be NULL; otherwise must outlive the driver. Called from the threads that call the driver
     * and those that work for them; `progress` can cancel a call, which fails with CANCELLED. */
    const wcl_hooks *hooks;
} wcl_graphdriver_options;

#define WCL_GRAPHDRIVER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_graphdriver_options)

/*
 * Opens a driver on a home as another process left it: what is mounted stays mounted, and counts as
 * one reference that is not this driver's.
 */
WCL_API wcl_status wcl_graphdriver_open(const wcl_graphdriver_options *options,
                                        wcl_graphdriver **driver, wcl_error *error);

/* Frees the driver. What is mounted stays mounted. NULL is allowed. */
WCL_API void wcl_graphdriver_free(wcl_graphdriver *driver);

/* The folder of all layers, an absolute path; belongs to the driver. */
WCL_API const char *wcl_graphdriver_home(const wcl_graphdriver *driver);

/*
 * Init, and Cleanup: forgets all references and unmounts everything, except what is the root of a
 * process somewhere, which counts as one reference again.
 */
WCL_API wcl_status wcl_graphdriver_cleanup(wcl_graphdriver *driver, wcl_error *error);

/* Options of a new layer. */
typedef struct wcl_graphdriver_create_options {
    size_t struct_size; /* sizeof(wcl_graphdriver_create_options) */
    /* "KEY=VALUE", from docker's --storage-opt: size=10G limits a writable layer (not an -init
     * one).
     */
    const char *const *storage_options;
    size_t storage_option_count;
} wcl_graphdriver_create_options;

#define WCL_GRAPHDRIVER_CREATE_OPTIONS_INIT WCL_STRUCT_INIT(wcl_graphdriver_create_options)

/* Create: a read-only layer, to be filled by wcl_graphdriver_apply_diff() or through its mount.
 * `options` may be NULL. */
WCL_API wcl_status wcl_graphdriver_create(wcl_graphdriver *driver, const char *id,
                                          const char *parent,
                                          const wcl_graphdriver_create_options *options,
                                          wcl_error *error);

/* CreateReadWrite. `options` may be NULL. */
WCL_API wcl_status wcl_graphdriver_create_read_write(wcl_graphdriver *driver, const char *id,
                                                     const char *parent,
                                                     const wcl_graphdriver_create_options *options,
                                                     wcl_error *error);

/* Remove: succeeds for a layer that does not exist. Refused while it is another's parent;
 * references do not keep it. */
WCL_API wcl_status wcl_graphdriver_remove(wcl_graphdriver *driver, const char *id,
                                          wcl_error *error);

/*
 * Get: mounts the layer merged with its parents, a writable one for writing, and counts a
 * reference. `mount_label` is an SELinux context for a writable layer's files, or NULL or "".
 * `*path`, which is freed with wcl_free(), is where it is mounted.
 */
WCL_API wcl_status wcl_graphdriver_get(wcl_graphdriver *driver, const char *id,
                                       const char *mount_label, char **path, wcl_error *error);

/* Put: ends a reference, and with the last one the mount. Does nothing where nothing is mounted. */
WCL_API wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error);

WCL_API wcl_status wcl_graphdriver_exists(wcl_graphdriver *driver, const char *id, bool *exists,
                                          wcl_error *error);

/* Status, GetMetadata: calls `pair` for each name and value. */
typedef wcl_status (*wcl_graphdriver_pair_fn)(void *context, const char *name, const char *value,
                                              wcl_error *error);
WCL_API wcl_status wcl_graphdriver_status(wcl_graphdriver *driver, wcl_graphdriver_pair_fn pair,
                                          void *context, wcl_error *error);
WCL_API wcl_status wcl_graphdriver_metadata(wcl_graphdriver *driver, const char *id,
                                            wcl_graphdriver_pair_fn pair, void *context,
                                            wcl_error *error);

/* Capabilities.ReproducesExactDiffs: whether a diff that was applied comes back byte for byte. */
WCL_API bool wcl_graphdriver_reproduces_exact_diffs(const wcl_graphdriver *driver);

/*
 * Diff: the layer's tar, uncompressed: of a read-only layer the bytes that were applied, of a
 * writable one what changed. `parent` must be the layer's own parent or, for a read-only layer, any
 * layer below it, or "" for all that it shows.
 */
WCL_API wcl_status wcl_graphdriver_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                        wcl_write_fn write, void *context, wcl_error *error);

/* Changes: what the layer changes compared with its parent or, for a read-only one, with any other.
 * As in wcl_layer_changes(). */
WCL_API wcl_status wcl_graphdriver_changes(
    wcl_graphdriver *driver, const char *id, const char *parent,
    wcl_status (*change)(void *context, const char *path, wcl_change_kind kind, wcl_error *error),
    void *context, wcl_error *error);

/*
 * ApplyDiff: fills a read-only layer, which was made on `parent` and not filled yet, with the tar
 * that `read` gives (called from another thread), plain or compressed. `*size` is that of
 * wcl_graphdriver_diff_size(). When it fails the layer is as it was. A layer that was written to,
 * or is writable, is changed as the tar says; when that fails, it may be half done.
 */
WCL_API wcl_status wcl_graphdriver_apply_diff(wcl_graphdriver *driver, const char *id,
                                              const char *parent, wcl_read_fn read, void *context,
                                              uint64_t *size, wcl_error *error);

/* DiffSize: bytes of the files and of the symbolic links' targets that a diff holds. */
WCL_API wcl_status wcl_graphdriver_diff_size(wcl_graphdriver *driver, const char *id,
                                             const char *parent, uint64_t *size, wcl_error *error);

/* ---- The plugin server ---------------------------------------------------------------------- */

typedef struct wcl_graphdriver_server wcl_graphdriver_server;

typedef struct wcl_graphdriver_server_options {
    size_t struct_size; /* sizeof(wcl_graphdriver_server_options) */
    const char *socket; /* path of the Unix socket, made with its folders; unused with listen_fd */
    int listen_fd; /* a listening Unix socket, which the server takes over; -1: make `socket` */
    /*
     * A folder where the server remembers what dockerd asked for last, so that a restarted server
     * can go on: a running dockerd does not say it again.
     */
    const char *state_dir;
    const char *provider;   /* as in wcl_driver */
    const wcl_hooks *hooks; /* its log, called from several threads; may be NULL */
    /* 0 for any of these: the default in docs/graphdriver.md. */
    unsigned connections_max; /* more are closed at once */
    unsigned request_seconds; /* that a client may stall within a request, or between two */
    unsigned stream_seconds;  /* the same within a layer's tar */
} wcl_graphdriver_server_options;

#define WCL_GRAPHDRIVER_SERVER_OPTIONS_INIT                                                        \
    WCL_STRUCT_INIT_WITH(wcl_graphdriver_server_options, listen_fd, -1)

/* Starts serving, in threads of its own. */
WCL_API wcl_status wcl_graphdriver_server_start(const wcl_graphdriver_server_options *options,
                                                wcl_graphdriver_server **server, wcl_error *error);

/* Stops: accepts no more requests, interrupts what is being streamed, waits for the rest, and
 * removes the socket if it made it. NULL is allowed. */
WCL_API void wcl_graphdriver_server_stop(wcl_graphdriver_server *server);

#ifdef __cplusplus
}
#endif
#endif
