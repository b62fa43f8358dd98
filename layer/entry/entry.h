/* Entries: kept beyond the call that gave them, and of what kind they are. */
#ifndef WCL_LAYER_ENTRY_H
#define WCL_LAYER_ENTRY_H

#include <wcl/layer.h>

/* Makes `copy` the same as `entry`, with memory of its own for all that it points to. Whatever it
 * returns, wcl_entry_copy_free() frees it. */
wcl_status wcl_entry_copy(const wcl_entry *entry, wcl_entry *copy, wcl_error *error);
/* Frees what a copy points to, and empties it. */
void wcl_entry_copy_free(wcl_entry *copy);

/* Whether a hard link's own entry says something of the file. */
bool wcl_entry_describes_file(const wcl_entry *link);

/* FILE_BASIC_INFO: four FILETIMEs, u32 attributes, u32 0. */
#define WCL_BASIC_INFO_SIZE 40
void wcl_basic_info_store(const wcl_basic_info *info, uint8_t bytes[WCL_BASIC_INFO_SIZE]);
/* False, and `info` is as it was, where the bytes are not one. */
bool wcl_basic_info_load(const void *data, size_t size, wcl_basic_info *info);

/* All four times. */
void wcl_basic_info_set_times(wcl_basic_info *info, struct timespec time);

/* The kind that a file of this st_mode is; 0 for what no layer has (sockets). */
wcl_entry_kind wcl_entry_kind_of_mode(uint32_t mode);

#endif
