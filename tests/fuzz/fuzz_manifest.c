/* Manifests and indexes: all digests of what is taken are well-formed, so none leads out of a
 * folder, and whatever platform is asked for, what is chosen is one of the index's own. */
#include <stdlib.h>
#include <string.h>

#include "image/document.h"

static void check_descriptor(const wcl_descriptor *descriptor)
{
    if (wcl_digest_check(descriptor->digest, NULL) != WCL_OK || descriptor->size > INT64_MAX)
        abort();
    for (size_t i = 0; i < descriptor->url_count; i++)
        if (strncasecmp(descriptor->urls[i], "http", 4) != 0)
            abort();
    wcl_descriptor_annotation(descriptor, "org.opencontainers.image.ref.name");
}

static void check_choice(const wcl_manifest *index, const char *text)
{
    const wcl_descriptor *chosen;
    wcl_platform *platform = NULL;
    wcl_error error = WCL_ERROR_INIT;

    if (text && wcl_platform_parse(text, &platform, NULL) != WCL_OK)
        abort();
    if (wcl_manifest_choose(index, platform, &chosen, &error) == WCL_OK &&
        (chosen < index->manifests || chosen >= index->manifests + index->manifest_count))
        abort();
    wcl_free(platform);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_manifest *manifest = NULL;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_manifest_parse(data, size, NULL, &manifest, &error) != WCL_OK)
        return 0;
    if (manifest->size != size || (size && memcmp(manifest->text, data, size) != 0))
        abort();
    for (size_t i = 0; i < manifest->layer_count; i++)
        check_descriptor(&manifest->layers[i]);
    for (size_t i = 0; i < manifest->manifest_count; i++)
        check_descriptor(&manifest->manifests[i]);
    if (manifest->is_index) {
        check_choice(manifest, NULL);
        check_choice(manifest, "windows(10.0.17763.1)/amd64");
        check_choice(manifest, "linux/arm/v7");
    } else {
        check_descriptor(&manifest->config);
    }
    wcl_manifest_free(manifest);
    return 0;
}
