/* Keeping a home to its owner: what layers hold may be set-uid files, device nodes and secrets. */
#ifndef WCL_STORE_PRIVATE_H
#define WCL_STORE_PRIVATE_H

#include "layer/store/store.h"

/*
 * Closes a home that others can look into, which earlier versions made: its layers and images, and
 * the home itself unless it is shared with something else. Who does not own it can do nothing.
 */
void wcl_store_make_private(const wcl_store *store);

#endif
