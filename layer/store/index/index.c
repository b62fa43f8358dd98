/* Making the index of a layer from the entries of its tar. */
#include "layer/store/index/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "layer/entry/path.h"
#include "layer/store/index/index_private.h"
#include "layer/tar/limits.h"
#include "layer/entry/windows_names.h"

/* ---- The index ------------------------------------------------------------------------------ */

wcl_status wcl_index_new(wcl_os os, wcl_index **index, wcl_error *error)
{
    wcl_index *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->folder = WCL_NO_NODE;
    made->max_entries = made->max_memory = WCL_TAR_NO_LIMIT;
    made->os = os;
    made->os_is_given = os != WCL_OS_UNKNOWN;
    *index = made;
    return WCL_OK;
}

void wcl_index_limit(wcl_index *index, uint64_t max_entries, uint64_t max_memory)
{
    index->max_entries = max_entries;
    index->max_memory = max_memory;
}

void wcl_index_free(wcl_index *index)
{
    if (!index)
        return;
    wcl_tree_free(index->tree);
    wcl_buffer_free(&index->path);
    wcl_buffer_free(&index->target);
    wcl_buffer_free(&index->whiteouts);
    wcl_buffer_free(&index->opaques);
    wcl_buffer_free(&index->parent_links);
    wcl_buffer_free(&index->folder_path);
    wcl_map_free(index->pseudo_links);
    wcl_index_streams_free(index);
    free(index);
}

/* ---- Which system --------------------------------------------------------------------------- */

static bool has_windows_records(const wcl_tar_entry *entry)
{
    for (size_t i = 0; i < entry->records->count; i++)
        if (wcl_pax_has_prefix(&entry->records->items[i], "MSWINDOWS."))
            return true;
    return false;
}

