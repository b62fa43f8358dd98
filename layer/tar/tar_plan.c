/*
 * Planning an entry of a tar. A backup stream is a list of streams in any order; a tar entry is a
 * header, records in front of it, and one body, with more bodies in entries behind it. The plan
 * gives each row of the table of streams its place, in three steps that cannot change places:
 *
 * 1. Metadata that backuptar's records can hold goes into records (`choose_metadata()`), the first
 *    of each kind: that is all they have room for. Whether there is a reparse point decides the
 *    type, and the type decides whether the entry has a body.
 * 2. The rows get their sources in the order of the backup stream (`place_rows()`), so that a
 *    reader that cannot go back meets the bodies as it needs them.
 * 3. Only then is it known whether the plain records and entries say it all (`is_plain()`). If not,
 *    the table itself goes along as a record (`add_table()`), which others ignore.
 */
#include "layer/tar/tar_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/list.h"
#include "layer/tar/xattr_record.h"

/* File types as they stand in a mode. */
#define MODE_DIRECTORY 0040000u
#define MODE_FILE 0100000u
#define MODE_LINK 0120000u

/* The most of a table that stands among the entry's other records, and in a header of its own. */
#define TABLE_WITH_OTHERS_MAX (700u * 1000)
#define TABLE_PIECE_MAX (999u * 1000)
#define TABLE_PIECES_MAX 3

/* What the planning needs beside the plan. */
typedef struct planning {
    wcl_tar_plan *plan;
    const wcl_entry *entry;
    wcl_stream_table *table;
    const wcl_spool *spool;
    const wcl_tar_plan_options *options;
    bool has_main; /* the entry's own body was given to a stream */
    bool as_link;
    unsigned own_bodies; /* entries named WCL.1 and on */
    /* Rows of the metadata that goes into records, or SIZE_MAX. */
    size_t security;
    size_t ea;
    size_t reparse;
} planning;

/* ---- Basics --------------------------------------------------------------------------------- */

wcl_status wcl_tar_plan_set_info(wcl_tar_header *header, wcl_pax_set *records,
                                 const wcl_entry *entry, wcl_error *error)
{
    const wcl_basic_info *info = &entry->info;
    char text[WCL_PAX_TIME_SIZE];

    header->format = WCL_TAR_FORMAT_PAX;
    header->has_modified = true;
    header->modified =
        entry->has_posix ? entry->modified : wcl_filetime_to_timespec(info->last_write_time);
    if (entry->has_posix) {
        header->mode = entry->mode;
        header->uid = entry->uid;
        header->gid = entry->gid;
        return WCL_OK;
    }
    header->has_accessed = true;
    header->accessed = wcl_filetime_to_timespec(info->last_access_time);
    header->has_changed = true;
    header->changed = wcl_filetime_to_timespec(info->change_time);
    snprintf(text, sizeof(text), "%" PRIu32, info->attributes);
    if (wcl_pax_set_add(records, WCL_PAX_ATTRIBUTES, "", text, strlen(text), error) != WCL_OK)
        return WCL_FAILED;
    wcl_pax_time_format(wcl_filetime_to_timespec(info->creation_time), text);
    return wcl_pax_set_add(records, WCL_PAX_CREATION_TIME, "", text, strlen(text), error);
}

