/* Making a layer of what is appended to an image. */
#ifndef WCL_IMAGE_APPEND_LAYER_H
#define WCL_IMAGE_APPEND_LAYER_H

#include <wcl/tar.h>

#include "image/append/base.h"
#include "image/append/source.h"

typedef struct wcl_append_layer {
    wcl_os os;                  /* what the layer is for */
    const char *to;             /* the folder that the files go into; "" or "/": the root */
    const char *const *deleted; /* paths of the image that are gone from this layer on */
    size_t deleted_count;
    const char *sddl;        /* of files in a Windows layer; NULL: the usual descriptor */
    const char *folder_sddl; /* of folders */
    const char *owner; /* SID or alias in a Windows layer, UID[:GID] in others; NULL: the usual one,
                          and the files' own */
    bool has_epoch;
    int64_t
        epoch; /* no time is later than this; what has no time of its own has this one, or 1970 */
    wcl_append_base *base;  /* NULL: nothing is below */
    const wcl_hooks *hooks; /* may be NULL */
} wcl_append_layer;

typedef struct wcl_append_made {
    struct timespec newest; /* of the times in it */
    uint64_t entries;
} wcl_append_made;

/*
 * Writes the layer: the source's files below `to`, with the folders that lead there, in the order
 * of wcl_append_path_compare(). A folder that the image has already stays what it is there. Neither
 * source nor writer is closed. Fails with INVALID_NAME for what the system cannot hold,
 * ALREADY_EXISTS where a folder would take the place of a link of the image.
 */
wcl_status wcl_append_layer_write(const wcl_append_layer *layer, wcl_append_source *source,
                                  wcl_layer_writer *writer, wcl_append_made *made,
                                  wcl_error *error);

#endif
