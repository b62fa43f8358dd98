/*
 * The JSON documents of images, checked and taken apart: manifests and indexes (OCI, and Docker
 * schema 2) and configs. Each keeps its text byte for byte, because its digest is its name. What is
 * pointed to belongs to the document.
 */
#ifndef WCL_IMAGE_DOCUMENT_H
#define WCL_IMAGE_DOCUMENT_H

#include <wcl/image.h>
#include <wcl/tar.h>

#include "base/digest.h"
#include "base/json.h"
#include "compress/compress.h"

/* Larger manifests and indexes, and larger configs, are refused. */
#define WCL_MANIFEST_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define WCL_CONFIG_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define WCL_LAYERS_MAX 1000
#define WCL_MANIFESTS_MAX 4096

#define WCL_MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define WCL_MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define WCL_MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define WCL_MEDIA_OCI_FOREIGN_LAYER "application/vnd.oci.image.layer.nondistributable.v1.tar"
#define WCL_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define WCL_MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define WCL_MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define WCL_MEDIA_DOCKER_FOREIGN_LAYER "application/vnd.docker.image.rootfs.foreign.diff.tar"

/* ---- Digests -------------------------------------------------------------------------------- */

/* "sha256:" and 64 digits of lower case: INVALID_DATA otherwise, NOT_SUPPORTED for another
 * algorithm, which is named. */
wcl_status wcl_digest_check(const char *digest, wcl_error *error);
/* The digest of some bytes. */
wcl_status wcl_digest_of(const void *data, size_t size, char text[WCL_DIGEST_TEXT_SIZE],
                         wcl_error *error);

/* ---- Platforms ------------------------------------------------------------------------------ */

/* What others call a system, an architecture or a variant ("x86_64", "Linux", "7"), by Go's names.
 */
void wcl_platform_normalise(wcl_platform *platform);

/* ---- Descriptors ---------------------------------------------------------------------------- */

/* What a document says of another document or blob. The digest is well-formed. */
typedef struct wcl_descriptor {
    const char *media_type; /* "" where not said */
    const char *digest;
    uint64_t size;
    const char **urls; /* where to get a foreign layer; only http and https */
    size_t url_count;
    bool has_platform;
    wcl_platform platform;
    const cJSON *annotations; /* an object, or NULL */
} wcl_descriptor;

/* The value of an annotation; NULL where there is none. */
const char *wcl_descriptor_annotation(const wcl_descriptor *descriptor, const char *name);

/*
 * Whether it is a layer's media type: OCI's or Docker's, of a tar with any compression that has
 * one. `is_foreign` says whether it is one of those that registries need not hold; both may be
 * NULL.
 */
bool wcl_media_type_is_layer(const char *media_type, wcl_compression *compression,
                             bool *is_foreign);

/* Whether it is the media type of an image's config, OCI's or Docker's, or "", in a manifest of
 * that type: of Docker's schema 2 there are images whose config is called something general. */
bool wcl_media_type_is_config(const char *media_type, const char *manifest_type);

/* ---- Manifests and indexes ------------------------------------------------------------------ */

typedef struct wcl_manifest {
    char *text; /* verbatim, with a NUL behind it */
    size_t size;
    char digest[WCL_DIGEST_TEXT_SIZE];
    const char *media_type;
    bool is_index;
    /* Of a manifest: */
    wcl_descriptor config;
    wcl_descriptor *layers; /* lowest first */
    size_t layer_count;
    /* Of an index: */
    wcl_descriptor *manifests;
    size_t manifest_count;
    cJSON *json;
} wcl_manifest;

/*
 * Takes a manifest or an index apart. `media_type` is what it was served as, NULL or "" where
 * nobody said: then it is found out; a document that says another one itself is refused. Fails with
 * NOT_SUPPORTED for what is no image (schema 1, artifacts), INVALID_DATA for what is malformed,
 * FILE_TOO_LARGE.
 */
wcl_status wcl_manifest_parse(const void *text, size_t size, const char *media_type,
                              wcl_manifest **manifest, wcl_error *error);
void wcl_manifest_free(wcl_manifest *manifest);

/*
 * The manifest of an index for a platform (NULL: the default one); FILE_NOT_FOUND, with the
 * platforms that there are, when none fits. Entries that are no images (attestations) are passed
 * over; where none fits, the first image that does not say its platform is taken.
 */
wcl_status wcl_manifest_choose(const wcl_manifest *index, const wcl_platform *platform,
                               const wcl_descriptor **chosen, wcl_error *error);

static inline void wcl_manifest_cleanup(wcl_manifest **manifest)
{
    wcl_manifest_free(*manifest);
}
#define WCL_CLEANUP_MANIFEST __attribute__((cleanup(wcl_manifest_cleanup)))

/* ---- Configs -------------------------------------------------------------------------------- */

typedef struct wcl_config {
    char *text; /* verbatim, with a NUL behind it */
    size_t size;
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_platform platform;
    wcl_os os;
    const char **diff_ids; /* lowest first, well-formed */
    char (*chain_ids)[WCL_DIGEST_TEXT_SIZE];
    size_t layer_count;
    int64_t created; /* seconds since 1970; 0: not said */
    cJSON *json;     /* all of it: "config" has what to run */
} wcl_config;

/* Takes a config apart; `layer_count` is the manifest's number of layers, which must be that of the
 * diff IDs. NOT_SUPPORTED for an os other than Windows or Linux. */
wcl_status wcl_config_parse(const void *text, size_t size, size_t layer_count, wcl_config **config,
                            wcl_error *error);
void wcl_config_free(wcl_config *config);

static inline void wcl_config_cleanup(wcl_config **config)
{
    wcl_config_free(*config);
}
#define WCL_CLEANUP_IMAGE_CONFIG __attribute__((cleanup(wcl_config_cleanup)))

/* The id that the layer with this chain ID has in the store: the digits. */
static inline const char *wcl_digest_digits(const char *chain_id)
{
    return chain_id + sizeof("sha256:") - 1;
}

#endif
