/* Conditional expressions and resource attributes in SDDL, both ways, and their exact bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes behind the SID of the only ACE of `ace`, an ACE in SDDL for everyone. */
static wcl_buffer tail_of(const char *ace)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    wcl_buffer tail = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    char sddl[2000];
    size_t size;

    snprintf(sddl, sizeof(sddl), "D:%s", ace);
    if (wcl_sd_from_sddl(sddl, &descriptor, &size, &error) != WCL_OK)
        fail_msg("%s: %s", sddl, error.message);
    /* Behind the headers of descriptor, ACL and ACE, the mask and a SID of 12 bytes. */
    size_t start = 20 + 8 + 4 + 4 + 12;
    assert_true(size >= start);
    assert_int_equal(wcl_buffer_append(&tail, (uint8_t *)descriptor + start, size - start, NULL),
                     WCL_OK);
    return tail;
}

/* What an ACE with that tail prints as, or NULL and why not. */
static char *print_tail(uint8_t type, const void *tail, size_t size, wcl_error *error)
{
    static const uint8_t everyone[] = { 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
    size_t padded = (size + 3) / 4 * 4;
    char *sddl = NULL;

    wcl_buffer_append(&out, "\1\0\4\x80\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\2\0", 22, NULL);
    wcl_buffer_append_le16(&out, (uint16_t)(8 + 20 + padded), NULL);
    wcl_buffer_append_le32(&out, 1, NULL);
    wcl_buffer_append_le16(&out, type, NULL);
    wcl_buffer_append_le16(&out, (uint16_t)(20 + padded), NULL);
    wcl_buffer_append_le32(&out, 0, NULL);
    wcl_buffer_append(&out, everyone, sizeof(everyone), NULL);
    wcl_buffer_append(&out, tail, size, NULL);
    wcl_buffer_append_zeros(&out, padded - size, NULL);
    return wcl_sd_to_sddl(out.data, out.size, &sddl, error) == WCL_OK ? sddl : NULL;
}

static void assert_condition_prints(const char *condition, const char *expected)
{
    WCL_CLEANUP_FREE char *printed = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char ace[1000], whole[1000];

    snprintf(ace, sizeof(ace), "(XA;;;;;WD;%s)", condition);
    snprintf(whole, sizeof(whole), "D:(XA;;;;;WD;%s)", expected);
    WCL_CLEANUP_BUFFER wcl_buffer tail = tail_of(ace);
    WCL_CLEANUP_BUFFER wcl_buffer again = tail_of(whole + 2);
    printed = print_tail(0x09, tail.data, tail.size, &error);
    if (!printed)
        fail_msg("%s: %s", condition, error.message);
    assert_string_equal(printed, whole);
    assert_int_equal(again.size, tail.size);
    assert_memory_equal(again.data, tail.data, tail.size);
}

static void assert_condition_unchanged(const char *condition)
{
    assert_condition_prints(condition, condition);
}

/* The example of [MS-DTYP] 2.4.4.17.9. */
static void a_condition_has_the_bytes_that_windows_gives_it(void **state)
{
    static const uint8_t expected[] = "artx\xF8\x0A\0\0\0T\0i\0t\0l\0e\0\x10\4\0\0\0V\0P\0\x80\0";
    WCL_CLEANUP_BUFFER wcl_buffer tail = tail_of("(XA;;FX;;;WD;(Title==\"VP\"))");

    (void)state;
    assert_int_equal(tail.size, 32);
    assert_memory_equal(tail.data, expected, 31);
    assert_int_equal(tail.data[31], 0);
}

static void operands_of_every_kind_have_their_bytes(void **state)
{
    static const uint8_t expected[] = "artx\xF9\2\0\0\0a\0"
                                      "\x50\x2E\0\0\0"
                                      "\4\xFB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\2\2"
                                      "\4\x1F\0\0\0\0\0\0\0\3\3"
                                      "\x18\2\0\0\0\x0A\xFF"
                                      "\x51\x0C\0\0\0\1\1\0\0\0\0\0\5\x12\0\0\0"
                                      "\x88";
    WCL_CLEANUP_BUFFER wcl_buffer tail =
        tail_of("(XA;;;;;WD;(@User.a Any_of {-5, 0x1f, #0aFF, SID(SY)}))");

    (void)state;
    assert_memory_equal(tail.data, expected, sizeof(expected) - 2);
}

static void every_operator_survives(void **state)
{
    static const char *const relations[] = {
        "==", "!=", "<", "<=", ">", ">=", "Contains", "Any_of", "Not_Contains", "Not_Any_of",
    };
    static const char *const memberships[] = {
        "Member_of",
        "Member_of_Any",
        "Device_Member_of",
        "Not_Member_of",
        "Not_Member_of_Any",
        "Device_Member_of_Any",
        "Not_Device_Member_of",
        "Not_Device_Member_of_Any",
    };
    char condition[200];

    (void)state;
    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
        snprintf(condition, sizeof(condition), "(@User.a %s @Resource.b)", relations[i]);
        assert_condition_unchanged(condition);
        snprintf(condition, sizeof(condition), "(local %s {1, \"x\"})", relations[i]);
        assert_condition_unchanged(condition);
    }
    for (size_t i = 0; i < sizeof(memberships) / sizeof(memberships[0]); i++) {
        snprintf(condition, sizeof(condition), "(%s {SID(BA), SID(S-1-5-21-1-2-3-4)})",
                 memberships[i]);
        assert_condition_unchanged(condition);
        snprintf(condition, sizeof(condition), "(%s SID(BA))", memberships[i]);
        assert_condition_unchanged(condition);
    }
    assert_condition_unchanged("(Exists @Device.a && Not_Exists b)");
    assert_condition_unchanged("(@User.flag)");
    assert_condition_unchanged("(@User.list == {})");
}

