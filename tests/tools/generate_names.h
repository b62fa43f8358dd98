/* Names as Windows and its servicing make them. */
#ifndef GENERATE_NAMES_H
#define GENERATE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* One of a few dozen words, lower case, at most 15 letters. */
const char *name_word(uint64_t random);

/* A component of the component store: "amd64_microsoft-windows-..._none_0123456789abcdef". */
void name_assembly(uint64_t id, char *name, size_t size);

/* A file name that no other `id` has, with an extension. */
void name_file(uint64_t id, const char *extension, char *name, size_t size);

#endif
