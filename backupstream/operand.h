/*
 * The operands of a conditional expression ([MS-DTYP] 2.4.4.17): attributes and literals, as the
 * bytes of an ACE and as SDDL.
 */
#ifndef WCL_BACKUPSTREAM_OPERAND_H
#define WCL_BACKUPSTREAM_OPERAND_H

#include "backupstream/scan.h"
#include "base/buffer.h"
#include "base/cursor.h"

/* The tokens' first bytes. */
enum wcl_operand_token {
    WCL_TOKEN_PADDING = 0x00,
    WCL_TOKEN_INT8 = 0x01,
    WCL_TOKEN_INT16 = 0x02,
    WCL_TOKEN_INT32 = 0x03,
    WCL_TOKEN_INT64 = 0x04,
    WCL_TOKEN_STRING = 0x10,
    WCL_TOKEN_OCTETS = 0x18,
    WCL_TOKEN_COMPOSITE = 0x50,
    WCL_TOKEN_SID = 0x51,
    WCL_TOKEN_ATTRIBUTE_LOCAL = 0xF8,
    WCL_TOKEN_ATTRIBUTE_USER = 0xF9,
    WCL_TOKEN_ATTRIBUTE_RESOURCE = 0xFA,
    WCL_TOKEN_ATTRIBUTE_DEVICE = 0xFB,
};

typedef enum wcl_operand_kind {
    WCL_OPERAND_NONE, /* the token is none */
    WCL_OPERAND_ATTRIBUTE,
    WCL_OPERAND_LITERAL,
    WCL_OPERAND_SIDS, /* a SID, or a composite of SIDs only */
} wcl_operand_kind;

/* Steps over an operand whose first byte is `token`, already taken, and tells its kind. */
wcl_status wcl_operand_skip(wcl_cursor *cursor, uint8_t token, wcl_operand_kind *kind,
                            wcl_error *error);

/* Prints the operand that stands at the cursor, which wcl_operand_skip() has gone over before. */
wcl_status wcl_operand_print(wcl_cursor *cursor, wcl_buffer *out, wcl_error *error);

/* Takes an operand and appends its bytes. WCL_OPERAND_NONE where none begins. */
wcl_status wcl_operand_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_operand_kind *kind,
                            wcl_error *error);

/*
 * The name of an attribute: UTF-16LE units as SDDL spells them, %XXXX where a unit may not stand as
 * it is. A local name has a smaller set, and must not look like something else.
 */
wcl_status wcl_attribute_name_print(const uint8_t *units, size_t size, bool is_local,
                                    wcl_buffer *out, wcl_error *error);

/* Takes such a name and appends its units. */
wcl_status wcl_attribute_name_scan(wcl_sddl_scan *scan, bool is_local, wcl_buffer *out,
                                   wcl_error *error);

/* Takes `"text"` and appends its UTF-16LE, with %XXXX meaning that unit if `is_name`. */
wcl_status wcl_quoted_scan(wcl_sddl_scan *scan, bool is_name, wcl_buffer *out, wcl_error *error);

/* Prints `"text"`. SDDL has no way to write a quotation mark or a NUL in it, which is an error. */
wcl_status wcl_quoted_print(const uint8_t *units, size_t size, wcl_buffer *out, wcl_error *error);

/* Takes pairs of hexadecimal digits. */
wcl_status wcl_octets_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error);
wcl_status wcl_octets_print(const uint8_t *bytes, size_t size, wcl_buffer *out, wcl_error *error);

#endif
