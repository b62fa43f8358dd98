/* Descriptors of new files and folders, each case worked out by hand from [MS-DTYP] 2.5.3.4 and its
 * table of flags. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "backupstream/internal.h"

/* What a new object inherits from a folder, as SDDL. */
static void check(const char *folder, bool is_folder, const char *expected)
{
    wcl_error error = WCL_ERROR_INIT;
    void *parent, *child;
    size_t parent_size, child_size;
    char *sddl;

    assert_int_equal(wcl_sd_from_sddl(folder, &parent, &parent_size, &error), WCL_OK);
    wcl_status status = wcl_sd_inherit(parent, parent_size, is_folder, &child, &child_size, &error);
    if (status != WCL_OK)
        print_error("%s: %s\n", folder, error.message);
    assert_int_equal(status, WCL_OK);
    assert_int_equal(wcl_sd_to_sddl(child, child_size, &sddl, &error), WCL_OK);
    assert_string_equal(sddl, expected);
    wcl_free(sddl);
    wcl_free(parent);
    wcl_free(child);
}

static void check_file(const char *folder, const char *expected)
{
    check(folder, false, expected);
}

static void check_folder(const char *folder, const char *expected)
{
    check(folder, true, expected);
}

/* An ACE that is always handed down, so that no default DACL steps in. */
#define ALWAYS "(A;OICI;FR;;;WD)"
#define ALWAYS_FILE "(A;ID;FR;;;WD)"
#define ALWAYS_FOLDER "(A;OICIID;FR;;;WD)"

static void each_row_of_the_table_of_flags_holds(void **state)
{
    static const struct {
        const char *parent, *folder, *file;
    } rows[] = {
        { "(A;;FA;;;BA)", "", "" },
        { "(A;IO;FA;;;BA)", "", "" },
        { "(A;OI;FA;;;BA)", "(A;OIIOID;FA;;;BA)", "(A;ID;FA;;;BA)" },
        { "(A;OINP;FA;;;BA)", "", "(A;ID;FA;;;BA)" },
        { "(A;CI;FA;;;BA)", "(A;CIID;FA;;;BA)", "" },
        { "(A;CINP;FA;;;BA)", "(A;ID;FA;;;BA)", "" },
        { "(A;OICI;FA;;;BA)", "(A;OICIID;FA;;;BA)", "(A;ID;FA;;;BA)" },
        { "(A;OICINP;FA;;;BA)", "(A;ID;FA;;;BA)", "(A;ID;FA;;;BA)" },
        /* That it did not work on the folder itself makes no difference. */
        { "(A;OICIIO;FA;;;BA)", "(A;OICIID;FA;;;BA)", "(A;ID;FA;;;BA)" },
        { "(A;OICIID;FA;;;BA)", "(A;OICIID;FA;;;BA)", "(A;ID;FA;;;BA)" },
        { "(D;CIIO;FA;;;BG)", "(D;CIID;FA;;;BG)", "" },
    };
    char parent[200], expected[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(parent, sizeof(parent), "O:BAG:SYD:P%s" ALWAYS, rows[i].parent);
        snprintf(expected, sizeof(expected), "O:BAG:SYD:AI%s" ALWAYS_FOLDER, rows[i].folder);
        check_folder(parent, expected);
        snprintf(expected, sizeof(expected), "O:BAG:SYD:AI%s" ALWAYS_FILE, rows[i].file);
        check_file(parent, expected);
    }
}

static void generic_rights_become_those_of_files(void **state)
{
    (void)state;
    check_file("O:BAG:SYD:(A;OI;GA;;;BA)(A;OI;GR;;;WD)(A;OI;GW;;;WD)(A;OI;GX;;;WD)",
               "O:BAG:SYD:AI(A;ID;FA;;;BA)(A;ID;FR;;;WD)(A;ID;FW;;;WD)(A;ID;FX;;;WD)");
    /* For what comes below they stay as they are, which takes a second ACE. */
    check_folder("O:BAG:SYD:(A;OICI;GA;;;BA)", "O:BAG:SYD:AI(A;ID;FA;;;BA)(A;OICIIOID;GA;;;BA)");
    check_folder("O:BAG:SYD:(A;CINP;GRGX;;;BU)", "O:BAG:SYD:AI(A;ID;0x1200a9;;;BU)");
}

