/* What the tree, the writer and the reader of an index say about one file: its inode and where its
 * bytes are. Extended attributes are wcl_xattr's of wcl/base.h. */
#ifndef WCL_EROFS_INODE_H
#define WCL_EROFS_INODE_H

#include <sys/stat.h>

#include <wcl/base.h>

typedef struct wcl_erofs_inode {
    uint32_t mode; /* S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO or S_IFSOCK, and 07777 */
    uint32_t uid;
    uint32_t gid;
    uint32_t links; /* computed: names, or for a folder 2 and its subfolders; ignored when given */
    uint64_t size;  /* of a regular file, in bytes; of a link its target's (computed); else 0 */
    struct timespec modified;
    uint32_t device_major; /* of a device node; 12 bits */
    uint32_t device_minor; /* 20 bits */
} wcl_erofs_inode;

/* The device of an extent that is a hole: it reads as zeros. */
#define WCL_DEVICE_HOLE UINT32_MAX
/* The device of an extent whose bytes are in the image itself. The others count from 1. */
#define WCL_DEVICE_IMAGE 0u

/* A run of a file's bytes that is contiguous in its device. */
typedef struct wcl_extent {
    uint64_t offset;  /* in the file */
    uint64_t length;  /* not 0 */
    uint32_t device;  /* WCL_DEVICE_HOLE, WCL_DEVICE_IMAGE, or 1 for the first device */
    uint64_t address; /* bytes from the device's start; 0 for a hole */
} wcl_extent;

/* What an image is made of: blocks of 512 bytes, the alignment of every entry in a tar. */
#define WCL_EROFS_BLOCK_SIZE 512u
/* Bytes of a device that a block address of 32 bits can reach (the last address means a hole). */
#define WCL_EROFS_MAX_DEVICE_SIZE (UINT64_C(0xFFFFFFFF) * WCL_EROFS_BLOCK_SIZE)
#define WCL_EROFS_MAX_NAME 255
#define WCL_EROFS_MAX_XATTR_VALUE 65535
#define WCL_EROFS_MAX_DEVICES 65534
/*
 * Pieces (chunks) that the index of one file can name. A file with holes has one for each run of
 * the largest power of two of bytes that all its holes and extents are aligned to. Where these were
 * too many the chunks are larger, and the bytes of those that are mixed, neither in one run nor in
 * one hole, are copied into the image: at most 64 MiB and 8 bytes for each byte of the file's data,
 * and of all files 512 MiB and 8 for each.
 */
#define WCL_EROFS_MAX_CHUNKS (UINT32_C(1) << 24)

#endif
