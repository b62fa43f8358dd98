/* The security descriptors that a Windows layer's new files get. */
#ifndef WCL_IMAGE_APPEND_DESCRIPTOR_H
#define WCL_IMAGE_APPEND_DESCRIPTOR_H

#include <wcl/base.h>

/*
 * Makes a descriptor of `sddl` (NULL: the usual one, by which everybody can read and run and
 * Administrators and SYSTEM can do everything). `owner`, a SID or its SDDL alias, replaces the
 * owner; NULL keeps it, and makes it Administrators where the SDDL says none. A group that is not
 * said is SYSTEM. `*descriptor` is freed with wcl_free().
 */
wcl_status wcl_append_descriptor(const char *sddl, bool is_folder, const char *owner,
                                 void **descriptor, size_t *size, wcl_error *error);

#endif
