/*
 * The images of a home, beside its layers (layer/store/store.h):
 *
 *     HOME/.images/blobs/sha256/HEX   manifests, configs, and layers as they came; whole, always
 *     HOME/.images/images/HEX         a record (JSON) of each image, by its manifest's digest
 *     HOME/.images/names/HEX          a name, and the manifest it stands for; by the name's digest
 *     HOME/.images/layers/HEX         says that the layer of this id came with an image, and may go
 *                                     with the last one that uses it
 *     HOME/.images/partial/HEX        a blob on its way, locked (flock) by who writes it; that of a
 *                                     plain tar is also (a link to) the layer.tar being made
 *     HOME/.images/leases/HEX-N       what a pull or load under way needs, locked while it lasts
 *     HOME/.images/unclean            a removal is under way, or was broken off
 *     HOME/.images/lock               locked for the moment that records, names and leases change
 *
 * A blob is in place before the layer that came of it, the layers before the record, the record
 * before the name. What no record and no lease names may be removed; a lease whose holder died
 * counts for a day if its blobs came from far, and else not at all.
 */
#ifndef WCL_IMAGE_STORE_H
#define WCL_IMAGE_STORE_H

#include "image/peer.h"
#include "layer/internal.h"

typedef struct wcl_image_store {
    const wcl_driver *driver;
    wcl_store layers;
    int fd; /* of .images */
} wcl_image_store;

#define WCL_IMAGE_STORE_INIT                                                                       \
    {                                                                                              \
        NULL, WCL_STORE_INIT, -1                                                                   \
    }

/* Opens the images of the driver's home, and clears up what was left behind. PATH_NOT_FOUND where
 * there is no home. The driver must outlive the store. */
wcl_status wcl_image_store_open(const wcl_driver *driver, wcl_image_store *store, wcl_error *error);
/* The same for what makes images: the home is made where it is missing. */
wcl_status wcl_image_store_make(const wcl_driver *driver, wcl_image_store *store, wcl_error *error);
void wcl_image_store_close(wcl_image_store *store);
#define WCL_CLEANUP_IMAGE_STORE __attribute__((cleanup(wcl_image_store_close)))

/* Locks the records, names and leases; a descriptor to be closed, or -1. With `wait` false, -1 also
 * (without an error) where somebody else holds the lock. */
int wcl_image_store_lock(const wcl_image_store *store, bool wait, wcl_error *error);

/* Writes a small file of .images atomically and durably; the lock must be held. */
wcl_status wcl_image_store_put(const wcl_image_store *store, const char *path, const void *data,
                               size_t size, wcl_error *error);
/* Reads one of at most `limit` bytes; FILE_NOT_FOUND where there is none. */
wcl_status wcl_image_store_get(const wcl_image_store *store, const char *path, size_t limit,
                               wcl_buffer *data, wcl_error *error);
/* Calls `visit` for each file of a folder of .images, in no order, until it fails. */
wcl_status wcl_image_store_each(const wcl_image_store *store, const char *folder,
                                wcl_status (*visit)(void *context, const char *name,
                                                    wcl_error *error),
                                void *context, wcl_error *error);
bool wcl_image_store_has(const wcl_image_store *store, const char *path);
/* Whether the file that was opened is still what the path leads to: whoever held its lock may have
 * moved or removed it before this caller had the lock. */
bool wcl_image_store_is_in_place(const wcl_image_store *store, const char *path, int fd);

/* ---- Records and names ---------------------------------------------------------------------- */

typedef struct wcl_image_layer {
    const char *id;      /* in the store of layers */
    const char *diff_id; /* "sha256:..." */
    const char *blob;    /* "sha256:..." of what it came as; the diff ID where that is the tar */
    uint64_t size;       /* of the blob */
} wcl_image_layer;

typedef struct wcl_image_record {
    const char *digest;     /* of the manifest */
    const char *media_type; /* of the manifest */
    const char *config;     /* digest */
    wcl_platform platform;
    int64_t created;         /* by the config */
    wcl_image_layer *layers; /* lowest first */
    size_t layer_count;
    uint64_t size; /* of manifest and config */
    int64_t added; /* seconds since 1970 */
    cJSON *json;
} wcl_image_record;

#define WCL_IMAGE_RECORD_INIT                                                                      \
    {                                                                                              \
        .digest = NULL                                                                             \
    }
