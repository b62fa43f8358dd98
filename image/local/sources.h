/* Sources of images on this machine: OCI layouts and docker archives. */
#ifndef WCL_IMAGE_SOURCES_H
#define WCL_IMAGE_SOURCES_H

#include "image/local/bundle.h"

/* An image in a bundle. */
typedef struct wcl_bundle_image {
    char *reference; /* what its source calls it */
    char **names;    /* canonical references, as far as the bundle has any */
    size_t name_count;
    size_t capacity;
} wcl_bundle_image;

typedef struct wcl_bundle_images {
    wcl_bundle_image *items;
    size_t count;
    size_t capacity;
} wcl_bundle_images;

void wcl_bundle_images_free(wcl_bundle_images *images);
/* Adds an image; `name` (NULL: none) is any reference, and left out where it is none. */
wcl_status wcl_bundle_images_add(wcl_bundle_images *images, const char *reference,
                                 wcl_error *error);
wcl_status wcl_bundle_image_name(wcl_bundle_image *image, const char *name, wcl_error *error);

/* Whether a bundle is an OCI layout; a docker archive. */
bool wcl_layout_is(const wcl_bundle *bundle);
bool wcl_docker_archive_is(const wcl_bundle *bundle);

/*
 * A source of the images of a layout, and which these are. A layout names images by annotations;
 * where one has a tag only, `repository` (NULL: none) stands in front of it. The bundle stays the
 * caller's and must outlive the source.
 */
wcl_status wcl_layout_open(const wcl_bundle *bundle, const char *repository,
                           wcl_image_source **source, wcl_bundle_images *images, wcl_error *error);

/* The same of a docker archive. Its images have no manifests: they get some that say what is
 * there. */
wcl_status wcl_docker_archive_open(const wcl_bundle *bundle, wcl_image_source **source,
                                   wcl_bundle_images *images, wcl_error *error);

#endif
