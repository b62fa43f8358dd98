/* Checking what a writer is given against what it was given before, and against the parents. */
#include "layer/driver.h"
#include "layer/store/import/written.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "layer/entry/entry.h"
#include "erofs/image.h"
#include "layer/entry/path.h"
#include "layer/store/mount/chain.h"
#include "layer/store/index/index_paths.h"
#include "base/map.h"
#include "layer/entry/windows_names.h"

/* Of an entry that was given. */
typedef struct given {
    bool is_folder;
    bool is_implied;
} given;

struct wcl_written {
    const wcl_store *store;
    wcl_os os; /* by the parent, else by the first entry */
    wcl_map *given;
    wcl_store_layer parent;
    bool has_parent;
    wcl_erofs_image *image; /* of the parent's chain; NULL until it is asked for */
};

wcl_status wcl_written_new(const wcl_store *store, const char *parent, wcl_written **written,
                           wcl_error *error)
{
    wcl_written *made = calloc(1, sizeof(*made));
    const char *id;

    if (!made)
        return wcl_fail_memory(error);
    made->store = store;
    made->parent = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    wcl_status status = wcl_map_new(sizeof(given), &made->given, error);
    if (status == WCL_OK && parent) {
        status = wcl_layer_parent_id(parent, &id, error);
        if (status == WCL_OK)
            status = wcl_store_layer_open(store, id, WCL_LOCK_SHARED, &made->parent, error);
        made->has_parent = status == WCL_OK;
        made->os = made->parent.record.os;
        if (status == WCL_OK && made->parent.record.kind == WCL_LAYER_SANDBOX)
            status =
                wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                         "the parent '%s' is a sandbox; a read-only layer cannot stand on one", id);
    }
    if (status == WCL_OK)
        *written = made;
    else
        wcl_written_free(made);
    return status;
}

void wcl_written_free(wcl_written *written)
{
    if (!written)
        return;
    wcl_map_free(written->given);
    wcl_erofs_image_free(written->image);
    wcl_store_layer_close(&written->parent);
    free(written);
}

wcl_os wcl_written_os(const wcl_written *written)
{
    return written->os;
}

/* ---- What the parents have ------------------------------------------------------------------ */

