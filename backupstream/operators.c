/* The operators of conditional expressions. */
#include "backupstream/condition.h"

/* Of two where one begins with the other, the longer comes first. */
static const wcl_operator operators[] = {
    { 0x8B, WCL_OPERATOR_UNARY_SIDS, "Member_of_Any" },
    { 0x89, WCL_OPERATOR_UNARY_SIDS, "Member_of" },
    { 0x8C, WCL_OPERATOR_UNARY_SIDS, "Device_Member_of_Any" },
    { 0x8A, WCL_OPERATOR_UNARY_SIDS, "Device_Member_of" },
    { 0x92, WCL_OPERATOR_UNARY_SIDS, "Not_Member_of_Any" },
    { 0x90, WCL_OPERATOR_UNARY_SIDS, "Not_Member_of" },
    { 0x93, WCL_OPERATOR_UNARY_SIDS, "Not_Device_Member_of_Any" },
    { 0x91, WCL_OPERATOR_UNARY_SIDS, "Not_Device_Member_of" },
    { 0x87, WCL_OPERATOR_UNARY_ATTRIBUTE, "Exists" },
    { 0x8D, WCL_OPERATOR_UNARY_ATTRIBUTE, "Not_Exists" },
    { 0x80, WCL_OPERATOR_RELATION, "==" },
    { 0x81, WCL_OPERATOR_RELATION, "!=" },
    { 0x83, WCL_OPERATOR_RELATION, "<=" },
    { 0x82, WCL_OPERATOR_RELATION, "<" },
    { 0x85, WCL_OPERATOR_RELATION, ">=" },
    { 0x84, WCL_OPERATOR_RELATION, ">" },
    { 0x86, WCL_OPERATOR_RELATION, "Contains" },
    { 0x88, WCL_OPERATOR_RELATION, "Any_of" },
    { 0x8E, WCL_OPERATOR_RELATION, "Not_Contains" },
    { 0x8F, WCL_OPERATOR_RELATION, "Not_Any_of" },
    { WCL_TOKEN_AND, WCL_OPERATOR_LOGICAL, "&&" },
    { 0xA1, WCL_OPERATOR_LOGICAL, "||" },
    { WCL_TOKEN_NOT, WCL_OPERATOR_NOT, "!" },
};

#define OPERATOR_COUNT (sizeof(operators) / sizeof(operators[0]))

const wcl_operator *wcl_operator_find(uint8_t token)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (operators[i].token == token)
            return &operators[i];
    return NULL;
}

/* Whether the word that ended at `at` could go on there, and so is another word. */
static bool word_goes_on(const char *word, const char *at)
{
    unsigned char c = (unsigned char)*at;

    if (!wcl_sddl_scan_is_letter(word[0]))
        return false;
    return wcl_sddl_scan_is_letter(*at) || wcl_sddl_scan_is_digit(*at) || c >= 0x80 ||
           (c && strchr("_:./@%", c));
}

const wcl_operator *wcl_operator_scan(wcl_sddl_scan *scan, wcl_operator_form form)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++) {
        wcl_sddl_scan ahead = *scan;
        if (operators[i].form != form || !wcl_sddl_scan_take(&ahead, operators[i].text) ||
            word_goes_on(operators[i].text, ahead.at))
            continue;
        *scan = ahead;
        return &operators[i];
    }
    return NULL;
}
