/* The images of a bundle, and what they are called. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/local/sources.h"

wcl_status wcl_bundle_images_add(wcl_bundle_images *images, const char *reference, wcl_error *error)
{
    wcl_bundle_image *grown = realloc(images->items, (images->count + 1) * sizeof(*images->items));

    if (!grown)
        return wcl_fail_memory(error);
    images->items = grown;
    grown[images->count] = (wcl_bundle_image) { strdup(reference), NULL, 0 };
    if (!grown[images->count].reference)
        return wcl_fail_memory(error);
    images->count++;
    return WCL_OK;
}

wcl_status wcl_bundle_image_name(wcl_bundle_image *image, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    wcl_error why = WCL_ERROR_INIT;
    char **grown;

    /* A name that is none is a comment: the image is loaded by its digest. */
    if (wcl_reference_parse(name, &reference, &why) != WCL_OK)
        return why.code == WCL_CODE_OUT_OF_MEMORY ? wcl_fail_memory(error) : WCL_OK;
    grown = realloc(image->names, (image->name_count + 1) * sizeof(*grown));
    if (!grown)
        return wcl_fail_memory(error);
    image->names = grown;
    grown[image->name_count] = strdup(reference->name);
    if (!grown[image->name_count])
        return wcl_fail_memory(error);
    image->name_count++;
    return WCL_OK;
}

void wcl_bundle_images_free(wcl_bundle_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->items[i].reference);
        for (size_t j = 0; j < images->items[i].name_count; j++)
            free(images->items[i].names[j]);
        free(images->items[i].names);
    }
    free(images->items);
    *images = (wcl_bundle_images) { NULL, 0 };
}
