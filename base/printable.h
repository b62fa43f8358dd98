/*
 * Text that may hold anything, made fit to be shown: names of layers' entries come from whoever
 * made the layer, and must not move a terminal's cursor, end a line or turn the writing around.
 */
#ifndef WCL_BASE_PRINTABLE_H
#define WCL_BASE_PRINTABLE_H

#include "base/buffer.h"

/* Whether the character stands only for what one sees of it: no control character, no mark that is
 * invisible or changes the direction of writing, no half of a surrogate pair. */
bool wcl_is_printable(uint32_t point);

/*
 * Appends `text` with every byte of what is not printable or not UTF-8 as \xNN. A backslash that
 * already has that form behind it becomes \x5c, so that what is shown can be read in one way only.
 */
wcl_status wcl_printable_append(wcl_buffer *out, const char *text, wcl_error *error);

/* Whether wcl_printable_append() would leave `text` as it is. */
bool wcl_printable_as_is(const char *text);

#endif
