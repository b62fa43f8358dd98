/*
 * Settling the table of a tar's entries: of several with one path what is left in the end, and of
 * the names of one file the first is the file. A hard link is a name of what was in place when it
 * was made, also where that is replaced later, as it is for whoever unpacks the tar.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/append/source.h"
#include "image/append/tar_table.h"

#define NOT_KNOWN SIZE_MAX
#define NO_FILE (SIZE_MAX - 1)

/* What is found out of each row; rows of one path stand beside each other, in the tar's order. */
typedef struct settling {
    wcl_tar_table *table;
    size_t *places;  /* where the row of that number in the tar stands */
    size_t *present; /* which row of the path is in place once this one is unpacked */
    size_t *ends;    /* the last row of the path */
    size_t *files;   /* which row is the file that this one is a name of */
    size_t *firsts;  /* of a file: the first name that is left, by its place in the settled table */
} settling;

static const char *path_of(const settling *settling, size_t row)
{
    return wcl_tar_table_text(settling->table, settling->table->rows[row].path);
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const wcl_tar_table *table = context;
    const wcl_tar_row *first = a;
    const wcl_tar_row *second = b;
    int order = wcl_append_path_compare(wcl_tar_table_text(table, first->path),
                                        wcl_tar_table_text(table, second->path));
    return order ? order : (first->order > second->order) - (first->order < second->order);
}

/* ---- What is in place ----------------------------------------------------------------------- */

/* Whether a row, coming behind another of its path, takes its place: an implied folder adds nothing
 * to a listed one, and a whiteout clears what the image had, not with the tar's own. */
static bool replaces(const wcl_tar_row *row, const wcl_tar_row *last)
{
    if (row->kind == WCL_ENTRY_DELETED)
        return false;
    return !row->is_implicit || last->kind != WCL_ENTRY_DIRECTORY;
}

static void find_present(settling *settling)
{
    const wcl_tar_row *rows = settling->table->rows;
    const size_t count = settling->table->count;

    for (size_t i = 0; i < count; i++) {
        const bool is_first = i == 0 || strcmp(path_of(settling, i - 1), path_of(settling, i)) != 0;
        const size_t last = is_first ? i : settling->present[i - 1];
        settling->present[i] = is_first || replaces(&rows[i], &rows[last]) ? i : last;
        settling->places[rows[i].order] = i;
        settling->files[i] = settling->firsts[i] = NOT_KNOWN;
    }
    for (size_t i = count; i-- > 0;) {
        const bool is_last =
            i + 1 == count || strcmp(path_of(settling, i), path_of(settling, i + 1)) != 0;
        settling->ends[i] = is_last ? i : settling->ends[i + 1];
    }
}

static bool is_left(const settling *settling, size_t row)
{
    return settling->present[settling->ends[row]] == row;
}

/* ---- Links ---------------------------------------------------------------------------------- */

/* What is in place at a link's target when the link is made; where the target comes only behind the
 * link, what is left there in the end. NOT_KNOWN where nothing is. */
