/* Security identifiers. */
#include "backupstream/sid.h"

#include <inttypes.h>
#include <string.h>

#include "backupstream/scan.h"
#include "base/error.h"

#define SID_REVISION 1
#define AUTHORITY_MAX UINT64_C(0xFFFFFFFFFFFF)

typedef struct sid_alias {
    char name[3];
    bool in_domain; /* `subauthorities` lacks the domain in front */
    uint8_t authority;
    uint8_t count;
    uint32_t subauthorities[6];
} sid_alias;

static const sid_alias aliases[] = {
    { "AA", false, 5, 2, { 32, 579 } },           /* access control assistance operators */
    { "AC", false, 15, 2, { 2, 1 } },             /* all app packages */
    { "AN", false, 5, 1, { 7 } },                 /* anonymous */
    { "AO", false, 5, 2, { 32, 548 } },           /* account operators */
    { "AP", true, 5, 1, { 525 } },                /* protected users */
    { "AS", false, 18, 1, { 1 } },                /* authentication authority asserted identity */
    { "AU", false, 5, 1, { 11 } },                /* authenticated users */
    { "BA", false, 5, 2, { 32, 544 } },           /* administrators */
    { "BG", false, 5, 2, { 32, 546 } },           /* guests */
    { "BO", false, 5, 2, { 32, 551 } },           /* backup operators */
    { "BU", false, 5, 2, { 32, 545 } },           /* users */
    { "CA", true, 5, 1, { 517 } },                /* certificate publishers */
    { "CD", false, 5, 2, { 32, 574 } },           /* certificate services DCOM access */
    { "CG", false, 3, 1, { 1 } },                 /* creator group */
    { "CN", true, 5, 1, { 522 } },                /* cloneable controllers */
    { "CO", false, 3, 1, { 0 } },                 /* creator owner */
    { "CY", false, 5, 2, { 32, 569 } },           /* cryptographic operators */
    { "DA", true, 5, 1, { 512 } },                /* domain administrators */
    { "DC", true, 5, 1, { 515 } },                /* domain computers */
    { "DD", true, 5, 1, { 516 } },                /* domain controllers */
    { "DG", true, 5, 1, { 514 } },                /* domain guests */
    { "DU", true, 5, 1, { 513 } },                /* domain users */
    { "EA", true, 5, 1, { 519 } },                /* enterprise administrators */
    { "ED", false, 5, 1, { 9 } },                 /* enterprise domain controllers */
    { "EK", true, 5, 1, { 527 } },                /* enterprise key administrators */
    { "ER", false, 5, 2, { 32, 573 } },           /* event log readers */
    { "ES", false, 5, 2, { 32, 576 } },           /* RDS endpoint servers */
    { "HA", false, 5, 2, { 32, 578 } },           /* Hyper-V administrators */
    { "HI", false, 16, 1, { 12288 } },            /* high integrity */
    { "HO", false, 5, 2, { 32, 584 } },           /* user mode hardware operators */
    { "IS", false, 5, 2, { 32, 568 } },           /* IIS users */
    { "IU", false, 5, 1, { 4 } },                 /* interactive */
    { "KA", true, 5, 1, { 526 } },                /* key administrators */
    { "LA", true, 5, 1, { 500 } },                /* local administrator */
    { "LG", true, 5, 1, { 501 } },                /* local guest */
    { "LS", false, 5, 1, { 19 } },                /* local service */
    { "LU", false, 5, 2, { 32, 559 } },           /* performance log users */
    { "LW", false, 16, 1, { 4096 } },             /* low integrity */
    { "ME", false, 16, 1, { 8192 } },             /* medium integrity */
    { "MP", false, 16, 1, { 8448 } },             /* medium plus integrity */
    { "MS", false, 5, 2, { 32, 577 } },           /* RDS management servers */
    { "MU", false, 5, 2, { 32, 558 } },           /* performance monitor users */
    { "NO", false, 5, 2, { 32, 556 } },           /* network configuration operators */
    { "NS", false, 5, 1, { 20 } },                /* network service */
    { "NU", false, 5, 1, { 2 } },                 /* network logon */
    { "OW", false, 3, 1, { 4 } },                 /* owner rights */
    { "PA", true, 5, 1, { 520 } },                /* group policy creators */
    { "PO", false, 5, 2, { 32, 550 } },           /* printer operators */
    { "PS", false, 5, 1, { 10 } },                /* self */
    { "PU", false, 5, 2, { 32, 547 } },           /* power users */
    { "RA", false, 5, 2, { 32, 575 } },           /* RDS remote access servers */
    { "RC", false, 5, 1, { 12 } },                /* restricted code */
    { "RD", false, 5, 2, { 32, 555 } },           /* remote desktop users */
    { "RE", false, 5, 2, { 32, 552 } },           /* replicator */
    { "RM", false, 5, 2, { 32, 580 } },           /* remote management users */
    { "RO", true, 5, 1, { 498 } },                /* enterprise read-only controllers */
    { "RS", true, 5, 1, { 553 } },                /* RAS servers */
    { "RU", false, 5, 2, { 32, 554 } },           /* pre-Windows 2000 compatible access */
    { "SA", true, 5, 1, { 518 } },                /* schema administrators */
    { "SI", false, 16, 1, { 16384 } },            /* system integrity */
    { "SO", false, 5, 2, { 32, 549 } },           /* server operators */
    { "SS", false, 18, 1, { 2 } },                /* service asserted identity */
    { "SU", false, 5, 1, { 6 } },                 /* service logon */
    { "SY", false, 5, 1, { 18 } },                /* local system */
    { "UD", false, 5, 6, { 84, 0, 0, 0, 0, 0 } }, /* user mode drivers */
    { "WD", false, 1, 1, { 0 } },                 /* everyone */
    { "WR", false, 5, 1, { 33 } },                /* write restricted code */
};

