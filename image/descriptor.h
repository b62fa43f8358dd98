/* Reading the parts that documents of images share: descriptors, platforms, lists. */
#ifndef WCL_IMAGE_DESCRIPTOR_H
#define WCL_IMAGE_DESCRIPTOR_H

#include "image/document.h"

/* Where a manifest or config keeps what every document has: its text with a NUL behind it, and what
 * is in it. */
typedef struct wcl_document {
    char **text;
    size_t *size;
    char *digest; /* WCL_DIGEST_TEXT_SIZE */
    cJSON **json;
} wcl_document;
#define WCL_DOCUMENT_OF(kept)                                                                      \
    {                                                                                              \
        &(kept)->text, &(kept)->size, (kept)->digest, &(kept)->json                                \
    }

/* Keeps a text of at most `most` bytes, and takes it apart: an object without a field twice. What
 * was kept of it is there after a failure too. */
wcl_status wcl_document_read(const void *text, size_t size, size_t most, wcl_document *document,
                             wcl_error *error);

/* Takes a descriptor apart; its texts stay the JSON's. A failure leaves nothing to be freed. */
wcl_status wcl_descriptor_read(const cJSON *json, wcl_descriptor *descriptor, wcl_error *error);
void wcl_descriptor_clear(wcl_descriptor *descriptor);

/* The platform that an index's entry or a config has in its fields, by Go's names. */
wcl_status wcl_platform_of_json(const cJSON *json, wcl_platform *platform, wcl_error *error);

/* Refuses an object that has one of its fields twice: readers differ in which they take. What is no
 * object has no fields. */
wcl_status wcl_json_check_unique(const cJSON *object, wcl_error *error);
/* The same for what is in one of its fields. */
wcl_status wcl_json_check_unique_in(const cJSON *object, const char *name, wcl_error *error);

#endif
