/* What a tree is made of, for the files that implement it and the writer. */
#ifndef WCL_EROFS_TREE_PRIVATE_H
#define WCL_EROFS_TREE_PRIVATE_H

#include "erofs/disk.h"
#include "base/pool.h"
#include "erofs/tree.h"

/* Where the data of a node is. */
typedef enum wcl_tree_data {
    WCL_DATA_HOLE = 0,    /* nowhere: a file of zeros, or not a file */
    WCL_DATA_RUN = 1,     /* one run of a device */
    WCL_DATA_EXTENTS = 2, /* several extents */
    WCL_DATA_BYTES = 3,   /* here */
} wcl_tree_data;

typedef struct wcl_tree_node {
    union {
        uint64_t size; /* of a regular file or a link's target */
        struct {
            wcl_entry_id first;
            wcl_entry_id last;
        } folder;
    };
    int64_t seconds;
    uint32_t nanoseconds;
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    /* The block where a run starts, the number of the first of several extents (which holds their
     * number), the offset of bytes in `texts`, the major and minor number of a device node, or,
     * once it was laid out, the size of a folder (0 for one over 4 GiB). */
    uint32_t data;
    uint32_t shared;    /* set of shared attributes, plus 1 */
    uint32_t own;       /* offset of its own attributes in `texts`, 0 where there are none */
    wcl_entry_id entry; /* a name of it */
    uint16_t mode;
    uint16_t device; /* of a run */
    uint8_t kind;    /* wcl_tree_data */
    bool unordered;  /* a folder whose entries are not in the order of their names */
} wcl_tree_node;

typedef struct wcl_tree_entry {
    uint32_t name; /* offset in `texts` of its length (a byte), its bytes and a NUL */
    wcl_node node; /* WCL_NO_NODE once it was unlinked */
    wcl_node folder;
    uint32_t hash;
    wcl_entry_id next;
} wcl_tree_entry;

typedef struct wcl_extent_item {
    uint64_t offset; /* of the item before the first: how many there are */
    uint64_t length; /* of the item before the first: the chunk size as a power of two */
    uint32_t block;  /* of the item before the first: how many blocks its mixed chunks have */
    uint16_t device; /* 0 for a hole */
} wcl_extent_item;

struct wcl_erofs_tree {
    wcl_tree_names names;
    wcl_siphash_key key;
    wcl_pool nodes;
    wcl_pool entries;
    wcl_pool extents;
    wcl_arena texts;
    wcl_hash_table by_name;
    wcl_intern xattr_names; /* each with its NUL */
    wcl_intern xattrs;      /* number of the name, then the value */
    wcl_intern xattr_sets;  /* numbers of xattrs */
    wcl_buffer scratch;     /* for an attribute being looked up */
    uint64_t chunk_total;
    uint64_t copied;      /* bytes of mixed chunks */
    uint64_t copied_data; /* bytes of data in files that have such */
};

#define WCL_MAX_CHUNK_BITS 40u

static inline wcl_tree_node *wcl_tree_node_at(const wcl_erofs_tree *tree, wcl_node node)
{
    return wcl_pool_at(&tree->nodes, node);
}

static inline wcl_tree_entry *wcl_tree_entry_at(const wcl_erofs_tree *tree, wcl_entry_id entry)
{
    return wcl_pool_at(&tree->entries, entry);
}

static inline const wcl_extent_item *wcl_tree_extent_at(const wcl_erofs_tree *tree, uint32_t number)
{
    return wcl_pool_at(&tree->extents, number);
}

/* ---- Chunks --------------------------------------------------------------------------------- */

uint64_t wcl_chunk_count(uint64_t size, unsigned bits);
/* Counts the chunks of a file among those of all. Fails with FILE_TOO_LARGE. */
wcl_status wcl_tree_count_chunks(wcl_erofs_tree *tree, uint64_t size, unsigned bits,
                                 wcl_error *error);

/*
 * Chooses the size of the chunks of a file whose extents follow the item `head`, and notes it
 * there. It is the largest that all extents are aligned to (`aligned`) unless there would be too
 * many of them; then it is a larger one, and what is mixed in a chunk is copied. Fails with
 * FILE_TOO_LARGE.
 */
wcl_status wcl_tree_choose_chunks(wcl_erofs_tree *tree, uint32_t head, uint64_t size,
                                  unsigned aligned, wcl_error *error);

/* Goes through the chunks that are neither in one run nor in one hole. Begins with index and end
 * 0. */
typedef struct wcl_mixed_chunks {
    const wcl_erofs_tree *tree;
    uint32_t head;
    uint64_t size; /* of the file */
    unsigned bits;
    uint32_t index; /* of the first extent that begins inside the chunk */
    uint64_t end;   /* of the chunk */
} wcl_mixed_chunks;

bool wcl_mixed_chunks_next(wcl_mixed_chunks *mixed, uint64_t *start, uint64_t *length);

/* Blocks that the map of a file of `count` extents takes. */
static inline uint64_t wcl_map_blocks(uint64_t count)
{
    return (count * WCL_MAP_ENTRY_SIZE + WCL_MAP_TRAILER_SIZE + WCL_EROFS_BLOCK_SIZE - 1) /
           WCL_EROFS_BLOCK_SIZE;
}

/* Numbers are kept in 7 bits a byte, lowest first, bit 7 set in all but the last. */
size_t wcl_put_number(uint8_t *to, uint32_t value);
uint32_t wcl_get_number(const uint8_t **from);

/* Goes through a node's own attributes. */
typedef struct wcl_own_xattrs {
    const uint8_t *position;
    uint32_t left;
} wcl_own_xattrs;

wcl_own_xattrs wcl_tree_own_xattrs(const wcl_erofs_tree *tree, const wcl_tree_node *node);
bool wcl_own_xattrs_next(const wcl_erofs_tree *tree, wcl_own_xattrs *own, wcl_xattr *xattr);

/* Sets a node's own attributes, next to a set of shared ones that the tree has (plus 1; 0 for
 * none). */
wcl_status wcl_tree_set_own_xattrs(wcl_erofs_tree *tree, wcl_node node, uint32_t shared,
                                   const wcl_xattr *own, size_t own_count, wcl_error *error);

/* The numbers in `xattrs` of the shared attributes of a set (from 0). */
uint32_t wcl_tree_set_count(const wcl_erofs_tree *tree, uint32_t set);
uint32_t wcl_tree_set_member(const wcl_erofs_tree *tree, uint32_t set, uint32_t index);
void wcl_tree_shared_xattr(const wcl_erofs_tree *tree, uint32_t number, wcl_xattr *xattr);

/* The namespace as text, or NULL. */
const char *wcl_xattr_prefix(uint8_t index);

/*
 * The UTF-16 units of a name, upcased: what NTFS compares. False where it is not valid WTF-8 or
 * longer than WCL_EROFS_MAX_NAME bytes. `units` has room for WCL_EROFS_MAX_NAME.
 */
bool wcl_fold_name(const char *name, size_t length, uint16_t *units, size_t *count);

/* Byte order, a name before those it begins. */
int wcl_compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
