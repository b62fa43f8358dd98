/* What a tar may cost whoever reads or writes it; see wcl/tar.h. */
#ifndef WCL_TAR_LIMITS_H
#define WCL_TAR_LIMITS_H

#include <wcl/tar.h>

/* What an option says, or its default where it says nothing. */
static inline uint64_t wcl_tar_limit(uint64_t option, uint64_t usual)
{
    return option ? option : usual;
}

/* Adds `more` to the entries that there were; fails with FILE_TOO_LARGE where they are more than
 * the limit. Folders that are only implied count: a path of some bytes can imply two thousand. */
wcl_status wcl_tar_count_entries(uint64_t *entries, uint64_t more, uint64_t limit,
                                 wcl_error *error);

/* Adds `size` bytes of zeros for holes to those that there were, and fails likewise: they cost
 * nothing to whoever declares them. */
wcl_status wcl_tar_count_zeros(uint64_t *zeros, uint64_t size, uint64_t limit, wcl_error *error);

#endif
