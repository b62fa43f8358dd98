/* A hive in memory, and what is in its cells. */
#ifndef WCL_HIVE_INTERNAL_H
#define WCL_HIVE_INTERNAL_H

#include <wcl/hive.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/hooks.h"
#include "hive/regf.h"

struct wcl_hive {
    uint8_t *owned;      /* the file, where it is not the caller's memory */
    const uint8_t *file; /* the base block and the bins */
    const uint8_t *bins;
    uint64_t bins_size;
    uint32_t root;
    wcl_buffer name;
    wcl_hive_info info;
};

/* A name as it lies in a cell. */
typedef struct wcl_hive_name {
    const uint8_t *bytes;
    uint16_t size;
    bool is_ascii; /* one byte for each unit below 256, else UTF-16LE */
} wcl_hive_name;

int wcl_hive_name_compare(const wcl_hive_name *a, const wcl_hive_name *b);
wcl_status wcl_hive_name_append(const wcl_hive_name *name, wcl_buffer *out, wcl_error *error);

/* What a cell holds. */
typedef struct wcl_hive_cell {
    uint32_t offset;
    const uint8_t *data;
    size_t size;
} wcl_hive_cell;

/* The cell at an offset, which must be one in use that holds at least `least` bytes, and that
 * begins with `kind` where that is not NULL. The failure names the offset. */
wcl_status wcl_hive_cell_get(const wcl_hive *hive, uint32_t offset, const char *kind, size_t least,
                             wcl_hive_cell *cell, wcl_error *error);
wcl_status wcl_hive_fail(uint32_t offset, wcl_error *error, const char *format, ...)
    WCL_PRINTF(3, 4);

/* A key as its cell has it. */
typedef struct wcl_hive_node {
    uint32_t offset;
    const uint8_t *nk;
    wcl_hive_name name;
    uint32_t flags;
    wcl_hive_semantics semantics;
    bool inherits_class;
    uint32_t parent;
    uint32_t subkey_count, subkey_list;
    uint32_t value_count, value_list;
    uint32_t security;
    uint32_t class_offset;
    uint16_t class_size;
} wcl_hive_node;

wcl_status wcl_hive_node_get(const wcl_hive *hive, uint32_t offset, wcl_hive_node *node,
                             wcl_error *error);
/* Its class and security: NULL where it has none. */
wcl_status wcl_hive_node_class(const wcl_hive *hive, const wcl_hive_node *node,
                               wcl_hive_cell *class_cell, wcl_error *error);
wcl_status wcl_hive_node_security(const wcl_hive *hive, const wcl_hive_node *node,
                                  wcl_hive_cell *descriptor, wcl_error *error);

/* Which bytes have an owner, a bit for each 8: a cell belongs to one key or value alone. */
typedef struct wcl_hive_claims {
    uint8_t *taken;
} wcl_hive_claims;
/* False where a part of it has an owner already. */
bool wcl_hive_claim_range(wcl_hive_claims *claims, uint64_t offset, uint64_t size);
wcl_status wcl_hive_claim(wcl_hive_claims *claims, const wcl_hive_cell *cell, wcl_error *error);

/* The offsets of all subkeys of a node, as many as it says; `claims` may be NULL. */
wcl_status wcl_hive_node_subkeys(const wcl_hive *hive, const wcl_hive_node *node, uint32_t *offsets,
                                 wcl_hive_claims *claims, wcl_error *error);
/* The bytes of the list of values: 4 for each. */
wcl_status wcl_hive_node_values(const wcl_hive *hive, const wcl_hive_node *node,
                                wcl_hive_cell *list, wcl_error *error);

/* A value as its cell has it. */
typedef struct wcl_hive_vk {
    wcl_hive_cell cell;
    wcl_hive_name name;
    uint32_t type;
    uint32_t size;
    uint32_t data;
    bool is_inline;
    bool is_tombstone;
} wcl_hive_vk;

wcl_status wcl_hive_vk_get(const wcl_hive *hive, uint32_t offset, wcl_hive_vk *vk,
                           wcl_error *error);
/* Its data: in the hive, or put into `scratch` where it is in pieces. */
wcl_status wcl_hive_vk_data(const wcl_hive *hive, const wcl_hive_vk *vk, wcl_buffer *scratch,
                            const uint8_t **data, wcl_hive_claims *claims, wcl_error *error);

/* Goes through all of a hive, counting its keys and values. */
wcl_status wcl_hive_check(wcl_hive *hive, const wcl_hooks *hooks, wcl_error *error);

/* The checksum of a base block. */
uint32_t wcl_hive_checksum(const uint8_t *base);

/* The file of a dirty hive, brought up to date by its logs: `*file` is grown where needed. */
wcl_status wcl_hive_replay(uint8_t **file, uint64_t *size, const wcl_buffer logs[2],
                           uint64_t max_size, wcl_hive_info *info, wcl_error *error);

#endif
