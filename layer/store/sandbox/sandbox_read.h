/* What the parts of a sandbox's reader share: the walk through the upper, and how each kind of
 * layer describes what is met there. */
#ifndef WCL_STORE_SANDBOX_READ_H
#define WCL_STORE_SANDBOX_READ_H

#include "layer/entry/ops.h"
#include "layer/store/sandbox/inode_paths.h"
#include "layer/store/home/names.h"
#include "layer/store/index/pieces.h"
#include "layer/store/sandbox/sandbox_lower.h"
#include "layer/store/sandbox/sandbox_names.h"
#include "layer/store/sandbox/upper.h"

/* A folder of the upper on the way down. */
typedef struct wcl_sandbox_level {
    int fd;
    wcl_names names; /* in it; if `expanded` also those below that it hides */
    size_t next;
    bool expanded;
    size_t path_size; /* of the reader's paths that lead here */
    size_t place_size;
    size_t below_size;
    wcl_sandbox_names *windows_names; /* NULL: a Linux layer's */
    wcl_buffer descriptor; /* of the folder, or the nearest above that has one; may be empty */
} wcl_sandbox_level;

typedef struct wcl_sandbox_reader {
    wcl_layer_reader base;
    wcl_store store;
    wcl_store_layer layer;
    wcl_lower lower;
    int upper; /* -1: nothing was ever written */
    int phase;
    bool no_opaque; /* no WCL_ENTRY_OPAQUE but a deletion of each name, as Windows always has it */
    wcl_sandbox_level *levels;
    size_t depth;
    wcl_inode_paths links;

    /* The entry at hand. */
    wcl_buffer path;  /* as it is given out */
    wcl_buffer place; /* as it is in the mount */
    wcl_buffer below; /* as what it takes the place of is spelled in the layers below */
    wcl_buffer target;
    wcl_upper_file file;
    bool opaque_follows; /* the folder just given hides what is below */
    wcl_buffer descriptor;
    wcl_pieces pieces;
    int data;         /* the open file, or -1 */
    wcl_buffer value; /* of an attribute */
    wcl_buffer names; /* of attributes */
    wcl_buffer values;
    wcl_xattr *xattrs;
    size_t xattr_capacity;
} wcl_sandbox_reader;

/* An entry at `name` in `folder` ("" is the folder itself), whose path, place and file are there.
 */
wcl_status wcl_sandbox_describe_windows(wcl_sandbox_reader *reader, int folder, const char *name,
                                        const wcl_buffer *inherited, wcl_entry *entry,
                                        wcl_error *error);
wcl_status wcl_sandbox_describe_linux(wcl_sandbox_reader *reader, int folder, const char *name,
                                      wcl_entry *entry, wcl_error *error);

/* A folder that the sandbox did not touch, as it is in the chain's index. */
wcl_status wcl_sandbox_describe_below(wcl_sandbox_reader *reader, wcl_nid nid, wcl_entry *entry,
                                      wcl_error *error);

#endif
