/* The hives of a layer and of those that it stands on, and showing what is in them. */
#ifndef WCL_CLI_HIVES_H
#define WCL_CLI_HIVES_H

#include <wcl/hive.h>

#include "base/buffer.h"
#include "cli/cli.h"

/* A hive as Windows' registry has it, and its file in layers: Hives/NAME_Base or NAME_Delta. */
typedef struct hive_place {
    const char *path;      /* "HKLM\\SOFTWARE" */
    const char *long_path; /* "HKEY_LOCAL_MACHINE\\SOFTWARE" */
    const char *name;      /* "Software" */
} hive_place;

#define HIVE_PLACES 5
extern const hive_place hive_places[HIVE_PLACES];

/* One hive of a layer, with its logs. */
typedef struct layer_hive {
    wcl_hive *hive;
    wcl_buffer bytes;
    wcl_buffer logs[2];
    char *layer; /* the layer's id, or what it was called on the command line */
} layer_hive;

/* What one place consists of, the nearest layer's hive first. */
typedef struct hive_chain {
    layer_hive *hives;
    size_t count;
    size_t capacity;
    bool has_base;
} hive_chain;

typedef enum hive_reading {
    HIVES_OPENED = 0,
    HIVES_FOUND = 1, /* only whether they are there: `hive` is NULL */
} hive_reading;

/*
 * Finds the hives of the places of `wanted` (one bit for each) in `layer` and, unless `is_alone`,
 * in the layers that it stands on. `is_alone` comes back true where it is not in the store, and so
 * stands on nothing.
 */
wcl_status hives_load(cli *cli, const char *layer, unsigned wanted, hive_reading reading,
                      bool *is_alone, hive_chain chains[HIVE_PLACES]);
void hives_free(hive_chain chains[HIVE_PLACES]);

/* How a key is shown; each writes to standard output. */
typedef struct hive_output {
    cli *cli;
    const hive_chain *chain;
    const char *value; /* the only value to be shown; NULL: all */
    bool is_alone;     /* what one layer says, with what it deletes */
    bool is_recursive;
    bool is_reg; /* as a .reg file */
} hive_output;

/* Begins a .reg file; nothing for the other forms. */
wcl_status hive_show_begin(const hive_output *output);
/* Shows a key at `path`, and what is asked for below it. */
wcl_status hive_show(const hive_output *output, const char *path, wcl_hive_key *key);

/* The pieces of it that are .reg files' (hive_reg.c). */
wcl_status hive_reg_begin(wcl_error *error);
wcl_status hive_reg_key(const char *path, size_t path_size, const wcl_hive_key_info *info,
                        wcl_error *error);
wcl_status hive_reg_value(const wcl_hive_value *value, wcl_error *error);

#endif
