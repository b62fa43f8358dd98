/* Checking a layer: its tar is hashed again, and its index is made again and must come out the
 * same. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "erofs/write.h"
#include "layer/store/query/ask.h"
#include "layer/store/mount/chain.h"
#include "layer/store/import/import.h"

typedef struct verification {
    const wcl_store *store;
    const wcl_store_layer *layer;
    void (*found)(void *context, const char *sentence);
    void *context;
    size_t faults;
} verification;

WCL_PRINTF(2, 3)
static void verify_report(verification *check, const char *format, ...)
{
    char sentence[1200];

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    check->faults++;
    if (check->found)
        check->found(check->context, sentence);
}

/* ---- Comparing images ------------------------------------------------------------------------ */

/* An image file, compared with bytes as they come. */
typedef struct comparison {
    int fd;
    uint64_t offset;
    uint64_t first_difference; /* UINT64_MAX: none */
} comparison;

static wcl_status compare_bytes(void *context, const void *data, size_t size, wcl_error *error)
{
    comparison *comparison = context;
    const uint8_t *bytes = data;
    uint8_t there[16384];

    while (size) {
        size_t part = size < sizeof(there) ? size : sizeof(there), got;
        if (wcl_pread_full(comparison->fd, there, part, comparison->offset, &got, error) != WCL_OK)
            return WCL_FAILED;
        if ((got < part || memcmp(there, bytes, part) != 0) &&
            comparison->first_difference == UINT64_MAX) {
            size_t at = 0;
            while (at < got && there[at] == bytes[at])
                at++;
            comparison->first_difference = comparison->offset + at;
        }
        comparison->offset += part;
        bytes += part;
        size -= part;
    }
    return WCL_OK;
}

static wcl_status compare_image(verification *check, wcl_erofs_tree *tree, const char *name,
                                const uint64_t *device_sizes, size_t device_count, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(check->layer->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    WCL_CLEANUP_FREE wcl_erofs_device *devices = calloc(device_count + 1, sizeof(*devices));
    WCL_CLEANUP_TAR_SOURCE wcl_tar_source tars = { .store = check->store,
                                                   .record = &check->layer->record,
                                                   .own_fd = -1 };
    const wcl_erofs_options options = { .devices = devices,
                                        .device_count = device_count,
                                        .read = wcl_tar_source_read,
                                        .read_context = &tars };
    comparison comparison = { .fd = fd, .first_difference = UINT64_MAX };
    struct stat info;

    if (!devices)
        return wcl_fail_memory(error);
    if (fd < 0 || fstat(fd, &info) != 0) {
        verify_report(check, "cannot open %s: %s", name, strerror(errno));
        return WCL_OK;
    }
    for (size_t i = 0; i < device_count; i++)
        devices[i].size = device_sizes[i];
    if (wcl_erofs_write(tree, &options, compare_bytes, &comparison, NULL, error) != WCL_OK)
        return WCL_FAILED;
    if (comparison.first_difference != UINT64_MAX)
        verify_report(check, "%s is not what its tars say, from byte %llu on", name,
                      (unsigned long long)comparison.first_difference);
    else if ((uint64_t)info.st_size != comparison.offset)
        verify_report(check, "%s has %lld bytes instead of %llu", name, (long long)info.st_size,
                      (unsigned long long)comparison.offset);
    return WCL_OK;
}

/* ---- The parts of a layer -------------------------------------------------------------------- */

static void check_parents(verification *check)
{
    const wcl_layer_record *record = &check->layer->record;

    for (size_t i = 0; i < record->parent_count; i++) {
        WCL_CLEANUP_STORE_LAYER wcl_store_layer parent = WCL_STORE_LAYER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_store_layer_open(check->store, record->parents[i], WCL_LOCK_NONE, &parent,
                                 &error) != WCL_OK)
            verify_report(check, "cannot open its parent '%s': %s", record->parents[i],
                          error.message);
    }
}

/* Whether what failed says nothing about the layer; then it is the caller's error. */
static bool is_no_fault(const wcl_error *inner, wcl_error *error)
{
    if (inner->code != WCL_CODE_CANCELLED && inner->code != WCL_CODE_OUT_OF_MEMORY)
        return false;
    wcl_error_pass(error, inner);
    return true;
}

