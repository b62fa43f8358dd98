/* The table of uses. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "mounts/mounts.h"

void wcl_mounts_init(wcl_mounts *mounts, const wcl_driver *layers)
{
    mounts->layers = layers;
    pthread_mutex_init(&mounts->mutex, NULL);
    pthread_cond_init(&mounts->freed, NULL);
    mounts->first = NULL;
}

void wcl_mounts_destroy(wcl_mounts *mounts)
{
    while (mounts->first) {
        wcl_mount_use *next = mounts->first->next;
        free(mounts->first);
        mounts->first = next;
    }
    pthread_cond_destroy(&mounts->freed);
    pthread_mutex_destroy(&mounts->mutex);
}

static wcl_mount_use *find_or_add(wcl_mounts *mounts, const char *id)
{
    for (wcl_mount_use *at = mounts->first; at; at = at->next)
        if (strcmp(at->id, id) == 0)
            return at;
    size_t size = strlen(id) + 1;
    wcl_mount_use *added = calloc(1, sizeof(*added) + size);
    if (!added)
        return NULL;
    memcpy(added->id, id, size);
    added->next = mounts->first;
    mounts->first = added;
    return added;
}

wcl_status wcl_mounts_enter(wcl_mounts *mounts, const char *id, wcl_mount_use **use,
                            wcl_error *error)
{
    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    pthread_mutex_lock(&mounts->mutex);
    *use = find_or_add(mounts, id);
    if (*use) {
        (*use)->waiting++;
        while ((*use)->busy)
            pthread_cond_wait(&mounts->freed, &mounts->mutex);
        (*use)->waiting--;
        (*use)->busy = true;
    }
    pthread_mutex_unlock(&mounts->mutex);
    return *use ? WCL_OK : wcl_fail_memory(error);
}

static void drop(wcl_mounts *mounts, wcl_mount_use *use)
{
    wcl_mount_use **at = &mounts->first;

    while (*at != use)
        at = &(*at)->next;
    *at = use->next;
    free(use);
}

wcl_status wcl_mounts_leave(wcl_mounts *mounts, wcl_mount_use *use, wcl_status status)
{
    pthread_mutex_lock(&mounts->mutex);
    use->busy = false;
    if (use->count == 0 && use->waiting == 0)
        drop(mounts, use);
    pthread_cond_broadcast(&mounts->freed);
    pthread_mutex_unlock(&mounts->mutex);
    return status;
}
