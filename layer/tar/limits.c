/* Counting what a tar costs. */
#include "layer/tar/limits.h"

#include <inttypes.h>

#include "base/error.h"

wcl_status wcl_tar_count_entries(uint64_t *entries, uint64_t more, uint64_t limit, wcl_error *error)
{
    *entries += more;
    if (*entries <= limit)
        return WCL_OK;
    return wcl_fail(
        error, WCL_CODE_FILE_TOO_LARGE,
        "the tar has more than the %" PRIu64
        " entries that are allowed, with the folders that their paths imply; --max-entries "
        "raises the limit",
        limit);
}

wcl_status wcl_tar_count_zeros(uint64_t *zeros, uint64_t size, uint64_t limit, wcl_error *error)
{
    if (!__builtin_add_overflow(*zeros, size, zeros) && *zeros <= limit)
        return WCL_OK;
    *zeros = UINT64_MAX;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "the holes of its sparse files would have to be written in full, which is more "
                    "than the %" PRIu64 " bytes that are allowed; --max-size raises the limit",
                    limit);
}
