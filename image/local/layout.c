/* OCI layouts as sources: index.json says which images there are, blobs/ has everything else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/local/sources.h"

#define BLOB_NAME_SIZE 96

typedef struct layout {
    wcl_image_source base;
    const wcl_bundle *bundle;
} layout;

/* ---- The source ----------------------------------------------------------------------------- */

static void blob_name(const char *digest, char name[BLOB_NAME_SIZE])
{
    snprintf(name, BLOB_NAME_SIZE, "blobs/sha256/%s", wcl_digest_digits(digest));
}

static wcl_status layout_get_manifest(wcl_image_source *base, const char *reference,
                                      wcl_buffer *text, char media_type[128], wcl_error *error)
{
    const layout *layout = (const struct layout *)base;
    char name[BLOB_NAME_SIZE];

    (void)media_type;
    if (wcl_digest_check(reference, error) != WCL_OK)
        return WCL_FAILED;
    blob_name(reference, name);
    return wcl_bundle_read(layout->bundle, name, WCL_MANIFEST_SIZE_MAX, text, error);
}

static wcl_status layout_open_blob(wcl_image_source *base, const wcl_descriptor *descriptor,
                                   uint64_t offset, wcl_blob_stream **stream, wcl_error *error)
{
    const layout *layout = (const struct layout *)base;
    char name[BLOB_NAME_SIZE];

    blob_name(descriptor->digest, name);
    if (descriptor->url_count && !wcl_bundle_has(layout->bundle, name))
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND,
                        "the foreign layer %s is not in the layout, and its address is %.200s; "
                        "pull the image from its registry instead",
                        descriptor->digest, descriptor->urls[0]);
    return wcl_bundle_stream(layout->bundle, name, offset, stream, error);
}

static void free_layout(wcl_image_source *base)
{
    free(base);
}

/* ---- Which images there are ----------------------------------------------------------------- */

/* What an entry of index.json is called: in full, or by a tag behind `repository`. */
static wcl_status name_image(wcl_bundle_image *image, const wcl_descriptor *entry,
                             const char *repository, wcl_error *error)
{
    const char *name = wcl_descriptor_annotation(entry, "io.containerd.image.name");
    const char *tag = wcl_descriptor_annotation(entry, "org.opencontainers.image.ref.name");
    char text[600];

    if (!name && tag && strpbrk(tag, ":/"))
        name = tag;
    if (!name && tag && repository && strlen(tag) + strlen(repository) < sizeof(text) - 2) {
        snprintf(text, sizeof(text), "%s:%s", repository, tag);
        name = text;
    }
    return name ? wcl_bundle_image_name(image, name, error) : WCL_OK;
}

static bool is_image(const wcl_descriptor *entry)
{
    const char *type = entry->media_type;

    return !wcl_descriptor_annotation(entry, "vnd.docker.reference.type") &&
           (strcmp(type, WCL_MEDIA_OCI_MANIFEST) == 0 || strcmp(type, WCL_MEDIA_OCI_INDEX) == 0 ||
            strcmp(type, WCL_MEDIA_DOCKER_MANIFEST) == 0 ||
            strcmp(type, WCL_MEDIA_DOCKER_INDEX) == 0);
}

/* Whether the entry's manifest is one of something else than an image, whose `type` is its
 * config's. What cannot be read, or has another digest, is no artifact: it fails when it is loaded.
 */
static bool is_artifact(const wcl_bundle *bundle, const wcl_descriptor *entry, char type[128])
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    char name[BLOB_NAME_SIZE], digest[WCL_DIGEST_TEXT_SIZE];
    const char *config_type = "";

    blob_name(entry->digest, name);
    if (wcl_bundle_read(bundle, name, WCL_MANIFEST_SIZE_MAX, &text, NULL) != WCL_OK ||
        wcl_digest_of(text.data, text.size, digest, NULL) != WCL_OK ||
        strcmp(digest, entry->digest) != 0 ||
        wcl_json_parse(wcl_buffer_text(&text), text.size, WCL_MANIFEST_SIZE_MAX, &json, NULL) !=
            WCL_OK ||
        wcl_json_get_text(cJSON_GetObjectItemCaseSensitive(json, "config"), "mediaType",
                          &config_type, NULL) != WCL_OK)
        return false;
    snprintf(type, 128, "%s", config_type);
    return !wcl_media_type_is_config(config_type, entry->media_type);
}

