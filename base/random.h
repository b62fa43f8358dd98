/* Random bytes that nobody can foretell. */
#ifndef WCL_BASE_RANDOM_H
#define WCL_BASE_RANDOM_H

#include <wcl/base.h>

wcl_status wcl_random_bytes(void *buffer, size_t size, wcl_error *error);

#endif
