/* Entries that are kept beyond the call that gave them. */
#ifndef WCL_LAYER_ENTRY_COPY_H
#define WCL_LAYER_ENTRY_COPY_H

#include <wcl/layer.h>

/* Makes `copy` the same as `entry`, with memory of its own for all that it points to. Whatever it
 * returns, wcl_entry_copy_free() frees it. */
wcl_status wcl_entry_copy(const wcl_entry *entry, wcl_entry *copy, wcl_error *error);
/* Frees what a copy points to, and empties it. */
void wcl_entry_copy_free(wcl_entry *copy);

#endif
