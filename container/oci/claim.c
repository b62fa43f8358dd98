/* Taking a container's name, and clearing away what others left behind. */
#include "container/oci/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "container/oci/teardown.h"

#define LOCK_TRIES 100

bool wcl_container_reap_stale(const wcl_container_folder *place, int folder)
{
    return wcl_container_folder_lock(folder) &&
           wcl_container_teardown(place->path, true, NULL) == WCL_OK;
}

wcl_status wcl_container_reap_lost(const wcl_container_folder *place, wcl_error *error)
{
    WCL_CLEANUP_FD int folder = -1;

    if (wcl_container_folder_examine(place, &folder) != WCL_CONTAINER_FOLDER_LOST ||
        !wcl_container_folder_lock(folder))
        return wcl_fail(error, WCL_CODE_HCS_ALREADY_STOPPED,
                        "the container was terminated already");
    return wcl_container_teardown_lost(place->path, error);
}

/* Makes the folder, unless it is there and not stale. */
static wcl_status folder_make(const wcl_container_folder *place, wcl_error *error)
{
    WCL_CLEANUP_FD int folder = -1;

    if (mkdir(place->path, 0700) == 0)
        return WCL_OK;
    if (errno != EEXIST)
        return wcl_fail_errno(error, errno, "cannot make the folder '%s'", place->path);
    if (wcl_container_folder_examine(place, &folder) == WCL_CONTAINER_FOLDER_STALE &&
        wcl_container_reap_stale(place, folder) && mkdir(place->path, 0700) == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "a container of this id exists already");
}

static bool lock_current(const wcl_container_folder *place, int *folder)
{
    *folder = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0 && wcl_container_folder_lock(*folder) &&
        wcl_container_folder_is_current(place, *folder))
        return true;
    if (*folder >= 0)
        close(*folder);
    *folder = -1;
    return false;
}

/*
 * Until it is locked, a new folder looks like a stale one: a process listing containers locks it
 * for an instant, or even removes it. Then it is made again.
 */
wcl_status wcl_container_claim(const wcl_container_folder *place, int *folder, wcl_error *error)
{
    const struct timespec instant = { .tv_nsec = 2000000 };

    if (folder_make(place, error) != WCL_OK)
        return WCL_FAILED;
    for (unsigned tries = 0; !lock_current(place, folder); tries++) {
        if (tries == LOCK_TRIES)
            return wcl_fail(error, WCL_CODE_BUSY, "cannot lock the folder '%s'", place->path);
        nanosleep(&instant, NULL);
        if (access(place->path, F_OK) != 0 && folder_make(place, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}
