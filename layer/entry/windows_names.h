/*
 * Names in Windows layers. What exists on NTFS is taken as it is; what is made from files of
 * another system must besides be something that Windows programs can open.
 */
#ifndef WCL_LAYER_WINDOWS_NAMES_H
#define WCL_LAYER_WINDOWS_NAMES_H

#include "base/buffer.h"

/*
 * Whether `path` can be an entry's of a Windows layer, because NTFS can have such a file: what
 * wcl_path_check() wants, valid WTF-8, no component of over 255 UTF-16 units, no control character
 * and none of \ : < > " | ? *. A device's name and a dot or space at the end can be there: programs
 * get at such files as \\?\C:\....
 */
wcl_status wcl_path_check_windows(const char *path, wcl_error *error);

/*
 * Whether a file may be given that path in a Windows layer that is made from something else: also
 * that its name, the last component, is not a device's (CON, with an extension too) and has no dot
 * or space at its end. Fails with INVALID_NAME.
 */
wcl_status wcl_windows_new_path_check(const char *path, wcl_error *error);

/* What is the same for names that are one to Windows: UTF-16 in upper case. Clears `key` first. */
wcl_status wcl_windows_name_key(const char *name, size_t length, wcl_buffer *key, wcl_error *error);

/* Remembers how the names of a layer are spelled, to find two that differ in case only. */
typedef struct wcl_case_check wcl_case_check;

wcl_status wcl_case_check_new(wcl_case_check **check, wcl_error *error);
/* NULL is allowed. */
void wcl_case_check_free(wcl_case_check *check);
/* Takes a path, in any order. Fails with ALREADY_EXISTS where it, or a folder on its way, was
 * spelled otherwise before, naming that. */
wcl_status wcl_case_check_add(wcl_case_check *check, const char *path, wcl_error *error);

#endif
