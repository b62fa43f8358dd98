/* Logs, which bring a hive up to date that was not written to its end. */
#include <stdlib.h>
#include <string.h>

#include "hive/hive_internal.h"
#include "hive/marvin.h"

#define LOG_TYPE_NEW 6u
#define ENTRY_HEADER 40u
/* By how much logs may let their hive grow: for each of their bytes, and at least. The pages of
 * what is new are in them. */
#define GROWTH_FOR_BYTE 16u
#define GROWTH_LEAST ((uint64_t)16 * 1024 * 1024)

typedef struct replaying {
    uint8_t **file;
    uint64_t *size;
    uint64_t max_size; /* that the hive may have afterwards */
    wcl_hive_info *info;
    wcl_error *error;
} replaying;

uint32_t wcl_hive_checksum(const uint8_t *base)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < REGF_CHECKSUM; i += 4)
        sum ^= wcl_load_le32(base + i);
    return sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
}

static bool is_log(const wcl_buffer *log, uint32_t *type)
{
    if (log->size < REGF_SECTOR || wcl_load_le32(log->data) != REGF_MAGIC ||
        wcl_hive_checksum(log->data) != wcl_load_le32(log->data + REGF_CHECKSUM))
        return false;
    *type = wcl_load_le32(log->data + REGF_TYPE);
    return true;
}

static wcl_status grow(const replaying *replay, uint64_t bins_size)
{
    uint64_t wanted = REGF_BASE_SIZE + bins_size;

    if (bins_size % REGF_BIN_ALIGN || wanted > replay->max_size)
        return wcl_fail(replay->error, WCL_CODE_CORRUPT,
                        "its log says that it has %llu bytes, which it cannot have grown to",
                        (unsigned long long)bins_size);
    if (wanted <= *replay->size)
        return WCL_OK;
    uint8_t *grown = realloc(*replay->file, (size_t)wanted);
    if (!grown)
        return wcl_fail_memory(replay->error);
    memset(grown + *replay->size, 0, (size_t)(wanted - *replay->size));
    *replay->file = grown;
    *replay->size = wanted;
    return WCL_OK;
}

static bool put(const replaying *replay, uint64_t offset, wcl_cursor *from, uint64_t size)
{
    uint64_t end = REGF_BASE_SIZE + offset;
    const uint8_t *data = wcl_cursor_take(from, size);

    if (!data || end > *replay->size || size > *replay->size - end)
        return false;
    memcpy(*replay->file + REGF_BASE_SIZE + offset, data, (size_t)size);
    return true;
}

static wcl_status fail_log(const replaying *replay)
{
    return wcl_fail(replay->error, WCL_CODE_CORRUPT,
                    "its log has pages which do not lie in the hive");
}

/* ---- The old format ------------------------------------------------------------------------- */

static wcl_status replay_old(const replaying *replay, const wcl_buffer *log)
{
    wcl_cursor cursor = wcl_cursor_over(log->data, log->size);
    uint64_t bins_size = wcl_load_le32(log->data + REGF_BINS_SIZE);

    wcl_cursor_seek(&cursor, REGF_SECTOR);
    const uint8_t *mark = wcl_cursor_take(&cursor, 4);
    const uint8_t *bitmap = wcl_cursor_take(&cursor, bins_size / REGF_BIN_ALIGN);
    if (!mark || !bitmap || memcmp(mark, "DIRT", 4) != 0)
        return fail_log(replay);
    wcl_cursor_seek(&cursor, (cursor.position + REGF_SECTOR - 1) & ~(size_t)(REGF_SECTOR - 1));
    if (grow(replay, bins_size) != WCL_OK)
        return WCL_FAILED;
    for (uint64_t page = 0; page < bins_size / REGF_SECTOR; page++)
        if (bitmap[page / 8] & 1u << page % 8 &&
            !put(replay, page * REGF_SECTOR, &cursor, REGF_SECTOR))
            return fail_log(replay);
    memcpy(*replay->file, log->data, REGF_SECTOR);
    wcl_store_le32(*replay->file + REGF_TYPE, 0);
    wcl_store_le32(*replay->file + REGF_CHECKSUM, wcl_hive_checksum(*replay->file));
    replay->info->log_entries = 1;
    return WCL_OK;
}

/* ---- The new format ------------------------------------------------------------------------- */

/* The entry that begins at a position; its size is 0 where none does. */
typedef struct log_entry {
    const uint8_t *data;
    uint32_t size, sequence, bins_size, page_count;
} log_entry;