void wcl_image_record_free(wcl_image_record *record);
#define WCL_CLEANUP_IMAGE_RECORD __attribute__((cleanup(wcl_image_record_free)))

/* The record of the image with this manifest ("sha256:..." or the digits); FILE_NOT_FOUND. */
wcl_status wcl_image_record_read(const wcl_image_store *store, const char *digest,
                                 wcl_image_record *record, wcl_error *error);
#define WCL_IMAGE_RECORD_VERSION 1
/* Where in .images the record of the image with this manifest is. */
void wcl_image_record_path(const char *digest, char path[96]);

/* An image whose layers are in place. */
typedef struct wcl_new_image {
    wcl_manifest *manifest;
    wcl_config *config;
    char index[WCL_DIGEST_TEXT_SIZE]; /* of the index that led to the manifest; "": none */
    const char **names;
    size_t name_count;
} wcl_new_image;

/* Puts manifest, config and record in place, gives the image its names, and tells in `info` (may be
 * NULL; wcl_free()) what it then is, all before anybody else can change it. */
wcl_status wcl_image_commit(const wcl_image_store *store, const wcl_new_image *image,
                            wcl_image_info **info, wcl_error *error);

/* A name and what it stands for. */
typedef struct wcl_image_name {
    char *name; /* canonical */
    char digest[WCL_DIGEST_TEXT_SIZE];
    char index[WCL_DIGEST_TEXT_SIZE]; /* of the index that led to it; "": none */
} wcl_image_name;

typedef struct wcl_image_names {
    wcl_image_name *items; /* in order */
    size_t count;
} wcl_image_names;

wcl_status wcl_image_names_read(const wcl_image_store *store, wcl_image_names *names,
                                wcl_error *error);
void wcl_image_names_free(wcl_image_names *names);
#define WCL_CLEANUP_IMAGE_NAMES __attribute__((cleanup(wcl_image_names_free)))

/* Refuses a name with a digest that is neither the manifest's nor that of the index (NULL: none)
 * that led to it: it would promise another content. INVALID_NAME. */
wcl_status wcl_image_name_check(const char *name, const char *digest, const char *index,
                                wcl_error *error);
/* Gives a manifest a name, which is checked as above; takes a name away. The lock must be held. */
wcl_status wcl_image_name_set(const wcl_image_store *store, const char *name, const char *digest,
                              const char *index, wcl_error *error);
wcl_status wcl_image_name_remove(const wcl_image_store *store, const char *name, wcl_error *error);

/* The image that a caller means (see wcl/image.h). `*name`, where `name` is not NULL, is the
 * canonical name where it was a name, else NULL; wcl_free(). */
wcl_status wcl_image_resolve(const wcl_image_store *store, const char *image,
                             wcl_image_record *record, char **name, wcl_error *error);

/* What is known of an image, for callers; one piece, freed with wcl_free(). */
wcl_status wcl_image_info_make(const wcl_image_store *store, const wcl_image_record *record,
                               wcl_image_info **info, wcl_error *error);

/* Manifest and config of an image; `config` may be NULL. */
wcl_status wcl_image_documents(const wcl_image_store *store, const wcl_image_record *record,
                               wcl_manifest **manifest, wcl_config **config, wcl_error *error);

/* The names of all images that have a layer or config of this blob; freed as one piece. */
wcl_status wcl_image_names_with_blob(const wcl_image_store *store, const char *digest,
                                     char ***names, size_t *count, wcl_error *error);

/* ---- Blobs ---------------------------------------------------------------------------------- */

bool wcl_image_blob_exists(const wcl_image_store *store, const char *digest);

/* Opens a blob for reading: a file, or the tar of a layer where the blob is that (`layer_id` and
 * `diff_id` are NULL for what is no layer's). -1, FILE_NOT_FOUND. */
int wcl_image_blob_open(const wcl_image_store *store, const char *digest, const char *layer_id,
                        const char *diff_id, wcl_error *error);

/* The whole of a small blob, whose digest is checked. */
wcl_status wcl_image_blob_read(const wcl_image_store *store, const char *digest, size_t limit,
                               wcl_buffer *data, wcl_error *error);

/* The same; WCL_END where there is none. */
wcl_status wcl_image_blob_find(const wcl_image_store *store, const char *digest, size_t limit,
                               wcl_buffer *data, wcl_error *error);

