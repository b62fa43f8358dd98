/*
 * Reading an EROFS image straight from memory. Nothing in it is trusted: every offset and length is
 * checked before use, and what does not fit fails with CORRUPT and says where. Images of 512 to
 * 4096 byte blocks without compression are read, which those that wcl and (without options)
 * mkfs.erofs write are; others are refused with NOT_SUPPORTED.
 *
 * An image is never changed by reading, so threads may share one.
 */
#ifndef WCL_EROFS_IMAGE_H
#define WCL_EROFS_IMAGE_H

#include "erofs/tree.h"

typedef struct wcl_erofs_image wcl_erofs_image;

/* An inode's number, which is also its st_ino in a mount. */
typedef uint64_t wcl_nid;

/* Opens `size` bytes that stay the caller's and must outlive the image. */
wcl_status wcl_erofs_image_open(const void *data, size_t size, wcl_erofs_image **image,
                                wcl_error *error);
/* Maps a file. */
wcl_status wcl_erofs_image_open_file(const char *path, wcl_erofs_image **image, wcl_error *error);
/* NULL is allowed. */
void wcl_erofs_image_free(wcl_erofs_image *image);

wcl_nid wcl_erofs_root(const wcl_erofs_image *image);
/* Inodes, as the superblock has it: a hint. */
uint64_t wcl_erofs_image_inode_count(const wcl_erofs_image *image);
uint32_t wcl_erofs_image_device_count(const wcl_erofs_image *image);
/* The size in bytes and tag (64 bytes and a NUL) of a device, from 1. */
wcl_status wcl_erofs_image_device(const wcl_erofs_image *image, uint32_t device, uint64_t *size,
                                  char tag[65], wcl_error *error);
void wcl_erofs_image_uuid(const wcl_erofs_image *image, uint8_t uuid[16]);

wcl_status wcl_erofs_node_inode(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_inode *inode,
                                wcl_error *error);

/* ---- Folders -------------------------------------------------------------------------------- */

typedef struct wcl_erofs_entry {
    const char *name; /* in the image, not terminated */
    size_t length;
    wcl_nid nid;
    uint32_t type; /* S_IFDIR, S_IFREG, ...; the inode's word counts */
} wcl_erofs_entry;

/* Goes through a folder; its members are private. */
typedef struct wcl_erofs_folder {
    const wcl_erofs_image *image;
    wcl_nid nid;
    uint64_t size;
    uint64_t block;     /* the next one */
    uint64_t raw;       /* where the blocks are that are not with the inode */
    uint64_t raw_count; /* how many there are */
    uint64_t tail;      /* where the block that is with the inode is */
    const uint8_t *bytes;
    uint32_t length; /* of the block at `bytes` */
    uint32_t index;  /* of the next entry in it */
    uint32_t count;
    const char *last; /* the name before */
    size_t last_length;
} wcl_erofs_folder;

wcl_status wcl_erofs_folder_open(const wcl_erofs_image *image, wcl_nid nid,
                                 wcl_erofs_folder *folder, wcl_error *error);
/* The next entry in byte order ("." and ".." are left out), or WCL_END. A name that cannot be one,
 * or is out of order, is CORRUPT. */
wcl_status wcl_erofs_folder_next(wcl_erofs_folder *folder, wcl_erofs_entry *entry,
                                 wcl_error *error);

/* The entry of that name in a folder: by bytes, by binary search, or by NTFS's rule, one after the
 * other (an exact match goes first). Fails with FILE_NOT_FOUND. */
wcl_status wcl_erofs_lookup(const wcl_erofs_image *image, wcl_nid folder, const char *name,
                            size_t length, wcl_tree_names names, wcl_erofs_entry *entry,
                            wcl_error *error);
/* What `path` leads to ("" is the root), without following links. Fails with FILE_NOT_FOUND, and
 * with PATH_NOT_FOUND where a component before the last is missing or no folder. */
wcl_status wcl_erofs_find(const wcl_erofs_image *image, const char *path, wcl_tree_names names,
                          wcl_nid *nid, wcl_error *error);

/* ---- What a file has ------------------------------------------------------------------------ */

