/* What the files that read an image share. */
#ifndef WCL_EROFS_IMAGE_PRIVATE_H
#define WCL_EROFS_IMAGE_PRIVATE_H

#include "erofs/disk.h"
#include "erofs/image.h"

struct wcl_erofs_image {
    const uint8_t *data;
    size_t size;
    bool mapped;
    uint32_t block_bits;
    uint64_t inodes; /* where slot 0 is, in bytes */
    uint64_t xattrs; /* where the shared attributes are */
    wcl_nid root;
    uint64_t inode_count;
    struct timespec build_time;
    uint32_t device_count;
    uint32_t device_mask;
    const uint8_t *devices;
    uint8_t uuid[16];
};

/* The bytes at an offset, or NULL where they are not all in the image. */
const uint8_t *wcl_erofs_take(const wcl_erofs_image *image, uint64_t offset, uint64_t size);

/* CORRUPT, naming the inode. */
wcl_status wcl_erofs_corrupt(wcl_nid nid, const char *what, wcl_error *error);

/* An inode with all that is needed to find what belongs to it. */
typedef struct wcl_erofs_node {
    wcl_erofs_inode inode;
    uint64_t size; /* of the data; of a folder too */
    uint64_t position;
    uint32_t inode_size;
    uint32_t xattr_size;
    uint32_t layout;
    uint32_t data; /* the word that says where the data is */
} wcl_erofs_node;

wcl_status wcl_erofs_node_read(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_node *node,
                               wcl_error *error);

/* Data that lies in the image: whole blocks, and the rest behind the inode. */
typedef struct wcl_erofs_flat {
    uint64_t raw;
    uint64_t raw_size;
    uint64_t tail;
    uint64_t tail_size;
} wcl_erofs_flat;

wcl_status wcl_erofs_flat_find(const wcl_erofs_image *image, wcl_nid nid,
                               const wcl_erofs_node *node, wcl_erofs_flat *flat, wcl_error *error);

#endif
