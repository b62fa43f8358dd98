/* Archives as files that can be read at any place: what comes through a pipe or is compressed is
 * copied to an unnamed file first. */
#ifndef WCL_IMAGE_SPOOL_H
#define WCL_IMAGE_SPOOL_H

#include <wcl/image.h>

/*
 * A descriptor of a file with the bytes of `input`, decompressed where they are gzip, zstd, xz or
 * bzip2: another of the same file, or of an unnamed one beneath the folder `temporary`. `hooks` may
 * be NULL, and so may `limits`, of which `max_size` and `max_ratio` hold.
 */
wcl_status wcl_spool_archive(int input, int temporary, const wcl_hooks *hooks,
                             const wcl_transfer_options *limits, int *file, wcl_error *error);

#endif
