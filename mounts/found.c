/*
 * Undoing the mounts that nobody wants any more. What a container runs on is the root of its
 * processes; any other mount was the engine's own, and an engine that starts or ends has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/listing.h"
#include "mounts/mounts.h"
#include "platform/linux/mounts.h"

/* ---- The roots of all processes -------------------------------------------------------------- */

/* The device of a folder; 0 where there is none. A file system that does not answer is not waited
 * for. */
static uint64_t device_of(int at, const char *path)
{
    struct statx info;

    if (statx(at, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &info) != 0)
        return 0;
    return makedev(info.stx_dev_major, info.stx_dev_minor);
}

static bool has(const wcl_buffer *devices, uint64_t device)
{
    for (size_t at = 0; at < devices->size; at += sizeof(device))
        if (memcmp(devices->data + at, &device, sizeof(device)) == 0)
            return true;
    return false;
}

static wcl_status add_root(void *context, int proc, const char *pid, wcl_error *error)
{
    wcl_buffer *devices = context;
    char path[300];

    if (pid[0] < '1' || pid[0] > '9')
        return WCL_OK;
    snprintf(path, sizeof(path), "%s/root", pid);
    errno = 0;
    uint64_t device = device_of(proc, path);
    /* Any other failure says that the process is gone, or not this user's to look at. */
    if (!device && (errno == ENOMEM || errno == EMFILE || errno == ENFILE))
        return wcl_fail_errno(error, errno, "cannot look at the root of process %s", pid);
    return device && !has(devices, device)
               ? wcl_buffer_append(devices, &device, sizeof(device), error)
               : WCL_OK;
}

/* The devices of what processes have as their roots, this one's among them. */
static wcl_status find_roots(wcl_buffer *devices, wcl_error *error)
{
    if (wcl_listing_each(AT_FDCWD, "/proc", add_root, devices, error) != WCL_OK)
        return WCL_FAILED;
    return devices->size ? WCL_OK : wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "/proc is not mounted");
}

/* Whether the mount at HOME/ID/merged is such a root. */
static bool is_root(const wcl_buffer *devices, int home, const char *merged)
{
    return wcl_kernel_mount_is_mounted(home, merged) && has(devices, device_of(home, merged));
}

bool wcl_mounts_is_lived_in(const wcl_mounts *mounts, const char *id)
{
    WCL_CLEANUP_BUFFER wcl_buffer devices = WCL_BUFFER_INIT, path = WCL_BUFFER_INIT;

    /* Where it cannot be found out, somebody may. */
    return wcl_buffer_printf(&path, NULL, "%s/%s/merged", mounts->layers->home_dir, id) != WCL_OK ||
           find_roots(&devices, NULL) != WCL_OK ||
           is_root(&devices, AT_FDCWD, wcl_buffer_text(&path));
}

/* ---- The home's mounts ----------------------------------------------------------------------- */

typedef struct search {
    wcl_mounts *mounts;
    const wcl_buffer *roots;
    wcl_status (*act)(wcl_mounts *mounts, wcl_mount_use *use, bool lived_in, wcl_error *error);
    wcl_status status;
} search;

static wcl_status act_on(void *context, int home, const char *id, wcl_error *error)
{
    search *search = context;
    wcl_mounts *mounts = search->mounts;
    wcl_mount_use *use;
    char merged[300];

    snprintf(merged, sizeof(merged), "%s/merged", id);
    if (wcl_layer_id_check(id, NULL) != WCL_OK || !wcl_kernel_mount_is_mounted(home, merged))
        return WCL_OK;
    bool lived_in = is_root(search->roots, home, merged);
    if (wcl_mounts_enter(mounts, id, &use, error) != WCL_OK ||
        wcl_mounts_leave(mounts, use, search->act(mounts, use, lived_in, error)) != WCL_OK)
        search->status = WCL_FAILED;
    return WCL_OK;
}

/* Calls `act` for each layer of the home that is mounted, with its turn held, and says whether its
 * mount is among the roots. All are done; the last failure is told. */