/* A blob being written, which nobody else writes meanwhile. */
typedef struct wcl_blob_writer {
    const wcl_image_store *store;
    char hex[65];
    int fd;
    uint64_t size; /* bytes in it */
    uint64_t sent; /* bytes that the disk was told to write */
} wcl_blob_writer;

#define WCL_BLOB_WRITER_INIT                                                                       \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/*
 * Begins a blob, or goes on with what an earlier writer left: `writer->size` says how much that is.
 * Waits for who is writing it, until `stop` (may be NULL). `*is_there` says that the blob is there
 * already; then nothing is begun.
 */
wcl_status wcl_blob_writer_begin(const wcl_image_store *store, const char *digest,
                                 const wcl_stop *stop, wcl_blob_writer *writer, bool *is_there,
                                 wcl_error *error);
wcl_status wcl_blob_writer_write(wcl_blob_writer *writer, const void *data, size_t size,
                                 wcl_error *error);
/* Forgets what was written, to begin anew. */
wcl_status wcl_blob_writer_restart(wcl_blob_writer *writer, wcl_error *error);
/* Whether the blob is a layer's tar too, wholly or so far: it must not be written to then by who
 * has not made it that. */
bool wcl_blob_writer_is_shared(const wcl_blob_writer *writer);
/* Makes the blob also the file `name` of the folder `fd`; false where the file system cannot. */
bool wcl_blob_writer_share(const wcl_blob_writer *writer, int fd, const char *name);
/* Lets others have the blob, though it is neither in place nor ended; it is not written to any
 * more.
 */
void wcl_blob_writer_unlock(wcl_blob_writer *writer);
/* Puts the blob in place, for good. The caller has checked its digest. */
wcl_status wcl_blob_writer_commit(wcl_blob_writer *writer, wcl_error *error);
/* Ends without a commit; `keep` leaves what was written to the next writer. After a commit nothing
 * is to be done. */
void wcl_blob_writer_end(wcl_blob_writer *writer, bool keep);

/* ---- Leases --------------------------------------------------------------------------------- */

typedef struct wcl_lease {
    const wcl_image_store *store;
    int fd;
    char path[128];
} wcl_lease;

#define WCL_LEASE_INIT                                                                             \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Keeps manifest, config, blobs and layers of an image from being removed until the lease ends. */
wcl_status wcl_lease_begin(const wcl_image_store *store, const wcl_manifest *manifest,
                           const wcl_config *config, bool is_remote, wcl_lease *lease,
                           wcl_error *error);
/* `keep` leaves it there for a day, for who goes on. */
void wcl_lease_end(wcl_lease *lease, bool keep);

/* ---- Removing ------------------------------------------------------------------------------- */

/* Says that the layer of this id comes with an image. */
wcl_status wcl_image_mark_layer(const wcl_image_store *store, const char *id, wcl_error *error);

/*
 * Removes what nothing uses: layers that came with images, and blobs; with `all` also what broken
 * pulls left to be resumed. The lock must be held.
 */
wcl_status wcl_image_collect(const wcl_image_store *store, bool all, wcl_image_removed_fn removed,
                             void *context, wcl_error *error);

/* What is used, by layers' ids and blobs' digits. */
typedef struct wcl_image_uses {
    char (*items)[65]; /* in order */
    size_t count;
    size_t capacity;
} wcl_image_uses;
#define WCL_CLEANUP_USES __attribute__((cleanup(wcl_image_uses_free)))

/* All that records and leases that count name; the lock must be held. */
wcl_status wcl_image_uses_read(const wcl_image_store *store, wcl_image_uses *uses,
                               wcl_error *error);
wcl_status wcl_image_uses_add(wcl_image_uses *uses, const char *id_or_digest, wcl_error *error);
void wcl_image_uses_sort(wcl_image_uses *uses);
bool wcl_image_uses_has(const wcl_image_uses *uses, const char *hex);
void wcl_image_uses_free(wcl_image_uses *uses);

/* Removes the leases that do not count any more, or, with `all`, those that nobody holds; the lock
 * must be held. `*dropped` counts them. */
wcl_status wcl_lease_drop_dead(const wcl_image_store *store, bool all, size_t *dropped,
                               wcl_error *error);
/* Adds what all leases name. */
wcl_status wcl_lease_read_all(const wcl_image_store *store, wcl_image_uses *uses, wcl_error *error);

#endif
