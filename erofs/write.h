/* Writing a tree as an EROFS image of 512-byte blocks whose files' bytes lie in other devices. */
#ifndef WCL_EROFS_WRITE_H
#define WCL_EROFS_WRITE_H

#include "erofs/tree.h"

/* A device that extents of the tree point into. */
typedef struct wcl_erofs_device {
    uint64_t size;   /* in bytes, at most WCL_EROFS_MAX_DEVICE_SIZE; rounded up to blocks */
    const char *tag; /* its label in the image, cut at 64 bytes; NULL for its number */
} wcl_erofs_device;

/* Reads exactly `size` bytes of a device, from 1. */
typedef wcl_status (*wcl_erofs_read_fn)(void *context, uint32_t device, uint64_t address,
                                        void *bytes, size_t size, wcl_error *error);

typedef struct wcl_erofs_options {
    const wcl_erofs_device *devices; /* the first is device 1 */
    size_t device_count;
    uint8_t uuid[16]; /* of the image: zeros, or bytes of a digest */
    /* For the chunks that are copied into the image (see inode.h); NULL where there are none. */
    wcl_erofs_read_fn read;
    void *read_context;
} wcl_erofs_options;

/*
 * Writes the image front to back through `write`. The bytes depend on the tree and the options
 * alone (and the bytes that are copied), and not on the order in which the tree was made. `*size`
 * (may be NULL) is the image's size, a multiple of 512. The tree's folders are put in order.
 *
 * Fails with INVALID_PARAMETER where an extent is outside its device or bytes have to be copied
 * and there is no `read`, and FILE_TOO_LARGE where the
 * tree does not fit into an image (2 TiB).
 */
wcl_status wcl_erofs_write(wcl_erofs_tree *tree, const wcl_erofs_options *options,
                           wcl_write_fn write, void *context, uint64_t *size, wcl_error *error);

#endif
