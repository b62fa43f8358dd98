/* The table of references. */
#include "graphdriver/references.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void wcl_references_init(wcl_references *references)
{
    pthread_mutex_init(&references->mutex, NULL);
    pthread_cond_init(&references->freed, NULL);
    references->first = NULL;
}

void wcl_references_destroy(wcl_references *references)
{
    while (references->first) {
        wcl_reference *next = references->first->next;
        free(references->first);
        references->first = next;
    }
    pthread_cond_destroy(&references->freed);
    pthread_mutex_destroy(&references->mutex);
}

static wcl_reference *find_or_add(wcl_references *references, const char *id)
{
    for (wcl_reference *at = references->first; at; at = at->next)
        if (strcmp(at->id, id) == 0)
            return at;
    size_t size = strlen(id) + 1;
    wcl_reference *added = calloc(1, sizeof(*added) + size);
    if (!added)
        return NULL;
    memcpy(added->id, id, size);
    added->next = references->first;
    references->first = added;
    return added;
}

wcl_status wcl_references_enter(wcl_references *references, const char *id,
                                wcl_reference **reference, wcl_error *error)
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

static void drop(wcl_references *references, wcl_reference *reference)
{
    wcl_reference **at = &references->first;

    while (*at != reference)
        at = &(*at)->next;
    *at = reference->next;
    free(reference);
}

void wcl_references_leave(wcl_references *references, wcl_reference *reference)
{
    pthread_mutex_lock(&references->mutex);
    reference->busy = false;
    if (reference->count == 0 && reference->waiting == 0)
        drop(references, reference);
    pthread_cond_broadcast(&references->freed);
    pthread_mutex_unlock(&references->mutex);
}
