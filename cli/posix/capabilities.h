/* The capabilities of this process. */
#ifndef WCL_CLI_CAPABILITIES_H
#define WCL_CLI_CAPABILITIES_H

#include <stdbool.h>

/* Capabilities of a process of root's; where there are none, these do nothing. */
typedef enum capabilities_kept {
    CAPABILITIES_NONE = 0,
    CAPABILITIES_READ = 1, /* to read what others have kept to themselves */
    CAPABILITIES_ALL = 2,
} capabilities_kept;
bool capabilities_are_there(void);
/* Until the next call, only what needs none of them is allowed. */
void capabilities_lower(void);
/* Gives all others up for good, for the programs that this one runs too. Comes before any thread.
 */
void capabilities_keep(capabilities_kept rights);

#endif
