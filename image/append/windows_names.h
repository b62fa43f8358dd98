/* Names that Windows cannot have, and those that are one to it. */
#ifndef WCL_IMAGE_APPEND_WINDOWS_NAMES_H
#define WCL_IMAGE_APPEND_WINDOWS_NAMES_H

#include <wcl/base.h>

/* Whether Windows programs can open a file of that path: no reserved characters, no device's name
 * (CON, with an extension too), no dot or space at a name's end. Fails with INVALID_NAME. */
wcl_status wcl_windows_path_check(const char *path, wcl_error *error);

/* Remembers the names of the folders on one path, to find two that differ in case only. */
typedef struct wcl_case_check wcl_case_check;

wcl_status wcl_case_check_new(wcl_case_check **check, wcl_error *error);
/* NULL is allowed. */
void wcl_case_check_free(wcl_case_check *check);
/* Takes the next path, in the order of wcl_append_path_compare(); fails with ALREADY_EXISTS. */
wcl_status wcl_case_check_add(wcl_case_check *check, const char *path, wcl_error *error);

#endif
