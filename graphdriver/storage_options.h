/* Storage options: docker's --storage-opt, of the daemon and of a container. */
#ifndef WCL_GRAPHDRIVER_STORAGE_OPTIONS_H
#define WCL_GRAPHDRIVER_STORAGE_OPTIONS_H

#include <wcl/base.h>

/* Takes "KEY=VALUE"s; `size`, where it is among them, is put into `*size`. */
wcl_status wcl_storage_options_parse(const char *const *options, size_t count, uint64_t *size,
                                     wcl_error *error);

#endif