static bool is_root_name(const char *path, const char *name)
{
    size_t length = strlen(name);
    return strncmp(path, name, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The first entry decides what the tree is made for; wcl_index_finish() sees whether it was right.
 */
static wcl_status begin_tree(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                             wcl_error *error)
{
    if (index->os == WCL_OS_UNKNOWN)
        index->os =
            has_windows_records(entry) || is_root_name(path, "Files") || is_root_name(path, "Hives")
                ? WCL_OS_WINDOWS
                : WCL_OS_LINUX;
    if (wcl_tree_new(index->os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT,
                     &index->tree, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_mark_implicit(index, WCL_TREE_ROOT, error);
}

static void note_evidence(wcl_index *index, const wcl_tar_entry *entry, const char *path)
{
    index->windows_records |= has_windows_records(entry);
    index->files_root |= is_root_name(path, "Files");
    index->hives_root |= is_root_name(path, "Hives");
    index->utility_vm_root |= is_root_name(path, "UtilityVM");
}

bool wcl_index_looks_windows(const wcl_index *index)
{
    return index->entries == 0 || index->windows_records || index->files_root ||
           index->hives_root || index->utility_vm_root;
}

wcl_os wcl_index_found_os(const wcl_index *index)
{
    if (index->os_is_given)
        return index->os;
    return index->windows_records || (index->files_root && index->hives_root) ? WCL_OS_WINDOWS
                                                                              : WCL_OS_LINUX;
}

/* ---- Nodes ---------------------------------------------------------------------------------- */

static wcl_status fail_type(const wcl_tar_entry *entry, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_DATA,
                    "it has the type '%c', which no Windows layer can have", (char)entry->type);
}

static uint32_t type_bits(wcl_tar_type type)
{
    switch (type) {
    case WCL_TAR_SYMLINK:
        return S_IFLNK;
    case WCL_TAR_CHARACTER_DEVICE:
        return S_IFCHR;
    case WCL_TAR_BLOCK_DEVICE:
        return S_IFBLK;
    case WCL_TAR_DIRECTORY:
        return S_IFDIR;
    case WCL_TAR_FIFO:
        return S_IFIFO;
    default:
        return S_IFREG;
    }
}

static wcl_status linux_inode(const wcl_tar_entry *entry, wcl_erofs_inode *inode, wcl_error *error)
{
    if (entry->uid > UINT32_MAX - 1 || entry->gid > UINT32_MAX - 1)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "its owner %llu:%llu is out of range",
                        (unsigned long long)entry->uid, (unsigned long long)entry->gid);
    if (entry->device_major > UINT32_MAX || entry->device_minor > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "its device number is out of range");
    *inode = (wcl_erofs_inode) { .mode = type_bits(entry->type) | (entry->mode & 07777),
                                 .uid = (uint32_t)entry->uid,
                                 .gid = (uint32_t)entry->gid,
                                 .size = entry->type == WCL_TAR_FILE ? entry->size : 0,
                                 .modified = entry->modified,
                                 .device_major = (uint32_t)entry->device_major,
                                 .device_minor = (uint32_t)entry->device_minor };
    if (entry->type == WCL_TAR_SYMLINK)
        inode->mode = S_IFLNK | 0777;
    return WCL_OK;
}

/* Keeps a name that the index cannot hold. */
static wcl_status keep_true_name(wcl_index *index, const char *true_name, wcl_node node,
                                 wcl_error *error)
{
    return true_name ? wcl_index_set_xattr(index->tree, node, WCL_XATTR_NAME, true_name,
                                           strlen(true_name), error)
                     : WCL_OK;
}

static wcl_status add_linux(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                            const char *true_name, wcl_error *error)
{
    wcl_erofs_inode inode;
    wcl_node node;

    if (linux_inode(entry, &inode, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISDIR(inode.mode)) {
        if (wcl_index_place_folder(index, path, &inode, &node, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_index_linux_xattrs(index, entry, node, error) == WCL_OK
                   ? keep_true_name(index, true_name, node, error)
                   : WCL_FAILED;
    }
    if (wcl_index_make_node(index, entry, &inode, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISLNK(inode.mode) && entry->link_size == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the target of the symbolic link is empty");
    if (S_ISLNK(inode.mode) &&
        wcl_tree_set_bytes(index->tree, node, entry->link, entry->link_size, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_index_linux_xattrs(index, entry, node, error) != WCL_OK ||
        keep_true_name(index, true_name, node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_place_or_keep(index, path, node, error);
}

static wcl_status add_windows(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                              const char *true_name, wcl_error *error)
{
    wcl_erofs_inode inode = { .modified = entry->modified };
    wcl_node node;

    switch (entry->type) {
    case WCL_TAR_DIRECTORY:
        inode.mode = S_IFDIR | 0755;
        if (wcl_index_place_folder(index, path, &inode, &node, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_index_windows_xattrs(index, entry, path, true_name, node, error);
    case WCL_TAR_FILE:
    case WCL_TAR_SYMLINK:
        return wcl_index_windows_file(index, entry, path, true_name, error);
    default:
        return fail_type(entry, error);
    }
}

/* ---- Adding --------------------------------------------------------------------------------- */

/* Refuses an entry whose path another one has in another spelling: one of the two would be lost. A
 * folder that is only implied has no spelling of its own yet. */
static wcl_status check_spelling(wcl_index *index, wcl_entry_id there, const char *path,
                                 wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer spelled = WCL_BUFFER_INIT;
    wcl_node node = wcl_tree_entry_node(index->tree, there);
    wcl_xattr implicit;

    if (wcl_tree_is_folder(index->tree, node) &&
        wcl_tree_find_xattr(index->tree, node, WCL_XATTR_IMPLICIT, &implicit))
        return WCL_OK;
    if (wcl_tree_path(index->tree, there, &spelled, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(wcl_buffer_text(&spelled), path) == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                    "its name differs from that of '%.200s' in case only, which is one name to "
                    "Windows",
                    wcl_buffer_text(&spelled));
}

/* Refuses an entry whose name is not that of the one in its place, but looks the same where it is
 * shortened. Of a file with several names it is not known which of them is long. */
static wcl_status check_true_name(const wcl_index *index, wcl_entry_id there, const char *true_name,
                                  wcl_error *error)
{
    wcl_node node = wcl_tree_entry_node(index->tree, there);
    wcl_xattr known, implicit;
    wcl_erofs_inode inode;

    wcl_tree_get_inode(index->tree, node, &inode);
    bool has_known = wcl_tree_find_xattr(index->tree, node, WCL_XATTR_NAME, &known);
    bool is_same = has_known == (true_name != NULL) &&
                   (!true_name || (strlen(true_name) == known.size &&
                                   memcmp(true_name, known.value, known.size) == 0));
    bool is_implicit = wcl_tree_find_xattr(index->tree, node, WCL_XATTR_IMPLICIT, &implicit);
    if (is_same || is_implicit || (!S_ISDIR(inode.mode) && inode.links > 1))
        return WCL_OK;
    if (has_known && true_name && index->os == WCL_OS_WINDOWS)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "its name differs from that of '%.*s' in case only, which is one name to "
                        "Windows",
                        (int)known.size, (const char *)known.value);
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                    "its name cannot be told from that of another entry, which the index has to "
                    "shorten");
}

/* Looks at what an earlier entry put in the place of this one. */
static wcl_status look_at_place(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                const char *true_name, wcl_error *error)
{
    bool is_folder = entry->type == WCL_TAR_DIRECTORY;
    const char *name = wcl_path_base(path);
    wcl_node folder;

    if (!*path)
        return WCL_OK;
    if (wcl_index_find_parent(index, path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    wcl_entry_id there = folder == WCL_NO_NODE
                             ? WCL_NO_ENTRY
                             : wcl_tree_lookup(index->tree, folder, name, strlen(name));
    if (there == WCL_NO_ENTRY)
        return WCL_OK;
    index->scattered |= !is_folder;
    if (check_true_name(index, there, true_name, error) != WCL_OK)
        return WCL_FAILED;
    return index->os == WCL_OS_WINDOWS ? check_spelling(index, there, path, error) : WCL_OK;
}

static wcl_status add_entry(wcl_index *index, const wcl_tar_entry *entry, wcl_error *error)
{
    WCL_CLEANUP_FREE char *true_name = NULL;
    wcl_whiteout_kind whiteout;
    bool is_short;

    if (wcl_index_tidy_path(entry->name, entry->name_size, &index->path, error) != WCL_OK)
        return WCL_FAILED;
    const char *path = wcl_buffer_text(&index->path);
    if (!index->tree && begin_tree(index, entry, path, error) != WCL_OK)
        return WCL_FAILED;
    note_evidence(index, entry, path);
    if (index->os == WCL_OS_WINDOWS) {
        wcl_index_spell_root(&index->path);
        bool is_stream = false;
        if (wcl_index_add_stream(index, entry, &is_stream, error) != WCL_OK || is_stream)
            return is_stream ? WCL_OK : WCL_FAILED;
    }
    if (wcl_index_take_whiteout(&index->path, &whiteout, error) != WCL_OK)
        return WCL_FAILED;
    if (index->os == WCL_OS_WINDOWS && *path && wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    if (whiteout == WCL_WHITEOUT_OF_DRIVER)
        return wcl_index_is_pseudo_link(path) && entry->type == WCL_TAR_FILE &&
                       index->os == WCL_OS_LINUX
                   ? add_linux(index, entry, path, NULL, error)
                   : WCL_OK;
    if (whiteout != WCL_WHITEOUT_NONE)
        return wcl_index_note_whiteout(index, whiteout, error);
    if (!*path && entry->type != WCL_TAR_DIRECTORY)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "its name is empty");
    const char *base = wcl_path_base(path);
    if (strlen(base) > WCL_EROFS_MAX_NAME && !(true_name = strdup(base)))
        return wcl_fail_memory(error);
    if (wcl_index_shorten_path(&index->path, index->os, &is_short, error) != WCL_OK)
        return WCL_FAILED;
    path = wcl_buffer_text(&index->path);
    if (look_at_place(index, entry, path, true_name, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->type == WCL_TAR_HARD_LINK)
        return wcl_index_add_link(index, entry, path, error);
    return index->os == WCL_OS_WINDOWS ? add_windows(index, entry, path, true_name, error)
                                       : add_linux(index, entry, path, true_name, error);
}

wcl_status wcl_index_add(wcl_index *index, const wcl_tar_entry *entry, wcl_error *error)
{
    index->entries++;
    if (wcl_tar_count_entries(&index->counted, 1, index->max_entries, error) == WCL_OK &&
        add_entry(index, entry, error) == WCL_OK && wcl_index_check_memory(index, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, entry->name);
}

/* ---- Finishing ------------------------------------------------------------------------------ */

wcl_status wcl_index_finish(wcl_index *index, const wcl_hooks *hooks, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (!index->tree) {
        if (index->os == WCL_OS_UNKNOWN)
            index->os = WCL_OS_LINUX;
        status = wcl_tree_new(WCL_NAMES_EXACT, &index->tree, error);
        if (status == WCL_OK)
            status = wcl_index_mark_implicit(index, WCL_TREE_ROOT, error);
    }
    if (status == WCL_OK)
        status = wcl_index_apply_whiteouts(index, hooks, error);
    if (status == WCL_OK && index->os == WCL_OS_WINDOWS)
        status = wcl_index_finish_streams(index, error);
    return status;
}

/* ---- Asking --------------------------------------------------------------------------------- */

wcl_os wcl_index_os(const wcl_index *index)
{
    return index->os;
}

wcl_erofs_tree *wcl_index_tree(wcl_index *index)
{
    return index->tree;
}

uint64_t wcl_index_entries(const wcl_index *index)
{
    return index->entries;
}

uint64_t wcl_index_data_size(const wcl_index *index)
{
    return index->data_size;
}

bool wcl_index_scattered(const wcl_index *index)
{
    return index->scattered;
}
