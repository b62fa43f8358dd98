/* The names in a folder of a Windows sandbox. A Linux program in its mount may give names there
 * that Windows cannot have, or two that are one to Windows. */
#ifndef WCL_STORE_SANDBOX_NAMES_H
#define WCL_STORE_SANDBOX_NAMES_H

#include "layer/store/home/names.h"
#include "layer/store/sandbox/sandbox_lower.h"

/* What names there are, by what they are to Windows. */
typedef struct wcl_sandbox_names wcl_sandbox_names;

/*
 * `folder` is the upper's, whose names are `here`, and `below` is where it is in the layers below;
 * `hides`: of which it shows nothing.
 */
wcl_status wcl_sandbox_names_new(const wcl_lower *lower, const char *below, int folder, bool hides,
                                 const wcl_names *here, wcl_sandbox_names **names,
                                 wcl_error *error);
/* NULL is allowed. */
void wcl_sandbox_names_free(wcl_sandbox_names *names);

/*
 * Checks the name of a file that is there, whose path in the layer is `path`. `*replaced` is NULL,
 * or how what it takes the place of is spelled below: that is gone, and the name is one to Windows.
 */
wcl_status wcl_sandbox_names_check(wcl_sandbox_names *names, const char *name, const char *path,
                                   const char **replaced, wcl_error *error);

/* Whether the place of a name that was deleted is taken by one that is the same to Windows. */
wcl_status wcl_sandbox_names_is_taken(wcl_sandbox_names *names, const char *name, bool *is_taken,
                                      wcl_error *error);

#endif
