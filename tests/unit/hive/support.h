/* Hives made for tests. */
#ifndef WCL_TESTS_HIVE_SUPPORT_H
#define WCL_TESTS_HIVE_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <wcl/hive.h>

#include "base/buffer.h"

void must(wcl_status status, const wcl_error *error);
wcl_hive_writer *new_writer(bool is_layered);
wcl_hive_new_key *add_key(wcl_hive_writer *writer, wcl_hive_new_key *parent, const char *name,
                          wcl_hive_semantics semantics);
void add_value(wcl_hive_writer *writer, wcl_hive_new_key *key, const char *name, uint32_t type,
               const void *data, size_t size);
void add_tombstone(wcl_hive_writer *writer, wcl_hive_new_key *key, const char *name);
/* Writes what the writer has, and frees it. */
void finish(wcl_hive_writer *writer, wcl_buffer *bytes);
wcl_hive *open_hive(const wcl_buffer *bytes);

#endif
