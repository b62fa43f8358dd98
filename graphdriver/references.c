/* The table of references. */
#include "graphdriver/references.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void wcl_layer_uses_init(wcl_layer_uses *references)
{
    pthread_mutex_init(&references->mutex, NULL);
    pthread_cond_init(&references->freed, NULL);
    references->first = NULL;
}

void wcl_layer_uses_destroy(wcl_layer_uses *references)
{
    while (references->first) {
        wcl_layer_use *next = references->first->next;
        free(references->first);
        references->first = next;
    }
    pthread_cond_destroy(&references->freed);
    pthread_mutex_destroy(&references->mutex);
}

static wcl_layer_use *find_or_add(wcl_layer_uses *references, const char *id)
{
    for (wcl_layer_use *at = references->first; at; at = at->next)
        if (strcmp(at->id, id) == 0)
            return at;
    size_t size = strlen(id) + 1;
    wcl_layer_use *added = calloc(1, sizeof(*added) + size);
    if (!added)
        return NULL;
    memcpy(added->id, id, size);
    added->next = references->first;
    references->first = added;
    return added;
}

wcl_status wcl_layer_uses_enter(wcl_layer_uses *references, const char *id,
                                wcl_layer_use **reference, wcl_error *error)
{
    pthread_mutex_lock(&references->mutex);
    *reference = find_or_add(references, id);
    if (*reference) {
        (*reference)->waiting++;
        while ((*reference)->busy)
            pthread_cond_wait(&references->freed, &references->mutex);
        (*reference)->waiting--;
        (*reference)->busy = true;
    }
    pthread_mutex_unlock(&references->mutex);
    return *reference ? WCL_OK : wcl_fail_memory(error);
}

static void drop(wcl_layer_uses *references, wcl_layer_use *reference)
{
    wcl_layer_use **at = &references->first;

    while (*at != reference)
        at = &(*at)->next;
    *at = reference->next;
    free(reference);
}

void wcl_layer_uses_leave(wcl_layer_uses *references, wcl_layer_use *reference)
{
    pthread_mutex_lock(&references->mutex);
    reference->busy = false;
    if (reference->count == 0 && reference->waiting == 0)
        drop(references, reference);
    pthread_cond_broadcast(&references->freed);
    pthread_mutex_unlock(&references->mutex);
}
