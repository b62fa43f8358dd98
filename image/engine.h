/*
 * The engine: moves images between the store and a peer (image/peer.h). Layers are fetched several
 * at a time, each inflated, hashed, indexed and stored as it comes, and put in place in order.
 *
 * Who makes an image rather than moving one (appending a layer) gives a source of its own, that has
 * the new manifest, config and layer: of the layers that are in the store nothing is asked of it.
 */
#ifndef WCL_IMAGE_ENGINE_H
#define WCL_IMAGE_ENGINE_H

#include "image/peer.h"

typedef struct wcl_pull_request {
    const wcl_driver *driver;
    wcl_image_source *source;
    const char *reference;    /* what the source calls the image */
    const char *const *names; /* what it is to be called here: canonical (wcl_reference.name) */
    size_t name_count;
    const wcl_transfer_options *options; /* may be NULL */
} wcl_pull_request;

/*
 * Makes an image of the store. INVALID_NAME for a name with a digest other than that of the image
 * or of the index that led to it. `info`, which may be NULL, is what became of it, be it removed
 * since or not; wcl_free(). For a remote source that fails, the layers that are complete stay for a
 * day, to be used by the next pull of that image; else nothing stays.
 */
wcl_status wcl_image_pull_from(const wcl_pull_request *request, wcl_image_info **info,
                               wcl_error *error);

/* Gives an image to `sink`, as `reference`. The caller finishes the sink. */
wcl_status wcl_image_push_to(const wcl_driver *driver, const char *image, wcl_image_sink *sink,
                             const char *reference, const wcl_transfer_options *options,
                             wcl_error *error);

#endif
