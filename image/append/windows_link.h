/* Symbolic links as they are appended to a Windows image. */
#ifndef WCL_IMAGE_APPEND_WINDOWS_LINK_H
#define WCL_IMAGE_APPEND_WINDOWS_LINK_H

#include "image/append/base.h"
#include "image/append/source.h"

/* Where links are followed: the source's files, in the place that they will have, before the
 * image's. */
typedef struct wcl_append_view {
    wcl_append_source *source;
    wcl_append_base *base;
    const char *prefix; /* of the source's paths: "Files/app/" */
} wcl_append_view;

/*
 * Spells the target of the link `path` ("Files/...") for Windows: backslashes, and C: before what
 * begins at the root. `*to_folder`: whether it leads to a folder, as far as one can see.
 */
wcl_status wcl_append_windows_target(const wcl_append_view *view, const char *path,
                                     const char *target, wcl_buffer *spelled, bool *to_folder,
                                     wcl_error *error);

#endif
