/* SDDL: every alias, flag, right and type of ACE, both ways, and errors that say where. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <stdio.h>
#include <string.h>

/* What `sddl` prints as once it was a descriptor, which must come out the same the second time. */
static char *through_descriptor(const char *sddl)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    WCL_CLEANUP_FREE void *again = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size, again_size;
    char *printed;

    if (wcl_sd_from_sddl(sddl, &descriptor, &size, &error) != WCL_OK)
        fail_msg("%s: %s", sddl, error.message);
    if (wcl_sd_to_sddl(descriptor, size, &printed, &error) != WCL_OK)
        fail_msg("%s: %s", sddl, error.message);
    if (wcl_sd_from_sddl(printed, &again, &again_size, &error) != WCL_OK)
        fail_msg("%s: %s", printed, error.message);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, descriptor, size);
    return printed;
}

static void assert_prints(const char *sddl, const char *expected)
{
    WCL_CLEANUP_FREE char *printed = through_descriptor(sddl);
    assert_string_equal(printed, expected);
}

static void assert_unchanged(const char *sddl)
{
    assert_prints(sddl, sddl);
}

static void every_alias_stands_for_its_sid(void **state)
{
    static const char *const aliases[][2] = {
        { "AA", "S-1-5-32-579" }, { "AC", "S-1-15-2-1" },   { "AN", "S-1-5-7" },
        { "AO", "S-1-5-32-548" }, { "AS", "S-1-18-1" },     { "AU", "S-1-5-11" },
        { "BA", "S-1-5-32-544" }, { "BG", "S-1-5-32-546" }, { "BO", "S-1-5-32-551" },
        { "BU", "S-1-5-32-545" }, { "CD", "S-1-5-32-574" }, { "CG", "S-1-3-1" },
        { "CO", "S-1-3-0" },      { "CY", "S-1-5-32-569" }, { "ED", "S-1-5-9" },
        { "ER", "S-1-5-32-573" }, { "ES", "S-1-5-32-576" }, { "HA", "S-1-5-32-578" },
        { "HI", "S-1-16-12288" }, { "HO", "S-1-5-32-584" }, { "IS", "S-1-5-32-568" },
        { "IU", "S-1-5-4" },      { "LS", "S-1-5-19" },     { "LU", "S-1-5-32-559" },
        { "LW", "S-1-16-4096" },  { "ME", "S-1-16-8192" },  { "MP", "S-1-16-8448" },
        { "MS", "S-1-5-32-577" }, { "MU", "S-1-5-32-558" }, { "NO", "S-1-5-32-556" },
        { "NS", "S-1-5-20" },     { "NU", "S-1-5-2" },      { "OW", "S-1-3-4" },
        { "PO", "S-1-5-32-550" }, { "PS", "S-1-5-10" },     { "PU", "S-1-5-32-547" },
        { "RA", "S-1-5-32-575" }, { "RC", "S-1-5-12" },     { "RD", "S-1-5-32-555" },
        { "RE", "S-1-5-32-552" }, { "RM", "S-1-5-32-580" }, { "RU", "S-1-5-32-554" },
        { "SI", "S-1-16-16384" }, { "SO", "S-1-5-32-549" }, { "SS", "S-1-18-2" },
        { "SU", "S-1-5-6" },      { "SY", "S-1-5-18" },     { "UD", "S-1-5-84-0-0-0-0-0" },
        { "WD", "S-1-1-0" },      { "WR", "S-1-5-33" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        char by_alias[100], by_sid[100];
        snprintf(by_alias, sizeof(by_alias), "O:%s", aliases[i][0]);
        snprintf(by_sid, sizeof(by_sid), "O:%s", aliases[i][1]);
        assert_unchanged(by_alias);
        assert_prints(by_sid, by_alias);
    }
}

static void aliases_of_a_domain_stand_for_the_domain_of_zeros(void **state)
{
    static const struct {
        const char *alias;
        unsigned account;
    } aliases[] = {
        { "AP", 525 }, { "CA", 517 }, { "CN", 522 }, { "DA", 512 }, { "DC", 515 }, { "DD", 516 },
        { "DG", 514 }, { "DU", 513 }, { "EA", 519 }, { "EK", 527 }, { "KA", 526 }, { "LA", 500 },
        { "LG", 501 }, { "PA", 520 }, { "RO", 498 }, { "RS", 553 }, { "SA", 518 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        char by_alias[100], by_sid[100];
        snprintf(by_alias, sizeof(by_alias), "G:%s", aliases[i].alias);
        snprintf(by_sid, sizeof(by_sid), "G:S-1-5-21-0-0-0-%u", aliases[i].account);
        assert_prints(by_alias, by_sid);
    }
}

static void sids_of_every_form_survive(void **state)
{
    (void)state;
    assert_unchanged("O:S-1-5");
    assert_unchanged("O:S-1-4294967295-4294967295");
    assert_unchanged("O:S-1-0x000100000000G:S-1-0xffffffffffff-1");
    assert_prints("O:S-1-281474976710655", "O:S-1-0xffffffffffff");
    assert_unchanged("O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15");
    assert_prints("o:s-1-5-18g:ba", "O:SYG:BA");
}

static void the_flags_of_an_acl_survive(void **state)
{
    (void)state;
    assert_unchanged("");
    assert_unchanged("D:");
    assert_unchanged("D:PARAIS:PARAI");
    assert_unchanged("D:P");
    assert_unchanged("D:AI(A;;FA;;;SY)S:AR");
    assert_prints("S:AIPD:ARPG:BAO:BA", "O:BAG:BAD:PARS:PAI");
    assert_prints(" D: P AI (A;;FA;;;SY)\r\n(A;;FR;;;WD) ", "D:PAI(A;;FA;;;SY)(A;;FR;;;WD)");
}

static void every_flag_of_an_ace_survives(void **state)
{
    (void)state;
    assert_unchanged("D:(A;OICINPIOIDCRSAFA;FA;;;SY)");
    assert_prints("D:(A;FASACRIDIONPCIOI;FA;;;SY)", "D:(A;OICINPIOIDCRSAFA;FA;;;SY)");
    assert_unchanged("S:(FL;TPOI;FA;;;WD;(@User.a == 1))");
    assert_prints("S:(AU;TP;FA;;;WD)", "S:(AU;SA;FA;;;WD)");
}

static void every_right_survives(void **state)
{
    static const char *const same[] = {
        "FA",       "FR",
        "FW",       "FX",
        "KA",       "KR",
        "KW",       "CC",
        "DC",       "LC",
        "SW",       "RP",
        "WP",       "DT",
        "LO",       "CR",
        "SD",       "RC",
        "WD",       "WO",
        "GA",       "GX",
        "GW",       "GR",
        "",         "CCDCLCSWRPWPDTLOCRSDRCWDWOGAGXGWGR",
        "SDGXGWGR", "0x1200a9",
        "0x1301bf", "0xffffffff",
        "0x100000",
    };
    static const char *const others[][2] = {
        { "GRGWGXSD", "SDGXGWGR" },
        { "FRFX", "0x1200a9" },
        { "0X1F01FF", "FA" },
        { "2032127", "FA" },
        { "010000000000", "GW" },
        { "KX", "KR" },
        { "fa", "FA" },
        { "NWNRNX", "CCDCLC" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char sddl[100];
        snprintf(sddl, sizeof(sddl), "D:(A;;%s;;;SY)", same[i]);
        assert_unchanged(sddl);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char sddl[100], expected[100];
        snprintf(sddl, sizeof(sddl), "D:(A;;%s;;;SY)", others[i][0]);
        snprintf(expected, sizeof(expected), "D:(A;;%s;;;SY)", others[i][1]);
        assert_prints(sddl, expected);
    }
}

static void every_type_of_ace_survives(void **state)
{
    (void)state;
    assert_unchanged("D:(A;;FA;;;SY)(D;;FA;;;WD)");
    assert_unchanged("S:(AU;SA;FA;;;WD)(AL;;FA;;;WD)");
    assert_unchanged("S:(ML;;NW;;;LW)(ML;OICI;NWNRNX;;;ME)(ML;;SW;;;HI)");
    assert_unchanged("S:(SP;;;;;S-1-17-1-2)");
    assert_unchanged("S:(TL;;CC;;;S-1-19-512-4096)");
    assert_unchanged("D:(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;PS)"
                     "(OD;;CR;;bf967aba-0de6-11d0-a285-00aa003049e2;PS)(OA;;RP;;;PS)"
                     "(OA;CIIO;RPWP;00299570-246d-11d0-a768-00aa006e0529;"
                     "bf967aba-0de6-11d0-a285-00aa003049e2;PS)");
    assert_unchanged("S:(OU;SA;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)(OL;;CR;;;WD)");
    assert_unchanged("D:(XA;;FX;;;WD;(@User.a == 1))(XD;;FX;;;WD;(@User.a == 1))"
                     "(ZA;;RP;00299570-246d-11d0-a768-00aa006e0529;;WD;(@User.a == 1))");
    assert_unchanged("S:(XU;SA;FX;;;WD;(@User.a == 1))(RA;;;;;WD;(\"a\",TI,0x0,1))");
}

static void assert_error(const char *sddl, size_t character, const char *said)
{
    WCL_CLEANUP_FREE void *descriptor = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char place[50];
    size_t size;

    snprintf(place, sizeof(place), "character %zu,", character);
    if (wcl_sd_from_sddl(sddl, &descriptor, &size, &error) == WCL_OK)
        fail_msg("%s is taken", sddl);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    if (!strstr(error.message, place) || !strstr(error.message, said))
        fail_msg("'%s' does not say '%s' and '%s'", error.message, place, said);
}

static void errors_name_the_character(void **state)
{
    (void)state;
    assert_error("X", 1, "'O:', 'G:', 'D:' or 'S:'");
    assert_error("O:BAO:BA", 5, "each once");
    assert_error("D:D:", 3, "each once");
    assert_error("O:", 3, "a SID");
    assert_error("O:XX", 3, "a SID");
    assert_error("O:S-2-5", 3, "a SID");
    assert_error("O:S-1-5-4294967296", 3, "a SID");
    assert_error("O:S-1-281474976710656", 3, "a SID");
    assert_error("O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", 3, "a SID");
    assert_error("O:S-1-5-", 3, "a SID");
    assert_error("D:X", 3, "'O:'");
    assert_error("D:(", 4, "the type of an ACE");
    assert_error("D:(QQ;;FA;;;SY)", 4, "the type of an ACE");
    assert_error("D:(A", 5, "';'");
    assert_error("D:(A;XX;FA;;;SY)", 6, "an ACE flag");
    assert_error("D:(A;;XX;;;SY)", 7, "a right");
    assert_error("D:(A;;0x100000000;;;SY)", 7, "rights of 32 bits");
    assert_error("D:(A;;FA;x;;SY)", 10, "a GUID");
    assert_error("D:(A;;FA;00299570-246d-11d0-a768-00aa006e0529;;SY)", 10, "cannot have a GUID");
    assert_error("D:(A;;FA;;;SY", 14, "')'");
    assert_error("D:(A;;FA;;;SY;x)", 14, "')'");
    assert_error("D:(XA;;FA;;;SY)", 15, "';'");
    assert_error("D:(A;;FA;;;SY)x", 15, "'O:'");
    assert_error("O:日本", 3, "'日本'");
}

static void an_acl_of_more_than_65535_bytes_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer sddl = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE void *descriptor = NULL;
    WCL_CLEANUP_FREE void *other = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    (void)state;
    wcl_buffer_append_text(&sddl, "D:", NULL);
    for (unsigned i = 0; i < 3275; i++)
        wcl_buffer_append_text(&sddl, "(A;;FA;;;SY)", NULL);
    assert_int_equal(wcl_sd_from_sddl(wcl_buffer_text(&sddl), &descriptor, &size, &error), WCL_OK);
    assert_int_equal(size, 20 + 8 + 3275 * 20);
    /* One more, and the ACL is small enough but not the descriptor. */
    wcl_buffer_append_text(&sddl, "(A;;FA;;;SY)", NULL);
    assert_int_equal(wcl_sd_from_sddl(wcl_buffer_text(&sddl), &other, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_SECURITY_DESCRIPTOR);
    wcl_buffer_append_text(&sddl, "(A;;FA;;;SY)", NULL);
    assert_int_equal(wcl_sd_from_sddl(wcl_buffer_text(&sddl), &other, &size, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "65535"));
}

/* A descriptor whose DACL has one ACE of a type, with `tail` behind the SID. */
static wcl_buffer with_ace(uint8_t type, const void *tail, size_t tail_size)
{
    static const uint8_t sid[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
    wcl_buffer out = WCL_BUFFER_INIT;
    uint16_t ace_size = (uint16_t)(8 + sizeof(sid) + tail_size);

    wcl_buffer_append(&out, "\1\0\4\x80\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0", 20, NULL);
    wcl_buffer_append_le16(&out, 2, NULL);
    wcl_buffer_append_le16(&out, (uint16_t)(8 + ace_size), NULL);
    wcl_buffer_append_le32(&out, 1, NULL);
    wcl_buffer_append_byte(&out, type, NULL);
    wcl_buffer_append_byte(&out, 0, NULL);
    wcl_buffer_append_le16(&out, ace_size, NULL);
    wcl_buffer_append_le32(&out, 0x1F01FF, NULL);
    wcl_buffer_append(&out, sid, sizeof(sid), NULL);
    wcl_buffer_append(&out, tail, tail_size, NULL);
    return out;
}

static void assert_inexpressible(uint8_t type, const void *tail, size_t size, const char *said)
{
    WCL_CLEANUP_BUFFER wcl_buffer descriptor = with_ace(type, tail, size);
    WCL_CLEANUP_FREE char *sddl = NULL;
    wcl_error error = WCL_ERROR_INIT;
    wcl_sd sd;

    assert_int_equal(wcl_sd_parse(descriptor.data, descriptor.size, &sd, NULL), WCL_OK);
    assert_int_equal(wcl_sd_to_sddl(descriptor.data, descriptor.size, &sddl, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    if (!strstr(error.message, said))
        fail_msg("'%s' does not say '%s'", error.message, said);
}

static void what_sddl_cannot_express_is_an_error(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer padded = with_ace(0, "\0\0\0\0", 4);
    WCL_CLEANUP_FREE char *sddl = NULL;

    (void)state;
    assert_inexpressible(0x99, "", 0, "ACE 1 of the DACL is of type 0x99");
    assert_inexpressible(0x04, "", 0, "type 0x04");
    assert_inexpressible(0x0E, "", 0, "type 0x0E");
    assert_inexpressible(0x00, "\0\0\0\1", 4, "4 bytes behind its SID");
    assert_inexpressible(0x09, "", 0, "not a conditional expression");
    assert_inexpressible(0x09, "xtra", 4, "not a conditional expression");
    assert_int_equal(wcl_sd_to_sddl(padded.data, padded.size, &sddl, NULL), WCL_OK);
    assert_string_equal(sddl, "D:(A;;FA;;;SY)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_alias_stands_for_its_sid),
        cmocka_unit_test(aliases_of_a_domain_stand_for_the_domain_of_zeros),
        cmocka_unit_test(sids_of_every_form_survive),
        cmocka_unit_test(the_flags_of_an_acl_survive),
        cmocka_unit_test(every_flag_of_an_ace_survives),
        cmocka_unit_test(every_right_survives),
        cmocka_unit_test(every_type_of_ace_survives),
        cmocka_unit_test(errors_name_the_character),
        cmocka_unit_test(an_acl_of_more_than_65535_bytes_is_refused),
        cmocka_unit_test(what_sddl_cannot_express_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