static size_t encode_sid(uint64_t authority, const uint32_t *subauthorities, size_t count,
                         uint8_t sid[WCL_SID_SIZE_MAX])
{
    sid[0] = SID_REVISION;
    sid[1] = (uint8_t)count;
    for (unsigned i = 0; i < 6; i++)
        sid[2 + i] = (uint8_t)(authority >> (40 - 8 * i));
    for (size_t i = 0; i < count; i++)
        wcl_store_le32(sid + WCL_SID_HEADER_SIZE + 4 * i, subauthorities[i]);
    return WCL_SID_HEADER_SIZE + 4 * count;
}

/* Without a domain at hand, an account's alias means the account of the domain 0-0-0. */
static size_t encode_alias(const sid_alias *alias, uint8_t sid[WCL_SID_SIZE_MAX])
{
    uint32_t account[] = { 21, 0, 0, 0, alias->subauthorities[0] };

    if (alias->in_domain)
        return encode_sid(alias->authority, account, 5, sid);
    return encode_sid(alias->authority, alias->subauthorities, alias->count, sid);
}

const uint8_t *wcl_sid_take(wcl_cursor *cursor, size_t *size)
{
    wcl_cursor ahead = *cursor;
    uint8_t revision = wcl_cursor_u8(&ahead);
    uint8_t count = wcl_cursor_u8(&ahead);

    if (ahead.failed || revision != SID_REVISION || count > WCL_SID_SUBAUTHORITIES_MAX)
        return NULL;
    *size = WCL_SID_HEADER_SIZE + 4 * (size_t)count;
    return wcl_cursor_left(cursor) < *size ? NULL : wcl_cursor_take(cursor, *size);
}

static const char *find_alias_of(const uint8_t *sid, size_t size)
{
    uint8_t candidate[WCL_SID_SIZE_MAX];

    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (!aliases[i].in_domain && encode_alias(&aliases[i], candidate) == size &&
            memcmp(candidate, sid, size) == 0)
            return aliases[i].name;
    return NULL;
}

wcl_status wcl_sid_print(const uint8_t *sid, wcl_buffer *out, wcl_error *error)
{
    size_t count = sid[1];
    const char *alias = find_alias_of(sid, WCL_SID_HEADER_SIZE + 4 * count);
    uint64_t authority = 0;

    if (alias)
        return wcl_buffer_append_text(out, alias, error);
    for (unsigned i = 0; i < 6; i++)
        authority = authority << 8 | sid[2 + i];
    wcl_status status = authority > UINT32_MAX
                            ? wcl_buffer_printf(out, error, "S-1-0x%012" PRIx64, authority)
                            : wcl_buffer_printf(out, error, "S-1-%" PRIu64, authority);
    for (size_t i = 0; i < count && status == WCL_OK; i++)
        status = wcl_buffer_printf(out, error, "-%" PRIu32,
                                   wcl_load_le32(sid + WCL_SID_HEADER_SIZE + 4 * i));
    return status;
}

/* Takes a decimal number of at most `max`. */
static bool scan_decimal(const char **text, uint64_t max, uint64_t *value)
{
    const char *at = *text;

    *value = 0;
    for (; wcl_sddl_scan_is_digit(*at); at++) {
        *value = *value * 10 + (uint64_t)(*at - '0');
        if (*value > max)
            return false;
    }
    bool any = at != *text;
    *text = at;
    return any;
}

/* Takes the number behind "S-1-". A hexadecimal one ends after 12 digits, whatever follows. */
static bool scan_authority(const char **text, uint64_t *authority)
{
    if ((*text)[0] != '0' || ((*text)[1] | 0x20) != 'x')
        return scan_decimal(text, AUTHORITY_MAX, authority);
    *text += 2;
    *authority = 0;
    unsigned digits = 0;
    for (; digits < 12 && wcl_sddl_scan_hex_digit(**text) >= 0; digits++, ++*text)
        *authority = *authority << 4 | (unsigned)wcl_sddl_scan_hex_digit(**text);
    return digits > 0;
}

static size_t scan_numbers(const char **text, uint8_t sid[WCL_SID_SIZE_MAX])
{
    uint32_t subauthorities[WCL_SID_SUBAUTHORITIES_MAX];
    const char *at = *text + 4;
    size_t count = 0;
    uint64_t authority, value;

    if (!scan_authority(&at, &authority))
        return 0;
    while (*at == '-') {
        at++;
        if (count == WCL_SID_SUBAUTHORITIES_MAX || !scan_decimal(&at, UINT32_MAX, &value))
            return 0;
        subauthorities[count++] = (uint32_t)value;
    }
    *text = at;
    return encode_sid(authority, subauthorities, count, sid);
}

size_t wcl_sid_scan(const char **text, uint8_t sid[WCL_SID_SIZE_MAX])
{
    if (strncasecmp(*text, "S-1-", 4) == 0)
        return scan_numbers(text, sid);
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (strncasecmp(*text, aliases[i].name, 2) == 0) {
            *text += 2;
            return encode_alias(&aliases[i], sid);
        }
    return 0;
}
