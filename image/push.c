/* Pushing: an image of the store goes to a sink. */
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/crew.h"
#include "image/engine.h"
#include "image/store.h"

typedef struct push {
    const wcl_image_store *store;
    wcl_image_sink *sink;
    const wcl_manifest *manifest;
    const wcl_config *config;
} push;

/* One blob on its way. */
typedef struct sending {
    wcl_push_blob base;
    wcl_job *job;
    int fd;
} sending;

static wcl_status read_at(const wcl_push_blob *blob, uint64_t offset, void *buffer, size_t size,
                          size_t *got, wcl_error *error)
{
    const sending *sending = blob->context;

    if (wcl_job_check(sending->job, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_pread_full(sending->fd, buffer, size, offset, got, error);
}

static wcl_status advance(const wcl_push_blob *blob, uint64_t bytes, wcl_error *error)
{
    const sending *sending = blob->context;

    atomic_fetch_add(&sending->job->done, bytes);
    return wcl_job_check(sending->job, error);
}

/* The config goes first, as job 0; then the layers, lowest first. */
static const wcl_descriptor *descriptor_of(const void *context, size_t number)
{
    const push *push = context;

    return number == 0 ? &push->manifest->config : &push->manifest->layers[number - 1];
}

static int push_open_blob(const push *push, size_t number, wcl_error *error)
{
    const char *digest = descriptor_of(push, number)->digest;

    if (number == 0)
        return wcl_image_blob_open(push->store, digest, NULL, NULL, error);
    return wcl_image_blob_open(push->store, digest,
                               wcl_digest_digits(push->config->chain_ids[number - 1]),
                               push->config->diff_ids[number - 1], error);
}

static wcl_status send_blob(push *push, sending *sending, wcl_error *error)
{
    const wcl_image_sink_ops *ops = push->sink->ops;
    wcl_job *job = sending->job;
    bool has = false;

    if (ops->has_blob(push->sink, &sending->base, &has, error) != WCL_OK)
        return WCL_FAILED;
    if (!has) {
        atomic_store(&job->state, WCL_TRANSFER_RUNNING);
        if (ops->put_blob(push->sink, &sending->base, error) != WCL_OK)
            return WCL_FAILED;
    }
    atomic_store(&job->done, job->total);
    atomic_store(&job->state, has ? WCL_TRANSFER_PRESENT : WCL_TRANSFER_DONE);
    return WCL_OK;
}

static wcl_status run_job(void *context, wcl_job *job, wcl_error *error)
{
    push *push = context;
    sending sending = { .job = job, .fd = push_open_blob(push, job->number, error) };
    WCL_CLEANUP_FREE char **names = NULL;

    if (sending.fd < 0)
        return WCL_FAILED;
    sending.base = (wcl_push_blob) { .descriptor = descriptor_of(push, job->number),
                                     .read_at = read_at,
                                     .advance = advance,
                                     .context = &sending };
    wcl_status status = wcl_image_names_with_blob(push->store, job->digest, &names,
                                                  &sending.base.name_count, error);
    sending.base.names = (const char *const *)names;
    if (status == WCL_OK)
        status = send_blob(push, &sending, error);
    close(sending.fd);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, job->digest);
}

wcl_status wcl_image_push_to(const wcl_driver *driver, const char *image, wcl_image_sink *sink,
                             const char *reference, const wcl_transfer_options *options,
                             wcl_error *error)
{
    WCL_CLEANUP_IMAGE_STORE wcl_image_store store = WCL_IMAGE_STORE_INIT;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
    WCL_CLEANUP_IMAGE_CONFIG wcl_config *config = NULL;
    wcl_lease lease = WCL_LEASE_INIT;

    if (wcl_image_store_open(driver, &store, error) != WCL_OK ||
        wcl_image_resolve(&store, image, &record, NULL, error) != WCL_OK ||
        wcl_image_documents(&store, &record, &manifest, &config, error) != WCL_OK ||
        wcl_lease_begin(&store, manifest, config, false, &lease, error) != WCL_OK)
        return WCL_FAILED;
    push push = { &store, sink, manifest, config };
    wcl_crew crew = { .driver = driver,
                      .options = options,
                      .operation = sink->operation ? sink->operation : "push",
                      .parallel = sink->parallel,
                      .peer_stop = &sink->stop,
                      .count = manifest->layer_count + 1,
                      .blob = descriptor_of,
                      .run = run_job,
                      .context = &push };
    wcl_status status = wcl_crew_run(&crew, error);
    if (status == WCL_OK)
        status = sink->ops->put_manifest(sink, manifest, reference, error);
    wcl_lease_end(&lease, false);
    return status;
}
