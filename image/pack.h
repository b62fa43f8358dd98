/* Laying out structs and texts in one piece of memory, for one wcl_free(). */
#ifndef WCL_IMAGE_PACK_H
#define WCL_IMAGE_PACK_H

#include <stddef.h>
#include <string.h>

/* Everything is laid out twice: first without memory, to learn how much is needed. */
typedef struct wcl_packer {
    char *memory; /* NULL: only count */
    size_t used;
} wcl_packer;

/* Room for `size` bytes; NULL while counting. */
static inline void *wcl_pack(wcl_packer *packer, size_t size)
{
    void *at = packer->memory ? packer->memory + packer->used : NULL;

    packer->used += (size + 7) & ~(size_t)7;
    return at;
}

/* A copy of a text; "" while counting. */
static inline const char *wcl_pack_text(wcl_packer *packer, const char *text)
{
    char *at = wcl_pack(packer, strlen(text) + 1);

    return at ? strcpy(at, text) : "";
}

#endif
