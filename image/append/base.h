/* The image that a layer is appended to, as far as the new layer must fit it: what its files are,
 * merged. */
#ifndef WCL_IMAGE_APPEND_BASE_H
#define WCL_IMAGE_APPEND_BASE_H

#include <wcl/layer.h>

#include "base/buffer.h"

typedef struct wcl_append_base wcl_append_base;

/* What the image has at a path; what is pointed to is valid until the next call. */
typedef struct wcl_append_base_file {
    wcl_entry_kind kind;  /* 0: nothing; a reparse point is a SYMLINK */
    const char *spelling; /* of the path, in the image */
    const char *target;   /* of a symbolic link, as it shows in a mount */
    wcl_basic_info info;  /* of a Windows image */
    const void *security; /* likewise; NULL where it has none */
    size_t security_size;
} wcl_append_base_file;

/* The chain of the layer `id`, read into memory. */
wcl_status wcl_append_base_open(const wcl_driver *driver, const char *id, wcl_append_base **base,
                                wcl_error *error);
/* NULL is allowed. */
void wcl_append_base_free(wcl_append_base *base);

/* Looks a path of a layer up, without following links, by the rules of the image's system. `base`
 * may be NULL: an image without files. */
wcl_status wcl_append_base_find(wcl_append_base *base, const char *path, wcl_append_base_file *file,
                                wcl_error *error);

#endif