static void parentheses_appear_where_they_matter(void **state)
{
    (void)state;
    assert_condition_unchanged("(a && b && c)");
    assert_condition_unchanged("(a && (b && c))");
    assert_condition_unchanged("(a || b || c)");
    assert_condition_prints("(a || b && c)", "(a || (b && c))");
    assert_condition_prints("(a && b || c)", "((a && b) || c)");
    assert_condition_unchanged("((a || b) && (c || d))");
    assert_condition_unchanged("(!(a) && !(b == 1))");
    assert_condition_prints("(!a==1&&b)", "(!(a == 1) && b)");
    assert_condition_unchanged("(!(!(a)))");
    assert_condition_prints("(((a)))", "(a)");
    assert_condition_prints("( @user.a==1\t&&\n( b ) )", "(@User.a == 1 && b)");
}

static void integers_keep_sign_and_base(void **state)
{
    (void)state;
    assert_condition_unchanged("(a == {0, -0, +0, 1, +1, -1, 00, 017, -017, 0x0, 0x1f, -0x1f})");
    assert_condition_unchanged("(a == {9223372036854775807, -9223372036854775808})");
}

static void texts_of_any_script_survive(void **state)
{
    (void)state;
    assert_condition_unchanged("(a == \"\")");
    assert_condition_unchanged("(a == \"日本 🪟 \xED\xA0\x80 ) ; ( %0041\")");
}

static void names_survive_whatever_they_are_made_of(void **state)
{
    (void)state;
    assert_condition_unchanged("(WIN://SYSAPPID == 1)");
    assert_condition_unchanged("(@User.#$'*+-./:;?@[\\]^_`{}~ == 1)");
    assert_condition_unchanged("(@User.a%0020b%0022%0021%65e5%d83e == 1)");
    assert_condition_prints("(@User.日%65E5 == 1)", "(@User.%65e5%65e5 == 1)");
    assert_condition_prints("(a@b == 1)", "(a%0040b == 1)");
    assert_condition_unchanged("(%0045xists == 1)");
    assert_condition_unchanged("(Existsx == %0031)");
    assert_condition_unchanged("(Exists %0053ID)");
    assert_condition_unchanged("(Member_of_Anything && %0000)");
}

