/*
 * The index of a layer: the tree that is made of a layer's tar, entry by entry, and written as
 * layer.erofs. Extended attributes in it that begin with trusted.wcl. are the index's own; a tar
 * cannot forge them.
 *
 *     trusted.wcl.basic     FILE_BASIC_INFO, 40 bytes: four FILETIMEs, u32 attributes, u32 0
 *     trusted.wcl.sd        the security descriptor
 *     trusted.wcl.ea        the EA list
 *     trusted.wcl.reparse   the REPARSE_DATA_BUFFER
 *     trusted.wcl.streams   of each alternate stream: u32 size of its name, the name (WTF-8,
 * without
 *                           ":" and ":$DATA"), u64 offset in layer.tar, u64 size
 *     trusted.wcl.name      the true name, where it has more than 255 bytes
 *     trusted.wcl.implicit  "y" on a folder that the tar does not list
 *     trusted.wcl.link      a hard link into a parent layer: the path there; the file has no data
 *
 * A deleted file is a character device 0,0 and an opaque folder has trusted.overlay.opaque = "y",
 * as overlayfs has them.
 */
#ifndef WCL_STORE_INDEX_H
#define WCL_STORE_INDEX_H

#include "erofs/tree.h"
#include "layer/store/store.h"
#include "layer/store/home/tar_source.h"
#include "layer/tar/scan.h"

#define WCL_XATTR_BASIC "trusted.wcl.basic"
#define WCL_XATTR_SD "trusted.wcl.sd"
#define WCL_XATTR_EA "trusted.wcl.ea"
#define WCL_XATTR_REPARSE "trusted.wcl.reparse"
#define WCL_XATTR_STREAMS "trusted.wcl.streams"
#define WCL_XATTR_NAME "trusted.wcl.name"
#define WCL_XATTR_IMPLICIT "trusted.wcl.implicit"
#define WCL_XATTR_LINK "trusted.wcl.link"
#define WCL_XATTR_OPAQUE "trusted.overlay.opaque"

typedef struct wcl_index wcl_index;

/* Begins an index; `os` may be unknown. */
wcl_status wcl_index_new(wcl_os os, wcl_index **index, wcl_error *error);
void wcl_index_free(wcl_index *index);
/* Limits what it may come to; without this nothing does. */
void wcl_index_limit(wcl_index *index, uint64_t max_entries, uint64_t max_memory);

/* Takes the next entry of the tar. Errors name it. */
wcl_status wcl_index_add(wcl_index *index, const wcl_tar_entry *entry, wcl_error *error);

/* Settles what can be settled only at the end: the system, whiteouts, folders that are not listed.
 * `hooks` hear of it, and may be NULL. */
wcl_status wcl_index_finish(wcl_index *index, const wcl_hooks *hooks, wcl_error *error);

/* What the tree was made for. */
wcl_os wcl_index_os(const wcl_index *index);
/* Whether anything in it is as in a Windows layer; so is a layer with nothing in it. */
bool wcl_index_looks_windows(const wcl_index *index);
/* What the layer turned out to be. Where this differs, the index must be made again for it. */
wcl_os wcl_index_found_os(const wcl_index *index);
wcl_erofs_tree *wcl_index_tree(wcl_index *index);
uint64_t wcl_index_entries(const wcl_index *index);
uint64_t wcl_index_data_size(const wcl_index *index);
/* Whether a folder came after its contents or a path twice, so that the tar cannot be read in
 * order. */
bool wcl_index_scattered(const wcl_index *index);
/* The targets of hard links into parents, to be checked against these, one after the other from the
 * position 0, and the links; NULL behind the last. */
const char *wcl_index_next_parent_link(const wcl_index *index, size_t *position, const char **link);

/* Adds an extended attribute to those that a node has, in place of one of that name. */
wcl_status wcl_index_set_xattr(wcl_erofs_tree *tree, wcl_node node, const char *name,
                               const void *value, size_t size, wcl_error *error);

/* Writes a tree as the image file `name` in a layer's folder, synced. `tars` are its devices. */
wcl_status wcl_index_write(wcl_erofs_tree *tree, int layer_fd, const char *name,
                           const uint64_t *device_sizes, size_t device_count, wcl_tar_source *tars,
                           wcl_error *error);

/* Whether a node is a whiteout, an opaque folder. */
bool wcl_index_is_whiteout(const wcl_erofs_tree *tree, wcl_node node);
bool wcl_index_is_opaque(const wcl_erofs_tree *tree, wcl_node node);

#endif
