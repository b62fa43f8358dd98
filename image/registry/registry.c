/* Registries as peers of the engine: a source that images are pulled from, a sink that they are
 * pushed to. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "image/engine.h"
#include "image/registry/repository.h"
#include "layer/internal.h"

/* Everything that can be taken apart, so that the registry converts nothing. */
#define ACCEPT                                                                                     \
    "Accept: " WCL_MEDIA_OCI_MANIFEST ", " WCL_MEDIA_OCI_INDEX ", " WCL_MEDIA_DOCKER_MANIFEST      \
    ", " WCL_MEDIA_DOCKER_INDEX

/* ---- Pulling --------------------------------------------------------------------------------- */

typedef struct registry_source {
    wcl_image_source base;
    wcl_repository repository;
} registry_source;

/* The media type without its parameters. */
static void take_media_type(wcl_http_exchange *exchange, char media_type[128])
{
    const char *type = wcl_http_header(exchange, "Content-Type", 0);

    media_type[0] = '\0';
    if (type)
        snprintf(media_type, 128, "%.*s", (int)strcspn(type, "; \t"), type);
}

/* A registry that contradicts itself is not to be trusted with a name. */
static wcl_status check_digest(wcl_http_exchange *exchange, const void *text, size_t size,
                               wcl_error *error)
{
    const char *claimed = wcl_http_header(exchange, "Docker-Content-Digest", 0);
    char digest[WCL_DIGEST_TEXT_SIZE];

    if (!claimed || strncmp(claimed, "sha256:", 7) != 0)
        return WCL_OK;
    if (wcl_digest_of(text, size, digest, error) != WCL_OK)
        return WCL_FAILED;
    return strcmp(claimed, digest) == 0
               ? WCL_OK
               : wcl_fail(error, WCL_CODE_CHECKSUM,
                          "'%.200s' says that the manifest's digest is %.80s, but it is %s",
                          wcl_http_address(exchange)->origin, claimed, digest);
}

