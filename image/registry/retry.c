/* Trying again, with waits that double and differ between those who wait. */
#include "image/registry/retry.h"

#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "image/registry/curl.h"

/* How often a wait looks whether it was cancelled, in milliseconds. */
#define LOOK_EVERY 50

bool wcl_retry_is_worth(uint32_t code)
{
    return code == WCL_CODE_CONNECTION_LOST || code == WCL_CODE_CONNECTION_REFUSED ||
           code == WCL_CODE_TIMEOUT;
}

bool wcl_retry_status_is_worth(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

uint64_t wcl_retry_after(const char *header, time_t now)
{
    char *end;

    if (!header || wcl_curl_load(NULL) != WCL_OK)
        return 0;
    if (*header >= '0' && *header <= '9') {
        unsigned long long seconds = strtoull(header, &end, 10);
        return *end && *end != ' ' ? 0 : seconds > UINT32_MAX ? UINT64_MAX : seconds * 1000;
    }
    time_t date = wcl_curl()->curl_getdate(header, NULL);
    return date <= now ? 0 : (uint64_t)(date - now) * 1000;
}

uint64_t wcl_retry_delay(const wcl_retry *retry, uint64_t asked_for, uint32_t random)
{
    uint64_t delay = retry->policy->first_delay;

    for (unsigned i = 1; i < retry->failed && delay < WCL_RETRY_LONGEST; i++)
        delay *= 2;
    if (delay > WCL_RETRY_LONGEST)
        delay = WCL_RETRY_LONGEST;
    uint64_t half = delay / 2;
    delay = delay - half + (uint64_t)random * half / UINT32_MAX;
    return delay > asked_for ? delay : asked_for;
}

static bool wait_for(const wcl_http *http, uint64_t milliseconds)
{
    while (milliseconds) {
        uint64_t step = milliseconds < LOOK_EVERY ? milliseconds : LOOK_EVERY;
        struct timespec time = { 0, (long)step * 1000000 };
        if (wcl_http_check_cancelled(http, NULL) != WCL_OK)
            return false;
        nanosleep(&time, NULL);
        milliseconds -= step;
    }
    return true;
}

bool wcl_retry_again(wcl_retry *retry, const wcl_http *http, uint64_t asked_for)
{
    uint32_t random = 0;

    retry->failed++;
    if (retry->failed >= retry->policy->attempts || asked_for > WCL_RETRY_LONGEST)
        return false;
    if (wcl_random_bytes(&random, sizeof(random), NULL) != WCL_OK)
        random = UINT32_MAX / 2;
    return wait_for(http, wcl_retry_delay(retry, asked_for, random));
}