/* The image of that reference, which is added where there is none yet. */
static wcl_status find_image(wcl_bundle_images *images, const char *reference,
                             wcl_bundle_image **image, wcl_error *error)
{
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->items[i].reference, reference) == 0) {
            *image = &images->items[i];
            return WCL_OK;
        }
    if (wcl_bundle_images_add(images, reference, error) != WCL_OK)
        return WCL_FAILED;
    *image = &images->items[images->count - 1];
    return WCL_OK;
}

/* Whether an image's entry before the one of that number is of the same manifest. */
static bool is_repeated(const wcl_manifest *index, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (is_image(&index->manifests[i]) &&
            strcmp(index->manifests[i].digest, index->manifests[number].digest) == 0)
            return true;
    return false;
}

static bool is_listed(const wcl_bundle_images *images, const char *reference)
{
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->items[i].reference, reference) == 0)
            return true;
    return false;
}

static wcl_status list_images(const wcl_manifest *index, const wcl_bundle *bundle,
                              const char *repository, wcl_bundle_images *images, wcl_error *error)
{
    char type[128], artifact[128] = "";

    for (size_t i = 0; i < index->manifest_count; i++) {
        const wcl_descriptor *entry = &index->manifests[i];
        wcl_bundle_image *image;
        if (!is_image(entry))
            continue;
        /* Each manifest is read once, however often it is named. */
        if (!is_listed(images, entry->digest)) {
            if (is_repeated(index, i))
                continue;
            if (is_artifact(bundle, entry, type)) {
                if (!*artifact)
                    snprintf(artifact, sizeof(artifact), "%s", type);
                continue;
            }
        }
        if (find_image(images, entry->digest, &image, error) != WCL_OK ||
            name_image(image, entry, repository, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (images->count)
        return WCL_OK;
    if (*artifact)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it holds an artifact and no image: its config is a '%.100s'", artifact);
    return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no image in it");
}

bool wcl_layout_is(const wcl_bundle *bundle)
{
    return wcl_bundle_has(bundle, "oci-layout") && wcl_bundle_has(bundle, "index.json");
}

static wcl_status check_version(const wcl_bundle *bundle, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *version = "";

    if (wcl_bundle_read(bundle, "oci-layout", 4096, &text, error) != WCL_OK ||
        wcl_json_parse(wcl_buffer_text(&text), text.size, 4096, &json, error) != WCL_OK ||
        wcl_json_get_text(json, "imageLayoutVersion", &version, error) != WCL_OK)
        return wcl_error_context(error, NULL, "oci-layout");
    if (strncmp(version, "1.", 2) != 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is an OCI layout of version '%.20s'; 1.0.0 is supported", version);
    return WCL_OK;
}

wcl_status wcl_layout_open(const wcl_bundle *bundle, const char *repository,
                           wcl_image_source **source, wcl_bundle_images *images, wcl_error *error)
{
    static const wcl_image_source_ops ops = { layout_get_manifest, layout_open_blob, free_layout };
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_MANIFEST wcl_manifest *index = NULL;

    *images = (wcl_bundle_images) { .items = NULL };
    if (check_version(bundle, error) != WCL_OK ||
        wcl_bundle_read(bundle, "index.json", WCL_MANIFEST_SIZE_MAX, &text, error) != WCL_OK ||
        wcl_manifest_parse(text.data, text.size, WCL_MEDIA_OCI_INDEX, &index, error) != WCL_OK)
        return wcl_error_context(error, NULL, "index.json");
    layout *made = calloc(1, sizeof(*made));
    if (!made)
        return wcl_fail_memory(error);
    made->base.ops = &ops;
    made->base.operation = "load";
    made->bundle = bundle;
    if (list_images(index, bundle, repository, images, error) != WCL_OK) {
        wcl_bundle_images_free(images);
        free(made);
        return WCL_FAILED;
    }
    *source = &made->base;
    return WCL_OK;
}
