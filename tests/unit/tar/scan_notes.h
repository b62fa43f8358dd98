/* All that the scanner says of a tar, so that two ways of reading one can be compared. */
#ifndef WCL_TEST_SCAN_NOTES_H
#define WCL_TEST_SCAN_NOTES_H

#include "base/buffer.h"

/* Scans a tar that comes in blocks of `step` bytes, and puts down what each entry is, what every
 * other one holds, and how it ends. Blocks of less than a header leave all to libarchive. */
void note_scan(const void *tar, size_t size, size_t step, wcl_buffer *notes);

#endif
