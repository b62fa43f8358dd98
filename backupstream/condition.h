/* Conditional expressions of ACEs ([MS-DTYP] 2.4.4.17 and 2.5.1.1): postfix bytes, infix SDDL. */
#ifndef WCL_BACKUPSTREAM_CONDITION_H
#define WCL_BACKUPSTREAM_CONDITION_H

#include "backupstream/scan.h"
#include "base/buffer.h"

/* Appends "(expression)". What SDDL cannot express fails with WCL_CODE_NOT_SUPPORTED. */
wcl_status wcl_condition_print(const uint8_t *data, size_t size, wcl_buffer *out, wcl_error *error);

/* Takes "(expression)" and appends its bytes, not yet padded. */
wcl_status wcl_condition_scan(wcl_sddl_scan *scan, wcl_buffer *out, wcl_error *error);

/* What an operator wants and how SDDL writes it. */
typedef enum wcl_operator_form {
    WCL_OPERATOR_UNARY_SIDS,      /* Member_of {...} */
    WCL_OPERATOR_UNARY_ATTRIBUTE, /* Exists x */
    WCL_OPERATOR_RELATION,        /* x == y */
    WCL_OPERATOR_NOT,             /* !(...) */
    WCL_OPERATOR_LOGICAL,         /* a && b */
} wcl_operator_form;

typedef struct wcl_operator {
    uint8_t token;
    wcl_operator_form form;
    const char *text;
} wcl_operator;

const wcl_operator *wcl_operator_find(uint8_t token);

/* Takes one of the operators of `form` at the front of the text; NULL where there is none. */
const wcl_operator *wcl_operator_scan(wcl_sddl_scan *scan, wcl_operator_form form);

#define WCL_CONDITION_SIGNATURE "artx"
#define WCL_CONDITION_SIGNATURE_SIZE 4

#define WCL_TOKEN_AND 0xA0
#define WCL_TOKEN_NOT 0xA2

#endif
