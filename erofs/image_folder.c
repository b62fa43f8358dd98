/* Folders of an image: going through their entries and finding one. */
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/image_private.h"
#include "erofs/tree_private.h"

wcl_status wcl_erofs_folder_open(const wcl_erofs_image *image, wcl_nid nid,
                                 wcl_erofs_folder *folder, wcl_error *error)
{
    wcl_erofs_node node;
    wcl_erofs_flat flat;

    memset(folder, 0, sizeof(*folder));
    if (wcl_erofs_node_read(image, nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (!S_ISDIR(node.inode.mode))
        return wcl_fail(error, WCL_CODE_DIRECTORY, "inode %llu is not a folder",
                        (unsigned long long)nid);
    if (wcl_erofs_flat_find(image, nid, &node, &flat, error) != WCL_OK)
        return WCL_FAILED;
    folder->image = image;
    folder->nid = nid;
    folder->size = node.size;
    folder->raw = flat.raw;
    folder->raw_count =
        (flat.raw_size + (UINT64_C(1) << image->block_bits) - 1) >> image->block_bits;
    folder->tail = flat.tail;
    return WCL_OK;
}

static uint64_t block_count(const wcl_erofs_folder *folder)
{
    uint32_t bits = folder->image->block_bits;

    return (folder->size >> bits) + ((folder->size & ((UINT64_C(1) << bits) - 1)) != 0);
}

/* Makes a block the current one. */
static wcl_status open_block(wcl_erofs_folder *folder, uint64_t block, wcl_error *error)
{
    uint32_t bits = folder->image->block_bits;
    uint64_t offset = block << bits;
    uint64_t left = folder->size - offset;

    folder->length = left < UINT64_C(1) << bits ? (uint32_t)left : 1u << bits;
    folder->bytes = wcl_erofs_take(folder->image,
                                   block < folder->raw_count ? folder->raw + offset : folder->tail,
                                   folder->length);
    if (!folder->bytes || folder->length < EROFS_DIRENT_SIZE)
        return wcl_erofs_corrupt(folder->nid, "has a block of entries outside", error);
    uint32_t names = wcl_load_le16(folder->bytes + EROFS_DIRENT_NAME);
    if (names % EROFS_DIRENT_SIZE || !names || names >= folder->length)
        return wcl_erofs_corrupt(folder->nid, "has a block of entries without names", error);
    folder->block = block + 1;
    folder->index = 0;
    folder->count = names / EROFS_DIRENT_SIZE;
    return WCL_OK;
}

static uint32_t type_of(uint8_t type)
{
    static const uint32_t types[] = {
        [EROFS_TYPE_FILE] = S_IFREG,      [EROFS_TYPE_FOLDER] = S_IFDIR,
        [EROFS_TYPE_CHARACTER] = S_IFCHR, [EROFS_TYPE_BLOCK] = S_IFBLK,
        [EROFS_TYPE_FIFO] = S_IFIFO,      [EROFS_TYPE_SOCKET] = S_IFSOCK,
        [EROFS_TYPE_LINK] = S_IFLNK
    };

    return type < sizeof(types) / sizeof(types[0]) ? types[type] : 0;
}

/* An entry of the current block. Its name is checked as far as that needs no other. */
static wcl_status entry_at(const wcl_erofs_folder *folder, uint32_t index, wcl_erofs_entry *entry,
                           wcl_error *error)
{
    const uint8_t *dirent = folder->bytes + (size_t)index * EROFS_DIRENT_SIZE;
    uint32_t start = wcl_load_le16(dirent + EROFS_DIRENT_NAME);
    uint32_t end = folder->length;

    if (index + 1 < folder->count)
        end = wcl_load_le16(dirent + EROFS_DIRENT_SIZE + EROFS_DIRENT_NAME);
    if (start < folder->count * EROFS_DIRENT_SIZE || end > folder->length || start >= end)
        return wcl_erofs_corrupt(folder->nid, "has a name outside its block", error);
    entry->name = (const char *)folder->bytes + start;
    entry->length = end - start;
    if (index + 1 == folder->count)
        entry->length = strnlen(entry->name, entry->length);
    entry->nid = wcl_load_le64(dirent + EROFS_DIRENT_NID);
    entry->type = type_of(dirent[EROFS_DIRENT_TYPE]);
    if (!entry->length || entry->length > WCL_EROFS_MAX_NAME ||
        memchr(entry->name, 0, entry->length) || memchr(entry->name, '/', entry->length))
        return wcl_erofs_corrupt(folder->nid, "has an entry with an impossible name", error);
    return WCL_OK;
}

static bool is_dots(const wcl_erofs_entry *entry)
{
    return entry->name[0] == '.' &&
           (entry->length == 1 || (entry->length == 2 && entry->name[1] == '.'));
}

wcl_status wcl_erofs_folder_next(wcl_erofs_folder *folder, wcl_erofs_entry *entry, wcl_error *error)
{
    do {
        if (folder->index == folder->count) {
            if (folder->block == block_count(folder))
                return WCL_END;
            if (open_block(folder, folder->block, error) != WCL_OK)
                return WCL_FAILED;
        }
        if (entry_at(folder, folder->index, entry, error) != WCL_OK)
            return WCL_FAILED;
        if (folder->last &&
            wcl_compare_bytes(folder->last, folder->last_length, entry->name, entry->length) >= 0)
            return wcl_erofs_corrupt(folder->nid, "has its entries out of order", error);
        folder->index++;
        folder->last = entry->name;
        folder->last_length = entry->length;
    } while (is_dots(entry));
    return WCL_OK;
}

/* ---- Finding -------------------------------------------------------------------------------- */

static wcl_status not_found(const char *name, size_t length, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no \"%.*s\"", (int)length, name);
}

/* The last block whose first name is not behind `name` becomes the current one; WCL_END if even the
 * first block's is. */
static wcl_status find_block(wcl_erofs_folder *folder, const char *name, size_t length,
                             wcl_error *error)
{
    uint64_t low = 0, high = block_count(folder);
    wcl_erofs_entry entry;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (open_block(folder, middle, error) != WCL_OK ||
            entry_at(folder, 0, &entry, error) != WCL_OK)
            return WCL_FAILED;
        if (wcl_compare_bytes(entry.name, entry.length, name, length) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? open_block(folder, low - 1, error) : WCL_END;
}

static wcl_status lookup_exact(const wcl_erofs_image *image, wcl_nid nid, const char *name,
                               size_t length, wcl_erofs_entry *entry, wcl_error *error)
{
    wcl_erofs_folder folder;

    if (wcl_erofs_folder_open(image, nid, &folder, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = find_block(&folder, name, length, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    uint32_t low = 0, high = status == WCL_OK ? folder.count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entry_at(&folder, middle, entry, error) != WCL_OK)
            return WCL_FAILED;
        int order = wcl_compare_bytes(entry->name, entry->length, name, length);
        if (order == 0 && !is_dots(entry))
            return WCL_OK;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return not_found(name, length, error);
}

static wcl_status lookup_caseless(const wcl_erofs_image *image, wcl_nid nid, const char *name,
                                  size_t length, wcl_erofs_entry *entry, wcl_error *error)
{
    uint16_t wanted[WCL_EROFS_MAX_NAME], units[WCL_EROFS_MAX_NAME];
    size_t wanted_count, count;
    wcl_erofs_folder folder;
    wcl_erofs_entry found = { NULL, 0, 0, 0 };
    wcl_status status;

    if (wcl_erofs_folder_open(image, nid, &folder, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_fold_name(name, length, wanted, &wanted_count))
        return not_found(name, length, error);
    while ((status = wcl_erofs_folder_next(&folder, entry, error)) == WCL_OK) {
        if (entry->length == length && memcmp(entry->name, name, length) == 0)
            return WCL_OK;
        if (!found.name && wcl_fold_name(entry->name, entry->length, units, &count) &&
            count == wanted_count && memcmp(units, wanted, count * sizeof(uint16_t)) == 0)
            found = *entry;
    }
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (!found.name)
        return not_found(name, length, error);
    *entry = found;
    return WCL_OK;
}

wcl_status wcl_erofs_lookup(const wcl_erofs_image *image, wcl_nid folder, const char *name,
                            size_t length, wcl_tree_names names, wcl_erofs_entry *entry,
                            wcl_error *error)
{
    if (names == WCL_NAMES_CASELESS)
        return lookup_caseless(image, folder, name, length, entry, error);
    return lookup_exact(image, folder, name, length, entry, error);
}

wcl_status wcl_erofs_find(const wcl_erofs_image *image, const char *path, wcl_tree_names names,
                          wcl_nid *nid, wcl_error *error)
{
    wcl_nid current = wcl_erofs_root(image);

    while (*path) {
        size_t length = strcspn(path, "/");
        wcl_error inner = WCL_ERROR_INIT;
        wcl_erofs_entry entry;
        if (wcl_erofs_lookup(image, current, path, length, names, &entry, &inner) != WCL_OK) {
            if (path[length] && inner.code == WCL_CODE_FILE_NOT_FOUND)
                inner.code = WCL_CODE_PATH_NOT_FOUND;
            if (inner.code == WCL_CODE_DIRECTORY)
                inner.code = WCL_CODE_PATH_NOT_FOUND;
            return wcl_error_pass(error, &inner);
        }
        current = entry.nid;
        path += length;
        path += strspn(path, "/");
    }
    *nid = current;
    return WCL_OK;
}
