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

/* The manifest that a reference leads to, through indexes; `index` is the digest of the first of
 * these, or "". */
static wcl_status find_manifest(const wcl_image_store *store, wcl_image_source *source,
                                const char *reference, const wcl_platform *platform,
                                wcl_manifest **manifest, char index[WCL_DIGEST_TEXT_SIZE],
                                wcl_error *error)
{
    if (pull_get_manifest(store, source, reference, NULL, manifest, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(index, WCL_DIGEST_TEXT_SIZE, "%s", (*manifest)->is_index ? (*manifest)->digest : "");
    for (int depth = 0; (*manifest)->is_index; depth++) {
        WCL_CLEANUP_MANIFEST wcl_manifest *above = *manifest;
        const wcl_descriptor *chosen;
        *manifest = NULL;
        if (depth == INDEX_DEPTH_MAX)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "indexes lead to indexes, more than %d deep", INDEX_DEPTH_MAX);
        if (wcl_manifest_choose(above, platform, &chosen, error) != WCL_OK ||
            pull_get_manifest(store, source, chosen->digest, chosen->media_type, manifest, error) !=
                WCL_OK)
            return WCL_FAILED;
        if ((*manifest)->size != chosen->size)
            return wcl_fail(error, WCL_CODE_CHECKSUM,
                            "the manifest %s has %zu bytes; the index says %llu", chosen->digest,
                            (*manifest)->size, (unsigned long long)chosen->size);
    }
    return WCL_OK;
}

static wcl_status get_config(const wcl_image_store *store, wcl_image_source *source,
                             const wcl_manifest *manifest, wcl_config **config, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_fetch_small(store, source, &manifest->config, WCL_CONFIG_SIZE_MAX, &text, error) !=
        WCL_OK)
        return WCL_FAILED;
    return wcl_config_parse(text.data, text.size, manifest->layer_count, config, error);
}

/* ---- Layers --------------------------------------------------------------------------------- */

static unsigned parallel_of(const wcl_image_source *source, const wcl_transfer_options *options)
{
    unsigned wanted = options ? options->parallel : 0;

    return source->parallel && (!wanted || source->parallel < wanted) ? source->parallel : wanted;
}

static wcl_status get_layers(wcl_fetch *fetch, const wcl_driver *driver,
                             const wcl_transfer_options *options, wcl_error *error)
{
    const wcl_manifest *manifest = fetch->manifest;
    WCL_CLEANUP_FREE wcl_job *jobs = calloc(manifest->layer_count + 1, sizeof(*jobs));
    wcl_crew crew = { .driver = driver,
                      .options = options,
                      .operation = fetch->source->operation ? fetch->source->operation : "pull",
                      .jobs = jobs,
                      .count = manifest->layer_count,
                      .parallel = parallel_of(fetch->source, options),
                      .run = wcl_fetch_layer,
                      .context = fetch };

    if (!jobs)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < manifest->layer_count; i++) {
        jobs[i].digest = manifest->layers[i].digest;
        jobs[i].total = manifest->layers[i].size;
    }
    wcl_crew_init(&crew);
    fetch->source->stop = &crew.stop;
    wcl_status status = wcl_crew_run(&crew, error);
    fetch->source->stop = NULL;
    wcl_crew_free(&crew);
    return status;
}

/* Takes away what a pull that failed brought, unless it may be gone on with. */
static void undo(const wcl_image_store *store)
{
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(store, true, NULL);
    wcl_error error = WCL_ERROR_INIT;

    if (lock >= 0 && wcl_image_collect(store, false, NULL, NULL, &error) != WCL_OK)
        wcl_store_log(&store->layers, WCL_LOG_WARNING, "cannot clear up the images: %s",
                      error.message);
}

static wcl_status get_image(wcl_fetch *fetch, const char *index, const char *const *names,
                            size_t name_count, const wcl_transfer_options *options,
                            wcl_image_info **info, wcl_error *error)
{
    const bool is_remote = fetch->source->is_remote;
    wcl_lease lease = WCL_LEASE_INIT;

    if (wcl_lease_begin(fetch->store, fetch->manifest, fetch->config, is_remote, &lease, error) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_status status = get_layers(fetch, fetch->store->driver, options, error);
    if (status == WCL_OK)
        status = wcl_image_record_write(fetch->store, fetch->manifest, fetch->config, index, names,
                                        name_count, info, error);
    wcl_lease_end(&lease, status != WCL_OK && is_remote);
    if (status != WCL_OK && !is_remote)
        undo(fetch->store);
    return status;
}

/* ---- An image ------------------------------------------------------------------------------- */

wcl_status wcl_transfer_options_check(const wcl_transfer_options *options, wcl_error *error)
{
    return options && options->struct_size != sizeof(*options)
               ? wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                          "the wcl_transfer_options do not say their size in struct_size")
               : WCL_OK;
}

/* Takes those of the names that the image may have, before anything is fetched for it. */
static wcl_status choose_names(const wcl_image_source *source, const wcl_manifest *manifest,
                               const char *index, const char *const *names, size_t name_count,
                               const char **chosen, size_t *count, wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    *count = 0;
    for (size_t i = 0; i < name_count; i++) {
        if (wcl_image_name_check(names[i], manifest->digest, index, &inner) == WCL_OK) {
            chosen[(*count)++] = names[i];
        } else if (!source->says_names || inner.code != WCL_CODE_INVALID_NAME) {
            if (error)
                *error = inner;
            return WCL_FAILED;
        }
    }
    return WCL_OK;
}

static wcl_status pull(const wcl_image_store *store, wcl_image_source *source,
                       const char *reference, const char *const *names, size_t name_count,
                       const wcl_transfer_options *options, wcl_image_info **info, wcl_error *error)
{
    WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
    WCL_CLEANUP_IMAGE_CONFIG wcl_config *config = NULL;
    WCL_CLEANUP_FREE const char **chosen = calloc(name_count + 1, sizeof(*chosen));
    char index[WCL_DIGEST_TEXT_SIZE];
    size_t count;

    if (!chosen)
        return wcl_fail_memory(error);
    if (find_manifest(store, source, reference, options ? options->platform : NULL, &manifest,
                      index, error) != WCL_OK ||
        choose_names(source, manifest, index, names, name_count, chosen, &count, error) != WCL_OK ||
        get_config(store, source, manifest, &config, error) != WCL_OK)
        return WCL_FAILED;
    wcl_fetch fetch = { store, source, manifest, config };
    return get_image(&fetch, index, chosen, count, options, info, error);
}

wcl_status wcl_image_pull_from(const wcl_driver *driver, wcl_image_source *source,
                               const char *reference, const char *const *names, size_t name_count,
                               const wcl_transfer_options *options, wcl_image_info **info,
                               wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;

    if (wcl_transfer_options_check(options, error) != WCL_OK ||
        wcl_image_store_make(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    return pull(&store, source, reference, names, name_count, options, info, error);
}
