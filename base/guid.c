/* GUIDs. In memory the first three fields are little-endian, as on Windows. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/options.h"
#include "base/random.h"
#include "base/utf16.h"

/* Where each byte of the printed form stands in memory; its own inverse. */
static const uint8_t printed_order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

wcl_guid wcl_guid_from_source(const char *source)
{
    uint8_t digest[20] = { 0 };
    wcl_guid guid;

    wcl_sha1(wcl_text(source), strlen(wcl_text(source)), digest, NULL);
    memcpy(guid.bytes, digest, sizeof(guid.bytes));
    return guid;
}

/* Takes the 16 bytes of an RFC 4122 UUID, sets version and variant, and orders them as a GUID. */
static wcl_guid guid_from_uuid(const uint8_t *uuid, unsigned version)
{
    wcl_guid guid;

    for (size_t i = 0; i < 16; i++)
        guid.bytes[printed_order[i]] = uuid[i];
    guid.bytes[7] = (uint8_t)((guid.bytes[7] & 0x0F) | version << 4);
    guid.bytes[8] = (uint8_t)((guid.bytes[8] & 0x3F) | 0x80);
    return guid;
}

wcl_status wcl_guid_random(wcl_guid *guid, wcl_error *error)
{
    uint8_t bytes[16];

    if (wcl_random_bytes(bytes, sizeof(bytes), error) != WCL_OK)
        return WCL_FAILED;
    *guid = guid_from_uuid(bytes, 4);
    return WCL_OK;
}

void wcl_guid_format(const wcl_guid *guid, char text[37])
{
    size_t length = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[length++] = '-';
        snprintf(text + length, 3, "%02x", guid->bytes[printed_order[i]]);
        length += 2;
    }
}

wcl_status wcl_guid_parse(const char *text, wcl_guid *guid, wcl_error *error)
{
    size_t length = strlen(wcl_text(text));
    const char *digits = text;

    if (length == 38 && text[0] == '{' && text[37] == '}')
        digits++;
    else if (length != 36)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "'%.100s' is not a GUID",
                        wcl_text(text));
    for (size_t i = 0, at = 0; i < 16; i++) {
        unsigned value;
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (digits[at++] != '-')
                return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "'%.100s' is not a GUID", text);
        if (!isxdigit((unsigned char)digits[at]) || !isxdigit((unsigned char)digits[at + 1]) ||
            sscanf(digits + at, "%2x", &value) != 1)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "'%.100s' is not a GUID", text);
        guid->bytes[printed_order[i]] = (uint8_t)value;
        at += 2;
    }
    return WCL_OK;
}

wcl_status wcl_guid_of_compute_system(const char *id, wcl_guid *guid, wcl_error *error)
{
    /* The namespace, in RFC order, in front of the name. */
    static const uint8_t compute_systems[16] = { 0xCA, 0xB7, 0x03, 0x44, 0xFA, 0xCB, 0x41, 0xE4,
                                                 0xB5, 0xE5, 0xAB, 0x65, 0x92, 0x28, 0x3E, 0x6E };
    WCL_CLEANUP_BUFFER wcl_buffer name = WCL_BUFFER_INIT;
    uint8_t digest[20];

    if (wcl_buffer_append(&name, compute_systems, sizeof(compute_systems), error) != WCL_OK ||
        wcl_wtf8_to_upcased(wcl_text(id), strlen(wcl_text(id)), &name, error) != WCL_OK ||
        wcl_sha1(name.data, name.size, digest, error) != WCL_OK)
        return WCL_FAILED;
    *guid = guid_from_uuid(digest, 5);
    return WCL_OK;
}