static wcl_status each_mounted(wcl_mounts *mounts, const wcl_buffer *roots,
                               wcl_status (*act)(wcl_mounts *mounts, wcl_mount_use *use,
                                                 bool lived_in, wcl_error *error),
                               wcl_error *error)
{
    search search = { mounts, roots, act, WCL_OK };

    if (wcl_listing_each(AT_FDCWD, mounts->layers->home_dir, act_on, &search, error) != WCL_OK)
        return WCL_FAILED;
    return search.status;
}

/* Uses of what is not mounted stand for nothing. */
static void forget_uses(wcl_mounts *mounts)
{
    pthread_mutex_lock(&mounts->mutex);
    for (wcl_mount_use *at = mounts->first; at; at = at->next)
        if (!at->busy) {
            at->count = 0;
            at->adopted = false;
        }
    pthread_mutex_unlock(&mounts->mutex);
}

static wcl_status clean_up_one(wcl_mounts *mounts, wcl_mount_use *use, bool lived_in,
                               wcl_error *error)
{
    wcl_status status = lived_in ? WCL_OK : wcl_mounts_unmount(mounts, use->id, error);

    use->count = lived_in ? 1 : 0;
    use->adopted = lived_in;
    return status;
}

wcl_status wcl_mounts_clean_up(wcl_mounts *mounts, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer roots = WCL_BUFFER_INIT;

    if (find_roots(&roots, error) != WCL_OK)
        return WCL_FAILED;
    forget_uses(mounts);
    return each_mounted(mounts, &roots, clean_up_one, error);
}

static wcl_status adopt(wcl_mounts *mounts, wcl_mount_use *use, bool lived_in, wcl_error *error)
{
    (void)mounts, (void)lived_in, (void)error;
    if (use->count == 0) {
        use->count = 1;
        use->adopted = true;
    }
    return WCL_OK;
}

wcl_status wcl_mounts_adopt(wcl_mounts *mounts, wcl_error *error)
{
    const wcl_buffer no_roots = WCL_BUFFER_INIT;

    return each_mounted(mounts, &no_roots, adopt, error);
}

/* ---- After a server that was killed ----------------------------------------------------------
 */

/* The ids of the adopted; each ends with a NUL. False where there is no memory for all. */
static bool find_adopted(wcl_mounts *mounts, wcl_buffer *ids)
{
    bool complete = true;

    pthread_mutex_lock(&mounts->mutex);
    for (const wcl_mount_use *at = mounts->first; at; at = at->next)
        if (at->adopted && wcl_buffer_append(ids, at->id, strlen(at->id) + 1, NULL) != WCL_OK)
            complete = false;
    pthread_mutex_unlock(&mounts->mutex);
    return complete;
}

/* What is busy after all stays. */
static bool let_go(const wcl_mounts *mounts, const char *id)
{
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_layer_unprepare(mounts->layers, id, &why) != WCL_OK &&
        why.code != WCL_CODE_INVALID_STATE && why.code != WCL_CODE_FILE_NOT_FOUND)
        return false;
    return wcl_layer_deactivate(mounts->layers, id, &why) == WCL_OK ||
           why.code == WCL_CODE_INVALID_STATE || why.code == WCL_CODE_FILE_NOT_FOUND;
}

/* With the turn held; true while it is adopted. */
static bool look_at(const wcl_mounts *mounts, wcl_mount_use *use)
{
    if (!use->adopted || use->count != 1)
        return use->adopted;
    bool forsaken = !wcl_mounts_is_lived_in(mounts, use->id);
    if (forsaken && use->looks_forsaken && let_go(mounts, use->id)) {
        use->count = 0;
        use->adopted = false;
    }
    use->looks_forsaken = forsaken && use->adopted;
    return use->adopted;
}

size_t wcl_mounts_release_forsaken(wcl_mounts *mounts)
{
    WCL_CLEANUP_BUFFER wcl_buffer ids = WCL_BUFFER_INIT;
    wcl_mount_use *use;
    size_t adopted = 0;

    /* Those that were not found are looked for again. */
    if (!find_adopted(mounts, &ids))
        adopted++;
    for (size_t at = 0; at < ids.size; at += strlen((const char *)ids.data + at) + 1) {
        if (wcl_mounts_enter(mounts, (const char *)ids.data + at, &use, NULL) != WCL_OK)
            return adopted + 1;
        adopted += look_at(mounts, use);
        wcl_mounts_leave(mounts, use, WCL_OK);
    }
    return adopted;
}
