/* The letters of ACE flags and rights. */
#include "backupstream/ace_codes.h"

#include <inttypes.h>

#define ACE_TYPE_ACCESS_FILTER 0x15

typedef struct code {
    const char *letters;
    uint32_t value;
} code;

static const code flag_codes[] = {
    { "OI", 0x01 }, { "CI", 0x02 }, { "NP", 0x04 }, { "IO", 0x08 },
    { "ID", 0x10 }, { "CR", 0x20 }, { "SA", 0x40 }, { "FA", 0x80 },
};

/* What 0x40 is to an access filter. */
static const code trust_protected_filter = { "TP", 0x40 };

/* Written only where they are the whole mask. */
static const code whole_rights[] = {
    { "FA", 0x1F01FF }, { "FR", 0x120089 }, { "FW", 0x120116 }, { "FX", 0x1200A0 },
    { "KA", 0x0F003F }, { "KR", 0x020019 }, { "KW", 0x020006 }, { "KX", 0x020019 },
};

static const code single_rights[] = {
    { "CC", 0x00000001 }, { "DC", 0x00000002 }, { "LC", 0x00000004 }, { "SW", 0x00000008 },
    { "RP", 0x00000010 }, { "WP", 0x00000020 }, { "DT", 0x00000040 }, { "LO", 0x00000080 },
    { "CR", 0x00000100 }, { "SD", 0x00010000 }, { "RC", 0x00020000 }, { "WD", 0x00040000 },
    { "WO", 0x00080000 }, { "GA", 0x10000000 }, { "GX", 0x20000000 }, { "GW", 0x40000000 },
    { "GR", 0x80000000 },
};

static const code label_rights[] = { { "NW", 1 }, { "NR", 2 }, { "NX", 4 } };

#define COUNT(codes) (sizeof(codes) / sizeof((codes)[0]))

static const code *take_code(wcl_sddl_scan *scan, const code *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (wcl_sddl_scan_take(scan, codes[i].letters))
            return &codes[i];
    return NULL;
}

static wcl_status print_codes(uint32_t value, const code *codes, size_t count, wcl_buffer *out,
                              wcl_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (value & codes[i].value &&
            wcl_buffer_append_text(out, codes[i].letters, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_ace_flags_print(const wcl_ace *ace, wcl_buffer *out, wcl_error *error)
{
    uint32_t flags = ace->flags;

    if (ace->type->type == ACE_TYPE_ACCESS_FILTER && flags & trust_protected_filter.value) {
        if (wcl_buffer_append_text(out, trust_protected_filter.letters, error) != WCL_OK)
            return WCL_FAILED;
        flags &= ~trust_protected_filter.value;
    }
    return print_codes(flags, flag_codes, COUNT(flag_codes), out, error);
}

wcl_status wcl_ace_flags_scan(wcl_sddl_scan *scan, uint8_t *flags, wcl_error *error)
{
    *flags = 0;
    while (*scan->at != ';') {
        const code *found = take_code(scan, flag_codes, COUNT(flag_codes));
        if (!found)
            found = take_code(scan, &trust_protected_filter, 1);
        if (!found)
            return wcl_sddl_scan_fail(scan, error, "an ACE flag or ';'");
        *flags |= (uint8_t)found->value;
    }
    return WCL_OK;
}

static bool covers(const code *codes, size_t count, uint32_t mask)
{
    for (size_t i = 0; i < count; i++)
        mask &= ~codes[i].value;
    return mask == 0;
}

wcl_status wcl_ace_rights_print(const wcl_ace *ace, wcl_buffer *out, wcl_error *error)
{
    if (ace->type->is_label && covers(label_rights, COUNT(label_rights), ace->mask))
        return print_codes(ace->mask, label_rights, COUNT(label_rights), out, error);
    for (size_t i = 0; i < COUNT(whole_rights); i++)
        if (whole_rights[i].value == ace->mask)
            return wcl_buffer_append_text(out, whole_rights[i].letters, error);
    if (covers(single_rights, COUNT(single_rights), ace->mask))
        return print_codes(ace->mask, single_rights, COUNT(single_rights), out, error);
    return wcl_buffer_printf(out, error, "0x%" PRIx32, ace->mask);
}

static wcl_status scan_number(wcl_sddl_scan *scan, uint32_t *mask, wcl_error *error)
{
    wcl_sddl_scan start = *scan;
    wcl_sddl_scan_number number;

    if (!wcl_sddl_scan_take_number(scan, &number) || number.magnitude > UINT32_MAX)
        return wcl_sddl_scan_fail(&start, error, "rights of 32 bits");
    *mask = (uint32_t)number.magnitude;
    return WCL_OK;
}

wcl_status wcl_ace_rights_scan(wcl_sddl_scan *scan, uint32_t *mask, wcl_error *error)
{
    *mask = 0;
    if (wcl_sddl_scan_is_digit(*scan->at))
        return scan_number(scan, mask, error);
    while (*scan->at != ';') {
        const code *found = take_code(scan, whole_rights, COUNT(whole_rights));
        if (!found)
            found = take_code(scan, single_rights, COUNT(single_rights));
        if (!found)
            found = take_code(scan, label_rights, COUNT(label_rights));
        if (!found)
            return wcl_sddl_scan_fail(scan, error, "a right or ';'");
        *mask |= found->value;
    }
    return WCL_OK;
}
