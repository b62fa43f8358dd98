/*
 * The security descriptor that Windows gives to a new file or folder whose maker names none
 * ([MS-DTYP] 2.5.3.4, with CreatorDescriptor NULL and automatic inheritance).
 */
#ifndef WCL_BACKUPSTREAM_SD_INHERIT_H
#define WCL_BACKUPSTREAM_SD_INHERIT_H

#include <wcl/backupstream.h>

/*
 * The descriptor of a new file, or folder if `is_folder`, in a folder with the descriptor `folder`.
 * Owner and group are the folder's. Where the folder hands down no access at all, its owner and the
 * system get full access, as a default DACL says. Freed with wcl_free().
 */
wcl_status wcl_sd_inherit(const void *folder, size_t folder_size, bool is_folder, void **descriptor,
                          size_t *size, wcl_error *error);

#endif
