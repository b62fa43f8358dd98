/* What the index keeps of a Windows entry: its metadata, its links as the mount shows them, and
 * where its alternate streams are. */
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/error.h"
#include "layer/entry/path.h"
#include "layer/entry/entry.h"
#include "layer/store/index/index_private.h"
#include "layer/store/index/link_target.h"

/* ---- Basic information ---------------------------------------------------------------------- */

static wcl_status read_basic(const wcl_tar_entry *entry, wcl_basic_info *info, wcl_error *error)
{
    const wcl_pax_record *attributes = wcl_pax_records_find(entry->records, WCL_PAX_ATTRIBUTES);
    const wcl_pax_record *created = wcl_pax_records_find(entry->records, WCL_PAX_CREATION_TIME);
    struct timespec creation = entry->modified;
    uint64_t value = entry->type == WCL_TAR_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;

    if (attributes && wcl_pax_record_u64(attributes, &value, error) != WCL_OK)
        return WCL_FAILED;
    if (value > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "its " WCL_PAX_ATTRIBUTES " is too large");
    if (created && wcl_pax_record_time(created, &creation, error) != WCL_OK)
        return WCL_FAILED;
    info->attributes = (uint32_t)value;
    info->creation_time = wcl_filetime_from_timespec(creation);
    info->last_write_time = wcl_filetime_from_timespec(entry->modified);
    info->last_access_time =
        wcl_filetime_from_timespec(entry->has_accessed ? entry->accessed : entry->modified);
    info->change_time =
        wcl_filetime_from_timespec(entry->has_changed ? entry->changed : entry->modified);
    return WCL_OK;
}

/* ---- Metadata ------------------------------------------------------------------------------- */

static const char *link_of(const wcl_tar_entry *entry)
{
    return entry->type == WCL_TAR_SYMLINK ? entry->link : NULL;
}

static void add_shared(wcl_xattr *list, size_t *count, const char *name, const wcl_buffer *value)
{
    if (value->size)
        list[(*count)++] = (wcl_xattr) { name, value->data, value->size };
}

static wcl_status set_metadata(wcl_index *index, const wcl_basic_info *info, const char *true_name,
                               wcl_node node, wcl_error *error)
{
    uint8_t basic[WCL_BASIC_INFO_SIZE];
    wcl_xattr shared[1], own[4];
    size_t shared_count = 0, own_count = 0;

    wcl_basic_info_store(info, basic);
    add_shared(shared, &shared_count, WCL_XATTR_SD, &index->metadata.security);
    own[own_count++] = (wcl_xattr) { WCL_XATTR_BASIC, basic, sizeof(basic) };
    add_shared(own, &own_count, WCL_XATTR_EA, &index->metadata.ea);
    add_shared(own, &own_count, WCL_XATTR_REPARSE, &index->metadata.reparse);
    if (true_name)
        own[own_count++] = (wcl_xattr) { WCL_XATTR_NAME, true_name, strlen(true_name) };
    return wcl_tree_set_xattrs(index->tree, node, shared, shared_count, own, own_count, error);
}

wcl_status wcl_index_windows_xattrs(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                    const char *true_name, wcl_node node, wcl_error *error)
{
    wcl_basic_info info;

    if (wcl_index_finish_streams(index, error) != WCL_OK ||
        read_basic(entry, &info, error) != WCL_OK ||
        wcl_win_metadata_read(&index->metadata, entry->records, link_of(entry), error) != WCL_OK ||
        set_metadata(index, &info, true_name, node, error) != WCL_OK)
        return WCL_FAILED;
    index->stream_node = node;
    index->stream_file = strdup(path);
    return index->stream_file ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Files and links ------------------------------------------------------------------------ */

/* A reparse point that is a link shows as one in the mount; others as what they are without it. */
static wcl_status place_link(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                             const wcl_basic_info *info, wcl_node *node, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer target = WCL_BUFFER_INIT;
    wcl_erofs_inode inode = { .mode = S_IFLNK | 0777, .modified = entry->modified };
    wcl_tar_entry shape = *entry;

    wcl_status status = wcl_link_target(index->metadata.reparse.data, index->metadata.reparse.size,
                                        path, &target, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (status == WCL_OK) {
        if (wcl_index_place_file(index, entry, path, &inode, node, error) != WCL_OK)
            return WCL_FAILED;
        return wcl_tree_set_bytes(index->tree, *node, target.data, target.size, error);
    }
    inode.mode = info->attributes & WCL_ATTRIBUTE_DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0644;
    if (S_ISDIR(inode.mode) || entry->type == WCL_TAR_SYMLINK)
        shape.size = 0;
    return wcl_index_place_file(index, &shape, path, &inode, node, error);
}

wcl_status wcl_index_windows_file(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                  const char *true_name, wcl_error *error)
{
    const wcl_erofs_inode inode = { .mode = S_IFREG | 0644,
                                    .size = entry->size,
                                    .modified = entry->modified };
    wcl_basic_info info;
    wcl_node node;

    if (wcl_index_finish_streams(index, error) != WCL_OK ||
        read_basic(entry, &info, error) != WCL_OK ||
        wcl_win_metadata_read(&index->metadata, entry->records, link_of(entry), error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = index->metadata.reparse.size
                            ? place_link(index, entry, path, &info, &node, error)
                            : wcl_index_place_file(index, entry, path, &inode, &node, error);
    if (status != WCL_OK || set_metadata(index, &info, true_name, node, error) != WCL_OK)
        return WCL_FAILED;
    index->stream_node = node;
    index->stream_file = strdup(path);
    return index->stream_file ? WCL_OK : wcl_fail_memory(error);
}

/* ---- Alternate streams ---------------------------------------------------------------------- */

static wcl_status append_stream(wcl_buffer *streams, const char *name, const wcl_tar_entry *entry,
                                wcl_error *error)
{
    if (streams->size == 0 && wcl_buffer_append_le32(streams, 1, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_buffer_append_le32(streams, (uint32_t)strlen(name), error) != WCL_OK ||
        wcl_buffer_append_text(streams, name, error) != WCL_OK ||
        wcl_buffer_append_le64(streams, entry->data_offset, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_le64(streams, entry->size, error);
}

wcl_status wcl_index_add_stream(wcl_index *index, const wcl_tar_entry *entry, bool *is_stream,
                                wcl_error *error)
{
    const char *path = wcl_buffer_text(&index->path);
    const char *colon = strchr(wcl_path_base(path), ':');

    *is_stream = colon && colon != wcl_path_base(path);
    if (!*is_stream)
        return WCL_OK;
    size_t length = (size_t)(colon - path);
    if (entry->type != WCL_TAR_FILE || entry->is_sparse)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "it is an alternate stream but no plain file");
    if (!index->stream_file || strlen(index->stream_file) != length ||
        strncmp(index->stream_file, path, length) != 0)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "it is an alternate stream, but the entry before it is not its file");
    index->data_size += entry->size;
    return append_stream(&index->streams, colon + 1, entry, error);
}

wcl_status wcl_index_finish_streams(wcl_index *index, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (index->streams.size)
        status = wcl_index_set_xattr(index->tree, index->stream_node, WCL_XATTR_STREAMS,
                                     index->streams.data, index->streams.size, error);
    wcl_buffer_clear(&index->streams);
    free(index->stream_file);
    index->stream_file = NULL;
    return status;
}

void wcl_index_streams_free(wcl_index *index)
{
    wcl_win_metadata_free(&index->metadata);
    wcl_buffer_free(&index->streams);
    free(index->stream_file);
}