static void deep_nesting_is_no_danger(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer sddl = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE void *descriptor = NULL;
    WCL_CLEANUP_FREE char *printed = NULL;
    size_t size;

    (void)state;
    wcl_buffer_append_text(&sddl, "D:(XA;;;;;WD;(", NULL);
    for (unsigned i = 0; i < 60000; i++)
        wcl_buffer_append_text(&sddl, "!(", NULL);
    wcl_buffer_append_text(&sddl, "a", NULL);
    for (unsigned i = 0; i < 60002; i++)
        wcl_buffer_append_text(&sddl, ")", NULL);
    assert_int_equal(wcl_sd_from_sddl(wcl_buffer_text(&sddl), &descriptor, &size, NULL), WCL_OK);
    assert_int_equal(wcl_sd_to_sddl(descriptor, size, &printed, NULL), WCL_OK);
    assert_string_equal(printed, wcl_buffer_text(&sddl));
}

static void assert_condition_error(const char *condition, size_t character, const char *said)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char sddl[200], place[50];
    size_t size;

    snprintf(sddl, sizeof(sddl), "D:(XA;;;;;WD;%s)", condition);
    snprintf(place, sizeof(place), "character %zu,", 13 + character);
    if (wcl_sd_from_sddl(sddl, &descriptor, &size, &error) == WCL_OK)
        fail_msg("%s is taken", condition);
    if (!strstr(error.message, place) || !strstr(error.message, said))
        fail_msg("'%s' does not say '%s' and '%s'", error.message, place, said);
}

static void errors_in_conditions_name_the_character(void **state)
{
    (void)state;
    assert_condition_error("x", 1, "in parentheses");
    assert_condition_error("()", 2, "the name of an attribute");
    assert_condition_error("(a", 4, "')' at the end of an ACE");
    assert_condition_error("(a b)", 4, "'&&', '||' or ')'");
    assert_condition_error("(a &&)", 6, "the name of an attribute");
    assert_condition_error("(1 == a)", 2, "an attribute or an operator");
    assert_condition_error("(a == )", 7, "the name of an attribute");
    assert_condition_error("(a == {a})", 8, "a literal");
    assert_condition_error("(a == {1 2})", 10, "',' or '}'");
    assert_condition_error("(a == #123)", 10, "an even number");
    assert_condition_error("(a == 9223372036854775808)", 7, "an integer");
    assert_condition_error("(a == \"x)", 11, "closing quotation mark");
    assert_condition_error("(a == SID(QQ))", 11, "a SID");
    assert_condition_error("(a == SID(BA;", 13, "')' behind a SID");
    assert_condition_error("(Member_of {1})", 12, "SID(...)");
    assert_condition_error("(Exists 1)", 9, "an attribute");
    assert_condition_error("(@User.%00 == 1)", 8, "four hexadecimal digits");
}

static void assert_tail_fails(uint8_t type, const void *tail, size_t size, const char *said)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_FREE char *printed = print_tail(type, tail, size, &error);

    if (printed)
        fail_msg("%s was printed", printed);
    assert_true(error.code == WCL_CODE_NOT_SUPPORTED || error.code == WCL_CODE_BAD_ACL);
    if (!strstr(error.message, said))
        fail_msg("'%s' does not say '%s'", error.message, said);
}

#define ATTRIBUTE "\xF8\2\0\0\0a\0"
#define ONE "\4\1\0\0\0\0\0\0\0\3\2"
#define ASSERT_CONDITION_FAILS(bytes, said)                                                        \
    assert_tail_fails(0x09, "artx" bytes, 4 + sizeof(bytes) - 1, said)

