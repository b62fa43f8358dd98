/* Trying again: what is worth it, and how long to wait before. */
#ifndef WCL_REGISTRY_RETRY_H
#define WCL_REGISTRY_RETRY_H

#include "image/registry/http.h"

typedef struct wcl_retry_policy {
    unsigned attempts;    /* in all, the first one too; at least 1 */
    unsigned first_delay; /* milliseconds before the second; doubles from then on */
} wcl_retry_policy;

/* No wait is longer, whatever a server asks for (milliseconds). */
#define WCL_RETRY_LONGEST 60000u

typedef struct wcl_retry {
    const wcl_retry_policy *policy;
    unsigned failed; /* attempts since the last success or progress */
} wcl_retry;

/* Whether a failure with that code may not happen again: a connection lost or refused after all
 * went well before, a wait that took too long. */
bool wcl_retry_is_worth(uint32_t code);
/* Whether the answer may be another one next time: 429, 500, 502, 503, 504. */
bool wcl_retry_status_is_worth(int status);

/* What Retry-After says, seconds or a date, in milliseconds from `now` on; 0 for NULL or what says
 * nothing. */
uint64_t wcl_retry_after(const char *header, time_t now);

/*
 * The wait before the next attempt: between half and all of the doubled delay, as `random` says,
 * and no less than `asked_for` milliseconds.
 */
uint64_t wcl_retry_delay(const wcl_retry *retry, uint64_t asked_for, uint32_t random);

/*
 * Counts a failure and waits, unless that was the last attempt or the server asks for a longer wait
 * than is allowed: then false. Also false when cancelled meanwhile.
 */
bool wcl_retry_again(wcl_retry *retry, const wcl_http *http, uint64_t asked_for);

#endif
