/*
 * A tree of files in memory: what becomes an image (wcl_erofs_write()) and what an image is loaded
 * into (wcl_erofs_load()) to be merged with others.
 *
 * It is made for hundreds of thousands of entries: a file costs about 80 bytes, its names and what
 * is its own among its extended attributes. Nodes (files, folders, ...) and entries (the names that
 * folders give to nodes) are numbers. A number stays valid until the tree is freed, also when what
 * it stands for was removed; it is never given to another.
 *
 * A node is made first and then linked into a folder, once or, unless it is a folder, several times
 * (hard links). A node that lost its last name just stays out of the image.
 *
 * Names compare by bytes in an exact tree. In a caseless one they compare as NTFS does
 * (wcl_name_compare()), so that a folder has one name of each spelling, and must be valid WTF-8.
 *
 * Only memory running out makes a function fail that has no failure in its description.
 */
#ifndef WCL_EROFS_TREE_H
#define WCL_EROFS_TREE_H

#include "base/buffer.h"
#include "erofs/inode.h"

typedef struct wcl_erofs_tree wcl_erofs_tree;

typedef uint32_t wcl_node; /* the root is 0 */
typedef uint32_t wcl_entry_id;

#define WCL_TREE_ROOT ((wcl_node)0)
#define WCL_NO_NODE UINT32_MAX
#define WCL_NO_ENTRY UINT32_MAX

typedef enum wcl_tree_names {
    WCL_NAMES_EXACT = 0,
    WCL_NAMES_CASELESS = 1,
} wcl_tree_names;

/* A tree with an empty root of mode 0755, owner 0 and time 0. */
wcl_status wcl_tree_new(wcl_tree_names names, wcl_erofs_tree **tree, wcl_error *error);
/* NULL is allowed. */
void wcl_tree_free(wcl_erofs_tree *tree);

/* Nodes and entries ever made, the root and removed ones too: bounds for arrays indexed by them. */
uint32_t wcl_tree_node_count(const wcl_erofs_tree *tree);
uint32_t wcl_tree_entry_count(const wcl_erofs_tree *tree);
/* Bytes of memory that the tree holds. */
size_t wcl_tree_memory(const wcl_erofs_tree *tree);

/* ---- Nodes ---------------------------------------------------------------------------------- */

/*
 * Makes a node without a name. A regular file of a size but without data yet is one hole. Fails
 * with INVALID_PARAMETER for a mode without a known type, a device number or nanoseconds out of
 * range.
 */
wcl_status wcl_tree_add_node(wcl_erofs_tree *tree, const wcl_erofs_inode *inode, wcl_node *node,
                             wcl_error *error);

/* Changes owner, permissions and time; its type, size and data stay as they are. */
void wcl_tree_set_inode(wcl_erofs_tree *tree, wcl_node node, const wcl_erofs_inode *inode);

void wcl_tree_get_inode(const wcl_erofs_tree *tree, wcl_node node, wcl_erofs_inode *inode);
/* S_IFDIR, S_IFREG, ... */
uint32_t wcl_tree_type(const wcl_erofs_tree *tree, wcl_node node);
bool wcl_tree_is_folder(const wcl_erofs_tree *tree, wcl_node node);

/*
 * The data of a regular file of `size` bytes (which becomes its size): all of it in one run that
 * starts at byte `address` of `device`. Fails with INVALID_PARAMETER where the address is no
 * multiple of 512 or the device is not from 1 to 65534, and FILE_TOO_LARGE past 2 TiB.
 */
wcl_status wcl_tree_set_data(wcl_erofs_tree *tree, wcl_node node, uint32_t device, uint64_t address,
                             uint64_t size, wcl_error *error);

/*
 * The same for a file with holes: extents in ascending order, which do not overlap; what lies
 * between them is holes, and extents of WCL_DEVICE_HOLE may be given too. Every offset and address,
 * and every length but that of an extent that ends the file, must be a multiple of 512. Fails with
 * INVALID_PARAMETER or FILE_TOO_LARGE (too many chunks, see inode.h; 8 EiB).
 */
wcl_status wcl_tree_set_extents(wcl_erofs_tree *tree, wcl_node node, uint64_t size,
                                const wcl_extent *extents, size_t count, wcl_error *error);

/*
 * The bytes of a regular file, or the target of a symbolic link, kept in the image itself. At most
 * 65535 bytes of a file and 4095 of a link, else FILE_TOO_LARGE.
 */
wcl_status wcl_tree_set_bytes(wcl_erofs_tree *tree, wcl_node node, const void *bytes, size_t size,
                              wcl_error *error);

/* Whether writing the tree copies data from its devices (see inode.h). */
bool wcl_tree_has_copies(const wcl_erofs_tree *tree);

/* The data as wcl_tree_set_bytes() took it, or NULL if the node has extents. */
const void *wcl_tree_bytes(const wcl_erofs_tree *tree, wcl_node node, size_t *size);

/* The data of a regular file as extents, holes included, without a gap: the first has index 0.
 * False past the last, for other nodes and where wcl_tree_bytes() has the data. */
bool wcl_tree_extent(const wcl_erofs_tree *tree, wcl_node node, size_t index, wcl_extent *extent);

/* ---- Extended attributes -------------------------------------------------------------------- */

/*
 * Sets all extended attributes of a node, in place of those it had. `shared` ones are kept once for
 * all nodes that have the same value (security descriptors); `own` ones are kept with the node
 * (times). Names are whole: "trusted.wcl.sd". Fails with NOT_SUPPORTED for a name outside user.,
 * trusted., security. and the two of POSIX ACLs, NAME_TOO_LONG, FILE_TOO_LARGE for a value over
 * 65535 bytes or all over 200 KiB, and INVALID_PARAMETER for a name given twice.
 */