static void damaged_conditions_are_told(void **state)
{
    (void)state;
    ASSERT_CONDITION_FAILS("", "no single condition");
    ASSERT_CONDITION_FAILS(ATTRIBUTE ATTRIBUTE, "no single condition");
    ASSERT_CONDITION_FAILS(ONE, "no single condition");
    ASSERT_CONDITION_FAILS("\x80", "lacks an operand");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x80", "lacks an operand");
    ASSERT_CONDITION_FAILS(ONE ATTRIBUTE "\x80", "wrong kind");
    ASSERT_CONDITION_FAILS(ATTRIBUTE ONE "\xA0", "wrong kind");
    ASSERT_CONDITION_FAILS(ONE "\xA2", "wrong kind");
    ASSERT_CONDITION_FAILS(ONE "\x89", "wrong kind");
    ASSERT_CONDITION_FAILS(ONE "\x87", "wrong kind");
    ASSERT_CONDITION_FAILS("\x77", "unknown token");
    ASSERT_CONDITION_FAILS("\xF8\xFF\xFF\xFF\xFF", "goes past its end");
    ASSERT_CONDITION_FAILS("\xF8\0\0\0\0", "not a UTF-16 name");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x50\x5\0\0\0\x50\0\0\0\0\x80", "other than literals");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\4\1\0\0\0\0\0\0\0\4\2\x80", "damaged integer");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x51\2\0\0\0\1\1\x80", "damaged SID");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x10\1\0\0\0a\x80", "odd length");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x10\2\0\0\0\"\0\x80", "a quotation mark");
    ASSERT_CONDITION_FAILS(ATTRIBUTE "\x10\2\0\0\0\0\0\x80", "a NUL");
}

static void short_integers_are_read_as_long_ones(void **state)
{
    static const char tail[] = "artx" ATTRIBUTE "\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\3\2\x80";
    WCL_CLEANUP_FREE char *printed = print_tail(0x09, tail, sizeof(tail) - 1, NULL);

    (void)state;
    assert_string_equal(printed, "D:(XA;;;;;WD;(a == -1))");
}

static void assert_claim_prints(const char *claim, const char *expected)
{
    WCL_CLEANUP_FREE char *printed = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char ace[500], whole[500];

    snprintf(ace, sizeof(ace), "(RA;;;;;WD;%s)", claim);
    snprintf(whole, sizeof(whole), "D:(RA;;;;;WD;%s)", expected);
    WCL_CLEANUP_BUFFER wcl_buffer tail = tail_of(ace);
    WCL_CLEANUP_BUFFER wcl_buffer again = tail_of(whole + 2);
    printed = print_tail(0x12, tail.data, tail.size, &error);
    if (!printed)
        fail_msg("%s: %s", claim, error.message);
    assert_string_equal(printed, whole);
    assert_int_equal(again.size, tail.size);
    assert_memory_equal(again.data, tail.data, tail.size);
}

static void assert_claim_unchanged(const char *claim)
{
    assert_claim_prints(claim, claim);
}

static void resource_attributes_of_every_type_survive(void **state)
{
    (void)state;
    assert_claim_unchanged("(\"n\",TI,0x0,1,-1,9223372036854775807,-9223372036854775808)");
    assert_claim_unchanged("(\"n\",TU,0x10000,0,18446744073709551615)");
    assert_claim_unchanged("(\"Project\",TS,0x0,\"Windows\",\"\",\"日本 🪟;)\")");
    assert_claim_unchanged("(\"n\",TD,0x1,BA,S-1-5-21-1-2-3-4)");
    assert_claim_unchanged("(\"n\",TX,0x0,0123ff,,00)");
    assert_claim_unchanged("(\"n\",TB,0x0,0,1)");
    assert_claim_unchanged("(\"n\",TS,0xffffffff)");
    assert_claim_unchanged("(\"a%0020b%0022#$\",TI,0x0)");
    assert_claim_prints("( \"n\" , td , 2 , SID(BA) )", "(\"n\",TD,0x2,BA)");
    assert_claim_prints("(\"n\",TX,0,#0A)", "(\"n\",TX,0x0,0a)");
    assert_claim_prints("(\"n\",TI,010,0x10)", "(\"n\",TI,0x8,16)");
}

