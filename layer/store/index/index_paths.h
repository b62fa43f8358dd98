/* The paths of a tar's entries as they stand in an index. */
#ifndef WCL_STORE_INDEX_PATHS_H
#define WCL_STORE_INDEX_PATHS_H

#include <wcl/tar.h>

#include "base/buffer.h"

/*
 * The path of an entry without what engines put up with: leading "./" and slashes, doubled slashes,
 * "." components, a slash at the end. A ".." is refused. "" is the root.
 */
wcl_status wcl_index_tidy_path(const char *text, size_t size, wcl_buffer *path, wcl_error *error);
/* The roots of a Windows layer have one spelling, so that the mount finds them. */
void wcl_index_spell_root(wcl_buffer *path);
/* Shortens every component of the path that is too long for the image. Names that are one to
 * Windows are still one then, for a layer of Windows. */
wcl_status wcl_index_shorten_path(wcl_buffer *path, wcl_os os, bool *is_short, wcl_error *error);

/* Paths one behind the other, each with its NUL; read from the position 0. */
wcl_status wcl_paths_add(wcl_buffer *list, const char *path, wcl_error *error);
const char *wcl_paths_next(const wcl_buffer *list, size_t *position);

#endif
