/* The documents of an image that a layer is appended to: the new config and manifest, made of the
 * old ones. */
#ifndef WCL_IMAGE_APPEND_CONFIG_H
#define WCL_IMAGE_APPEND_CONFIG_H

#include "base/json.h"
#include "image/document.h"

/* What the new layer is, and when it was made. */
typedef struct wcl_append_blob {
    char diff_id[WCL_DIGEST_TEXT_SIZE];
    char digest[WCL_DIGEST_TEXT_SIZE]; /* of the blob */
    uint64_t size;
    struct timespec created;
} wcl_append_blob;

/*
 * Changes a config: adds the layer to its diff IDs and history, and sets what the options say; all
 * else stays. Fails with INVALID_PARAMETER for an option that makes no sense.
 */
wcl_status wcl_append_config(cJSON *config, const wcl_image_append_options *options,
                             const wcl_append_blob *blob, wcl_error *error);

/* Changes a manifest: it gets the layer, as a blob of the manifest's own kind, and the config. */
wcl_status wcl_append_manifest(cJSON *manifest, const wcl_append_blob *blob, const char *config,
                               size_t config_size, wcl_error *error);

/* A config and a manifest of an image without layers. */
wcl_status wcl_append_scratch(const wcl_platform *platform, cJSON **config, cJSON **manifest,
                              wcl_error *error);

#endif