static wcl_status check_tar(verification *check, wcl_error *error)
{
    const wcl_layer_record *record = &check->layer->record;
    WCL_CLEANUP_FD int fd =
        openat(check->layer->fd, "layer.tar", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char diff_id[WCL_DIGEST_TEXT_SIZE];
    wcl_error inner = WCL_ERROR_INIT;
    wcl_index *index = NULL;
    uint64_t size;

    if (fd < 0) {
        verify_report(check, "cannot open layer.tar: %s", strerror(errno));
        return WCL_OK;
    }
    if (wcl_store_scan_tar(check->store, fd, record->os, "verify", &index, diff_id, &size,
                           &inner) != WCL_OK) {
        if (is_no_fault(&inner, error))
            return WCL_FAILED;
        verify_report(check, "%s: %s%s%s",
                      inner.code == WCL_CODE_ALREADY_EXISTS ? "the index lost a file of layer.tar"
                                                            : "layer.tar is damaged",
                      inner.subject, *inner.subject ? ": " : "", inner.message);
        return WCL_OK;
    }
    if (size != record->tar_size)
        verify_report(check, "layer.tar has %llu bytes instead of %llu", (unsigned long long)size,
                      (unsigned long long)record->tar_size);
    if (!record->diff_id || strcmp(diff_id, record->diff_id) != 0)
        verify_report(check, "layer.tar has the digest %s instead of %s", diff_id,
                      record->diff_id ? record->diff_id : "one that is known");
    wcl_status status =
        compare_image(check, wcl_index_tree(index), "layer.erofs", &record->tar_size, 1, error);
    wcl_index_free(index);
    return status;
}

static wcl_status check_chain(verification *check, wcl_error *error)
{
    const wcl_layer_record *record = &check->layer->record;
    WCL_CLEANUP_FREE uint64_t *sizes = calloc(record->parent_count + 1, sizeof(*sizes));
    wcl_error inner = WCL_ERROR_INIT;
    wcl_erofs_tree *tree = NULL;

    if (!sizes)
        return wcl_fail_memory(error);
    if (faccessat(check->layer->fd, "chain.erofs", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WCL_OK
                               : wcl_fail_errno(error, errno, "cannot look for chain.erofs");
    sizes[0] = record->tar_size;
    for (size_t i = 0; i < record->parent_count; i++) {
        WCL_CLEANUP_STORE_LAYER wcl_store_layer parent = WCL_STORE_LAYER_INIT;
        if (wcl_store_layer_open(check->store, record->parents[i], WCL_LOCK_NONE, &parent, error) !=
            WCL_OK)
            return WCL_FAILED;
        sizes[i + 1] = parent.record.tar_size;
    }
    if (wcl_chain_load(check->store, check->layer, &tree, &inner) != WCL_OK) {
        if (is_no_fault(&inner, error))
            return WCL_FAILED;
        verify_report(check, "cannot merge its chain: %s%s%s", inner.subject,
                      *inner.subject ? ": " : "", inner.message);
        return WCL_OK;
    }
    wcl_status status =
        compare_image(check, tree, "chain.erofs", sizes, record->parent_count + 1, error);
    wcl_tree_free(tree);
    return status;
}

wcl_status wcl_store_verify(const wcl_driver *driver, const char *id,
                            void (*found)(void *context, const char *sentence), void *context,
                            size_t *faults, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    verification check = { &store, &layer, found, context, 0 };
    wcl_error inner = WCL_ERROR_INIT;
    wcl_status status = WCL_OK;

    if (wcl_store_open(driver, &store, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_store_layer_open(&store, id, WCL_LOCK_SHARED, &layer, &inner) != WCL_OK) {
        if (inner.code == WCL_CODE_FILE_NOT_FOUND) {
            return wcl_error_pass(error, &inner);
        }
        verify_report(&check, "%s", inner.message);
        *faults = check.faults;
        return WCL_OK;
    }
    check_parents(&check);
    if (strcmp(layer.record.id, id) != 0)
        verify_report(&check, "layer.json says that it is layer '%s'", layer.record.id);
    if (layer.record.kind != WCL_LAYER_SANDBOX)
        status = check_tar(&check, error);
    if (status == WCL_OK && check.faults == 0 && layer.record.kind != WCL_LAYER_SANDBOX)
        status = check_chain(&check, error);
    *faults = check.faults;
    return status;
}
