/* Everything that an entry's backup stream says of it, for people and as JSON. */
#ifndef WCL_CLI_DESCRIBE_H
#define WCL_CLI_DESCRIBE_H

#include <wcl/backupstream.h>

#include "cli/cli.h"

typedef struct described_item {
    char *name;
    uint64_t size;
} described_item;

typedef struct described_items {
    described_item *items;
    size_t count;
    size_t capacity;
} described_items;

typedef struct description {
    char *sddl;           /* NULL: no security descriptor */
    uint32_t reparse_tag; /* 0: no reparse point */
    char *target;         /* of a link; NULL otherwise */
    described_items streams;
    described_items eas;
} description;

/*
 * Reads the backup stream of the entry that `reader` is at. With `links_only` it stops where the
 * data begins, which leaves out alternate streams and costs nothing for large files.
 */
wcl_status describe_entry(wcl_layer_reader *reader, const wcl_entry *entry, bool links_only,
                          description *out, wcl_error *error);
void description_free(description *description);

/* A wcl_read_fn of the entry that a layer reader, the context, is at. */
wcl_status cli_read_entry(void *context, void *buffer, size_t size, size_t *got, wcl_error *error);

/* One line, as `wcl list` prints it. */
void print_entry_line(FILE *stream, const wcl_entry *entry, const description *description,
                      bool posix);
/* Several lines, as `wcl stat` prints it. */
void print_entry_long(FILE *stream, const wcl_entry *entry, const description *description);
/* One JSON object and a newline. */
void print_entry_json(FILE *stream, const wcl_entry *entry, const description *description);

/* "2024-01-22 00:15:03.1234567", as many digits as a FILETIME has; UTC. Returns `text`. */
const char *format_filetime(wcl_filetime time, char *text, size_t size);

const char *entry_kind_name(wcl_entry_kind kind);

#endif
