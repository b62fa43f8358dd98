/* What the tests of the index share: trees made by chance, images in memory, and comparing trees.
 */
#ifndef EROFS_SUPPORT_H
#define EROFS_SUPPORT_H

#include "base/buffer.h"
#include "erofs/image.h"
#include "erofs/write.h"

/* A sequence of numbers that is the same for the same seed. */
typedef struct chance {
    uint64_t state;
} chance;

uint32_t chance_below(chance *c, uint32_t limit);

/* Fails the running test with the error's text. */
void must(wcl_status status, const wcl_error *error);

/* Adds a node at a path, with folders that are missing. */
wcl_node add_at(wcl_erofs_tree *tree, const char *path, uint32_t mode);
void link_at(wcl_erofs_tree *tree, const char *path, wcl_node node);

/* Fills a tree with about `count` entries of all kinds. */
void fill_tree(wcl_erofs_tree *tree, chance *c, size_t count);

/* Devices that are large enough for what fill_tree() makes. */
extern const wcl_erofs_options ample_devices;

wcl_status try_write_tree(wcl_erofs_tree *tree, const wcl_erofs_options *options, wcl_buffer *image,
                          wcl_error *error);
void write_tree(wcl_erofs_tree *tree, const wcl_erofs_options *options, wcl_buffer *image);

/* That both have the same entries, nodes, links, data and attributes. `device_base` is what the
 * devices of `b` are larger by. */
void assert_same_trees(wcl_erofs_tree *a, wcl_erofs_tree *b, uint32_t device_base);

#endif
