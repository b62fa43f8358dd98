/* Which extended attributes of a layer's file a file of Linux can have. What it cannot have would
 * be seen in a mount, and make every change of the file fail that has to copy it. */
#ifndef WCL_STORE_XATTR_CHECK_H
#define WCL_STORE_XATTR_CHECK_H

#include <wcl/base.h>

/* Whether a file of the type (S_IFREG, ...) can have the attribute with that value. */
bool wcl_xattr_is_possible(const char *name, const void *value, size_t size, uint32_t type);

#endif
