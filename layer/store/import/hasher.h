/* SHA-256 of a stream, computed on a thread of its own. */
#ifndef WCL_STORE_HASHER_H
#define WCL_STORE_HASHER_H

#include "base/digest.h"
#include "compress/block.h"

typedef struct wcl_hasher wcl_hasher;

wcl_status wcl_hasher_start(wcl_hasher **hasher, wcl_error *error);
/* Hashes the block next, of which it takes a reference. */
wcl_status wcl_hasher_give(wcl_hasher *hasher, wcl_block *block, wcl_error *error);
/* Hashes a copy of the bytes next, for a caller that cannot wait until that is done. */
wcl_status wcl_hasher_update(wcl_hasher *hasher, const void *data, size_t size, wcl_error *error);
/* Waits until all is hashed. May be called once. */
wcl_status wcl_hasher_finish(wcl_hasher *hasher, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error);
/* Ends the thread, gives all blocks back, and frees. NULL is allowed. */
void wcl_hasher_free(wcl_hasher *hasher);

#endif
