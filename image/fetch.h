/* Fetching one layer of an image: from the source, or what is there of it, into the store. */
#ifndef WCL_IMAGE_FETCH_H
#define WCL_IMAGE_FETCH_H

#include "image/crew.h"
#include "image/store.h"

typedef struct wcl_fetch {
    const wcl_image_store *store;
    wcl_image_source *source;
    const wcl_manifest *manifest;
    const wcl_config *config;
} wcl_fetch;

/* A crew's job: the layer of the job's number. `context` is a wcl_fetch. */
wcl_status wcl_fetch_layer(void *context, wcl_job *job, wcl_error *error);

/* The whole of a small blob, of the store or of the source; its size and digest are checked. */
wcl_status wcl_fetch_small(const wcl_image_store *store, wcl_image_source *source,
                           const wcl_descriptor *descriptor, size_t limit, wcl_buffer *data,
                           wcl_error *error);

#endif
