/* FILETIME to and from struct timespec. */
#include <wcl/base.h>

#define TICKS_PER_SECOND 10000000
#define SECONDS_1601_TO_1970 INT64_C(11644473600)

struct timespec wcl_filetime_to_timespec(wcl_filetime time)
{
    int64_t seconds = time / TICKS_PER_SECOND;
    int64_t ticks = time % TICKS_PER_SECOND;

    if (ticks < 0) {
        ticks += TICKS_PER_SECOND;
        seconds--;
    }
    return (struct timespec) { .tv_sec = seconds - SECONDS_1601_TO_1970, .tv_nsec = ticks * 100 };
}

wcl_filetime wcl_filetime_from_timespec(struct timespec time)
{
    int64_t seconds, ticks, rest = time.tv_nsec / 100;

    if (__builtin_add_overflow((int64_t)time.tv_sec, SECONDS_1601_TO_1970, &seconds))
        return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    /* Both parts of one sign, so that only what a FILETIME cannot hold overflows. */
    if (seconds < 0 && rest > 0) {
        seconds++;
        rest -= TICKS_PER_SECOND;
    }
    if (__builtin_mul_overflow(seconds, TICKS_PER_SECOND, &ticks) ||
        __builtin_add_overflow(ticks, rest, &ticks))
        return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ticks;
}
