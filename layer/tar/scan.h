/*
 * The scanner: goes through a tar of any dialect and says of each entry what it is, where in the
 * tar its header and its data lie, and what its pax records hold. It takes the tar in blocks, all
 * of them in order and each once, so whoever hands them out can hash and keep them on the way. Its
 * memory does not grow with the tar.
 */
#ifndef WCL_TAR_SCAN_H
#define WCL_TAR_SCAN_H

#include "compress/block.h"
#include "layer/tar/pax_records.h"

/* Bytes of headers that one entry may have in front of its data. */
#define WCL_TAR_HEADERS_MAX (5u * 1024 * 1024)
/* Extended headers, long names and the like that one entry may have. */
#define WCL_TAR_EXTENSIONS_MAX 32

typedef enum wcl_tar_type {
    WCL_TAR_FILE = '0',
    WCL_TAR_HARD_LINK = '1',
    WCL_TAR_SYMLINK = '2',
    WCL_TAR_CHARACTER_DEVICE = '3',
    WCL_TAR_BLOCK_DEVICE = '4',
    WCL_TAR_DIRECTORY = '5',
    WCL_TAR_FIFO = '6',
} wcl_tar_type;

/* A range of a sparse file that the tar has data for; all else of the file is zeros. */
typedef struct wcl_tar_segment {
    uint64_t offset; /* in the file */
    uint64_t size;
    uint64_t position; /* of the data in the tar */
} wcl_tar_segment;

/* An entry. What it points to is valid until the scanner goes on to the next. */
typedef struct wcl_tar_entry {
    wcl_tar_type type;
    const char *name; /* raw bytes as they stand in the tar, with a NUL behind them */
    size_t name_size;
    const char *link; /* the target of a link, likewise; "" where there is none */
    size_t link_size;
    uint64_t size; /* of the file, holes and all */
    uint32_t mode; /* permission, set-id and sticky bits */
    uint64_t uid;
    uint64_t gid;
    uint64_t device_major;
    uint64_t device_minor;
    struct timespec modified;
    bool has_accessed;
    struct timespec accessed;
    bool has_changed;
    struct timespec changed;
    const wcl_pax_records *records;
    /* Offsets in the uncompressed tar. */
    uint64_t header_offset; /* of the first header that belongs to the entry */
    uint64_t data_offset;   /* of its data; the file's bytes follow in one piece unless sparse */
    uint64_t end_offset;    /* just past the entry and its padding */
    bool is_sparse;         /* the data is not contiguous: `segments` says where it is */
    const wcl_tar_segment *segments; /* in ascending order */
    size_t segment_count;
} wcl_tar_entry;

typedef struct wcl_tar_scanner wcl_tar_scanner;

/* Gives the next block, which the scanner unrefs; WCL_END at the end. */
typedef wcl_status (*wcl_tar_next_block_fn)(void *context, wcl_block **block, wcl_error *error);

wcl_status wcl_tar_scanner_new(wcl_tar_next_block_fn next, void *context, wcl_tar_scanner **scanner,
                               wcl_error *error);

/* No bytes at all are a tar without entries; else they are refused as no tar. */
void wcl_tar_scanner_allow_empty(wcl_tar_scanner *scanner);

/*
 * Goes to the next entry, passing over what is unread of the one before. WCL_END after the last:
 * then every block of the input has been taken, those behind the end of the archive too. What is no
 * tar fails with WCL_CODE_INVALID_DATA, a damaged one with WCL_CODE_CORRUPT, one that ends too
 * early with WCL_CODE_TRUNCATED; the error's subject is the entry.
 */
wcl_status wcl_tar_scanner_next(wcl_tar_scanner *scanner, const wcl_tar_entry **entry,
                                wcl_error *error);

/* More of the entry's data: `size` bytes that belong at `offset` in the file, valid until the next
 * call. WCL_END behind the last. Ranges that are left out are holes. */
wcl_status wcl_tar_scanner_read(wcl_tar_scanner *scanner, const void **data, size_t *size,
                                uint64_t *offset, wcl_error *error);

/* Bytes of input behind the archive's end blocks. Settled once the end was reached. */
uint64_t wcl_tar_scanner_trailing(const wcl_tar_scanner *scanner);

void wcl_tar_scanner_free(wcl_tar_scanner *scanner);

#endif
