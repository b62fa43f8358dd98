/* The entries of a tar in memory, sorted, so that a tar in any order makes one layer. */
#ifndef WCL_IMAGE_APPEND_TAR_TABLE_H
#define WCL_IMAGE_APPEND_TAR_TABLE_H

#include <wcl/layer.h>

#include "base/buffer.h"
#include "layer/internal.h"

/* An entry; texts are places in the table's `texts`. */
typedef struct wcl_tar_row {
    size_t path;
    size_t target;
    size_t order;      /* in the tar */
    size_t first_name; /* of one of a file's names: the row that stands for the file */
    size_t xattrs;     /* places in the table's list */
    size_t xattr_count;
    size_t segments; /* of data, likewise */
    size_t segment_count;
    uint64_t size;
    struct timespec modified;
    wcl_entry_kind kind;
    bool is_implicit;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t device_major;
    uint32_t device_minor;
} wcl_tar_row;

/* An extended attribute, by places in the texts. */
typedef struct wcl_tar_xattr {
    size_t name;
    size_t value;
    size_t size;
} wcl_tar_xattr;

typedef struct wcl_tar_table {
    wcl_tar_row *rows;
    size_t count;
    size_t capacity;
    wcl_buffer texts;
    wcl_buffer xattrs;   /* of wcl_tar_xattr */
    wcl_buffer segments; /* of wcl_tar_segment */
} wcl_tar_table;

static inline const char *wcl_tar_table_text(const wcl_tar_table *table, size_t place)
{
    return (const char *)table->texts.data + place;
}

/* Adds what a reader of the tar gave; the segments say where its data is. */
wcl_status wcl_tar_table_add(wcl_tar_table *table, const wcl_entry *entry,
                             const wcl_tar_segment *segments, size_t segment_count,
                             wcl_error *error);

/* Sorts the rows, leaves the last of several with the same path, and makes of the names of one file
 * the first the file. A hard link is a name of what was there when the tar made it, else of what
 * comes there later; one to what is not in the tar is refused. */
wcl_status wcl_tar_table_settle(wcl_tar_table *table, wcl_error *error);

/* The row of that path, or NULL. Only of a settled table. */
const wcl_tar_row *wcl_tar_table_find(const wcl_tar_table *table, const char *path);

/* Fills in an entry; its extended attributes go into `*xattrs`, which is freed with free() or given
 * again. */
wcl_status wcl_tar_table_entry(const wcl_tar_table *table, const wcl_tar_row *row, wcl_entry *entry,
                               wcl_xattr **xattrs, wcl_error *error);

void wcl_tar_table_free(wcl_tar_table *table);

#endif
