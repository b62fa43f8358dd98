/* Laying a security descriptor out, for the library's own use. */
#ifndef WCL_BACKUPSTREAM_SD_H
#define WCL_BACKUPSTREAM_SD_H

#include <wcl/backupstream.h>

/* wcl_sd_build(), with the DACL before the SACL if `dacl_first`: that is how descriptors come out
 * of SDDL. */
wcl_status wcl_sd_lay_out(const wcl_sd *sd, bool dacl_first, void **descriptor, size_t *size,
                          wcl_error *error);

#endif
