/* Making and removing layers so that each is there wholly or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "layer/store/home/behind.h"
#include "layer/store/store.h"

/* An unused name in .staging. */
static wcl_status unused_name(const char *prefix, char name[64], wcl_error *error)
{
    wcl_guid guid;
    char text[37];

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    wcl_guid_format(&guid, text);
    snprintf(name, 64, "%s-%s", prefix, text);
    return WCL_OK;
}

bool wcl_stage_lock(const wcl_store *store, int *lock, wcl_error *error)
{
    *lock = openat(store->staging_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock >= 0) {
        int held;
        while (wcl_folder_lock(*lock, LOCK_EX, &held) != 0)
            if (errno != EINTR)
                break;
        if (held >= 0) {
            close(*lock);
            *lock = held;
        }
        return true;
    }
    wcl_fail_errno(error, errno, "cannot open the staging folder");
    return false;
}

/* ---- Making --------------------------------------------------------------------------------- */

static void close_stage(wcl_stage *stage)
{
    close(stage->fd);
    if (stage->lock >= 0)
        close(stage->lock);
    stage->fd = stage->lock = -1;
}

static wcl_status stage_begin(const wcl_store *store, wcl_stage *stage, wcl_error *error)
{
    WCL_CLEANUP_FD int lock = -1;

    if (unused_name("new", stage->name, error) != WCL_OK || !wcl_stage_lock(store, &lock, error))
        return WCL_FAILED;
    /* A layer's files may be set-uid, device nodes and secrets: nobody else has business in here.
     */
    if (mkdirat(store->staging_fd, stage->name, 0700) != 0)
        return wcl_fail_errno(error, errno, "cannot create a folder for the layer");
    stage->fd = openat(store->staging_fd, stage->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (stage->fd >= 0 && wcl_folder_lock(stage->fd, LOCK_EX | LOCK_NB, &stage->lock) == 0)
        return WCL_OK;
    wcl_fail_errno(error, errno, "cannot lock the layer's folder");
    wcl_stage_end(store, stage);
    return WCL_FAILED;
}

wcl_status wcl_stage_begin(const wcl_store *store, const char *id, wcl_stage *stage,
                           wcl_error *error)
{
    *stage = (wcl_stage)WCL_STAGE_INIT;
    bool found;
    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_store_find_layer(store, id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a layer '%s' already", id);
    return stage_begin(store, stage, error);
}

wcl_status wcl_stage_begin_replacing(const wcl_store *store, wcl_stage *stage, wcl_error *error)
{
    *stage = (wcl_stage)WCL_STAGE_INIT;
    stage->replaces = true;
    return stage_begin(store, stage, error);
}

/*
 * Without an exchange the folder goes aside first. Whoever finds it there and nothing in its place
 * puts it back: the lock keeps the clean-up from doing so in between. 0, or -1 with errno.
 */
static int exchange_in_steps(const wcl_store *store, wcl_stage *stage, const char *id)
{
    WCL_CLEANUP_FD int lock = -1;
    char aside[sizeof(stage->name)];

    snprintf(aside, sizeof(aside), WCL_STAGE_ASIDE "%s", id);
    if (!wcl_stage_lock(store, &lock, NULL) ||
        renameat2(store->home_fd, id, store->staging_fd, aside, RENAME_NOREPLACE) != 0)
        return -1;
    if (renameat2(store->staging_fd, stage->name, store->home_fd, id, RENAME_NOREPLACE) == 0) {
        memcpy(stage->name, aside, sizeof(aside));
        return 0;
    }
    int code = errno;
    if (renameat2(store->staging_fd, aside, store->home_fd, id, RENAME_NOREPLACE) != 0)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot put the folder '%s' back yet: %s", id,
                      strerror(errno));
    errno = code;
    return -1;
}

/* The folder and what is in the layer's place change places. 0, or -1 with errno. */
static int exchange(const wcl_store *store, wcl_stage *stage, const char *id)
{
    if (renameat2(store->staging_fd, stage->name, store->home_fd, id, RENAME_EXCHANGE) == 0)
        return 0;
    /* Windows cannot, and neither can some file systems elsewhere. */
    if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)
        return -1;
    return exchange_in_steps(store, stage, id);
}

wcl_status wcl_stage_commit(const wcl_store *store, wcl_stage *stage, const char *id,
                            wcl_error *error)
{
    if (!stage->is_light && fsync(stage->fd) != 0)
        return wcl_fail_errno(error, errno, "cannot write the layer's folder");
    int result = stage->replaces ? exchange(store, stage, id)
                                 : renameat2(store->staging_fd, stage->name, store->home_fd, id,
                                             RENAME_NOREPLACE);
    if (result != 0) {
        if (errno == EEXIST)
            return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "there is a layer '%s' already", id);
        return wcl_fail_errno(error, errno, "cannot put the layer in place");
    }
    /* It is there from now on; a home that cannot be synced may lose it in a power cut only. */
    if (!stage->is_light && fsync(store->home_fd) != 0)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot sync the home: %s", strerror(errno));
    if (stage->replaces && wcl_beneath_remove_tree(store->staging_fd, stage->name, NULL) != WCL_OK)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot remove what layer '%s' replaced yet", id);
    close_stage(stage);
    return WCL_OK;
}

void wcl_stage_end(const wcl_store *store, wcl_stage *stage)
{
    wcl_error error = WCL_ERROR_INIT;

    if (stage->fd < 0)
        return;
    if (wcl_beneath_remove_tree(store->staging_fd, stage->name, &error) != WCL_OK)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot remove '%s': %s", stage->name, error.message);
    close_stage(stage);
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* Behind whoever waits, if that is done at all. The folder stays locked until then. */
static bool remove_behind(const wcl_store *store, const wcl_store_layer *layer, const char *name)
{
    int lock = wcl_behind_is_running() ? fcntl(layer->fd, F_DUPFD_CLOEXEC, 0) : -1;

    if (lock < 0)
        return false;
    if (wcl_behind_remove(store, name, lock))
        return true;
    close(lock);
    return false;
}

wcl_status wcl_store_remove(const wcl_store *store, wcl_store_layer *layer, wcl_error *error)
{
    char name[64];
    /* A sandbox that a power cut brings back is nobody's: who removes it behind knows that. */
    bool is_light = layer->record.kind == WCL_LAYER_SANDBOX && wcl_behind_is_running();

    if (unused_name("gone", name, error) != WCL_OK)
        return WCL_FAILED;
    if (renameat(store->home_fd, layer->record.id, store->staging_fd, name) != 0)
        return wcl_fail_errno(error, errno, "cannot remove the layer");
    if (!is_light && fsync(store->home_fd) != 0)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot sync the home: %s", strerror(errno));
    if (remove_behind(store, layer, name))
        return WCL_OK;
    /* The layer is gone by now; files that cannot be removed are left to the next clean-up. */
    wcl_error ignored = WCL_ERROR_INIT;
    if (wcl_beneath_remove_tree(store->staging_fd, name, &ignored) != WCL_OK)
        wcl_store_log(store, WCL_LOG_WARNING, "cannot remove '%s': %s", name, ignored.message);
    return WCL_OK;
}