static wcl_status get_manifest_once(wcl_repository *repository, wcl_retry *retry,
                                    const char *reference, wcl_buffer *text, char media_type[128],
                                    wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer body = WCL_BUFFER_INIT;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    static const char *const headers[] = { ACCEPT, NULL };
    wcl_http_request request = { .method = "GET", .headers = headers };
    char what[300];

    if (wcl_repository_url(repository, "manifests", reference, &url, error) != WCL_OK)
        return WCL_FAILED;
    request.url = wcl_buffer_text(&url);
    if (wcl_registry_send(repository->http, repository->auth, retry, &request, &exchange, error) !=
        WCL_OK)
        return WCL_FAILED;
    snprintf(what, sizeof(what), "the manifest '%.200s' of '%.200s'", reference, repository->path);
    if (wcl_http_status(exchange) != 200)
        return wcl_registry_fail(exchange, what, error);
    if (wcl_http_read_all(exchange, WCL_MANIFEST_SIZE_MAX, &body, error) != WCL_OK)
        return wcl_error_context(error, NULL, "manifest");
    take_media_type(exchange, media_type);
    if (check_digest(exchange, body.data, body.size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(text, body.data, body.size, error);
}

static wcl_status registry_get_manifest(wcl_image_source *source, const char *reference,
                                        wcl_buffer *text, char media_type[128], wcl_error *error)
{
    wcl_repository *repository = &((registry_source *)source)->repository;
    wcl_retry retry = { &repository->policy, 0 };
    wcl_error why = WCL_ERROR_INIT;

    while (get_manifest_once(repository, &retry, reference, text, media_type, &why) != WCL_OK) {
        if (wcl_retry_is_worth(why.code) && wcl_retry_again(&retry, repository->http, 0))
            continue;
        return wcl_error_pass(error, &why);
    }
    return WCL_OK;
}

static wcl_status registry_open_blob(wcl_image_source *source, const wcl_descriptor *descriptor,
                                     uint64_t offset, wcl_blob_stream **stream, wcl_error *error)
{
    return wcl_repository_open_blob(&((registry_source *)source)->repository, descriptor, offset,
                                    stream, error);
}

static void free_source(wcl_image_source *source)
{
    wcl_repository_close(&((registry_source *)source)->repository);
}

static wcl_status pull(const wcl_driver *driver, const wcl_reference *reference,
                       const wcl_registry_options *registry, const wcl_transfer_options *options,
                       wcl_image_info **info, wcl_error *error)
{
    static const wcl_image_source_ops ops = { .get_manifest = registry_get_manifest,
                                              .open_blob = registry_open_blob,
                                              .free = free_source };
    registry_source source = { .base = { .ops = &ops, .is_remote = true } };

    source.repository.stop = &source.base.stop;
    source.repository.hooks = driver->hooks;
    if (wcl_repository_open(reference, registry, WCL_REPOSITORY_PULL, &source.repository, error) !=
        WCL_OK)
        return WCL_FAILED;
    const wcl_pull_request request = { driver,
                                       &source.base,
                                       reference->digest ? reference->digest : reference->tag,
                                       (const char *const *)&reference->name,
                                       1,
                                       options };
    wcl_status status = wcl_image_pull_from(&request, info, error);
    free_source(&source.base);
    return status;
}

/* A text that is empty is one that was not given. */
static wcl_status take_options(wcl_registry_options *how, const wcl_registry_options *options,
                               const char *function, wcl_error *error)
{
    if (WCL_TAKE(wcl_registry_options, how, options, function, error) != WCL_OK)
        return WCL_FAILED;
    how->username = wcl_text_or_null(how->username);
    how->password = wcl_text_or_null(how->password);
    how->config_folder = wcl_text_or_null(how->config_folder);
    how->ca_file = wcl_text_or_null(how->ca_file);
    return WCL_OK;
}

wcl_status wcl_image_pull(const wcl_driver *driver, const char *reference,
                          const wcl_registry_options *registry, const wcl_transfer_options *options,
                          wcl_image_info **info, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *parsed = NULL;
    wcl_driver own;
    wcl_registry_options how = WCL_REGISTRY_OPTIONS_INIT;
    wcl_transfer_options chosen = WCL_TRANSFER_OPTIONS_INIT;

    if (info)
        *info = NULL;
    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK ||
        take_options(&how, registry, __func__, error) != WCL_OK ||
        WCL_TAKE(wcl_transfer_options, &chosen, options, __func__, error) != WCL_OK ||
        wcl_reference_parse(reference, &parsed, error) != WCL_OK)
        return wcl_error_context(error, "pull", reference);
    return pull(driver, parsed, &how, &chosen, info, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "pull", parsed->familiar);
}

/* ---- Pushing --------------------------------------------------------------------------------- */

typedef struct registry_sink {
    wcl_image_sink base;
    wcl_repository repository;
    char digest[WCL_DIGEST_TEXT_SIZE]; /* of the manifest that has the reference */
} registry_sink;

static wcl_status has_blob(wcl_image_sink *sink, const wcl_push_blob *blob, bool *has,
                           wcl_error *error)
{
    wcl_repository *repository = &((registry_sink *)sink)->repository;
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    wcl_http_request request = { .method = "HEAD" };
    wcl_retry retry = { &repository->policy, 0 };
    bool is_foreign = false;

    if (wcl_media_type_is_layer(blob->descriptor->media_type, NULL, &is_foreign) && is_foreign) {
        *has = true;
        return WCL_OK;
    }
    if (wcl_repository_url(repository, "blobs", blob->descriptor->digest, &url, error) != WCL_OK)
        return WCL_FAILED;
    request.url = wcl_buffer_text(&url);
    if (wcl_registry_send(repository->http, repository->auth, &retry, &request, &exchange, error) !=
        WCL_OK)
        return WCL_FAILED;
    int status = wcl_http_status(exchange);
    *has = status == 200;
    return status == 200 || status == 404
               ? WCL_OK
               : wcl_registry_fail(exchange, blob->descriptor->digest, error);
}

static wcl_status put_blob(wcl_image_sink *sink, const wcl_push_blob *blob, wcl_error *error)
{
    return wcl_repository_put_blob(&((registry_sink *)sink)->repository, blob, error);
}

static wcl_status send_manifest(wcl_repository *repository, const wcl_manifest *manifest,
                                const char *name, wcl_http_exchange **exchange, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer url = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer type = WCL_BUFFER_INIT;
    wcl_retry retry = { &repository->policy, 0 };

    if (wcl_repository_url(repository, "manifests", name, &url, error) != WCL_OK ||
        wcl_buffer_printf(&type, error, "Content-Type: %s", manifest->media_type) != WCL_OK)
        return WCL_FAILED;
    const char *const headers[] = { wcl_buffer_text(&type), NULL };
    const wcl_http_request request = { .method = "PUT",
                                       .url = wcl_buffer_text(&url),
                                       .headers = headers,
                                       .body = manifest->text,
                                       .body_size = manifest->size };
    return wcl_registry_send(repository->http, repository->auth, &retry, &request, exchange, error);
}

static wcl_status put_manifest(wcl_image_sink *sink, const wcl_manifest *manifest,
                               const char *reference, wcl_error *error)
{
    registry_sink *registry = (registry_sink *)sink;
    WCL_CLEANUP_EXCHANGE wcl_http_exchange *exchange = NULL;
    const char *name = reference ? reference : manifest->digest;
    char what[300];

    if (send_manifest(&registry->repository, manifest, name, &exchange, error) != WCL_OK)
        return WCL_FAILED;
    int status = wcl_http_status(exchange);
    snprintf(what, sizeof(what), "the manifest '%.200s'", name);
    if (status < 200 || status >= 300)
        return wcl_registry_fail(exchange, what, error);
    snprintf(registry->digest, sizeof(registry->digest), "%s", manifest->digest);
    return check_digest(exchange, manifest->text, manifest->size, error);
}

static void free_sink(wcl_image_sink *sink)
{
    wcl_repository_close(&((registry_sink *)sink)->repository);
}

static wcl_status registry_push(const wcl_driver *driver, const char *image,
                                const wcl_reference *reference,
                                const wcl_registry_options *registry,
                                const wcl_transfer_options *options, char digest[72],
                                wcl_error *error)
{
    static const wcl_image_sink_ops ops = {
        .has_blob = has_blob, .put_blob = put_blob, .put_manifest = put_manifest, .free = free_sink
    };
    registry_sink sink = { .base = { .ops = &ops } };

    if (reference->digest)
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "an image is pushed to a name; the digest follows from what is pushed");
    sink.repository.stop = &sink.base.stop;
    sink.repository.hooks = driver->hooks;
    if (wcl_repository_open(reference, registry, WCL_REPOSITORY_PUSH, &sink.repository, error) !=
        WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        wcl_image_push_to(driver, image, &sink.base, reference->tag, options, error);
    if (status == WCL_OK && digest)
        memcpy(digest, sink.digest, WCL_DIGEST_TEXT_SIZE);
    free_sink(&sink.base);
    return status;
}

wcl_status wcl_image_push(const wcl_driver *driver, const char *image, const char *reference,
                          const wcl_registry_options *registry, const wcl_transfer_options *options,
                          char digest[72], wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *parsed = NULL;
    wcl_driver own;
    wcl_registry_options how = WCL_REGISTRY_OPTIONS_INIT;
    wcl_transfer_options chosen = WCL_TRANSFER_OPTIONS_INIT;

    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK ||
        take_options(&how, registry, __func__, error) != WCL_OK ||
        WCL_TAKE(wcl_transfer_options, &chosen, options, __func__, error) != WCL_OK ||
        wcl_reference_parse(reference, &parsed, error) != WCL_OK)
        return wcl_error_context(error, "push", reference);
    return registry_push(driver, image, parsed, &how, &chosen, digest, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "push", parsed->familiar);
}
