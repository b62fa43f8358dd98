/*
 * Scattered tars: those that list a folder after what is in it, or a path more than once. They are
 * gone through twice. The first pass finds which entry of each path counts; the second gives these,
 * and keeps aside what must be given out of its own place: folders that come late, and
 * files whose own name is taken by a later entry while an earlier hard link still leads to them.
 */
#ifndef WCL_STORE_SCATTERED_H
#define WCL_STORE_SCATTERED_H

#include <wcl/tar.h>

#include "base/spool.h"
#include "erofs/tree.h"

/* An entry that is given out of its own place. */
typedef struct wcl_kept_entry {
    wcl_entry entry; /* its texts are the keeper's */
    uint64_t offset; /* of its stream in the spool */
    uint64_t size;
} wcl_kept_entry;

typedef struct wcl_scattered wcl_scattered;

/* The first pass, through a reader that is at its start. `hooks` hear of it, and may be NULL. */
wcl_status wcl_scattered_new(wcl_layer_reader *tar, wcl_os os, const wcl_hooks *hooks,
                             wcl_scattered **scattered, wcl_error *error);
void wcl_scattered_free(wcl_scattered *scattered);

/* What becomes of an entry in the second pass. */
typedef enum wcl_scattered_fate {
    WCL_SCATTERED_GIVE, /* as it is, but for a hard link's target, which may be changed */
    WCL_SCATTERED_KEPT, /* `*kept` in its place */
    WCL_SCATTERED_PASS, /* nothing */
} wcl_scattered_fate;

/* Says so for the next entry of the second pass, whose stream was not read; it may read it. */
wcl_status wcl_scattered_next(wcl_scattered *scattered, wcl_layer_reader *tar, wcl_entry *entry,
                              wcl_scattered_fate *fate, const wcl_kept_entry **kept,
                              wcl_error *error);

/* The folder as the tar lists it last, where that is not the first time; else NULL. */
wcl_status wcl_scattered_folder(wcl_scattered *scattered, const char *path,
                                const wcl_kept_entry **kept, wcl_error *error);

/* Bytes of the stream of an entry that was kept; 0 at its end. */
wcl_status wcl_scattered_read(const wcl_scattered *scattered, const wcl_kept_entry *kept,
                              uint64_t position, void *buffer, size_t size, size_t *got,
                              wcl_error *error);

#endif
