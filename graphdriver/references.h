/* References to layers, counted, and a turn for each layer: only one call at a time changes it. */
#ifndef WCL_GRAPHDRIVER_REFERENCES_H
#define WCL_GRAPHDRIVER_REFERENCES_H

#include <pthread.h>
#include <wcl/base.h>

typedef struct wcl_reference {
    struct wcl_reference *next;
    uint64_t count;
    unsigned waiting;    /* threads that want the turn */
    bool busy;           /* somebody has it */
    bool adopted;        /* one of the references was found, and may be nobody's */
    bool looks_forsaken; /* adopted, and nobody's when it was last looked at */
    char id[];
} wcl_reference;

typedef struct wcl_references {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    wcl_reference *first;
} wcl_references;

void wcl_references_init(wcl_references *references);
void wcl_references_destroy(wcl_references *references);

/* Waits for the layer's turn and takes it. While it is held, `count` is the holder's to change. */
wcl_status wcl_references_enter(wcl_references *references, const char *id,
                                wcl_reference **reference, wcl_error *error);
void wcl_references_leave(wcl_references *references, wcl_reference *reference);

#endif