static log_entry entry_at(const wcl_buffer *log, size_t position)
{
    const log_entry none = { .size = 0 };

    if (position > log->size || log->size - position < ENTRY_HEADER)
        return none;
    const uint8_t *data = log->data + position;
    log_entry entry = { data, wcl_load_le32(data + 4), wcl_load_le32(data + 12),
                        wcl_load_le32(data + 16), wcl_load_le32(data + 20) };
    if (memcmp(data, "HvLE", 4) != 0 || entry.size < ENTRY_HEADER || entry.size % REGF_SECTOR ||
        entry.size > log->size - position ||
        wcl_marvin32(WCL_MARVIN_LOG_SEED, data + ENTRY_HEADER, entry.size - ENTRY_HEADER) !=
            wcl_load_le64(data + 24) ||
        wcl_marvin32(WCL_MARVIN_LOG_SEED, data, 32) != wcl_load_le64(data + 32))
        return none;
    return entry;
}

static wcl_status replay_entry(const replaying *replay, const log_entry *entry)
{
    wcl_cursor references = wcl_cursor_over(entry->data, entry->size);
    wcl_cursor pages = references;

    if (grow(replay, entry->bins_size) != WCL_OK)
        return WCL_FAILED;
    wcl_cursor_seek(&references, ENTRY_HEADER);
    wcl_cursor_seek(&pages, ENTRY_HEADER + (uint64_t)entry->page_count * 8);
    for (uint32_t i = 0; i < entry->page_count; i++) {
        uint32_t offset = wcl_cursor_le32(&references);
        uint32_t size = wcl_cursor_le32(&references);
        if (references.failed || !put(replay, offset, &pages, size))
            return fail_log(replay);
    }
    uint8_t *base = *replay->file;
    wcl_store_le32(base + REGF_BINS_SIZE, entry->bins_size);
    wcl_store_le32(base + REGF_SEQUENCE_1, entry->sequence + 1);
    wcl_store_le32(base + REGF_SEQUENCE_2, entry->sequence + 1);
    replay->info->log_entries++;
    return WCL_OK;
}

/* The entries of one log which continue those that were replayed. */
static wcl_status replay_new(const replaying *replay, const wcl_buffer *log, uint32_t *sequence)
{
    size_t position = REGF_SECTOR;

    for (log_entry entry; (entry = entry_at(log, position)).size; position += entry.size) {
        if (entry.sequence < *sequence)
            continue;
        if (entry.sequence > *sequence && replay->info->log_entries)
            return WCL_OK;
        if (replay_entry(replay, &entry) != WCL_OK)
            return WCL_FAILED;
        *sequence = entry.sequence + 1;
    }
    return WCL_OK;
}

static uint32_t first_sequence(const wcl_buffer *log)
{
    log_entry entry = entry_at(log, REGF_SECTOR);

    return entry.size ? entry.sequence : UINT32_MAX;
}

wcl_status wcl_hive_replay(uint8_t **file, uint64_t *size, const wcl_buffer logs[2],
                           uint64_t max_size, wcl_hive_info *info, wcl_error *error)
{
    uint64_t growth = ((uint64_t)logs[0].size + logs[1].size) * GROWTH_FOR_BYTE;
    uint64_t most = *size + (growth > GROWTH_LEAST ? growth : GROWTH_LEAST);
    const replaying replay = { file, size, most < max_size ? most : max_size, info, error };
    uint32_t type[2] = { 0, 0 }, sequence = wcl_load_le32(*file + REGF_SEQUENCE_2);
    bool is_valid[2] = { is_log(&logs[0], &type[0]), is_log(&logs[1], &type[1]) };
    bool is_whole = wcl_hive_checksum(*file) == wcl_load_le32(*file + REGF_CHECKSUM);

    for (int i = 0; i < 2; i++)
        if (is_valid[i] && type[i] <= 2 &&
            (!is_whole || wcl_load_le32(logs[i].data + REGF_SEQUENCE_1) ==
                              wcl_load_le32(*file + REGF_SEQUENCE_1)))
            return replay_old(&replay, &logs[i]);
    if (!is_whole && (is_valid[0] || is_valid[1])) {
        memcpy(*file, logs[is_valid[0] ? 0 : 1].data, REGF_SECTOR);
        wcl_store_le32(*file + REGF_TYPE, 0);
        sequence = wcl_load_le32(*file + REGF_SEQUENCE_2);
    }
    int first = first_sequence(&logs[1]) < first_sequence(&logs[0]) ? 1 : 0;
    for (int i = 0; i < 2; i++) {
        int which = i ? 1 - first : first;
        if (is_valid[which] && type[which] == LOG_TYPE_NEW &&
            replay_new(&replay, &logs[which], &sequence) != WCL_OK)
            return WCL_FAILED;
    }
    wcl_store_le32(*file + REGF_CHECKSUM, wcl_hive_checksum(*file));
    return WCL_OK;
}