static void a_resource_attribute_has_its_bytes(void **state)
{
    static const uint8_t expected[] = "\x18\0\0\0\2\0\0\0\7\0\0\0\2\0\0\0\x1C\0\0\0\x24\0\0\0"
                                      "n\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0";
    WCL_CLEANUP_BUFFER wcl_buffer tail = tail_of("(RA;;;;;WD;(\"n\",TU,0x7,1,2))");

    (void)state;
    assert_int_equal(tail.size, sizeof(expected));
    assert_memory_equal(tail.data, expected, sizeof(expected));
}

#define ASSERT_CLAIM_FAILS(bytes, said) assert_tail_fails(0x12, bytes, sizeof(bytes) - 1, said)

static void damaged_resource_attributes_are_told(void **state)
{
    (void)state;
    ASSERT_CLAIM_FAILS("\x10\0\0\0\1\0\0\0", "too few bytes");
    ASSERT_CLAIM_FAILS("\x10\0\0\0\1\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF", "too few bytes");
    ASSERT_CLAIM_FAILS("\x10\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0n\0\0\0", "values of type 4");
    ASSERT_CLAIM_FAILS("\x40\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0n\0\0\0", "without a NUL");
    ASSERT_CLAIM_FAILS("\x10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0nnnn", "without a NUL");
    ASSERT_CLAIM_FAILS("\x14\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\x14\0\0\0n\0\0\0", "past its end");
    ASSERT_CLAIM_FAILS("\x1C\0\0\0\6\0\0\0\0\0\0\0\1\0\0\0\x14\0\0\0\2\0\0\0\0\0\0\0n\0\0\0",
                       "truth value");
    ASSERT_CLAIM_FAILS("\x18\0\0\0\5\0\0\0\0\0\0\0\1\0\0\0\x14\0\0\0\0\0\0\0n\0\0\0",
                       "damaged SID");
    ASSERT_CLAIM_FAILS("\x18\0\0\0\x10\0\0\0\0\0\0\0\1\0\0\0\x14\0\0\0\x9\0\0\0n\0\0\0",
                       "past its end");
}

/* Many values that are all the same long text would print to gigabytes. */
static void values_that_lie_over_each_other_do_not_grow_without_end(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer tail = WCL_BUFFER_INIT;
    const uint32_t count = 8000, text = 16 + 4 * count;

    (void)state;
    wcl_buffer_append_le32(&tail, text, NULL);
    wcl_buffer_append_le32(&tail, 3, NULL);
    wcl_buffer_append_le32(&tail, 0, NULL);
    wcl_buffer_append_le32(&tail, count, NULL);
    for (unsigned i = 0; i < count; i++)
        wcl_buffer_append_le32(&tail, text, NULL);
    for (unsigned i = 0; i < 14000; i++)
        wcl_buffer_append_le16(&tail, 'x', NULL);
    wcl_buffer_append_le32(&tail, 0, NULL);
    assert_tail_fails(0x12, tail.data, tail.size, "lie over each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_has_the_bytes_that_windows_gives_it),
        cmocka_unit_test(operands_of_every_kind_have_their_bytes),
        cmocka_unit_test(every_operator_survives),
        cmocka_unit_test(parentheses_appear_where_they_matter),
        cmocka_unit_test(integers_keep_sign_and_base),
        cmocka_unit_test(texts_of_any_script_survive),
        cmocka_unit_test(names_survive_whatever_they_are_made_of),
        cmocka_unit_test(deep_nesting_is_no_danger),
        cmocka_unit_test(errors_in_conditions_name_the_character),
        cmocka_unit_test(damaged_conditions_are_told),
        cmocka_unit_test(short_integers_are_read_as_long_ones),
        cmocka_unit_test(resource_attributes_of_every_type_survive),
        cmocka_unit_test(a_resource_attribute_has_its_bytes),
        cmocka_unit_test(damaged_resource_attributes_are_told),
        cmocka_unit_test(values_that_lie_over_each_other_do_not_grow_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