static void creators_become_the_owner_and_the_group(void **state)
{
    (void)state;
    check_file("O:BAG:SYD:(A;OICIIO;GA;;;CO)(A;OICIIO;GR;;;CG)",
               "O:BAG:SYD:AI(A;ID;FA;;;BA)(A;ID;FR;;;SY)");
    check_folder("O:BAG:SYD:(A;OICIIO;GA;;;CO)", "O:BAG:SYD:AI(A;ID;FA;;;BA)(A;OICIIOID;GA;;;CO)");
    check_folder("O:BAG:SYD:(A;OIIO;GA;;;CO)" ALWAYS,
                 "O:BAG:SYD:AI(A;OIIOID;GA;;;CO)" ALWAYS_FOLDER);
    check_folder("O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464G:SYD:"
                 "(A;CIIO;FA;;;CO)",
                 "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464G:SYD:AI"
                 "(A;ID;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
                 "(A;CIIOID;FA;;;CO)");
}

static void without_anything_handed_down_the_default_is_taken(void **state)
{
    (void)state;
    check_file("O:BAG:SYD:P(A;;FA;;;WD)", "O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)");
    check_file("O:BAG:SYD:P(A;CI;FA;;;WD)", "O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)");
    check_folder("O:SYG:SYD:(A;OINP;FA;;;WD)", "O:SYG:SYD:(A;;FA;;;SY)");
    check_folder("O:SYG:SY", "O:SYG:SYD:(A;;FA;;;SY)");
    check_folder("O:SYG:SYD:NO_ACCESS_CONTROL", "O:SYG:SYD:(A;;FA;;;SY)");
}

static void audits_and_labels_are_handed_down_in_the_sacl(void **state)
{
    (void)state;
    check_file("O:BAG:SYD:" ALWAYS "S:(AU;OICISAFA;GA;;;WD)(AU;SA;FA;;;BA)",
               "O:BAG:SYD:AI" ALWAYS_FILE "S:AI(AU;IDSAFA;FA;;;WD)");
    check_folder("O:BAG:SYD:" ALWAYS "S:(ML;OICI;NW;;;LW)",
                 "O:BAG:SYD:AI" ALWAYS_FOLDER "S:AI(ML;OICIID;NW;;;LW)");
    check_folder("O:BAG:SYD:" ALWAYS "S:(AU;SA;FA;;;BA)", "O:BAG:SYD:AI" ALWAYS_FOLDER);
}

static void conditions_go_along_and_object_types_do_not_apply_to_files(void **state)
{
    (void)state;
    check_file("O:BAG:SYD:(XA;OICI;FX;;;CO;(@User.x == 1))",
               "O:BAG:SYD:AI(XA;ID;FX;;;BA;(@User.x == 1))");
    check_file("O:BAG:SYD:(OA;OICI;FA;;bf967aba-0de6-11d0-a285-00aa003049e2;BA)" ALWAYS,
               "O:BAG:SYD:AI" ALWAYS_FILE);
    check_folder(
        "O:BAG:SYD:(OA;OICI;FA;;bf967aba-0de6-11d0-a285-00aa003049e2;BA)" ALWAYS,
        "O:BAG:SYD:AI(OA;OICIIOID;FA;;bf967aba-0de6-11d0-a285-00aa003049e2;BA)" ALWAYS_FOLDER);
}

static void a_damaged_descriptor_is_refused(void **state)
{
    static const uint8_t damaged[20] = { 1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19 };
    wcl_error error = WCL_ERROR_INIT;
    void *child = NULL;
    size_t size;

    (void)state;
    assert_int_equal(wcl_sd_inherit(damaged, sizeof(damaged), false, &child, &size, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_SECURITY_DESCRIPTOR);
    assert_null(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_table_of_flags_holds),
        cmocka_unit_test(generic_rights_become_those_of_files),
        cmocka_unit_test(creators_become_the_owner_and_the_group),
        cmocka_unit_test(without_anything_handed_down_the_default_is_taken),
        cmocka_unit_test(audits_and_labels_are_handed_down_in_the_sacl),
        cmocka_unit_test(conditions_go_along_and_object_types_do_not_apply_to_files),
        cmocka_unit_test(a_damaged_descriptor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
