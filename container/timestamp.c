/* RFC 3339 times. */
#include "container/timestamp.h"

#include <ctype.h>
#include <stdio.h>

#include "base/error.h"

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    /* Years begin in March, so that the leap day is the last of one. */
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

void wcl_timestamp_format(struct timespec time, char text[WCL_TIMESTAMP_SIZE])
{
    int64_t days = time.tv_sec / 86400, seconds = time.tv_sec % 86400;
    int year, month, day;

    if (seconds < 0) {
        seconds += 86400;
        days--;
    }
    date_of(days, &year, &month, &day);
    snprintf(text, WCL_TIMESTAMP_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", year, month, day,
             (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60), time.tv_nsec);
}

/* The fraction's nanoseconds; moves past it. */
static long parse_fraction(const char **text)
{
    long value = 0, unit = 100000000;

    if (**text != '.')
        return 0;
    for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
        value += (**text - '0') * unit;
        unit /= 10;
    }
    return value;
}

static bool parse_zone(const char *text, int *minutes)
{
    int hours, rest, end = 0;

    *minutes = 0;
    if ((*text == 'Z' || *text == 'z') && text[1] == '\0')
        return true;
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &rest, &end) != 2 ||
        text[1 + end] != '\0')
        return false;
    *minutes = (hours * 60 + rest) * (*text == '-' ? -1 : 1);
    return true;
}

wcl_status wcl_timestamp_parse(const char *text, struct timespec *time, wcl_error *error)
{
    int year, month, day, hour, minute, second, zone, end = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &end) != 6 ||
        month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.40s' is not a time", text);
    const char *rest = text + end;
    long nanoseconds = parse_fraction(&rest);
    if (!parse_zone(rest, &zone))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "'%.40s' is not a time", text);
    time->tv_sec =
        days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone * 60;
    time->tv_nsec = nanoseconds;
    return WCL_OK;
}
