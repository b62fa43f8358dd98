/* The images of a bundle, and what they are called. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "image/local/sources.h"

wcl_status wcl_bundle_images_add(wcl_bundle_images *images, const char *reference, wcl_error *error)
{
    if (WCL_LIST_RESERVE(images->items, images->count, images->capacity, error) != WCL_OK)
        return WCL_FAILED;
    wcl_bundle_image *image = &images->items[images->count];
    *image = (wcl_bundle_image) { .reference = strdup(reference) };
    if (!image->reference)
        return wcl_fail_memory(error);
    images->count++;
    return WCL_OK;
}

wcl_status wcl_bundle_image_name(wcl_bundle_image *image, const char *name, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    wcl_error why = WCL_ERROR_INIT;

    /* A name that is none is a comment: the image is loaded by its digest. */
    if (wcl_reference_parse(name, &reference, &why) != WCL_OK)
        return why.code == WCL_CODE_OUT_OF_MEMORY ? wcl_fail_memory(error) : WCL_OK;
    if (WCL_LIST_RESERVE(image->names, image->name_count, image->capacity, error) != WCL_OK)
        return WCL_FAILED;
    image->names[image->name_count] = strdup(reference->name);
    if (!image->names[image->name_count])
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
    *images = (wcl_bundle_images) { .items = NULL };
}
