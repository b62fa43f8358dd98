/* What is in a folder. */
#ifndef WCL_BASE_LISTING_H
#define WCL_BASE_LISTING_H

#include <dirent.h>
#include <wcl/base.h>

/*
 * Opens a folder to list it, from its beginning; "." is `folder` itself, which stays the caller's.
 * In an open folder a link is not followed; with AT_FDCWD it is. WCL_END, and NULL, where there is
 * none.
 */
wcl_status wcl_listing_open(int folder, const char *path, DIR **listing, wcl_error *error);

/* The next name but "." and ".."; WCL_END after the last one, and of NULL. readdir() says in errno
 * alone that it failed: who takes that for the end misses names, and may remove what they stand
 * for. */
wcl_status wcl_listing_next(DIR *listing, const struct dirent **item, wcl_error *error);

/*
 * Visits each name until `visit` gives something else than WCL_OK, and gives that; WCL_END of it
 * ends the listing without an error, and is WCL_OK. In a folder that does not exist there is
 * nothing to visit.
 */
wcl_status wcl_listing_each(int folder, const char *path,
                            wcl_status (*visit)(void *context, int folder, const char *name,
                                                wcl_error *error),
                            void *context, wcl_error *error);

static inline void wcl_cleanup_listing(DIR **listing)
{
    if (*listing)
        closedir(*listing);
}
#define WCL_CLEANUP_LISTING __attribute__((cleanup(wcl_cleanup_listing)))

#endif
