/* A hive that is being made: its cells are written at once, its lists at the end. */
#ifndef WCL_HIVE_WRITER_INTERNAL_H
#define WCL_HIVE_WRITER_INTERNAL_H

#include "base/map.h"
#include "base/region.h"
#include "hive/hive_internal.h"

typedef struct wcl_hive_offsets {
    uint32_t *items;
    size_t count, capacity;
} wcl_hive_offsets;

struct wcl_hive_new_key {
    wcl_hive_new_key *next; /* of all */
    wcl_hive_new_key *parent;
    unsigned depth;
    uint32_t offset;
    uint32_t security; /* an index of the descriptors */
    wcl_hive_offsets subkeys, values;
};

typedef struct wcl_hive_descriptor {
    uint32_t offset;
    uint32_t references;
} wcl_hive_descriptor;

struct wcl_hive_writer {
    wcl_hive_writer_options options;
    wcl_buffer bins;
    size_t bin_end; /* of the bin that is being filled */
    size_t used;
    wcl_region region;
    wcl_hive_new_key *root, *last;
    wcl_map *known; /* descriptors to their indices */
    wcl_hive_descriptor *descriptors;
    size_t descriptor_count, descriptor_capacity;
    uint64_t work;
};

/* Makes a cell that holds `size` bytes, zeroed. `*offset` is where; wcl_hive_cell_of() its bytes,
 * until the next is made. */
wcl_status wcl_hive_cell_make(wcl_hive_writer *writer, size_t size, uint32_t *offset,
                              wcl_error *error);
uint8_t *wcl_hive_cell_of(const wcl_hive_writer *writer, uint32_t offset);

/* Writes the two letters that a cell begins with, without their NUL. */
static inline void wcl_hive_cell_name(uint8_t *cell, const char letters[static 2])
{
    cell[0] = (uint8_t)letters[0];
    cell[1] = (uint8_t)letters[1];
}
/* Closes the bin that is being filled. */
void wcl_hive_bin_close(wcl_hive_writer *writer);

wcl_status wcl_hive_offsets_add(wcl_hive_offsets *offsets, uint32_t offset, wcl_error *error);

/* A name as cells have it: one byte for each unit where that is enough. */
wcl_status wcl_hive_name_encode(const char *name, size_t size, wcl_buffer *out, bool *is_ascii,
                                wcl_error *error);

#endif