typedef struct wcl_erofs_xattr {
    char name[280]; /* whole: "trusted.wcl.sd" */
    const uint8_t *value;
    size_t size;
    bool shared; /* kept once for several files */
} wcl_erofs_xattr;

/* Goes through the extended attributes of a file, shared ones first; its members are private. */
typedef struct wcl_erofs_xattrs {
    const wcl_erofs_image *image;
    wcl_nid nid;
    uint64_t position; /* of the next one with the inode */
    uint64_t end;
    const uint8_t *ids; /* of the shared ones */
    uint32_t id_count;
    uint32_t id_index;
} wcl_erofs_xattrs;

wcl_status wcl_erofs_xattrs_open(const wcl_erofs_image *image, wcl_nid nid,
                                 wcl_erofs_xattrs *xattrs, wcl_error *error);
/* The next one, or WCL_END. */
wcl_status wcl_erofs_xattrs_next(wcl_erofs_xattrs *xattrs, wcl_erofs_xattr *xattr,
                                 wcl_error *error);
/* The one of that name; WCL_END where the file has none. */
wcl_status wcl_erofs_find_xattr(const wcl_erofs_image *image, wcl_nid nid, const char *name,
                                wcl_erofs_xattr *xattr, wcl_error *error);

/* Goes through the data of a regular file; its members are private. */
typedef struct wcl_erofs_extents {
    const wcl_erofs_image *image;
    wcl_nid nid;
    uint64_t size;
    uint64_t offset;
    const uint8_t *chunks; /* the chunk indexes; NULL where the data is in the image */
    uint32_t chunk_bits;
    uint32_t index_size;
    const uint8_t *map; /* the next entry of the map of a file with mixed chunks, or NULL */
    uint32_t map_left;  /* entries */
    uint64_t raw;       /* of data in the image */
    uint64_t raw_size;
    uint64_t tail;
} wcl_erofs_extents;

wcl_status wcl_erofs_extents_open(const wcl_erofs_image *image, wcl_nid nid,
                                  wcl_erofs_extents *extents, wcl_error *error);
/* The next extent, as long as it can be, holes too, or WCL_END. Those of WCL_DEVICE_IMAGE lie
 * inside the image, those of other devices inside the sizes that the image has for these, except
 * where it has none (0), as images of mkfs.erofs. What a writer copied into the image of mixed
 * chunks (see inode.h) is given as what it was copied from. */
wcl_status wcl_erofs_extents_next(wcl_erofs_extents *extents, wcl_extent *extent, wcl_error *error);

/* Appends the target of a symbolic link. */
wcl_status wcl_erofs_read_link(const wcl_erofs_image *image, wcl_nid nid, wcl_buffer *target,
                               wcl_error *error);
/* The bytes of an extent that is in the image. */
const uint8_t *wcl_erofs_bytes(const wcl_erofs_image *image, const wcl_extent *extent);

/* ---- As a whole ----------------------------------------------------------------------------- */

/*
 * Adds all that is in the image to a tree without entries; the root's inode and attributes come
 * along. `device_base` is added to the numbers of devices. Several names of an inode stay one node.
 * A folder with two names, and so a loop, is CORRUPT, as are names that only differ in case in a
 * caseless tree.
 */
wcl_status wcl_erofs_load(const wcl_erofs_image *image, wcl_erofs_tree *tree, uint32_t device_base,
                          wcl_error *error);

/* Copies one inode, its data and its attributes into a node without a name. */
wcl_status wcl_erofs_load_node(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_tree *tree,
                               uint32_t device_base, wcl_node *node, wcl_error *error);

/* Does the same for many inodes of an image, much faster: what they share is looked up once. Image
 * and tree must outlive it. */
typedef struct wcl_erofs_loader wcl_erofs_loader;

wcl_status wcl_erofs_loader_new(const wcl_erofs_image *image, wcl_erofs_tree *tree,
                                uint32_t device_base, wcl_erofs_loader **loader, wcl_error *error);
/* Each call makes a new node. */
wcl_status wcl_erofs_loader_node(wcl_erofs_loader *loader, wcl_nid nid, wcl_node *node,
                                 wcl_error *error);
/* NULL is allowed. */
void wcl_erofs_loader_free(wcl_erofs_loader *loader);

#endif
