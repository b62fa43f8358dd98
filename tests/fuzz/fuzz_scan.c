/* The scanner of tars: what it reads itself is what libarchive would have read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tar/scan_notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = { 300, 4096, 1u << 20 };
    wcl_buffer notes[3] = { WCL_BUFFER_INIT, WCL_BUFFER_INIT, WCL_BUFFER_INIT };

    for (size_t i = 0; i < 3; i++)
        note_scan(data, size, steps[i], &notes[i]);
    for (size_t i = 1; i < 3; i++)
        if (notes[i].size != notes[0].size ||
            memcmp(notes[i].data, notes[0].data, notes[0].size) != 0)
            abort();
    for (size_t i = 0; i < 3; i++)
        wcl_buffer_free(&notes[i]);
    return 0;
}
