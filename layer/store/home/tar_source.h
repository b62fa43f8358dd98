/* The tars of a layer and its parents, read as the devices of an index: 1 is the layer's own, and N
 * its (N-1)th parent's. */
#ifndef WCL_STORE_TAR_SOURCE_H
#define WCL_STORE_TAR_SOURCE_H

#include "layer/store/store.h"

typedef struct wcl_tar_source {
    const wcl_store *store;
    const wcl_layer_record *record;
    int own_fd; /* the layer's own tar, which stays the caller's; -1: it is opened when needed */
    /* Private; begin with 0. */
    uint32_t opened; /* the device that `fd` is of; 0: none */
    int fd;
} wcl_tar_source;

void wcl_tar_source_close(wcl_tar_source *source);
#define WCL_CLEANUP_TAR_SOURCE __attribute__((cleanup(wcl_tar_source_close)))

/* A wcl_erofs_read_fn. */
wcl_status wcl_tar_source_read(void *source, uint32_t device, uint64_t address, void *bytes,
                               size_t size, wcl_error *error);

#endif
