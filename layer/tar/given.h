/*
 * The folders that a reader has given, so that each is given once and before what is in it. Paths
 * are followed from the folder where the last one ended: going through a chain of folders costs
 * what its path costs, and not that for each of them.
 */
#ifndef WCL_TAR_GIVEN_H
#define WCL_TAR_GIVEN_H

#include <wcl/base.h>

typedef struct wcl_given wcl_given;

wcl_status wcl_given_new(wcl_given **given, wcl_error *error);
void wcl_given_free(wcl_given *given);

/* From now on names do not differ by case alone, as on NTFS. Called before a folder is added. */
void wcl_given_set_caseless(wcl_given *given);

/* How long the part of `path` is that names the outermost folder on the way to it that was not
 * given yet; 0 where all were. */
wcl_status wcl_given_find_missing(wcl_given *given, const char *path, size_t *missing,
                                  wcl_error *error);

/* Whether the folder `path` itself was given. */
wcl_status wcl_given_has(wcl_given *given, const char *path, bool *has, wcl_error *error);

/* Notes that the folder which the first `size` bytes of `path` name was given, and those on the way
 * to it were; also where it was noted before. */
wcl_status wcl_given_add(wcl_given *given, const char *path, size_t size, wcl_error *error);

#endif
