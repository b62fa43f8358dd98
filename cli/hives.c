/* Finding the hives of a layer and of those that it stands on. */
#include "cli/hives.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "cli/describe.h"

/* Of the largest hive that is read, and of each of its logs: they are read into memory. */
#define HIVE_SIZE_MAX ((uint64_t)1024 * 1024 * 1024)
/* Of the holes of such a file in all: what a layer merely says takes memory as well. */
#define HIVE_HOLES_MAX ((uint64_t)64 * 1024 * 1024)

const hive_place hive_places[HIVE_PLACES] = {
    { "HKLM\\SAM", "HKEY_LOCAL_MACHINE\\SAM", "Sam" },
    { "HKLM\\SECURITY", "HKEY_LOCAL_MACHINE\\SECURITY", "Security" },
    { "HKLM\\SOFTWARE", "HKEY_LOCAL_MACHINE\\SOFTWARE", "Software" },
    { "HKLM\\SYSTEM", "HKEY_LOCAL_MACHINE\\SYSTEM", "System" },
    { "HKU\\.DEFAULT", "HKEY_USERS\\.DEFAULT", "DefaultUser" },
};

/* What is looked for, and what one layer has of it. */
typedef struct hive_search {
    cli *cli;
    const char *layer;
    unsigned wanted;
    hive_reading reading;
    hive_chain *chains;
    layer_hive deltas[HIVE_PLACES], bases[HIVE_PLACES];
} hive_search;

static void layer_hive_free(layer_hive *hive)
{
    wcl_hive_free(hive->hive);
    wcl_buffer_free(&hive->bytes);
    wcl_buffer_free(&hive->logs[0]);
    wcl_buffer_free(&hive->logs[1]);
    free(hive->layer);
    *hive = (layer_hive) { .hive = NULL };
}

void hives_free(hive_chain chains[HIVE_PLACES])
{
    for (size_t i = 0; i < HIVE_PLACES; i++) {
        for (size_t j = 0; j < chains[i].count; j++)
            layer_hive_free(&chains[i].hives[j]);
        free(chains[i].hives);
        chains[i] = (hive_chain) { .hives = NULL };
    }
}

/* ---- One file -------------------------------------------------------------------------------- */

/* Goes to where a block of a sparse file begins. */
static wcl_status skip_hole(uint64_t offset, wcl_buffer *bytes, uint64_t *holes, wcl_error *error)
{
    if (offset < bytes->size)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "its pieces are not in order");
    *holes += offset - bytes->size;
    if (*holes > HIVE_HOLES_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "it has holes of more than 64 MiB");
    return wcl_buffer_append_zeros(bytes, (size_t)(offset - bytes->size), error);
}

static wcl_status take_data(wcl_backup_reader *backup, wcl_buffer *bytes, wcl_error *error)
{
    uint8_t piece[65536];
    size_t got = 1;
    wcl_status status = WCL_OK;

    while (status == WCL_OK && got) {
        status = cli_interrupted()
                     ? WCL_FAILED
                     : wcl_backup_reader_read(backup, piece, sizeof(piece), &got, error);
        if (status == WCL_OK && bytes->size + got > HIVE_SIZE_MAX)
            status = wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "it has more than 1 GiB");
        if (status == WCL_OK)
            status = wcl_buffer_append(bytes, piece, got, error);
    }
    return status;
}

