/* What the files that make an index share. */
#ifndef WCL_STORE_INDEX_PRIVATE_H
#define WCL_STORE_INDEX_PRIVATE_H

#include "base/digest.h"
#include "layer/store/index/index.h"
#include "layer/store/index/index_paths.h"
#include "base/map.h"
#include "layer/tar/win_records.h"

struct wcl_index {
    wcl_os os; /* what the tree is made for */
    bool os_is_given;
    bool windows_records, files_root, hives_root, utility_vm_root; /* seen so far */
    wcl_erofs_tree *tree;
    uint64_t entries;
    uint64_t counted; /* entries, and folders that they imply */
    uint64_t max_entries;
    uint64_t max_memory;
    uint64_t data_size;
    bool scattered;
    wcl_buffer path;        /* of the entry at hand */
    wcl_buffer target;      /* of its hard link */
    wcl_buffer folder_path; /* of the folder that was looked for last, which the next entry is */
    wcl_node folder;        /* likely in too; WCL_NO_NODE: none */
    wcl_buffer whiteouts, opaques; /* paths, each with its NUL */
    wcl_buffer parent_links;       /* likewise: each link's target and its own path */
    wcl_map *pseudo_links;         /* nodes of files that aufs keeps aside; NULL: none yet */
    /* Of Windows: */
    wcl_win_metadata metadata;
    char *stream_file; /* the last file, whose alternate streams may follow */
    wcl_node stream_node;
    wcl_buffer streams; /* of that file, as in trusted.wcl.streams */
};

/* The folder that holds `path`; WCL_NO_NODE where there is none yet. */
wcl_status wcl_index_find_parent(wcl_index *index, const char *path, wcl_node *folder,
                                 wcl_error *error);

/* What is at the path of an entry; WCL_NO_NODE: nothing. */
wcl_status wcl_index_find(wcl_index *index, const char *path, wcl_node *node, wcl_error *error);

/* Links a node to the path, and makes the folders that lead there and are not listed. */
wcl_status wcl_index_place(wcl_index *index, const char *path, wcl_node node, wcl_error *error);

/* The same for a file of Linux; one that aufs keeps aside gets no name until a hard link gives it
 * one. */
wcl_status wcl_index_place_or_keep(wcl_index *index, const char *path, wcl_node node,
                                   wcl_error *error);

/* Fails where the index takes more memory than it may. */
wcl_status wcl_index_check_memory(const wcl_index *index, wcl_error *error);

wcl_status wcl_index_add_link(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                              wcl_error *error);

typedef enum wcl_whiteout_kind {
    WCL_WHITEOUT_NONE,
    WCL_WHITEOUT_OF_NAME,
    WCL_WHITEOUT_OF_CONTENTS,
    WCL_WHITEOUT_OF_DRIVER, /* what a driver of unions kept for itself */
} wcl_whiteout_kind;

/* Makes the path of a whiteout that of what it hides. */
wcl_status wcl_index_take_whiteout(wcl_buffer *path, wcl_whiteout_kind *kind, wcl_error *error);
/* Whether it is in the folder where aufs keeps files that have several names. Hard links lead
 * there; it is not a part of the layer itself. */
bool wcl_index_is_pseudo_link(const char *path);
/* Notes what the entry at hand hides. No more: a whiteout says nothing about what the same layer
 * has at its place. */
wcl_status wcl_index_note_whiteout(wcl_index *index, wcl_whiteout_kind kind, wcl_error *error);
wcl_status wcl_index_apply_whiteouts(wcl_index *index, const wcl_hooks *hooks, wcl_error *error);

/* Makes a node with the entry's data, which has no place yet. */
wcl_status wcl_index_make_node(wcl_index *index, const wcl_tar_entry *entry,
                               const wcl_erofs_inode *inode, wcl_node *node, wcl_error *error);

/* A folder: the one that is there, changed, or a new one. */
wcl_status wcl_index_place_folder(wcl_index *index, const char *path, const wcl_erofs_inode *inode,
                                  wcl_node *node, wcl_error *error);

/* Makes and places a file or link with the entry's data. */
wcl_status wcl_index_place_file(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                const wcl_erofs_inode *inode, wcl_node *node, wcl_error *error);

wcl_status wcl_index_mark_implicit(wcl_index *index, wcl_node node, wcl_error *error);
/* The extended attributes of a Linux entry, without those that would act on the mount. */
wcl_status wcl_index_linux_xattrs(wcl_index *index, const wcl_tar_entry *entry, wcl_node node,
                                  wcl_error *error);

/* A file, symbolic link or mount point of Windows. `true_name` is NULL unless the path is
 * shortened. */
wcl_status wcl_index_windows_file(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                  const char *true_name, wcl_error *error);
wcl_status wcl_index_windows_xattrs(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                    const char *true_name, wcl_node node, wcl_error *error);

/* Takes an entry that is an alternate stream ("FILE:STREAM") of the last file. */
wcl_status wcl_index_add_stream(wcl_index *index, const wcl_tar_entry *entry, bool *is_stream,
                                wcl_error *error);
wcl_status wcl_index_finish_streams(wcl_index *index, wcl_error *error);
void wcl_index_streams_free(wcl_index *index);

#endif