static wcl_status read_row(const planning *state, size_t index, wcl_buffer *out, wcl_error *error)
{
    const wcl_stream_row *row = &state->table->rows[index];
    size_t before = out->size;

    if (wcl_buffer_append_zeros(out, (size_t)row->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_spool_read(state->spool, row->position, out->data + before, (size_t)row->size,
                          error);
}

static wcl_tar_body *add_body(wcl_tar_plan *plan, size_t first_row, wcl_error *error)
{
    if (WCL_LIST_RESERVE(plan->bodies, plan->body_count, plan->body_capacity, error) != WCL_OK)
        return NULL;
    wcl_tar_body *body = &plan->bodies[plan->body_count++];
    *body = (wcl_tar_body) { .first_row = first_row };
    return body;
}

/* ---- Metadata ------------------------------------------------------------------------------- */

static void choose_metadata(planning *state)
{
    const wcl_stream_table *table = state->table;

    state->security = state->ea = state->reparse = SIZE_MAX;
    for (size_t i = 0; i < table->count; i++) {
        const wcl_stream_row *row = &table->rows[i];
        bool is_security = row->id == WCL_BACKUP_SECURITY_DATA && row->size <= WCL_SD_MAX;
        bool is_ea = row->id == WCL_BACKUP_EA_DATA && row->size <= WCL_EA_MAX;
        bool is_reparse = row->id == WCL_BACKUP_REPARSE_DATA && row->size <= WCL_REPARSE_MAX;
        if (row->size == 0)
            continue;
        if (is_security && state->security == SIZE_MAX)
            state->security = i;
        if (is_ea && state->ea == SIZE_MAX)
            state->ea = i;
        if (is_reparse && state->reparse == SIZE_MAX)
            state->reparse = i;
    }
}

/* Whether the file has any data, so that its entry must be one that holds data. */
static bool has_data(const wcl_stream_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if ((table->rows[i].id == WCL_BACKUP_DATA && table->rows[i].size > 0) ||
            table->rows[i].id == WCL_BACKUP_SPARSE_BLOCK)
            return true;
    return false;
}

static wcl_status add_metadata(planning *state, wcl_error *error)
{
    wcl_pax_set *records = &state->plan->records;
    bool with_own = !state->options->plain_backuptar;
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;

    if (state->security != SIZE_MAX &&
        (read_row(state, state->security, &data, error) != WCL_OK ||
         wcl_pax_set_add_base64(records, WCL_PAX_SECURITY, "", data.data, data.size, error) !=
             WCL_OK))
        return WCL_FAILED;
    wcl_buffer_clear(&data);
    if (state->ea != SIZE_MAX && (read_row(state, state->ea, &data, error) != WCL_OK ||
                                  wcl_win_add_ea(records, &data, with_own, error) != WCL_OK))
        return WCL_FAILED;
    wcl_buffer_clear(&data);
    if (state->reparse == SIZE_MAX)
        return WCL_OK;
    if (read_row(state, state->reparse, &data, error) != WCL_OK ||
        wcl_win_add_reparse(records, &data, !has_data(state->table), with_own, &state->plan->link,
                            error) != WCL_OK)
        return WCL_FAILED;
    state->as_link = state->plan->link != NULL;
    return WCL_OK;
}

static wcl_status add_xattrs(planning *state, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    const wcl_entry *entry = state->entry;

    for (size_t i = 0; i < entry->xattr_count; i++) {
        const wcl_xattr *xattr = &entry->xattrs[i];
        wcl_buffer_clear(&name);
        if (wcl_xattr_record_escape(xattr->name, &name, error) != WCL_OK ||
            wcl_pax_set_add(&state->plan->records, "SCHILY.xattr.", wcl_buffer_text(&name),
                            xattr->value, xattr->size, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Streams -------------------------------------------------------------------------------- */

/* Takes the row and the sparse blocks that continue it into a body. */
static void take_rows(planning *state, wcl_tar_body *body, wcl_stream_source source)
{
    wcl_stream_table *table = state->table;
    wcl_stream_row *row = &table->rows[body->first_row];

    body->size = row->size;
    row->source = source;
    body->row_count = 1;
    while (body->first_row + body->row_count < table->count) {
        row = &table->rows[body->first_row + body->row_count];
        if (!wcl_stream_is_next_block(row, body->size))
            return;
        row->source = WCL_STREAM_BODY;
        body->size = row->offset + row->size;
        body->row_count++;
    }
}

static wcl_status name_body(planning *state, wcl_tar_body *body, const char *name, wcl_error *error)
{
    wcl_buffer *names = &state->plan->names;

    body->name = names->size;
    if (wcl_buffer_append_text(names, name, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(names, '\0', error);
}

/* Gives a stream that no other place fits an entry with a name of our own. */
static wcl_status take_own_body(planning *state, size_t index, bool with_blocks, wcl_error *error)
{
    char name[32];
    wcl_tar_body *body = add_body(state->plan, index, error);

    if (!body)
        return WCL_FAILED;
    body->is_own = true;
    if (with_blocks) {
        take_rows(state, body, WCL_STREAM_NEXT_BODY);
    } else {
        state->table->rows[index].source = WCL_STREAM_NEXT_BODY;
        body->size = state->table->rows[index].size;
        body->row_count = 1;
    }
    snprintf(name, sizeof(name), "WCL.%u", ++state->own_bodies);
    return name_body(state, body, name, error);
}

static wcl_status take_alternate(planning *state, size_t index, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer buffer = WCL_BUFFER_INIT;
    const wcl_stream_row *row = &state->table->rows[index];
    const char *name = wcl_stream_short_name(wcl_stream_name(state->table, row), &buffer, error);

    if (!name)
        return take_own_body(state, index, true, error);
    wcl_tar_body *body = add_body(state->plan, index, error);
    if (!body)
        return WCL_FAILED;
    take_rows(state, body, WCL_STREAM_NEXT_BODY);
    return name_body(state, body, name, error);
}

/*
 * The first unnamed data stream fills the entry's own body. Where the body of an alternate stream
 * comes before it in the backup stream, a reader that cannot go back needs the data once more, in
 * an entry of its own.
 */
static wcl_status take_data(planning *state, size_t index, wcl_error *error)
{
    wcl_tar_body *body = &state->plan->bodies[0];
    bool is_first = state->plan->body_count == 1;

    state->has_main = true;
    body->first_row = index;
    take_rows(state, body, WCL_STREAM_BODY);
    return is_first ? WCL_OK : take_own_body(state, index, true, error);
}

/* Whether a stream goes into the table itself. Data never does, since it may yet have to come. */
static bool is_inline(const planning *state, const wcl_stream_row *row)
{
    bool is_metadata = row->id == WCL_BACKUP_SECURITY_DATA || row->id == WCL_BACKUP_EA_DATA ||
                       row->id == WCL_BACKUP_REPARSE_DATA;
    size_t limit = is_metadata ? WCL_STREAM_INLINE_TOTAL_MAX : WCL_STREAM_INLINE_MAX;

    if (row->id == WCL_BACKUP_DATA)
        return row->size == 0;
    return row->size <= limit && row->size <= WCL_STREAM_INLINE_TOTAL_MAX - state->table->data.size;
}

static wcl_status take_other(planning *state, size_t index, wcl_error *error)
{
    wcl_stream_table *table = state->table;
    wcl_stream_row *row = &table->rows[index];
    size_t position = table->data.size;

    if (!is_inline(state, row))
        return take_own_body(state, index, false, error);
    if (read_row(state, index, &table->data, error) != WCL_OK)
        return WCL_FAILED;
    row->source = WCL_STREAM_INLINE;
    row->position = position;
    return WCL_OK;
}

static wcl_status place_rows(planning *state, wcl_error *error)
{
    wcl_stream_table *table = state->table;
    bool holds_data = state->plan->header.type == '0';

    wcl_buffer_clear(&table->data);
    if (!add_body(state->plan, 0, error))
        return WCL_FAILED;
    for (size_t i = 0; i < table->count;) {
        wcl_stream_row *row = &table->rows[i];
        size_t bodies = state->plan->body_count;
        size_t taken = 1;
        wcl_status status = WCL_OK;
        if (i == state->security)
            row->source = WCL_STREAM_SECURITY;
        else if (i == state->ea)
            row->source = WCL_STREAM_EA;
        else if (i == state->reparse)
            row->source = WCL_STREAM_REPARSE;
        else if (row->id == WCL_BACKUP_DATA && holds_data && !state->has_main) {
            status = take_data(state, i, error);
            taken = state->plan->bodies[0].row_count;
        } else if (row->id == WCL_BACKUP_ALTERNATE_DATA)
            status = take_alternate(state, i, error);
        else
            status = take_other(state, i, error);
        if (status != WCL_OK)
            return WCL_FAILED;
        if (state->plan->body_count > bodies)
            taken = state->plan->bodies[bodies].row_count;
        i += taken;
    }
    return WCL_OK;
}

/* Whether reading the plain records and entries gives the row's stream again. */
static bool is_plain_row(const planning *state, const wcl_stream_row *row)
{
    if (row->attributes != 0 || row->source == WCL_STREAM_INLINE)
        return false;
    if (row->id == WCL_BACKUP_DATA)
        return row->source == WCL_STREAM_BODY;
    return row->id != WCL_BACKUP_ALTERNATE_DATA ||
           wcl_stream_is_plain_name(wcl_stream_name(state->table, row));
}

static bool is_plain(const planning *state)
{
    const wcl_stream_table *table = state->table;
    bool holds_data = state->plan->header.type == '0';

    if (table->count == 0 && state->entry->has_posix)
        return true;
    if (table->shape.out_of_order || holds_data != state->has_main)
        return false;
    for (size_t i = 0; i < table->count; i++)
        if (!is_plain_row(state, &table->rows[i]))
            return false;
    return true;
}

/* ---- The table in records ------------------------------------------------------------------- */

static wcl_status add_piece(wcl_tar_plan *plan, size_t start, size_t size, wcl_error *error)
{
    wcl_pax_record record = { .key = WCL_PAX_STREAMS,
                              .key_size = strlen(WCL_PAX_STREAMS),
                              .value = (const char *)plan->table_text.data + start,
                              .value_size = size };
    return wcl_pax_records_add(&plan->early, &record, error);
}

/*
 * Whether the table need not list all: of an entry in order, not the plain alternate streams behind
 * the first stream with a body. Such a table is known before they are, and the tar is the same
 * whether they were or not.
 */
static bool can_be_open(const planning *state, size_t *listed)
{
    const wcl_stream_table *table = state->table;
    size_t first = 0;

    while (first < table->count && table->rows[first].id != WCL_BACKUP_DATA &&
           table->rows[first].id != WCL_BACKUP_ALTERNATE_DATA)
        first++;
    if (first == table->count || table->shape.out_of_order)
        return false;
    for (size_t i = first + 1; i < table->count; i++)
        if (!is_plain_row(state, &table->rows[i]))
            return false;
    *listed = first + 1;
    return true;
}

static wcl_status encode_table(const planning *state, wcl_buffer *out, wcl_error *error)
{
    wcl_stream_table listed = *state->table;

    listed.is_open = can_be_open(state, &listed.count);
    return wcl_stream_table_encode(&listed, out, error);
}

/*
 * One extended header cannot hold the table of a file of a hundred thousand ranges and more.
 * Several may stand in front of an entry, and who does not know the record heeds the last one only
 * (libarchive does with a warning).
 */
static wcl_status add_table(planning *state, wcl_error *error)
{
    wcl_tar_plan *plan = state->plan;
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;

    if (encode_table(state, &data, error) != WCL_OK ||
        wcl_base64_encode(data.data, data.size, &plan->table_text, error) != WCL_OK)
        return WCL_FAILED;
    size_t size = plan->table_text.size;
    if (size <= TABLE_WITH_OTHERS_MAX)
        return wcl_pax_set_add(&plan->records, WCL_PAX_STREAMS, "", plan->table_text.data, size,
                               error);
    if (size > TABLE_PIECE_MAX * TABLE_PIECES_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the entry has %zu streams and sparse blocks, more than a tar can list",
                        state->table->count);
    for (size_t start = 0; start < size; start += TABLE_PIECE_MAX)
        if (add_piece(plan, start, size - start < TABLE_PIECE_MAX ? size - start : TABLE_PIECE_MAX,
                      error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* Leaves out what backuptar would not write: streams in entries of our own. */
static void drop_own_bodies(wcl_tar_plan *plan)
{
    size_t kept = 1;

    for (size_t i = 1; i < plan->body_count; i++)
        if (!plan->bodies[i].is_own)
            plan->bodies[kept++] = plan->bodies[i];
    plan->body_count = kept;
}

/* ---- The whole ------------------------------------------------------------------------------ */

/* Windows tells folders by an attribute, which links to folders have as well. */
static bool is_folder(const wcl_entry *entry)
{
    return entry->kind == WCL_ENTRY_DIRECTORY ||
           (!entry->has_posix && (entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY));
}

static char type_of(const planning *state)
{
    if (state->as_link)
        return '2';
    if (is_folder(state->entry))
        return '5';
    switch (state->entry->kind) {
    case WCL_ENTRY_SYMLINK:
        return '2';
    case WCL_ENTRY_CHARACTER_DEVICE:
        return '3';
    case WCL_ENTRY_BLOCK_DEVICE:
        return '4';
    case WCL_ENTRY_FIFO:
        return '6';
    default:
        return '0';
    }
}

static uint32_t windows_mode(const planning *state)
{
    uint32_t mode = is_folder(state->entry) ? MODE_DIRECTORY : 0;

    for (size_t i = 0; i < state->table->count; i++)
        if (state->table->rows[i].id == WCL_BACKUP_DATA)
            mode |= MODE_FILE;
    return state->as_link ? mode | MODE_LINK : mode;
}

static void clear_plan(wcl_tar_plan *plan)
{
    wcl_pax_set_clear(&plan->records);
    plan->early.count = 0;
    free(plan->link);
    plan->link = NULL;
    wcl_buffer_clear(&plan->name);
    wcl_buffer_clear(&plan->table_text);
    wcl_buffer_clear(&plan->names);
    plan->body_count = 0;
    plan->header = (wcl_tar_header) { 0 };
}

static wcl_status complete_header(planning *state, wcl_error *error)
{
    wcl_tar_plan *plan = state->plan;
    const wcl_entry *entry = state->entry;
    bool wants_slash = entry->has_posix && entry->kind == WCL_ENTRY_DIRECTORY;

    if (wcl_tar_plan_set_info(&plan->header, &plan->records, entry, error) != WCL_OK ||
        wcl_buffer_append_text(&plan->name, entry->path, error) != WCL_OK ||
        (wants_slash && wcl_buffer_append_byte(&plan->name, '/', error) != WCL_OK))
        return WCL_FAILED;
    plan->header.name = wcl_buffer_text(&plan->name);
    plan->header.link = entry->kind == WCL_ENTRY_SYMLINK ? entry->target : plan->link;
    plan->header.size = plan->header.type == '0' ? plan->bodies[0].size : 0;
    if (entry->kind == WCL_ENTRY_CHARACTER_DEVICE || entry->kind == WCL_ENTRY_BLOCK_DEVICE) {
        plan->header.device_major = entry->device_major;
        plan->header.device_minor = entry->device_minor;
    }
    if (entry->has_posix)
        return add_xattrs(state, error);
    plan->header.mode = windows_mode(state);
    return WCL_OK;
}

wcl_status wcl_tar_plan_make(wcl_tar_plan *plan, const wcl_entry *entry, wcl_stream_table *table,
                             const wcl_spool *spool, const wcl_tar_plan_options *options,
                             wcl_error *error)
{
    planning state = {
        .plan = plan, .entry = entry, .table = table, .spool = spool, .options = options
    };

    clear_plan(plan);
    choose_metadata(&state);
    if (add_metadata(&state, error) != WCL_OK)
        return WCL_FAILED;
    plan->header.type = type_of(&state);
    if (place_rows(&state, error) != WCL_OK || complete_header(&state, error) != WCL_OK)
        return WCL_FAILED;
    if (options->plain_backuptar)
        drop_own_bodies(plan);
    else if (!is_plain(&state) && add_table(&state, error) != WCL_OK)
        return WCL_FAILED;
    plan->header.records = plan->records.records.items;
    plan->header.record_count = plan->records.records.count;
    return WCL_OK;
}

wcl_status wcl_tar_plan_append_headers(const wcl_tar_plan *plan, wcl_buffer *out, wcl_error *error)
{
    for (size_t i = 0; i < plan->early.count; i++)
        if (wcl_tar_extension_append(plan->header.name, &plan->early.items[i], 1, out, error) !=
            WCL_OK)
            return WCL_FAILED;
    return wcl_tar_header_append(&plan->header, out, error);
}

wcl_status wcl_tar_plan_append_alternate(const wcl_tar_plan *plan, const char *name, uint64_t size,
                                         wcl_buffer *out, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer full = WCL_BUFFER_INIT;
    const wcl_buffer *file = &plan->name;
    wcl_tar_header header = plan->header;
    size_t length = file->size;

    if (length > 0 && file->data[length - 1] == '/')
        length--;
    if (wcl_buffer_append(&full, file->data, length, error) != WCL_OK ||
        wcl_buffer_append_byte(&full, ':', error) != WCL_OK ||
        wcl_buffer_append_text(&full, name, error) != WCL_OK)
        return WCL_FAILED;
    header.type = '0';
    header.name = wcl_buffer_text(&full);
    header.link = NULL;
    header.size = size;
    header.device_major = 0;
    header.device_minor = 0;
    header.records = NULL;
    header.record_count = 0;
    return wcl_tar_header_append(&header, out, error);
}

void wcl_tar_plan_free(wcl_tar_plan *plan)
{
    wcl_pax_set_free(&plan->records);
    wcl_pax_records_free(&plan->early);
    free(plan->link);
    wcl_buffer_free(&plan->name);
    wcl_buffer_free(&plan->table_text);
    wcl_buffer_free(&plan->names);
    free(plan->bodies);
    *plan = (wcl_tar_plan) { 0 };
}