wcl_status wcl_tree_set_xattrs(wcl_erofs_tree *tree, wcl_node node, const wcl_xattr *shared,
                               size_t shared_count, const wcl_xattr *own, size_t own_count,
                               wcl_error *error);

/* Gives `to` the extended attributes of `from`, in place of its own. */
void wcl_tree_copy_xattrs(wcl_erofs_tree *tree, wcl_node from, wcl_node to);

/* The shared ones in the order of their names, then the own ones as given. False past the last.
 * What it points to is valid as long as the tree. */
bool wcl_tree_xattr(const wcl_erofs_tree *tree, wcl_node node, size_t index, wcl_xattr *xattr);
bool wcl_tree_find_xattr(const wcl_erofs_tree *tree, wcl_node node, const char *name,
                         wcl_xattr *xattr);

/* ---- Entries -------------------------------------------------------------------------------- */

/*
 * Gives `node` the name `name` (`length` bytes) in `folder`. Where the name is taken the entry is
 * kept and now stands, in the new spelling, for `node`; the node that it stood for loses it, with
 * all that is in it if it is a folder. `entry` may be NULL. Fails with NAME_TOO_LONG over 255
 * bytes, INVALID_NAME for an empty name, ".", "..", one with a slash or NUL, or one that is not
 * WTF-8 in a caseless tree, DIRECTORY where `folder` is none, INVALID_PARAMETER where a folder
 * would get a second name or come to lie in itself.
 */
wcl_status wcl_tree_link(wcl_erofs_tree *tree, wcl_node folder, const char *name, size_t length,
                         wcl_node node, wcl_entry_id *entry, wcl_error *error);

/* Removes a name, and all that is in it if it is a folder's. */
void wcl_tree_unlink(wcl_erofs_tree *tree, wcl_entry_id entry);
/* Removes all that is in a folder. */
void wcl_tree_clear(wcl_erofs_tree *tree, wcl_node folder);

/* The entry of that name by the tree's rule, or WCL_NO_ENTRY. */
wcl_entry_id wcl_tree_lookup(const wcl_erofs_tree *tree, wcl_node folder, const char *name,
                             size_t length);

/* The node at `path` (forward slashes, no leading one; "" is the root), or WCL_NO_NODE. No symbolic
 * link is followed. */
wcl_node wcl_tree_find(const wcl_erofs_tree *tree, const char *path);
/* What is not a folder and stands where a folder that leads to `path` would be, with the length of
 * its path; WCL_NO_NODE where nothing does. */
wcl_node wcl_tree_find_in_way(const wcl_erofs_tree *tree, const char *path, size_t *length);
/* Its entry, or WCL_NO_ENTRY; the root has none. */
wcl_entry_id wcl_tree_find_entry(const wcl_erofs_tree *tree, const char *path);

/*
 * Makes the folders that lead to the last component of `path` as far as they are missing, and gives
 * the one that it belongs in. Each new folder gets `inode` (mode with or without S_IFDIR) and the
 * `shared` extended attributes. Anything other than a folder in the way is replaced by one. Fails
 * as wcl_tree_link() does.
 */
wcl_status wcl_tree_make_parents(wcl_erofs_tree *tree, const char *path,
                                 const wcl_erofs_inode *inode, const wcl_xattr *shared,
                                 size_t shared_count, wcl_node *folder, wcl_error *error);

/* What an entry is: valid until it is linked anew or unlinked (then the node is WCL_NO_NODE). */
wcl_node wcl_tree_entry_node(const wcl_erofs_tree *tree, wcl_entry_id entry);
wcl_node wcl_tree_entry_folder(const wcl_erofs_tree *tree, wcl_entry_id entry);
const char *wcl_tree_entry_name(const wcl_erofs_tree *tree, wcl_entry_id entry, size_t *length);

/* The name of a folder, or one of a file's; WCL_NO_ENTRY where it has none, and where the one that
 * was remembered of several was removed. */
wcl_entry_id wcl_tree_node_entry(const wcl_erofs_tree *tree, wcl_node node);

/* ---- Going through -------------------------------------------------------------------------- */

/*
 * The first entry of a folder in byte order of the names, and the one after an entry, or
 * WCL_NO_ENTRY. A folder is put in order when this is first asked after a change; entries may be
 * unlinked while going through, and new ones may or may not be met.
 */
wcl_entry_id wcl_tree_first(wcl_erofs_tree *tree, wcl_node folder);
wcl_entry_id wcl_tree_next(const wcl_erofs_tree *tree, wcl_entry_id entry);

/*
 * The entry after `entry` (WCL_NO_ENTRY: the first of all) in the order that wcl's readers use: a
 * folder before what is in it, names in byte order. With `skip`, what is in the folder `entry` is
 * passed over. WCL_NO_ENTRY after the last.
 */
wcl_entry_id wcl_tree_walk(wcl_erofs_tree *tree, wcl_entry_id entry, bool skip);

/* Appends the path of an entry, without a leading slash. */
wcl_status wcl_tree_path(const wcl_erofs_tree *tree, wcl_entry_id entry, wcl_buffer *path,
                         wcl_error *error);

/* A namespace by EROFS's number, and what is left of a name behind it; false where an image has no
 * place for the name. */
bool wcl_xattr_split(const char *name, uint8_t *index, const char **suffix);

#endif
