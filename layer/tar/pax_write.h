/* Tar headers, byte for byte as Go's archive/tar writes them, so that layers made here have the
 * digests that Windows' own tools give them. */
#ifndef WCL_TAR_PAX_WRITE_H
#define WCL_TAR_PAX_WRITE_H

#include "layer/tar/pax_records.h"

#define WCL_TAR_BLOCK_SIZE 512
/* Bytes of the largest extended header that Go and libarchive read. */
#define WCL_TAR_PAX_MAX (1024 * 1024)

typedef enum wcl_tar_format {
    /* Go's FormatUnknown: whole seconds, no access and change times, ustar where it can hold all.
     */
    WCL_TAR_FORMAT_UNKNOWN = 0,
    WCL_TAR_FORMAT_PAX = 1,
} wcl_tar_format;

/* What Go's tar.Header holds. */
typedef struct wcl_tar_header {
    wcl_tar_format format;
    char type;        /* the typeflag, '0' to '6' */
    const char *name; /* raw bytes */
    const char *link; /* NULL where there is none */
    uint64_t size;
    uint32_t mode;
    uint64_t uid;
    uint64_t gid;
    uint32_t device_major;
    uint32_t device_minor;
    bool has_modified;
    bool has_accessed;
    bool has_changed;
    struct timespec modified;
    struct timespec accessed;
    struct timespec changed;
    const wcl_pax_record *records; /* in any order; none of the fields above */
    size_t record_count;
} wcl_tar_header;

/*
 * Appends the entry's header blocks. Fails where Go does: a name of a file that ends in a slash, an
 * extended header of over 1 MiB, a field that neither ustar nor pax can hold.
 */
wcl_status wcl_tar_header_append(const wcl_tar_header *header, wcl_buffer *out, wcl_error *error);

/* Appends an extended header for the entry `name` that holds nothing but `records`, to stand in
 * front of what wcl_tar_header_append() gives. */
wcl_status wcl_tar_extension_append(const char *name, const wcl_pax_record *records, size_t count,
                                    wcl_buffer *out, wcl_error *error);

/* Bytes that follow `size` bytes of data up to the next block. */
static inline size_t wcl_tar_padding(uint64_t size)
{
    return (size_t)(-size & (WCL_TAR_BLOCK_SIZE - 1));
}

#endif
