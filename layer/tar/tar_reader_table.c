/* Which streams the entry of a tar has: by WCL.streams, or else by what the entry is. */
#include "layer/tar/tar_reader.h"

#include "base/base64.h"
#include "base/error.h"

/* Adds a stream whose bytes are already at hand. */
static wcl_status add_inline(wcl_stream_table *table, uint32_t id, const wcl_buffer *data,
                             wcl_error *error)
{
    wcl_backup_header header = { .id = id, .size = data->size };

    if (data->size == 0)
        return WCL_OK;
    wcl_stream_row *row = wcl_stream_table_add(table, &header, error);
    if (!row)
        return WCL_FAILED;
    row->source = WCL_STREAM_INLINE;
    row->position = table->data.size;
    return wcl_buffer_append(&table->data, data->data, data->size, error);
}

static wcl_status add_body(wcl_stream_table *table, const wcl_backup_header *header,
                           wcl_error *error)
{
    wcl_stream_row *row = wcl_stream_table_add(table, header, error);

    if (!row)
        return WCL_FAILED;
    row->source = WCL_STREAM_BODY;
    return WCL_OK;
}

/* The data of a file, in the shape that BackupRead gives a sparse file where the tar has holes. */
static wcl_status tar_reader_table_add_data(wcl_stream_table *table, const wcl_tar_entry *tar,
                                            wcl_error *error)
{
    wcl_backup_header data = { .id = WCL_BACKUP_DATA, .size = tar->size };

    if (tar->type != WCL_TAR_FILE)
        return WCL_OK;
    if (!tar->is_sparse)
        return add_body(table, &data, error);
    data.size = 0;
    data.attributes = WCL_STREAM_SPARSE;
    if (add_body(table, &data, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i <= tar->segment_count; i++) {
        bool is_last = i == tar->segment_count;
        wcl_backup_header block = { .id = WCL_BACKUP_SPARSE_BLOCK,
                                    .attributes = WCL_STREAM_SPARSE,
                                    .size = is_last ? 0 : tar->segments[i].size,
                                    .offset = is_last ? tar->size : tar->segments[i].offset };
        if (add_body(table, &block, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Reads WCL.streams, which may be spread over several records. */
static wcl_status read_table(wcl_tar_reader *reader, wcl_error *error)
{
    const wcl_pax_records *records = reader->tar_entry->records;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
    size_t key_size = strlen(WCL_PAX_STREAMS);

    for (size_t i = 0; i < records->count; i++) {
        const wcl_pax_record *record = &records->items[i];
        if (!record->is_global && record->key_size == key_size &&
            memcmp(record->key, WCL_PAX_STREAMS, key_size) == 0 &&
            wcl_buffer_append(&text, record->value, record->value_size, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (wcl_base64_decode(wcl_buffer_text(&text), text.size, &data, error) != WCL_OK)
        return wcl_error_context(error, NULL, "the pax record " WCL_PAX_STREAMS);
    return wcl_stream_table_decode(&reader->table, data.data, data.size, error);
}

/* Gives a row the bytes of the metadata that it names. */
static wcl_status resolve_row(wcl_tar_reader *reader, wcl_stream_row *row, wcl_error *error)
{
    const wcl_win_metadata *metadata = &reader->metadata;
    const wcl_buffer *data = &metadata->security;

    if (row->source == WCL_STREAM_INLINE || row->source >= WCL_STREAM_BODY)
        return WCL_OK;
    if (row->source == WCL_STREAM_EA)
        data = &metadata->ea;
    else if (row->source == WCL_STREAM_REPARSE)
        data = &metadata->reparse;
    row->source = WCL_STREAM_INLINE;
    row->size = data->size;
    row->position = reader->table.data.size;
    return wcl_buffer_append(&reader->table.data, data->data, data->size, error);
}

/* Makes the table of the entry's streams, from WCL.streams or from the plain records. */
static wcl_status make_table(wcl_tar_reader *reader, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;
    wcl_stream_table *table = &reader->table;

    reader->has_table = wcl_pax_records_find(tar->records, WCL_PAX_STREAMS) != NULL;
    wcl_stream_table_clear(table);
    if (!reader->has_table) {
        reader->is_taking = reader->os == WCL_OS_WINDOWS;
        if (add_inline(table, WCL_BACKUP_SECURITY_DATA, &reader->metadata.security, error) !=
                WCL_OK ||
            add_inline(table, WCL_BACKUP_EA_DATA, &reader->metadata.ea, error) != WCL_OK ||
            add_inline(table, WCL_BACKUP_REPARSE_DATA, &reader->metadata.reparse, error) != WCL_OK)
            return WCL_FAILED;
        return tar_reader_table_add_data(table, tar, error);
    }
    if (read_table(reader, error) != WCL_OK)
        return WCL_FAILED;
    reader->is_taking = table->is_open;
    for (size_t i = 0; i < table->count; i++)
        if (resolve_row(reader, &table->rows[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* The size of the file: its unnamed data stream, or all that its entry holds where that has holes.
 */
static uint64_t data_size(const wcl_tar_reader *reader, bool is_in_order)
{
    const wcl_stream_table *table = &reader->table;

    if (!is_in_order && reader->tar_entry->type == WCL_TAR_FILE)
        return reader->tar_entry->size;
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].id == WCL_BACKUP_DATA)
            return table->rows[i].size;
    return 0;
}

wcl_status wcl_tar_reader_make_streams(wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    if (make_table(reader, error) != WCL_OK)
        return WCL_FAILED;
    bool is_in_order = !reader->table.shape.out_of_order;
    if (is_in_order)
        entry->flags |= WCL_ENTRY_IN_ORDER;
    entry->size = data_size(reader, is_in_order);
    wcl_tar_reader_begin_stream(reader);
    return WCL_OK;
}
