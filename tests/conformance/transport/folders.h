/* Folders as tests compare them, on every system. */
#ifndef WCL_TESTS_TRANSPORT_FOLDERS_H
#define WCL_TESTS_TRANSPORT_FOLDERS_H

#include <stddef.h>

/* Unpacks a tar of folders and plain files into `folder`, which is made. */
void folders_unpack(const char *tar, const char *folder);

/* Fails the test unless both hold the same folders and the same files, byte for byte. Names that
 * begin with `ignored` do not count. Returns how many names there are in all. */
size_t folders_compare(const char *expected, const char *got, const char *ignored);

#endif
