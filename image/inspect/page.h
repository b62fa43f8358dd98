/* The page of an image: made of image/inspect/page.html, .css and .js, which are built in. */
#ifndef WCL_IMAGE_INSPECT_PAGE_H
#define WCL_IMAGE_INSPECT_PAGE_H

#include <wcl/layer.h>

#include "base/json.h"
#include "image/inspect/changes.h"

extern const char wcl_page_html[];
extern const char wcl_page_css[];
extern const char wcl_page_js[];

/* Reads the layers `ids`, from the lowest. */
wcl_status wcl_page_read_layers(const wcl_driver *driver, const char *const *ids, size_t count,
                                bool is_windows, wcl_image_changes *changes, wcl_error *error);

/* Writes the page: `image` is the description of the image (image/inspect/describe.h). */
wcl_status wcl_page_write(wcl_write_fn write, void *context, const cJSON *image,
                          const wcl_image_changes *changes, wcl_error *error);

#endif
