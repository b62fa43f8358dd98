/* Listing folders. */
#include "base/listing.h"

#include <errno.h>

#include "base/error.h"

wcl_status wcl_listing_next(DIR *listing, const struct dirent **item, wcl_error *error)
{
    errno = 0;
    *item = readdir(listing);
    if (*item)
        return WCL_OK;
    return errno ? wcl_fail_errno(error, errno, "cannot list the folder") : WCL_END;
}
