/* The plan for one entry of a tar: what its headers say, and which entries hold its streams. */
#ifndef WCL_TAR_TAR_PLAN_H
#define WCL_TAR_TAR_PLAN_H

#include <wcl/layer.h>

#include "base/spool.h"
#include "layer/tar/pax_write.h"
#include "layer/tar/stream_table.h"
#include "layer/tar/win_records.h"

/* A body of data in the tar: the entry's own, or that of an alternate stream's entry. */
typedef struct wcl_tar_body {
    size_t first_row; /* the first of its streams, and how many rows it takes in */
    size_t row_count;
    uint64_t size;
    size_t name; /* where in the plan's names the name of its entry stands; unused for the first */
    bool is_own; /* of an entry that backuptar would not write */
} wcl_tar_body;

typedef struct wcl_tar_plan {
    wcl_tar_header header;
    wcl_pax_set records;
    wcl_pax_records early; /* what goes into extended headers of its own, in front */
    char *link;
    wcl_buffer name; /* the entry's name in the tar */
    wcl_buffer table_text;
    wcl_buffer names;
    wcl_tar_body *bodies; /* the first is the entry's own */
    size_t body_count;
    size_t body_capacity;
} wcl_tar_plan;

typedef struct wcl_tar_plan_options {
    bool plain_backuptar;
    /* The data of the last row is still to come, and after it alternate streams may. */
    bool is_streaming;
} wcl_tar_plan_options;

/*
 * Plans an entry with the streams in `table`, whose bytes lie in `spool` at the rows' positions.
 * Sets the rows' sources.
 */
wcl_status wcl_tar_plan_make(wcl_tar_plan *plan, const wcl_entry *entry, wcl_stream_table *table,
                             const wcl_spool *spool, const wcl_tar_plan_options *options,
                             wcl_error *error);

/* Appends the headers of the entry itself. */
wcl_status wcl_tar_plan_append_headers(const wcl_tar_plan *plan, wcl_buffer *out, wcl_error *error);

/* Appends the header of an alternate stream's entry of that name. */
wcl_status wcl_tar_plan_append_alternate(const wcl_tar_plan *plan, const char *name, uint64_t size,
                                         wcl_buffer *out, wcl_error *error);

/* Fills in what basic information says in a header: times, and Windows' records. */
wcl_status wcl_tar_plan_set_info(wcl_tar_header *header, wcl_pax_set *records,
                                 const wcl_entry *entry, wcl_error *error);

void wcl_tar_plan_free(wcl_tar_plan *plan);

#endif
