/*
 * What is done behind the back of those who work on layers: files of layers that are gone are
 * removed, and mounts that nobody can see any more come to their end. Whoever serves many
 * containers a minute starts it; without it everything is done at once. What a process that dies
 * leaves undone is cleared up as everything in .staging is.
 */
#ifndef WCL_STORE_BEHIND_H
#define WCL_STORE_BEHIND_H

#include "layer/store/store.h"

/* Counted: each start that succeeded wants a stop, the last of which waits for all that is left. */
wcl_status wcl_behind_start(wcl_error *error);
void wcl_behind_stop(void);
bool wcl_behind_is_running(void);

/* Closes `fd`, the last hold on the mount of the sandbox `id`, whose end takes as long as its file
 * system is written to disk. */
void wcl_behind_close(const char *id, int fd);
/* Waits until that is done. The kernel warns of an overlay whose upper folder another one has. */
void wcl_behind_wait_closed(const char *id);

/*
 * Removes the folder `name` of .staging, which `lock` holds (wcl_folder_lock()'s, closed at the
 * end). False where the caller must do it: not running, or no memory.
 */
bool wcl_behind_remove(const wcl_store *store, const char *name, int lock);

#endif