/* The contents of the file that the reader is at. */
static wcl_status take_file(wcl_layer_reader *reader, wcl_buffer *bytes, wcl_error *error)
{
    wcl_backup_reader *backup = NULL;
    wcl_backup_header header;
    uint64_t holes = 0;

    wcl_buffer_clear(bytes);
    wcl_status status = wcl_backup_reader_new(cli_read_entry, reader, &backup, error);
    while (status == WCL_OK &&
           (status = wcl_backup_reader_next(backup, &header, error)) == WCL_OK) {
        if (header.id == WCL_BACKUP_SPARSE_BLOCK)
            status = skip_hole(header.offset, bytes, &holes, error);
        if (status == WCL_OK &&
            (header.id == WCL_BACKUP_DATA || header.id == WCL_BACKUP_SPARSE_BLOCK))
            status = take_data(backup, bytes, error);
    }
    wcl_backup_reader_free(backup);
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

/* ---- One layer ------------------------------------------------------------------------------- */

/* Which buffer the file belongs into, and which hive it is a part of; NULL: none. */
static wcl_buffer *buffer_of(hive_search *search, const char *path, layer_hive **hive)
{
    static const char *const ends[] = { "", ".LOG1", ".LOG2" };

    for (size_t i = 0; i < HIVE_PLACES; i++) {
        if (!(search->wanted & 1u << i))
            continue;
        for (size_t j = 0; j < 2 * sizeof(ends) / sizeof(ends[0]); j++) {
            char name[64];
            snprintf(name, sizeof(name), "Hives/%s_%s%s", hive_places[i].name,
                     j % 2 ? "Base" : "Delta", ends[j / 2]);
            if (wcl_name_compare(path, name) != 0)
                continue;
            *hive = j % 2 ? &search->bases[i] : &search->deltas[i];
            return j < 2 ? &(*hive)->bytes : &(*hive)->logs[j / 2 - 1];
        }
    }
    return NULL;
}

static wcl_status search_entry(hive_search *search, wcl_layer_reader *reader,
                               const wcl_entry *entry, wcl_error *error)
{
    layer_hive *hive;
    wcl_buffer *bytes =
        entry->kind == WCL_ENTRY_FILE ? buffer_of(search, entry->path, &hive) : NULL;

    if (!bytes)
        return WCL_OK;
    if (bytes == &hive->bytes && !hive->layer && !(hive->layer = strdup(search->layer)))
        return wcl_fail_memory(error);
    if (search->reading == HIVES_FOUND || take_file(reader, bytes, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, entry->path);
}

/* Opens what was found and puts it behind what nearer layers have. */
static wcl_status keep(hive_search *search, size_t place, layer_hive *found, bool is_base,
                       wcl_error *error)
{
    hive_chain *chain = &search->chains[place];
    wcl_hive_options options = WCL_HIVE_OPTIONS_INIT;
    const wcl_hive_input input = { .data = found->bytes.data, .size = found->bytes.size };

    if (!found->layer || chain->has_base)
        return WCL_OK;
    for (size_t i = 0; i < 2; i++)
        options.logs[i] =
            (wcl_hive_input) { .data = found->logs[i].data, .size = found->logs[i].size };
    options.hooks = &search->cli->hooks;
    options.max_size = HIVE_SIZE_MAX;
    if (search->reading == HIVES_OPENED &&
        wcl_hive_open(&input, &options, &found->hive, error) != WCL_OK)
        return wcl_error_context(error, NULL, hive_places[place].path);
    if (WCL_LIST_RESERVE(chain->hives, chain->count, chain->capacity, error) != WCL_OK)
        return WCL_FAILED;
    chain->hives[chain->count++] = *found;
    chain->has_base = is_base;
    *found = (layer_hive) { .hive = NULL };
    return WCL_OK;
}

static wcl_status search_reader(hive_search *search, wcl_layer_reader *reader, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK)
        if (cli_interrupted() || search_entry(search, reader, &entry, error) != WCL_OK)
            return WCL_FAILED;
    if (status != WCL_END)
        return WCL_FAILED;
    for (size_t i = 0; i < HIVE_PLACES; i++)
        if (keep(search, i, &search->deltas[i], false, error) != WCL_OK ||
            keep(search, i, &search->bases[i], true, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

static wcl_status search_layer(hive_search *search, const char *layer)
{
    wcl_error *error = &search->cli->error;
    wcl_layer_reader *reader = NULL;

    search->layer = layer;
    if (cli_open_layer(search->cli, layer, NULL, &reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = search_reader(search, reader, error);
    wcl_layer_reader_close(reader, NULL);
    for (size_t i = 0; i < HIVE_PLACES; i++) {
        layer_hive_free(&search->deltas[i]);
        layer_hive_free(&search->bases[i]);
    }
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, layer);
}

/* ---- The chain ------------------------------------------------------------------------------- */

static bool is_complete(const hive_search *search)
{
    for (size_t i = 0; i < HIVE_PLACES; i++)
        if (search->wanted & 1u << i && !search->chains[i].has_base)
            return false;
    return true;
}

static wcl_status search_chain(hive_search *search, const char *id)
{
    wcl_driver driver = cli_driver(search->cli);
    wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&driver, id, &info, &search->cli->error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = search_layer(search, id);
    for (size_t i = 0; i < info->parent_count && status == WCL_OK && !is_complete(search); i++)
        status = search_layer(search, info->parents[i]);
    wcl_free(info);
    return status;
}

wcl_status hives_load(cli *cli, const char *layer, unsigned wanted, hive_reading reading,
                      bool *is_alone, hive_chain chains[HIVE_PLACES])
{
    hive_search search = { .cli = cli, .wanted = wanted, .reading = reading, .chains = chains };

    for (size_t i = 0; i < HIVE_PLACES; i++)
        chains[i] = (hive_chain) { .hives = NULL };
    if (!cli_is_stored(cli, layer))
        *is_alone = true;
    if (*is_alone)
        return search_layer(&search, layer);
    char *id = cli_layer_id(cli, layer, &cli->error);
    wcl_status status = id ? search_chain(&search, id) : WCL_FAILED;
    free(id);
    return status;
}
