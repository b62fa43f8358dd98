/* The raw headers of one entry, as they stand in the tar: what libarchive does not pass on. */
#ifndef WCL_TAR_TAR_HEADERS_H
#define WCL_TAR_TAR_HEADERS_H

#include "layer/tar/pax_records.h"
#include "layer/tar/pax_write.h"

/* Whether a header block of that typeflag describes the entry behind it instead of being one. */
bool wcl_tar_is_extension(char type);

/* Whether the block's checksum is right; it is not one of a tar's headers otherwise. */
bool wcl_tar_header_is_valid(const uint8_t block[WCL_TAR_BLOCK_SIZE]);

/* The typeflag of a header block. */
char wcl_tar_header_type(const uint8_t block[WCL_TAR_BLOCK_SIZE]);

/* The size that a header block states. False where the field is damaged or negative. */
bool wcl_tar_header_size(const uint8_t block[WCL_TAR_BLOCK_SIZE], uint64_t *size);

/* The numbers of a header block. */
typedef struct wcl_tar_numbers {
    uint32_t mode;
    uint64_t uid;
    uint64_t gid;
    uint64_t size;
    int64_t modified; /* seconds since 1970 */
} wcl_tar_numbers;

/* Reads the numbers of a block in POSIX's ustar format; false for other formats, and where a number
 * is not written in octal digits alone. */
bool wcl_tar_header_numbers(const uint8_t block[WCL_TAR_BLOCK_SIZE], wcl_tar_numbers *numbers);

/* What the headers of an entry say. */
typedef struct wcl_tar_headers {
    wcl_pax_records records; /* point into the headers' bytes */
    wcl_buffer name;         /* by the rules of whatever dialect the entry is in */
    wcl_buffer link;
    char type;          /* the typeflag as it stands */
    uint64_t body_size; /* of what follows the entry's own header block */
    size_t main_end;    /* where that block ends in the bytes given */
} wcl_tar_headers;

/*
 * Takes the headers of one entry apart: `size` bytes that begin with its first header block. What
 * was there from an earlier entry is replaced.
 */
wcl_status wcl_tar_headers_parse(wcl_tar_headers *headers, const void *data, size_t size,
                                 wcl_error *error);

void wcl_tar_headers_free(wcl_tar_headers *headers);

#endif
