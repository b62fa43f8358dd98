/* How the writer lays a tree out and what it keeps meanwhile. */
#ifndef WCL_EROFS_WRITE_PRIVATE_H
#define WCL_EROFS_WRITE_PRIVATE_H

#include "erofs/disk.h"
#include "erofs/tree_private.h"
#include "erofs/write.h"

/* ---- Layout --------------------------------------------------------------------------------- */

/* Where an inode is, what is behind it, and how long each part is. */
typedef struct wcl_erofs_spot {
    uint32_t inode_size;
    uint32_t xattr_size;
    uint32_t layout;     /* EROFS_LAYOUT_... */
    uint64_t size;       /* of the data; of a folder's blocks */
    uint64_t raw_blocks; /* whole blocks elsewhere */
    uint32_t tail_size;  /* bytes behind the inode, of the last block */
    uint32_t chunk_bits;
    uint64_t chunk_count;
} wcl_erofs_spot;

typedef struct wcl_layout {
    wcl_erofs_tree *tree;
    struct timespec build_time; /* of all compact inodes */
    uint32_t *slots;            /* by node: its nid */
    wcl_node *order;            /* all `inode_count` nodes as they are written, each once */
    uint64_t inode_count;
    uint64_t slot_count;  /* of the inodes' part, slot 0 unused */
    uint64_t raw_blocks;  /* of folders and bytes */
    uint32_t *xattr_ids;  /* by shared attribute: its place in 4-byte units */
    uint32_t *xattr_list; /* the shared attributes in use, in the order they are written in */
    uint32_t xattr_count;
    uint64_t xattr_units;
} wcl_layout;

/* Lays the whole tree out; the result is freed with wcl_layout_free() in any case. */
wcl_status wcl_layout_make(wcl_erofs_tree *tree, const wcl_erofs_options *options,
                           wcl_layout *layout, wcl_error *error);
void wcl_layout_free(wcl_layout *layout);

/* How a node is laid out, wherever that is. */
void wcl_layout_place(const wcl_layout *layout, wcl_node node, wcl_erofs_spot *place);
/* The first slot from `slot` on where it can be. */
uint64_t wcl_layout_fit(const wcl_erofs_spot *place, uint64_t slot);

static inline uint64_t wcl_erofs_spot_bytes(const wcl_erofs_spot *place)
{
    uint64_t head = (uint64_t)place->inode_size + place->xattr_size;

    if (place->chunk_count)
        return (head + 7) / 8 * 8 + place->chunk_count * EROFS_CHUNK_INDEX_SIZE;
    return head + place->tail_size;
}

/*
 * Visits the nodes in the order they are written in, each once: the root, then folder by folder
 * what is in each.
 */
typedef wcl_status (*wcl_layout_visitor)(void *context, wcl_node node, wcl_error *error);
wcl_status wcl_layout_visit(const wcl_layout *layout, wcl_layout_visitor visitor, void *context,
                            wcl_error *error);

/* ---- Folders -------------------------------------------------------------------------------- */

/* Gives what a folder's blocks hold, "." and ".." in their places too. */
typedef struct wcl_dirents {
    wcl_erofs_tree *tree;
    wcl_node folder;
    wcl_entry_id next;
    unsigned dots; /* how many of "." and ".." were given */
} wcl_dirents;

typedef struct wcl_dirent {
    const char *name;
    size_t length;
    wcl_node node;
} wcl_dirent;

wcl_dirents wcl_dirents_begin(wcl_erofs_tree *tree, wcl_node folder);
bool wcl_dirents_next(wcl_dirents *dirents, wcl_dirent *dirent);

/* Goes through a folder block by block. */
typedef struct wcl_folder_blocks {
    wcl_dirents dirents;
    wcl_dirent ahead; /* the first entry of the next block */
    bool more;
} wcl_folder_blocks;

wcl_folder_blocks wcl_folder_blocks_begin(wcl_erofs_tree *tree, wcl_node folder);
/* Fills the next block (or, with NULL, only measures it) and gives the bytes used; 0 at the end. */
uint32_t wcl_folder_blocks_next(wcl_folder_blocks *blocks, const uint32_t *slots, uint8_t *block);

/* ---- Output --------------------------------------------------------------------------------- */

#define WCL_OUTPUT_SIZE (64u * 1024)

typedef struct wcl_erofs_output {
    wcl_write_fn write;
    void *context;
    uint64_t position; /* of what was put so far */
    size_t used;
    uint8_t bytes[WCL_OUTPUT_SIZE];
} wcl_erofs_output;

wcl_status wcl_erofs_output_put(wcl_erofs_output *output, const void *data, size_t size,
                                wcl_error *error);
/* Puts zeros up to a position. */
wcl_status wcl_erofs_output_pad(wcl_erofs_output *output, uint64_t position, wcl_error *error);
wcl_status wcl_erofs_output_flush(wcl_erofs_output *output, wcl_error *error);

/* ---- Parts of an image ---------------------------------------------------------------------- */

typedef struct wcl_erofs_inode_writer {
    const wcl_layout *layout;
    const wcl_erofs_options *options;
    wcl_erofs_output *output;
    uint64_t start;     /* where slot 0 is, in bytes */
    uint64_t raw_block; /* where the next node's blocks will be */
} wcl_erofs_inode_writer;

/* Puts the shared attributes. */
wcl_status wcl_write_xattrs(const wcl_layout *layout, wcl_erofs_output *output, wcl_error *error);
/* A wcl_layout_visitor that puts an inode and what is behind it. */
wcl_status wcl_write_inode(void *writer, wcl_node node, wcl_error *error);
/* Another one that puts the blocks that are elsewhere. */
wcl_status wcl_write_blocks(void *writer, wcl_node node, wcl_error *error);
/* Those of a file that has mixed chunks: its map and their bytes. */
wcl_status wcl_write_mixed_chunks(const wcl_erofs_inode_writer *writer, wcl_node node,
                                  wcl_error *error);

#endif