static size_t tar_settle_find_target(const settling *settling, size_t link)
{
    const wcl_tar_row *rows = settling->table->rows;
    const char *target = wcl_tar_table_text(settling->table, rows[link].target);
    size_t low = 0, high = settling->table->count;

    /* Behind the last row of that path which comes before the link in the tar. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = wcl_append_path_compare(path_of(settling, middle), target);
        if (order < 0 || (order == 0 && rows[middle].order < rows[link].order))
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && strcmp(path_of(settling, low - 1), target) == 0)
        return settling->present[low - 1];
    return low < settling->table->count && strcmp(path_of(settling, low), target) == 0
               ? settling->present[settling->ends[low]]
               : NOT_KNOWN;
}

/* The files of links to what comes before them, in the tar's order. `targets` says of the others
 * where they lead. */
static void follow_back(settling *settling, size_t *targets)
{
    const wcl_tar_row *rows = settling->table->rows;

    for (size_t i = 0; i < settling->table->count; i++) {
        const size_t row = settling->places[i];
        targets[row] = rows[row].kind == WCL_ENTRY_HARD_LINK ? tar_settle_find_target(settling, row)
                                                             : NOT_KNOWN;
        if (rows[row].kind != WCL_ENTRY_HARD_LINK)
            settling->files[row] = row;
        else if (targets[row] != NOT_KNOWN)
            settling->files[row] = settling->files[targets[row]];
    }
}

/* The files of links to what comes behind them. Each step of a chain is taken once, even in a
 * circle: what its end is, is written down at all of it. */
static void follow_on(settling *settling, const size_t *targets)
{
    size_t *files = settling->files;

    for (size_t i = 0; i < settling->table->count; i++) {
        size_t at = i;
        for (; at != NOT_KNOWN && files[at] == NOT_KNOWN; at = targets[at])
            files[at] = NO_FILE;
        const size_t end = at == NOT_KNOWN ? NO_FILE : files[at];
        for (at = i; end != NO_FILE && files[at] == NO_FILE; at = targets[at])
            files[at] = end;
    }
}

static wcl_status check_link(const settling *settling, size_t row, wcl_error *error)
{
    const wcl_tar_row *rows = settling->table->rows;
    const size_t file = settling->files[row];

    if (rows[row].kind != WCL_ENTRY_HARD_LINK ||
        (file != NO_FILE && rows[file].kind != WCL_ENTRY_DIRECTORY &&
         rows[file].kind != WCL_ENTRY_DELETED))
        return WCL_OK;
    wcl_fail(error, WCL_CODE_INVALID_DATA,
             "it is a hard link to '%s', and there is no such file in the tar",
             wcl_tar_table_text(settling->table, rows[row].target));
    return wcl_error_context(error, NULL, path_of(settling, row));
}

/* ---- The settled table ---------------------------------------------------------------------- */

/* Copies what is left: the first name of each file has what the file has. */
static wcl_status take_left(settling *settling, wcl_tar_row *left, size_t *count, wcl_error *error)
{
    const wcl_tar_row *rows = settling->table->rows;

    *count = 0;
    for (size_t i = 0; i < settling->table->count; i++) {
        if (!is_left(settling, i))
            continue;
        if (check_link(settling, i, error) != WCL_OK)
            return WCL_FAILED;
        size_t *first = &settling->firsts[settling->files[i]];
        wcl_tar_row *row = &left[*count];
        if (*first == NOT_KNOWN) {
            *first = *count;
            *row = rows[settling->files[i]];
            row->path = rows[i].path;
        } else {
            *row = rows[i];
            row->kind = WCL_ENTRY_HARD_LINK;
        }
        row->first_name = *first;
        ++*count;
    }
    return WCL_OK;
}

static wcl_status tar_settle_settle(settling *settling, size_t *targets, wcl_error *error)
{
    wcl_tar_table *table = settling->table;
    size_t count;

    find_present(settling);
    follow_back(settling, targets);
    follow_on(settling, targets);
    wcl_tar_row *left = reallocarray(NULL, table->count, sizeof(*left));
    if (!left)
        return wcl_fail_memory(error);
    if (take_left(settling, left, &count, error) != WCL_OK) {
        free(left);
        return WCL_FAILED;
    }
    free(table->rows);
    table->rows = left;
    table->capacity = table->count;
    table->count = count;
    return WCL_OK;
}

wcl_status wcl_tar_table_settle(wcl_tar_table *table, wcl_error *error)
{
    const size_t count = table->count;

    if (count == 0)
        return WCL_OK;
    WCL_CLEANUP_FREE size_t *memory = reallocarray(NULL, count, 6 * sizeof(*memory));
    if (!memory)
        return wcl_fail_memory(error);
    settling settling = { .table = table,
                          .places = memory,
                          .present = memory + count,
                          .ends = memory + 2 * count,
                          .files = memory + 3 * count,
                          .firsts = memory + 4 * count };
    qsort_r(table->rows, count, sizeof(*table->rows), compare_rows, table);
    return tar_settle_settle(&settling, memory + 5 * count, error);
}
