/* Numbers in SDDL text, and errors about it. */
#include "backupstream/scan.h"

#define SHOWN_MAX 12

wcl_status wcl_sddl_scan_fail(const wcl_sddl_scan *scan, wcl_error *error, const char *wanted)
{
    size_t character = (size_t)(scan->at - scan->text) + 1;
    size_t shown = strnlen(scan->at, SHOWN_MAX);

    if (shown == 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the SDDL ends at character %zu, where %s should be", character, wanted);
    while (shown > 1 && ((unsigned char)scan->at[shown] & 0xC0) == 0x80)
        shown--;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "the SDDL has '%.*s' at character %zu, where %s should be", (int)shown,
                    scan->at, character, wanted);
}

static unsigned take_base(wcl_sddl_scan *scan)
{
    if (scan->at[0] != '0')
        return 10;
    if ((scan->at[1] | 0x20) == 'x' && wcl_sddl_scan_hex_digit(scan->at[2]) >= 0) {
        scan->at += 2;
        return 16;
    }
    return wcl_sddl_scan_is_digit(scan->at[1]) ? 8 : 10;
}

bool wcl_sddl_scan_take_number(wcl_sddl_scan *scan, wcl_sddl_scan_number *number)
{
    wcl_sddl_scan ahead = *scan;
    wcl_sddl_scan_number found = { 0 };
    bool any = false;

    if (*ahead.at == '+' || *ahead.at == '-')
        found.sign = *ahead.at++;
    found.base = take_base(&ahead);
    for (;; ahead.at++, any = true) {
        int digit = wcl_sddl_scan_hex_digit(*ahead.at);
        if (digit < 0 || (unsigned)digit >= found.base)
            break;
        if (__builtin_mul_overflow(found.magnitude, found.base, &found.magnitude) ||
            __builtin_add_overflow(found.magnitude, (uint64_t)digit, &found.magnitude))
            return false;
    }
    if (!any)
        return false;
    *scan = ahead;
    *number = found;
    return true;
}
