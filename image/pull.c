/* Pulling: an image of a source becomes one of the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/engine.h"
#include "image/fetch.h"

/* Indexes that lead to indexes. */
#define INDEX_DEPTH_MAX 3

/* ---- Manifest and config -------------------------------------------------------------------- */

static wcl_status pull_get_manifest(const wcl_image_store *store, wcl_image_source *source,
                                    const char *reference, const char *media_type,
                                    wcl_manifest **manifest, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    bool is_digest = strncmp(reference, "sha256:", 7) == 0;
    wcl_status status = WCL_END;
    char served[128] = "";

    if (is_digest && wcl_digest_check(reference, error) != WCL_OK)
        return WCL_FAILED;
    if (is_digest)
        status = wcl_image_blob_find(store, reference, WCL_MANIFEST_SIZE_MAX, &text, error);
    if (status == WCL_END)
        status = source->ops->get_manifest(source, reference, &text, served, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    if (wcl_manifest_parse(text.data, text.size, *served ? served : media_type, manifest, error) !=
        WCL_OK)
        return wcl_error_context(error, NULL, reference);
    if (!is_digest || strcmp((*manifest)->digest, reference) == 0)
        return WCL_OK;
    wcl_fail(error, WCL_CODE_CHECKSUM, "the manifest has the digest %s instead of %s",
             (*manifest)->digest, reference);
    wcl_manifest_free(*manifest);
    *manifest = NULL;
    return WCL_FAILED;
}

/* The manifest that the reference leads to, through indexes. */
static wcl_status find_manifest(const wcl_pull_request *request, const wcl_image_store *store,
                                wcl_new_image *image, wcl_error *error)
{
    const wcl_platform *platform = request->options ? request->options->platform : NULL;
    wcl_manifest **manifest = &image->manifest;

    if (pull_get_manifest(store, request->source, request->reference, NULL, manifest, error) !=
        WCL_OK)
        return WCL_FAILED;
    if ((*manifest)->is_index)
        snprintf(image->index, sizeof(image->index), "%s", (*manifest)->digest);
    for (int depth = 0; (*manifest)->is_index; depth++) {
        WCL_CLEANUP_MANIFEST wcl_manifest *above = *manifest;
        const wcl_descriptor *chosen;
        *manifest = NULL;
        if (depth == INDEX_DEPTH_MAX)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "indexes lead to indexes, more than %d deep", INDEX_DEPTH_MAX);
        if (wcl_manifest_choose(above, platform, &chosen, error) != WCL_OK ||
            pull_get_manifest(store, request->source, chosen->digest, chosen->media_type, manifest,
                              error) != WCL_OK)
            return WCL_FAILED;
        if ((*manifest)->size != chosen->size)
            return wcl_fail(error, WCL_CODE_CHECKSUM,
                            "the manifest %s has %zu bytes; the index says %llu", chosen->digest,
                            (*manifest)->size, (unsigned long long)chosen->size);
    }
    return WCL_OK;
}

static wcl_status get_config(const wcl_pull_request *request, const wcl_image_store *store,
                             wcl_new_image *image, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_fetch_small(store, request->source, &image->manifest->config, WCL_CONFIG_SIZE_MAX,
                        &text, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_config_parse(text.data, text.size, image->manifest->layer_count, &image->config,
                            error);
}

/* ---- Layers --------------------------------------------------------------------------------- */

static const wcl_descriptor *layer_of(const void *context, size_t number)
{
    return &((const wcl_fetch *)context)->manifest->layers[number];
}

static wcl_status get_layers(const wcl_pull_request *request, wcl_fetch *fetch, wcl_error *error)
{
    wcl_image_source *source = request->source;
    wcl_crew crew = { .driver = request->driver,
                      .options = request->options,
                      .operation = source->operation ? source->operation : "pull",
                      .parallel = source->parallel,
                      .peer_stop = &source->stop,
                      .count = fetch->manifest->layer_count,
                      .blob = layer_of,
                      .run = wcl_fetch_layer,
                      .context = fetch };

    return wcl_crew_run(&crew, error);
}

/* Takes away what a pull that failed brought, unless it may be resumed. */
static void undo(const wcl_image_store *store)
{
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(store, true, NULL);
    wcl_error error = WCL_ERROR_INIT;

    if (lock >= 0 && wcl_image_collect(store, false, NULL, NULL, &error) != WCL_OK)
        wcl_store_log(&store->layers, WCL_LOG_WARNING, "cannot clear up the images: %s",
                      error.message);
}

static wcl_status get_image(const wcl_pull_request *request, const wcl_image_store *store,
                            const wcl_new_image *image, wcl_image_info **info, wcl_error *error)
{
    const bool is_remote = request->source->is_remote;
    wcl_fetch fetch = { store, request->source, image->manifest, image->config };
    wcl_lease lease = WCL_LEASE_INIT;

    if (wcl_lease_begin(store, image->manifest, image->config, is_remote, &lease, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = get_layers(request, &fetch, error);
    if (status == WCL_OK)
        status = wcl_image_commit(store, image, info, error);
    wcl_lease_end(&lease, status != WCL_OK && is_remote);
    if (status != WCL_OK && !is_remote)
        undo(store);
    return status;
}

/* ---- An image ------------------------------------------------------------------------------- */

/* Takes those of the names that the image may have, before anything is fetched for it. */
static wcl_status choose_names(const wcl_pull_request *request, wcl_new_image *image,
                               wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    image->names = calloc(request->name_count + 1, sizeof(*image->names));
    if (!image->names)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < request->name_count; i++) {
        const char *name = request->names[i];
        if (wcl_image_name_check(name, image->manifest->digest, image->index, &inner) == WCL_OK) {
            image->names[image->name_count++] = name;
        } else if (!request->source->says_names || inner.code != WCL_CODE_INVALID_NAME)
            return wcl_error_pass(error, &inner);
    }
    return WCL_OK;
}

wcl_status wcl_image_pull_from(const wcl_pull_request *request, wcl_image_info **info,
                               wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    wcl_new_image image = { .manifest = NULL };

    if (wcl_image_store_make(request->driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = find_manifest(request, &store, &image, error);
    if (status == WCL_OK)
        status = choose_names(request, &image, error);
    if (status == WCL_OK)
        status = get_config(request, &store, &image, error);
    if (status == WCL_OK)
        status = get_image(request, &store, &image, info, error);
    wcl_manifest_free(image.manifest);
    wcl_config_free(image.config);
    free(image.names);
    return status;
}
