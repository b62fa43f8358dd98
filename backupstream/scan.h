/* A place in SDDL text, and the errors that name it. */
#ifndef WCL_BACKUPSTREAM_SCAN_H
#define WCL_BACKUPSTREAM_SCAN_H

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* The text ends in a NUL, which no take steps over. */
typedef struct wcl_sddl_scan {
    const char *text;
    const char *at;
} wcl_sddl_scan;

/* "... at character N", counting from 1, with what stands there. */
wcl_status wcl_sddl_scan_fail(const wcl_sddl_scan *scan, wcl_error *error, const char *wanted);

static inline void wcl_sddl_scan_spaces(wcl_sddl_scan *scan)
{
    while (*scan->at == ' ' || (*scan->at >= '\t' && *scan->at <= '\r'))
        scan->at++;
}

/* Whether `word` comes next, in either case; it is stepped over. */
static inline bool wcl_sddl_scan_take(wcl_sddl_scan *scan, const char *word)
{
    size_t length = strlen(word);

    if (strncasecmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static inline bool wcl_sddl_scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool wcl_sddl_scan_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit, or -1. */
static inline int wcl_sddl_scan_hex_digit(char c)
{
    if (wcl_sddl_scan_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

typedef struct wcl_sddl_scan_number {
    uint64_t magnitude;
    unsigned base; /* 8, 10 or 16 */
    char sign;     /* '+', '-' or 0 */
} wcl_sddl_scan_number;

/* Takes a number as C writes it: decimal, 0 octal, 0x hexadecimal. False, standing where it
 * stood, where there is none or it needs more than 64 bits. */
bool wcl_sddl_scan_take_number(wcl_sddl_scan *scan, wcl_sddl_scan_number *number);

#endif
