/*
 * OCI layouts and docker archives in a tar of any compression: whatever is loaded, each image has a
 * name that is one or none, each manifest is sound, and no blob is read beyond the archive.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/local/sources.h"
#include "tests/tools/check.h"

/* Bytes of a decompressed archive that are enough to see. */
#define ENOUGH ((uint64_t)8 * 1024 * 1024)

static bool is_enough(void *context, const wcl_progress *progress)
{
    (void)context;
    return progress->done > ENOUGH;
}

static void check_blob(wcl_image_source *source, const wcl_descriptor *descriptor)
{
    wcl_blob_stream *stream = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char bytes[4096];
    size_t got = 1;
    uint64_t all = 0;

    CHECK(wcl_digest_check(descriptor->digest, NULL) == WCL_OK);
    if (source->ops->open_blob(source, descriptor, 0, &stream, &error) != WCL_OK) {
        CHECK(error.code && error.message[0]);
        return;
    }
    while (got && all < ENOUGH &&
           stream->ops->read(stream, bytes, sizeof(bytes), &got, &error) == WCL_OK)
        all += got;
    stream->ops->free(stream);
}

static void check_image(wcl_image_source *source, const wcl_bundle_image *image)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_MANIFEST wcl_manifest *manifest = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char media_type[128] = "";

    for (size_t i = 0; i < image->name_count; i++) {
        wcl_reference *reference = NULL;
        CHECK(wcl_reference_parse(image->names[i], &reference, NULL) == WCL_OK);
        CHECK(strcmp(reference->name, image->names[i]) == 0);
        wcl_free(reference);
    }
    if (source->ops->get_manifest(source, image->reference, &text, media_type, &error) != WCL_OK ||
        wcl_manifest_parse(text.data, text.size, media_type, &manifest, &error) != WCL_OK) {
        CHECK(error.code && error.message[0]);
        return;
    }
    if (manifest->is_index)
        return;
    check_blob(source, &manifest->config);
    for (size_t i = 0; i < manifest->layer_count; i++)
        check_blob(source, &manifest->layers[i]);
}

static void check_images(const wcl_bundle *bundle)
{
    wcl_bundle_images images = { .items = NULL };
    wcl_image_source *source = NULL;
    wcl_error error = WCL_ERROR_INIT;
    wcl_status status = WCL_FAILED;

    if (wcl_layout_is(bundle))
        status = wcl_layout_open(bundle, "repository", &source, &images, &error);
    else if (wcl_docker_archive_is(bundle))
        status = wcl_docker_archive_open(bundle, &source, &images, &error);
    else
        return;
    if (status != WCL_OK) {
        CHECK(error.code && error.message[0]);
        return;
    }
    CHECK(images.count > 0);
    for (size_t i = 0; i < images.count && i < 16; i++)
        check_image(source, &images.items[i]);
    source->ops->free(source);
    wcl_bundle_images_free(&images);
}

static int open_temporary(void)
{
    static int folder = -1;

    if (folder < 0)
        folder = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const wcl_hooks hooks = { .struct_size = sizeof(hooks), .progress = is_enough };
    wcl_bundle_file file = { .fd = -1 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_bundle *bundle = NULL;
    char path[64];

    int fd = memfd_create("archive", MFD_CLOEXEC);
    CHECK(fd >= 0 && open_temporary() >= 0);
    CHECK(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (wcl_bundle_open(path, open_temporary(), &hooks, NULL, &bundle, &error) == WCL_OK) {
        struct stat info;
        if (wcl_bundle_find(bundle, "../manifest.json", &file, NULL) == WCL_OK)
            CHECK(fstat(file.fd, &info) == 0 && file.offset <= (uint64_t)info.st_size &&
                  file.size <= (uint64_t)info.st_size - file.offset);
        check_images(bundle);
        wcl_bundle_free(bundle);
    } else {
        CHECK(error.code && error.message[0]);
    }
    close(fd);
    return 0;
}
