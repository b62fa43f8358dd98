/* The data of an image's page, as JSON that is safe inside of HTML. */
#ifndef WCL_IMAGE_INSPECT_PAGE_DATA_H
#define WCL_IMAGE_INSPECT_PAGE_DATA_H

#include "base/json.h"
#include "image/inspect/changes.h"

/* Output that is collected to pieces of some size. */
typedef struct wcl_page_out {
    wcl_write_fn write;
    void *context;
    wcl_buffer buffer;
} wcl_page_out;

wcl_status wcl_page_text(wcl_page_out *out, const char *text, wcl_error *error);
wcl_status wcl_page_bytes(wcl_page_out *out, const void *bytes, size_t size, wcl_error *error);
wcl_status wcl_page_flush(wcl_page_out *out, wcl_error *error);

/* JSON in which a less-than sign can only be an escape, so that no name ends the element. */
wcl_status wcl_page_json(wcl_page_out *out, const cJSON *json, wcl_error *error);

/*
 * Writes {"image":...,"names":[...],"depths":[...],"events":[...]}: the paths of all layers, a
 * folder before what is in it, by name and depth (of the root's children 0), and the events, five
 * numbers each: the path's place in the list, the layer, kind + 4 * kind of file, the size, and the
 * layer that made it useless, from 1 (0: none; bytes of a file with several names are useless once
 * all are).
 */
wcl_status wcl_page_data(wcl_page_out *out, const cJSON *image, const wcl_image_changes *changes,
                         wcl_error *error);

#endif
