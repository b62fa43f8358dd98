/* An image's documents and layers put together as one JSON document. */
#ifndef WCL_IMAGE_INSPECT_DESCRIBE_H
#define WCL_IMAGE_INSPECT_DESCRIBE_H

#include <wcl/image.h>

#include "base/json.h"

/*
 * {"name","names","digest","media_type","config_digest","os","architecture","variant","os_version",
 * "created","size","tar_size","layers":[{"id","digest","diff_id","media_type","size","tar_size",
 * "created_by"}]}, layers from the lowest; with `with_documents` "manifest" and "config" as well,
 * as they stand. "name" is what the caller called the image. cJSON_Delete().
 */
wcl_status wcl_image_describe(const wcl_driver *driver, const char *image,
                              const wcl_image_info *info, bool with_documents, cJSON **json,
                              wcl_error *error);

#endif
