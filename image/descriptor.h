/* Reading the parts that documents of images share: descriptors, platforms, lists. */
#ifndef WCL_IMAGE_DESCRIPTOR_H
#define WCL_IMAGE_DESCRIPTOR_H

#include "image/document.h"

/* A copy of a document's bytes with a NUL behind them, to be freed, and their digest. NULL with an
 * error: over `most` bytes, which is said of the `what`, or no memory. */
char *wcl_document_keep(const char *what, const void *text, size_t size, size_t most,
                        char digest[WCL_DIGEST_TEXT_SIZE], wcl_error *error);

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
