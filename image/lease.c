/* Leases: what a pull or load under way needs, so that no removal takes it away meanwhile. */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "image/store.h"

#define LEASE_SIZE_MAX ((size_t)1024 * 1024)
/* Pulls of one image at a time. */
#define HOLDERS_MAX 64
/* Seconds that what a broken pull left is kept. */
#define KEPT_FOR (24 * 60 * 60)
/* The first line. */
#define REMOTE "remote\n"
#define LOCAL "local\n"

/* ---- Holding -------------------------------------------------------------------------------- */

static wcl_status write_lease(int fd, const wcl_manifest *manifest, const wcl_config *config,
                              bool is_remote, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    wcl_status status = wcl_buffer_append_text(&text, is_remote ? REMOTE : LOCAL, error);
    if (status == WCL_OK)
        status = wcl_buffer_printf(&text, error, "%s\n%s\n", manifest->digest, config->digest);
    for (size_t i = 0; status == WCL_OK && i < manifest->layer_count; i++)
        status = wcl_buffer_printf(&text, error, "%s\n%s\n", manifest->layers[i].digest,
                                   config->chain_ids[i]);
    if (status != WCL_OK)
        return WCL_FAILED;
    if (ftruncate(fd, 0) != 0)
        return wcl_fail_errno(error, errno, "cannot write the lease");
    return wcl_pwrite_full(fd, text.data, text.size, 0, error);
}

/* Opens the lease's file and locks it. WCL_END where somebody else holds it. */
static wcl_status lock_lease(wcl_lease *lease, wcl_error *error)
{
    do {
        if (lease->fd >= 0)
            close(lease->fd);
        lease->fd =
            openat(lease->store->fd, lease->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lease->fd < 0)
            return wcl_fail_errno(error, errno, "cannot create a lease");
        if (flock(lease->fd, LOCK_EX | LOCK_NB) != 0) {
            int cause = errno;
            close(lease->fd);
            lease->fd = -1;
            return cause == EWOULDBLOCK ? WCL_END
                                        : wcl_fail_errno(error, cause, "cannot lock the lease");
        }
        /* Whoever ends a lease removes it without the images' lock. */
    } while (!wcl_image_store_is_in_place(lease->store, lease->path, lease->fd));
    return WCL_OK;
}

wcl_status wcl_lease_begin(const wcl_image_store *store, const wcl_manifest *manifest,
                           const wcl_config *config, bool is_remote, wcl_lease *lease,
                           wcl_error *error)
{
    *lease = (wcl_lease) { store, -1, "" };
    WCL_CLEANUP_FD int lock = wcl_image_store_lock(store, true, error);
    if (lock < 0)
        return WCL_FAILED;
    for (int i = 0; i < HOLDERS_MAX; i++) {
        snprintf(lease->path, sizeof(lease->path), "leases/%s-%d",
                 wcl_digest_digits(manifest->digest), i);
        wcl_status status = lock_lease(lease, error);
        if (status == WCL_END)
            continue;
        if (status == WCL_OK)
            status = write_lease(lease->fd, manifest, config, is_remote, error);
        if (status != WCL_OK)
            wcl_lease_end(lease, false);
        return status;
    }
    return wcl_fail(error, WCL_CODE_BUSY, "the image is being pulled %d times already",
                    HOLDERS_MAX);
}

void wcl_lease_end(wcl_lease *lease, bool keep)
{
    if (lease->fd < 0)
        return;
    if (!keep)
        unlinkat(lease->store->fd, lease->path, 0);
    close(lease->fd);
    lease->fd = -1;
}

/* ---- Looking at all of them ----------------------------------------------------------------- */

typedef struct walk {
    const wcl_image_store *store;
    bool all;
    size_t *dropped;
    wcl_image_uses *uses;
} walk;

static wcl_status drop_if_dead(void *context, const char *name, wcl_error *error)
{
    const walk *walk = context;
    char path[300], first[sizeof(REMOTE)] = "";
    struct stat info;

    (void)error;
    snprintf(path, sizeof(path), "leases/%s", name);
    WCL_CLEANUP_FD int fd = openat(walk->store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &info) != 0)
        return WCL_OK;
    ssize_t got = pread(fd, first, sizeof(first) - 1, 0);
    bool counts = got > 0 && strcmp(first, REMOTE) == 0 && time(NULL) - info.st_mtime < KEPT_FOR;
    if (counts && !walk->all)
        return WCL_OK;
    if (unlinkat(walk->store->fd, path, 0) == 0)
        ++*walk->dropped;
    return WCL_OK;
}

wcl_status wcl_lease_drop_dead(const wcl_image_store *store, bool all, size_t *dropped,
                               wcl_error *error)
{
    walk walk = { .store = store, .all = all, .dropped = dropped };

    *dropped = 0;
    return wcl_image_store_each(store, "leases", drop_if_dead, &walk, error);
}

static wcl_status read_lease(void *context, const char *name, wcl_error *error)
{
    const walk *walk = context;
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_error inner = WCL_ERROR_INIT;
    char path[300];

    snprintf(path, sizeof(path), "leases/%s", name);
    if (wcl_image_store_get(walk->store, path, LEASE_SIZE_MAX, &text, &inner) != WCL_OK) {
        if (inner.code == WCL_CODE_FILE_NOT_FOUND)
            return WCL_OK; /* its pull has just come to its end: the record says the same */
        return wcl_error_pass(error, &inner);
    }
    char *rest = (char *)text.data;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strncmp(line, "sha256:", 7) == 0 &&
            wcl_image_uses_add(walk->uses, line, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_lease_read_all(const wcl_image_store *store, wcl_image_uses *uses, wcl_error *error)
{
    walk walk = { .store = store, .uses = uses };

    return wcl_image_store_each(store, "leases", read_lease, &walk, error);
}
