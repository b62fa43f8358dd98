/* What the parts of the scanner share. */
#ifndef WCL_TAR_SCAN_PRIVATE_H
#define WCL_TAR_SCAN_PRIVATE_H

#include <archive.h>
#include <archive_entry.h>

#include "layer/tar/scan.h"
#include "layer/tar/tar_headers.h"

struct wcl_tar_scanner {
    struct archive *archive;
    wcl_tar_next_block_fn next;
    void *context;
    /* The block that libarchive looks into, and where what it has not been given of it begins. */
    wcl_block *block;
    size_t given;
    uint64_t taken; /* bytes of input in all */
    bool opened;
    /* Bytes in front of where libarchive is that it has not seen. */
    uint64_t hidden;
    bool input_ended;
    bool may_be_empty;
    bool failed;
    bool has_failure; /* `failure` says what stopped the input */
    wcl_error failure;
    /* While libarchive reads headers: where they begin, their bytes from blocks that are gone, and
     * how far they were looked at. */
    bool in_headers;
    uint64_t headers_start;
    wcl_buffer headers_bytes;
    uint64_t looked_at;
    bool found_main;
    bool main_is_valid; /* of the last one looked at: its checksum is right */
    bool found_header;  /* so it is a tar */
    unsigned extensions;

    wcl_tar_headers headers;
    wcl_tar_headers plain_headers; /* those of an entry that may turn out not to be plain */
    bool has_entry;
    bool is_direct;           /* libarchive does not see the entry */
    uint64_t direct_position; /* of what is next of it */
    wcl_tar_entry entry;
    wcl_tar_segment *segments;
    size_t segment_capacity;
    uint64_t archive_end;
};

/* Fills in the entry whose headers were taken apart, by them and by what libarchive makes of them.
 */
wcl_status wcl_scan_take_entry(wcl_tar_scanner *scanner, struct archive_entry *from,
                               wcl_error *error);

/*
 * The same without libarchive, for an entry that is all said by a ustar header, `main`, and pax
 * records that have no bearing on where its data is; it takes `plain_headers`. False for any other,
 * of which nothing is taken.
 */
bool wcl_scan_take_plain(wcl_tar_scanner *scanner, const uint8_t main[WCL_TAR_BLOCK_SIZE]);

#endif
