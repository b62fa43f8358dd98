/* How a Windows link looks in a mount: the POSIX path that its target stands for. */
#ifndef WCL_STORE_LINK_TARGET_H
#define WCL_STORE_LINK_TARGET_H

#include "base/buffer.h"

/*
 * Appends the target of the link at `path` ("Files/Users/All Users") whose reparse data is given: a
 * target on C: or a relative one becomes the relative path to the same place in the mount; one that
 * leads elsewhere (another drive, a share, a volume) stays as Windows spells it and leads nowhere.
 * WCL_END where it is no link. Damaged data fails.
 */
wcl_status wcl_link_target(const void *reparse, size_t size, const char *path, wcl_buffer *target,
                           wcl_error *error);

#endif
