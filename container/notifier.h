/*
 * Waiting for notifications, as hcsshim does: each kind that a handle waits for is counted, an
 * exit stays, and a wait also ends when the container exits unexpectedly, when the provider is
 * lost, when the handle is closed, or in time.
 */
#ifndef WCL_CONTAINER_NOTIFIER_H
#define WCL_CONTAINER_NOTIFIER_H

#include <pthread.h>

#include "container/provider.h"
#include "container/waitable.h"

/* How long an operation that the provider completes later may take. */
#define WCL_DEFAULT_WAIT_MS (4 * 60 * 1000u)

#define WCL_NOTIFIER_KINDS 6

typedef struct wcl_notifier {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    clockid_t clock; /* the one that timed waits go by: the monotonic one where there can be */
    bool closed;
    bool disconnected;
    bool exited;
    wcl_waitable waitable; /* of waitable_type, once it was asked for */
    uint32_t waitable_type;
    struct {
        unsigned count;
        uint32_t code;
        char text[512];
    } kinds[WCL_NOTIFIER_KINDS];
} wcl_notifier;

wcl_status wcl_notifier_init(wcl_notifier *notifier, wcl_error *error);
void wcl_notifier_destroy(wcl_notifier *notifier);

/* A wcl_notify_fn whose context is the notifier. */
void wcl_notifier_receive(void *context, uint32_t type, uint32_t code, const char *data);

/* How many of `type` there were: taken before an operation, it tells its notification apart. */
unsigned wcl_notifier_count(wcl_notifier *notifier, uint32_t type);

/* Waits until there are more of `type` than `seen`. */
wcl_status wcl_notifier_wait(wcl_notifier *notifier, uint32_t type, unsigned seen,
                             uint32_t milliseconds, wcl_error *error);

/* What is ready once a wait for the first `type` would be over; the notifier's. Of one type only.
 */
wcl_status wcl_notifier_waitable(wcl_notifier *notifier, uint32_t type, wcl_waitable *waitable,
                                 wcl_error *error);

/* Ends every wait, now and later, with WCL_CODE_HANDLE_CLOSE. */
void wcl_notifier_close(wcl_notifier *notifier);

#endif