static wcl_status open_image(wcl_written *written, wcl_error *error)
{
    if (written->image)
        return WCL_OK;
    WCL_CLEANUP_FREE char *path =
        wcl_store_path(written->store, written->parent.record.id, "chain.erofs");
    if (!path)
        return wcl_fail_memory(error);
    if (wcl_chain_ensure(written->store, &written->parent, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_erofs_image_open_file(path, &written->image, error);
}

/* What the parents have at `path`, and its kind; WCL_END where they have nothing. */
static wcl_status find_below(wcl_written *written, const char *path, wcl_nid *nid,
                             wcl_erofs_inode *inode, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer place = WCL_BUFFER_INIT;
    wcl_os os = written->parent.record.os;
    bool is_short;
    wcl_error why = WCL_ERROR_INIT;

    if (!written->has_parent)
        return WCL_END;
    if (open_image(written, error) != WCL_OK ||
        wcl_buffer_append_text(&place, path, error) != WCL_OK ||
        wcl_index_shorten_path(&place, os, &is_short, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_erofs_find(written->image, wcl_buffer_text(&place),
                       os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT, nid,
                       &why) == WCL_OK)
        return wcl_erofs_node_inode(written->image, *nid, inode, error);
    if (why.code == WCL_CODE_FILE_NOT_FOUND || why.code == WCL_CODE_PATH_NOT_FOUND)
        return WCL_END;
    return wcl_error_pass(error, &why);
}

/* What is known of a file of the parents, for a link to it. */
static wcl_status describe_below(wcl_written *written, wcl_nid nid, const wcl_erofs_inode *inode,
                                 wcl_entry *link, wcl_error *error)
{
    wcl_erofs_xattr basic;

    link->modified = inode->modified;
    link->info.attributes = 0;
    wcl_basic_info_set_times(&link->info, inode->modified);
    if (written->os == WCL_OS_LINUX) {
        link->has_posix = true;
        link->mode = inode->mode & 07777;
        link->uid = inode->uid;
        link->gid = inode->gid;
        return WCL_OK;
    }
    wcl_status status = wcl_erofs_find_xattr(written->image, nid, WCL_XATTR_BASIC, &basic, error);
    if (status == WCL_OK)
        wcl_basic_info_load(basic.value, basic.size, &link->info);
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

/* ---- What was given ------------------------------------------------------------------------- */

static given *find_given(const wcl_written *written, const char *path, size_t length)
{
    return wcl_map_find(written->given, path, length);
}

static wcl_status check_place(const wcl_written *written, const char *path, bool is_folder,
                              wcl_error *error)
{
    size_t length = wcl_path_parent_length(path);
    const given *folder = length ? find_given(written, path, length) : NULL;
    const given *known = find_given(written, path, strlen(path));

    if (length && !folder)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                        "the folder '%.*s' that it is in was not added before it",
                        length > 200 ? 200 : (int)length, path);
    if (folder && !folder->is_folder)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND, "'%.*s', which it is in, is not a folder",
                        length > 200 ? 200 : (int)length, path);
    if (known && !(is_folder && known->is_folder && known->is_implied))
        return wcl_fail(error, WCL_CODE_FILE_EXISTS, "the layer has this name twice");
    return WCL_OK;
}

static wcl_status note(wcl_written *written, const char *path, bool is_folder, bool is_implied,
                       wcl_error *error)
{
    const given made = { is_folder, is_implied };
    return wcl_map_set(written->given, path, strlen(path), &made, error);
}

static wcl_status settle_os(wcl_written *written, const wcl_entry *entry, wcl_error *error)
{
    wcl_os os = entry->has_posix ? WCL_OS_LINUX : WCL_OS_WINDOWS;

    if (entry->kind == WCL_ENTRY_OPAQUE)
        os = WCL_OS_LINUX;
    if (written->os && written->os != os)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the entry is one of a %s layer, but %s of a %s layer",
                        os == WCL_OS_LINUX ? "Linux" : "Windows",
                        written->has_parent ? "the parent is" : "those before are",
                        os == WCL_OS_LINUX ? "Windows" : "Linux");
    written->os = os;
    return WCL_OK;
}

wcl_status wcl_written_add(wcl_written *written, const wcl_entry *entry, wcl_error *error)
{
    bool is_folder = entry->kind == WCL_ENTRY_DIRECTORY;

    if (settle_os(written, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_OPAQUE)
        return WCL_OK;
    /* A link to a folder may come as either. */
    if (entry->kind == WCL_ENTRY_FILE && !entry->has_posix &&
        entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY &&
        !(entry->info.attributes & WCL_ATTRIBUTE_REPARSE_POINT))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the entry is a file, but its attributes are those of a folder");
    if (check_place(written, entry->path, is_folder, error) != WCL_OK)
        return WCL_FAILED;
    return note(written, entry->path, is_folder, entry->flags & WCL_ENTRY_IMPLICIT, error);
}

static wcl_status check_windows_path(const wcl_written *written, const char *path, wcl_error *error)
{
    return written->os == WCL_OS_WINDOWS ? wcl_path_check_windows(path, error) : WCL_OK;
}

static wcl_status fail_link_to_folder(const char *target, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the link's target '%.200s' is a folder, which has one name only", target);
}

wcl_status wcl_written_add_link(wcl_written *written, wcl_entry *link, wcl_error *error)
{
    const given *target = find_given(written, link->target, strlen(link->target));
    wcl_erofs_inode inode;
    wcl_nid nid;

    if (check_windows_path(written, link->path, error) != WCL_OK ||
        check_windows_path(written, link->target, error) != WCL_OK ||
        check_place(written, link->path, false, error) != WCL_OK ||
        note(written, link->path, false, false, error) != WCL_OK)
        return WCL_FAILED;
    if (target)
        return target->is_folder ? fail_link_to_folder(link->target, error) : WCL_OK;
    wcl_status status = find_below(written, link->target, &nid, &inode, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                        "the link's target '%.200s' was not added before it, and %s", link->target,
                        written->has_parent ? "no parent layer has it"
                                            : "the layer has no parents");
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (S_ISDIR(inode.mode))
        return fail_link_to_folder(link->target, error);
    return wcl_entry_describes_file(link) ? WCL_OK
                                          : describe_below(written, nid, &inode, link, error);
}

wcl_status wcl_written_remove(wcl_written *written, const char *path, wcl_error *error)
{
    wcl_erofs_inode inode;
    wcl_nid nid;

    if (check_windows_path(written, path, error) != WCL_OK)
        return WCL_FAILED;
    if (!written->has_parent)
        return WCL_OK;
    wcl_status status = find_below(written, path, &nid, &inode, error);
    if (status == WCL_END)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                        "cannot remove it, because no parent layer has it");
    return status;
}
