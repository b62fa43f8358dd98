/* EROFS as it lies on disk, as far as it is used here: offsets of the members of its structs, and
 * the numbers that stand in them. All integers are little-endian. */
#ifndef WCL_EROFS_DISK_H
#define WCL_EROFS_DISK_H

#define EROFS_MAGIC 0xE0F5E1E2u
#define EROFS_SUPER_OFFSET 1024u
#define EROFS_SUPER_SIZE 128u

/* The superblock. */
#define EROFS_SB_MAGIC 0
#define EROFS_SB_CHECKSUM 4
#define EROFS_SB_COMPAT 8
#define EROFS_SB_BLOCK_BITS 12
#define EROFS_SB_EXTRA_SLOTS 13
#define EROFS_SB_ROOT_NID 14
#define EROFS_SB_INODES 16
#define EROFS_SB_BUILD_TIME 24
#define EROFS_SB_BUILD_NANOSECONDS 32
#define EROFS_SB_BLOCKS 36
#define EROFS_SB_META_BLOCK 40
#define EROFS_SB_XATTR_BLOCK 44
#define EROFS_SB_UUID 48
#define EROFS_SB_INCOMPAT 80
#define EROFS_SB_DEVICES 86
#define EROFS_SB_DEVICE_SLOT 88
#define EROFS_SB_FOLDER_BLOCK_BITS 90

#define EROFS_COMPAT_CHECKSUM 0x1u
#define EROFS_COMPAT_MTIME 0x2u
#define EROFS_INCOMPAT_ZERO_PADDING 0x1u
#define EROFS_INCOMPAT_CHUNKED 0x4u
#define EROFS_INCOMPAT_DEVICES 0x8u

/* A slot of the device table. */
#define EROFS_DEVICE_SIZE 128u
#define EROFS_DEVICE_TAG 0
#define EROFS_DEVICE_TAG_SIZE 64u
#define EROFS_DEVICE_BLOCKS 64

/* What both inodes begin with, and the place of the data. */
#define EROFS_SLOT_SIZE 32u
#define EROFS_INODE_FORMAT 0
#define EROFS_INODE_XATTR_COUNT 2
#define EROFS_INODE_MODE 4
#define EROFS_INODE_DATA 16
#define EROFS_INODE_NUMBER 20
/* A compact inode. */
#define EROFS_COMPACT_SIZE 32u
#define EROFS_COMPACT_LINKS 6
#define EROFS_COMPACT_BYTES 8
#define EROFS_COMPACT_UID 24
#define EROFS_COMPACT_GID 26
/* An extended inode. */
#define EROFS_EXTENDED_SIZE 64u
#define EROFS_EXTENDED_BYTES 8
#define EROFS_EXTENDED_UID 24
#define EROFS_EXTENDED_GID 28
#define EROFS_EXTENDED_MTIME 32
#define EROFS_EXTENDED_NANOSECONDS 40
#define EROFS_EXTENDED_LINKS 44

#define EROFS_FORMAT_EXTENDED 0x1u
#define EROFS_FORMAT_LAYOUT_SHIFT 1
#define EROFS_FORMAT_LAYOUT_MASK 0x7u
#define EROFS_FORMAT_ALL 0xFu

#define EROFS_LAYOUT_PLAIN 0u  /* whole blocks elsewhere */
#define EROFS_LAYOUT_INLINE 2u /* the same but for the last block, which follows the inode */
#define EROFS_LAYOUT_CHUNKS 4u /* an index of chunks follows the inode */

#define EROFS_CHUNK_BITS_MASK 0x1Fu
#define EROFS_CHUNK_INDEXES 0x20u
#define EROFS_CHUNK_INDEX_SIZE 8u
#define EROFS_CHUNK_DEVICE 2
#define EROFS_CHUNK_BLOCK 4
#define EROFS_BLOCK_MAP_SIZE 4u
#define EROFS_NULL_BLOCK 0xFFFFFFFFu

/* Of wcl alone: a file of which chunks are copied into the image has there, in whole blocks before
 * the first of them, a map of where its data is outside: entries for all its extents, and at the
 * end a trailer. */
#define WCL_MAP_ENTRY_SIZE 16u
#define WCL_MAP_LENGTH 0
#define WCL_MAP_BLOCK 8
#define WCL_MAP_DEVICE 12 /* 0 for a hole */
#define WCL_MAP_TRAILER_SIZE 16u
#define WCL_MAP_MAGIC "wcl map\n"
#define WCL_MAP_MAGIC_SIZE 8u
#define WCL_MAP_INODE 8
#define WCL_MAP_COUNT 12

/* Extended attributes: the header behind an inode, and what each begins with. */
#define EROFS_XATTR_HEADER_SIZE 12u
#define EROFS_XATTR_SHARED_COUNT 4
#define EROFS_XATTR_ENTRY_SIZE 4u
#define EROFS_XATTR_NAME_LENGTH 0
#define EROFS_XATTR_NAME_INDEX 1
#define EROFS_XATTR_VALUE_SIZE 2

/* An entry of a folder. */
#define EROFS_DIRENT_SIZE 12u
#define EROFS_DIRENT_NID 0
#define EROFS_DIRENT_NAME 8
#define EROFS_DIRENT_TYPE 10

#define EROFS_TYPE_FILE 1
#define EROFS_TYPE_FOLDER 2
#define EROFS_TYPE_CHARACTER 3
#define EROFS_TYPE_BLOCK 4
#define EROFS_TYPE_FIFO 5
#define EROFS_TYPE_SOCKET 6
#define EROFS_TYPE_LINK 7

#endif
