/* A folder that appears under its name only once it is whole: it is made beside its place under
 * another name, and renamed at the end or removed; by the next one beside it, where its maker was
 * killed. */
#ifndef WCL_BASE_STAGING_H
#define WCL_BASE_STAGING_H

#include <wcl/base.h>

typedef struct wcl_staging wcl_staging;

/* Begins the folder `folder`, which must not exist or be an empty folder. */
wcl_status wcl_staging_open(const char *folder, wcl_staging **staging, wcl_error *error);

/* The folder being made, open; stays the staging's. */
int wcl_staging_root(const wcl_staging *staging);

/* Renames it into its place. */
wcl_status wcl_staging_commit(wcl_staging *staging, wcl_error *error);

/* Removes the folder unless it was committed, and frees. NULL is allowed. */
void wcl_staging_free(wcl_staging *staging);

#endif
