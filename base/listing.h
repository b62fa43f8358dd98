/* What is in a folder. */
#ifndef WCL_BASE_LISTING_H
#define WCL_BASE_LISTING_H

#include <dirent.h>
#include <wcl/base.h>

/* The next name; WCL_END after the last one. readdir() says in errno alone that it failed: who
 * takes that for the end misses names, and may remove what they stand for. */
wcl_status wcl_listing_next(DIR *listing, const struct dirent **item, wcl_error *error);

#endif
