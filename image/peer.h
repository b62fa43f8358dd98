/*
 * Peers: where images come from and go to. The engine (image/engine.h) moves images between the
 * store and a peer; a peer is an OCI layout, a docker archive or a registry, and knows nothing of
 * the store.
 *
 * A new peer fills in one or both of the structs below, as the first member of its own, and gives
 * them to wcl_image_pull_from() and wcl_image_push_to(). Everything but `free` may be called by
 * several threads at once, as many as `parallel` says (0: no limit); a stream is used by one thread
 * at a time.
 */
#ifndef WCL_IMAGE_PEER_H
#define WCL_IMAGE_PEER_H

#include <stdatomic.h>

#include "image/document.h"

/* Set by the engine when all is to end. Whatever waits longer than a fifth of a second must look at
 * it and then fail with WCL_CODE_CANCELLED. */
typedef atomic_bool wcl_stop;

/* ---- Sources -------------------------------------------------------------------------------- */

/* A blob's bytes, as they come. */
typedef struct wcl_blob_stream wcl_blob_stream;
typedef struct wcl_blob_stream_ops {
    /* As a wcl_read_fn. A stream that breaks off and can be taken up again takes itself up again;
     * what is said here has failed for good. */
    wcl_status (*read)(wcl_blob_stream *stream, void *buffer, size_t size, size_t *got,
                       wcl_error *error);
    void (*free)(wcl_blob_stream *stream);
} wcl_blob_stream_ops;
struct wcl_blob_stream {
    const wcl_blob_stream_ops *ops;
};

typedef struct wcl_image_source wcl_image_source;
typedef struct wcl_image_source_ops {
    /*
     * The manifest or index called `reference`: a digest, or what else the peer has names for (a
     * registry: a tag). Its bytes are appended to `text`; more than WCL_MANIFEST_SIZE_MAX are
     * refused before they are taken. `media_type` (128 bytes, "" before) is what it was served as.
     * The engine compares digests.
     */
    wcl_status (*get_manifest)(wcl_image_source *source, const char *reference, wcl_buffer *text,
                               char media_type[128], wcl_error *error);
    /*
     * The blob's bytes from `offset` on, which is not beyond its size. The engine compares size and
     * digest, and stops reading behind the size. A source that cannot begin there fails.
     */
    wcl_status (*open_blob)(wcl_image_source *source, const wcl_descriptor *descriptor,
                            uint64_t offset, wcl_blob_stream **stream, wcl_error *error);
    void (*free)(wcl_image_source *source);
} wcl_image_source_ops;

struct wcl_image_source {
    const wcl_image_source_ops *ops;
    const char *operation; /* for progress: "pull" where it is NULL */
    unsigned parallel;
    /* Its blobs come from far: what came of a blob when a pull breaks off is kept for a day, and
     * the next pull goes on behind it. */
    bool is_remote;
    /* The names are what the source says itself: those that another image should have are left out,
     * where a name that a person gave is an error. */
    bool says_names;
    const wcl_stop *stop; /* the engine's, while it works; NULL before */
};

/* ---- Sinks ---------------------------------------------------------------------------------- */

/* A blob on its way to a sink. */
typedef struct wcl_push_blob {
    const wcl_descriptor *descriptor;
    /* Reads up to `size` bytes at `offset`; any number of times, from any offset. */
    wcl_status (*read_at)(const struct wcl_push_blob *blob, uint64_t offset, void *buffer,
                          size_t size, size_t *got, wcl_error *error);
    /* Canonical names of images in the store that hold this blob: where a registry may have it. */
    const char *const *names;
    size_t name_count;
    /* To be called with the bytes that went out since the last call; fails when all is to end. */
    wcl_status (*advance)(const struct wcl_push_blob *blob, uint64_t bytes, wcl_error *error);
    void *context; /* the engine's */
} wcl_push_blob;

typedef struct wcl_image_sink wcl_image_sink;
typedef struct wcl_image_sink_ops {
    /* Whether the sink has the blob, or needs none (a foreign layer). */
    wcl_status (*has_blob)(wcl_image_sink *sink, const wcl_push_blob *blob, bool *has,
                           wcl_error *error);
    wcl_status (*put_blob)(wcl_image_sink *sink, const wcl_push_blob *blob, wcl_error *error);
    /*
     * The manifest, once all its blobs are there. `reference` is what it is to be called: as the
     * engine was told, or NULL where it is called by its digest only.
     */
    wcl_status (*put_manifest)(wcl_image_sink *sink, const wcl_manifest *manifest,
                               const char *reference, wcl_error *error);
    /* After all images: completes it. NULL where there is nothing to do. */
    wcl_status (*finish)(wcl_image_sink *sink, wcl_error *error);
    /* Without finish() before: leaves nothing behind. */
    void (*free)(wcl_image_sink *sink);
} wcl_image_sink_ops;

struct wcl_image_sink {
    const wcl_image_sink_ops *ops;
    const char *operation; /* for progress: "push" where it is NULL */
    unsigned parallel;
    const wcl_stop *stop;
};

#endif
