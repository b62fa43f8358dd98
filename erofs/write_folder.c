/* Folders as blocks of entries: sorted, "." and ".." among them, each block with as many entries as
 * fit and their names behind them. */
#include <string.h>

#include "base/cursor.h"
#include "erofs/write_private.h"

wcl_dirents wcl_dirents_begin(wcl_erofs_tree *tree, wcl_node folder)
{
    return (wcl_dirents) { tree, folder, wcl_tree_first(tree, folder), 0 };
}

static wcl_node parent_of(const wcl_erofs_tree *tree, wcl_node folder)
{
    wcl_entry_id entry = wcl_tree_node_entry(tree, folder);

    return entry == WCL_NO_ENTRY ? folder : wcl_tree_entry_folder(tree, entry);
}

bool wcl_dirents_next(wcl_dirents *dirents, wcl_dirent *dirent)
{
    size_t dots = dirents->dots + 1;

    if (dirents->next != WCL_NO_ENTRY) {
        dirent->name = wcl_tree_entry_name(dirents->tree, dirents->next, &dirent->length);
        dirent->node = wcl_tree_entry_node(dirents->tree, dirents->next);
        if (dots > 2 || wcl_compare_bytes(dirent->name, dirent->length, "..", dots) < 0) {
            dirents->next = wcl_tree_next(dirents->tree, dirents->next);
            return true;
        }
    } else if (dots > 2) {
        return false;
    }
    dirent->name = "..";
    dirent->length = dots;
    dirent->node = dots == 1 ? dirents->folder : parent_of(dirents->tree, dirents->folder);
    dirents->dots++;
    return true;
}

wcl_folder_blocks wcl_folder_blocks_begin(wcl_erofs_tree *tree, wcl_node folder)
{
    wcl_folder_blocks blocks = { .dirents = wcl_dirents_begin(tree, folder) };

    blocks.more = wcl_dirents_next(&blocks.dirents, &blocks.ahead);
    return blocks;
}

static uint8_t dirent_type(const wcl_erofs_tree *tree, wcl_node node)
{
    switch (wcl_tree_type(tree, node)) {
    case S_IFDIR:
        return EROFS_TYPE_FOLDER;
    case S_IFLNK:
        return EROFS_TYPE_LINK;
    case S_IFCHR:
        return EROFS_TYPE_CHARACTER;
    case S_IFBLK:
        return EROFS_TYPE_BLOCK;
    case S_IFIFO:
        return EROFS_TYPE_FIFO;
    case S_IFSOCK:
        return EROFS_TYPE_SOCKET;
    default:
        return EROFS_TYPE_FILE;
    }
}

static void fill_block(const wcl_erofs_tree *tree, const wcl_dirent *dirents, size_t count,
                       const uint32_t *slots, uint8_t *block)
{
    size_t name = count * EROFS_DIRENT_SIZE;

    memset(block, 0, WCL_EROFS_BLOCK_SIZE);
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = block + i * EROFS_DIRENT_SIZE;
        wcl_store_le64(entry + EROFS_DIRENT_NID, slots[dirents[i].node]);
        wcl_store_le16(entry + EROFS_DIRENT_NAME, (uint16_t)name);
        entry[EROFS_DIRENT_TYPE] = dirent_type(tree, dirents[i].node);
        memcpy(block + name, dirents[i].name, dirents[i].length);
        name += dirents[i].length;
    }
}

uint32_t wcl_folder_blocks_next(wcl_folder_blocks *blocks, const uint32_t *slots, uint8_t *block)
{
    wcl_dirent dirents[WCL_EROFS_BLOCK_SIZE / (EROFS_DIRENT_SIZE + 1)];
    size_t count = 0, used = 0;

    while (blocks->more &&
           used + EROFS_DIRENT_SIZE + blocks->ahead.length <= WCL_EROFS_BLOCK_SIZE) {
        used += EROFS_DIRENT_SIZE + blocks->ahead.length;
        dirents[count++] = blocks->ahead;
        blocks->more = wcl_dirents_next(&blocks->dirents, &blocks->ahead);
    }
    if (block)
        fill_block(blocks->dirents.tree, dirents, count, slots, block);
    return (uint32_t)used;
}
