/* References to layers, counted, and a turn for each layer: only one call at a time changes it. */
#ifndef WCL_GRAPHDRIVER_REFERENCES_H
#define WCL_GRAPHDRIVER_REFERENCES_H

#include <pthread.h>
#include <wcl/base.h>

typedef struct wcl_layer_use {
    struct wcl_layer_use *next;
    uint64_t count;
    unsigned waiting;    /* threads that want the turn */
    bool busy;           /* somebody has it */
    bool adopted;        /* one of the references was found, and may be nobody's */
    bool looks_forsaken; /* adopted, and nobody's when it was last looked at */
    char id[];
} wcl_layer_use;

typedef struct wcl_layer_uses {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    wcl_layer_use *first;
} wcl_layer_uses;

void wcl_layer_uses_init(wcl_layer_uses *references);
void wcl_layer_uses_destroy(wcl_layer_uses *references);

/* Waits for the layer's turn and takes it. While it is held, `count` is the holder's to change. */
wcl_status wcl_layer_uses_enter(wcl_layer_uses *references, const char *id,
                                wcl_layer_use **reference, wcl_error *error);
void wcl_layer_uses_leave(wcl_layer_uses *references, wcl_layer_use *reference);

#endif
