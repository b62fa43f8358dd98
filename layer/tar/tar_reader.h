/* The reader of layer tars, as its parts share it. */
#ifndef WCL_TAR_TAR_READER_H
#define WCL_TAR_TAR_READER_H

#include <wcl/backupstream.h>
#include <wcl/tar.h>

#include "layer/entry/ops.h"
#include "compress/compress.h"
#include "layer/tar/given.h"
#include "layer/tar/scan.h"
#include "layer/tar/stream_table.h"
#include "layer/tar/win_records.h"

typedef struct wcl_tar_reader {
    wcl_layer_reader base;
    int file; /* what is read where that is a file, else -1 */
    bool owns_file;
    wcl_input *input;
    wcl_tar_scanner *scanner;
    wcl_os os;
    /* What the scanner stands on; `is_ahead` while it has not been given yet. */
    const wcl_tar_entry *tar_entry;
    wcl_buffer tar_path;
    bool is_ahead;
    bool is_past_end;
    wcl_given *folders;

    /* The entry that was given. */
    wcl_buffer path;
    wcl_buffer target;
    wcl_xattr *xattrs;
    size_t xattr_capacity;
    wcl_buffer xattr_texts;
    wcl_win_metadata metadata;
    wcl_stream_table table;
    bool has_table; /* the tar has one, so entries behind it belong to the file */
    bool is_taking; /* further alternate streams may follow */

    /* Its backup stream. */
    size_t next_row;
    uint8_t header[WCL_BACKUP_ENCODED_MAX]; /* the header being given */
    size_t header_size;
    size_t header_given;
    wcl_stream_source source;
    uint64_t left;     /* of the stream being given */
    uint64_t position; /* inline: in the table's data */
    bool in_body;      /* the scanner stands on the body at hand */
    bool is_claimed;   /* streams are in the body, so what is between them must be zeros */
    uint64_t body_size;
    uint64_t body_position;
    const uint8_t *piece; /* what the scanner gave of the body last */
    size_t piece_size;
    uint64_t piece_offset;
    bool body_ended;
    uint64_t zeros; /* that were given for holes, of all entries */
    uint64_t zeros_max;

    uint64_t entries; /* of the tar, and folders that they imply */
    uint64_t entries_max;
} wcl_tar_reader;

/* Goes to the next entry of the tar, which then is ahead and has its path in `tar_path`; WCL_END
 * at the end. Does nothing while one is ahead. */
wcl_status wcl_tar_reader_advance(wcl_tar_reader *reader, wcl_error *error);

/* Whether the entry that is ahead is an alternate stream of the one that was given. */
bool wcl_tar_reader_is_stream_ahead(const wcl_tar_reader *reader);

/* Makes the table of the entry's streams out of its metadata and data, and begins its backup
 * stream. */
wcl_status wcl_tar_reader_make_streams(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error);

/* Begins the backup stream of the entry that the table describes. */
void wcl_tar_reader_begin_stream(wcl_tar_reader *reader);
/* Gives more of it. */
wcl_status wcl_tar_reader_read_stream(wcl_tar_reader *reader, uint8_t *buffer, size_t size,
                                      size_t *got, wcl_error *error);

/* Fills in `entry` and the table for the tar's entry at hand, whose path is set already. */
wcl_status wcl_tar_reader_describe_windows(wcl_tar_reader *reader, wcl_entry *entry,
                                           wcl_error *error);
wcl_status wcl_tar_reader_describe_linux(wcl_tar_reader *reader, wcl_entry *entry,
                                         wcl_error *error);

#endif
