/* What is appended to an image: the files of a folder or of a tar, in the order of a layer, as
 * POSIX has them. */
#ifndef WCL_IMAGE_APPEND_SOURCE_H
#define WCL_IMAGE_APPEND_SOURCE_H

#include <wcl/layer.h>

#include "base/buffer.h"

typedef struct wcl_append_source wcl_append_source;

typedef struct wcl_append_source_ops {
    wcl_status (*next)(wcl_append_source *source, wcl_entry *entry, wcl_error *error);
    wcl_status (*read)(wcl_append_source *source, void *buffer, size_t size, size_t *got,
                       wcl_error *error);
    wcl_status (*look_up)(wcl_append_source *source, const char *path, wcl_entry_kind *kind,
                          wcl_buffer *target, wcl_error *error);
    void (*free)(wcl_append_source *source);
} wcl_append_source_ops;

struct wcl_append_source {
    const wcl_append_source_ops *ops;
};

/*
 * The order in which entries are given and written: a folder, then all that is in it, then its next
 * sibling; names go by their bytes. It is strcmp() with the slash before every other character.
 */
int wcl_append_path_compare(const char *a, const char *b);

/*
 * The next entry, with all that Linux has; valid until the next call. WCL_END behind the last. No
 * path comes twice; of the names of one file the first is the file, and the others are
 * WCL_ENTRY_HARD_LINK to it.
 */
static inline wcl_status wcl_append_source_next(wcl_append_source *source, wcl_entry *entry,
                                                wcl_error *error)
{
    return source->ops->next(source, entry, error);
}

/* Bytes of the WCL_ENTRY_FILE at hand, holes as zeros; exactly `entry.size` of them, then 0. */
static inline wcl_status wcl_append_source_read(wcl_append_source *source, void *buffer,
                                                size_t size, size_t *got, wcl_error *error)
{
    return source->ops->read(source, buffer, size, got, error);
}

/* What is at `path`, not following a link there, whose target is put into `target`. `*kind` is 0
 * where nothing is. */
static inline wcl_status wcl_append_source_look_up(wcl_append_source *source, const char *path,
                                                   wcl_entry_kind *kind, wcl_buffer *target,
                                                   wcl_error *error)
{
    return source->ops->look_up(source, path, kind, target, error);
}

/* NULL is allowed. */
static inline void wcl_append_source_free(wcl_append_source *source)
{
    if (source)
        source->ops->free(source);
}

/* The files in a folder. Memory: the names of the folders on one path, and of hard links. */
wcl_status wcl_append_folder_open(const char *folder, wcl_append_source **source, wcl_error *error);

/* Where a tar comes from. */
typedef struct wcl_append_tar {
    const char *name; /* for errors */
    int fd; /* becomes the source's; -1: what `read` gives, which is called from another thread */
    wcl_read_fn read;
    void *context;
    const wcl_hooks *hooks; /* may be NULL */
    uint64_t max_size;      /* limits as those of wcl_import_options (wcl/layer.h) */
    uint64_t max_entries;
    uint64_t max_ratio;
} wcl_append_tar;

/*
 * The entries of a tar, in any dialect and compression. One that is compressed, or does not come
 * from a file, is kept aside in an unnamed temporary file. Memory: some 400 bytes an entry. A tar
 * with Windows' own records is refused: it is a layer already.
 */
wcl_status wcl_append_tar_open(const wcl_append_tar *tar, wcl_append_source **source,
                               wcl_error *error);

/* A folder or a tar file, of which `how` (NULL: as usual) says hooks and limits. */
wcl_status wcl_append_source_open(const char *input, const wcl_append_tar *how,
                                  wcl_append_source **source, wcl_error *error);

#endif
