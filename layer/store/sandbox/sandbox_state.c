/* Sandboxes: whether they are active and used, and what they use. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "layer/store/mount/storage.h"
#include "layer/store/sandbox/sandbox.h"
#include "platform/linux/mountinfo.h"

/* ---- Activity ------------------------------------------------------------------------------- */

#define BOOT_ID_SIZE 36
#define USE_ATTEMPTS 50
#define USE_WAIT_NS (10 * 1000 * 1000)

static bool read_boot_id(char id[BOOT_ID_SIZE])
{
    WCL_CLEANUP_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, id, BOOT_ID_SIZE) == BOOT_ID_SIZE;
}

bool wcl_sandbox_is_active(const wcl_store_layer *layer)
{
    char now[BOOT_ID_SIZE], then[BOOT_ID_SIZE];
    WCL_CLEANUP_FD int fd = openat(layer->fd, "active", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && read(fd, then, BOOT_ID_SIZE) == BOOT_ID_SIZE && read_boot_id(now) &&
           memcmp(now, then, BOOT_ID_SIZE) == 0 && wcl_storage_is_attached(layer);
}

void wcl_sandbox_clear_active(const wcl_store_layer *layer)
{
    unlinkat(layer->fd, "active", 0);
}

wcl_status wcl_sandbox_set_active(const wcl_store_layer *layer, wcl_error *error)
{
    char now[BOOT_ID_SIZE];
    WCL_CLEANUP_FD int fd =
        openat(layer->fd, "active", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || !read_boot_id(now) || write(fd, now, BOOT_ID_SIZE) != BOOT_ID_SIZE)
        return wcl_fail_errno(error, errno, "cannot mark the sandbox as active");
    return WCL_OK;
}

/* ---- Use in other places -------------------------------------------------------------------- */

/* The marker of activation is longer while the sandbox is mounted: it says in which namespace. */
wcl_status wcl_sandbox_note_mounted(const wcl_store_layer *layer, bool mounted, wcl_error *error)
{
    const uint64_t namespace = wcl_mountinfo_namespace();
    WCL_CLEANUP_FD int fd = openat(layer->fd, "active", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 &&
        (mounted ? pwrite(fd, &namespace, sizeof(namespace), BOOT_ID_SIZE) == sizeof(namespace)
                 : ftruncate(fd, BOOT_ID_SIZE) == 0))
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot mark the sandbox as mounted");
}

/* Where the sandbox was mounted in this run of the system; false where it is not noted as such. */
static bool is_noted(const wcl_store_layer *layer, uint64_t *namespace)
{
    char now[BOOT_ID_SIZE], then[BOOT_ID_SIZE];
    WCL_CLEANUP_FD int fd = openat(layer->fd, "active", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && read(fd, then, BOOT_ID_SIZE) == BOOT_ID_SIZE &&
           read(fd, namespace, sizeof(*namespace)) == sizeof(*namespace) && read_boot_id(now) &&
           memcmp(now, then, BOOT_ID_SIZE) == 0;
}

wcl_status wcl_sandbox_check_unused(const wcl_store *store, const wcl_store_layer *layer,
                                    wcl_error *error)
{
    const struct timespec wait = { 0, USE_WAIT_NS };
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, layer->record.id, "merged");
    char source[WCL_OVERLAY_SOURCE_SIZE], users[400];
    uint64_t maker;

    if (!path)
        return wcl_fail_memory(error);
    if (!is_noted(layer, &maker))
        return WCL_OK;
    if (wcl_overlay_source(layer, source, error) != WCL_OK)
        return WCL_FAILED;
    /* A container that just ends holds its mounts a moment longer. */
    for (int attempt = 0; attempt < USE_ATTEMPTS; attempt++) {
        if (!wcl_mountinfo_is_elsewhere(source, path, maker, users, sizeof(users)))
            return WCL_OK;
        nanosleep(&wait, NULL);
    }
    return wcl_fail(error, WCL_CODE_BUSY, "the sandbox is in use by %s", users);
}

/* ---- What it uses --------------------------------------------------------------------------- */

wcl_status wcl_sandbox_each_used(const wcl_store *store, const wcl_layer_record *record,
                                 wcl_lock lock,
                                 wcl_status (*visit)(void *context, const wcl_store_layer *layer,
                                                     wcl_error *error),
                                 void *context, wcl_error *error)
{
    bool writable = true;

    for (size_t i = 0; writable && i < record->parent_count; i++) {
        WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
        if (wcl_store_layer_open(store, record->parents[i], lock, &layer, error) != WCL_OK ||
            visit(context, &layer, error) != WCL_OK)
            return WCL_FAILED;
        writable = layer.record.kind == WCL_LAYER_SANDBOX;
    }
    return WCL_OK;
}
