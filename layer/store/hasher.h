/* SHA-256 of a stream of blocks, computed on a thread of its own. */
#ifndef WCL_STORE_HASHER_H
#define WCL_STORE_HASHER_H

#include "base/digest.h"
#include "layer/tar/block.h"

typedef struct wcl_hasher wcl_hasher;

wcl_status wcl_hasher_start(wcl_hasher **hasher, wcl_error *error);
/* Hashes the block next; it is given back when that is done. */
void wcl_hasher_give(wcl_hasher *hasher, wcl_block *block);
/* Waits until all is hashed. May be called once. */
wcl_status wcl_hasher_finish(wcl_hasher *hasher, uint8_t digest[WCL_SHA256_SIZE], wcl_error *error);
/* Ends the thread, gives all blocks back, and frees. NULL is allowed. */
void wcl_hasher_free(wcl_hasher *hasher);

#endif
