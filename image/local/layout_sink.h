/* OCI layouts and docker archives as sinks. */
#ifndef WCL_IMAGE_LAYOUT_SINK_H
#define WCL_IMAGE_LAYOUT_SINK_H

#include "image/local/bundle_writer.h"
#include "image/peer.h"

/* A sink that writes a layout, with a manifest.json, so that `docker load` takes it as a tar. The
 * references that it takes are canonical names. The writer stays the caller's; finish() of the sink
 * does not finish it. */
wcl_status wcl_layout_sink_open(wcl_bundle_writer *writer, wcl_image_sink **sink, wcl_error *error);

/* One image of a docker archive's manifest.json: `config` and `layers` are names in the archive. */
wcl_status wcl_docker_list_add(cJSON *list, const char *config, const char *name,
                               const char *const *layers, size_t count, wcl_error *error);
/* Writes manifest.json. */
wcl_status wcl_docker_list_write(wcl_bundle_writer *writer, const cJSON *list, wcl_error *error);

#endif
