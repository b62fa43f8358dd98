/* What a power cut would leave: a program that is linked with this has its syncs followed. */
#ifndef WCL_TEST_SYNCED_H
#define WCL_TEST_SYNCED_H

#include <stdbool.h>

/* Whether the name leads to what it leads to now, with all that the file holds. */
bool synced_is_there(const char *path);

/* Whether nothing of that name comes back. */
bool synced_is_gone(const char *path);

#endif
