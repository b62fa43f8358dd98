/* Clearing up what processes that died left in a home. */
#ifndef WCL_STORE_CLEAN_H
#define WCL_STORE_CLEAN_H

#include "layer/store/store.h"

/* Removes all of .staging that nobody holds, undoing mounts first. Failures are logged only: the
 * next one to open the home tries again. */
void wcl_store_clean(const wcl_store *store);

#endif
