/* Security descriptors: what is refused when one is taken apart or put together. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

/* A descriptor with all four parts; freed with wcl_buffer_free(). */
static wcl_buffer sample(void)
{
    wcl_buffer made = WCL_BUFFER_INIT;
    void *descriptor;
    size_t size;

    assert_int_equal(wcl_sd_from_sddl("O:BAG:SYD:PAI(A;OICI;FA;;;SY)"
                                      "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)"
                                      "(XA;;FX;;;AU;(@User.a==1))"
                                      "S:AI(AU;SA;FA;;;WD)(RA;;;;;WD;(\"n\",TS,0,\"v\"))",
                                      &descriptor, &size, NULL),
                     WCL_OK);
    assert_int_equal(wcl_buffer_append(&made, descriptor, size, NULL), WCL_OK);
    wcl_free(descriptor);
    return made;
}

static void the_parts_are_found(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = sample();
    wcl_sd sd;

    (void)state;
    assert_int_equal(wcl_sd_parse(whole.data, whole.size, &sd, NULL), WCL_OK);
    assert_int_equal(sd.control, WCL_SD_SELF_RELATIVE | WCL_SD_DACL_PRESENT | WCL_SD_SACL_PRESENT |
                                     WCL_SD_DACL_PROTECTED | WCL_SD_DACL_AUTO_INHERITED |
                                     WCL_SD_SACL_AUTO_INHERITED);
    assert_int_equal(sd.owner.size, 16);
    assert_int_equal(sd.group.size, 12);
    assert_int_equal(sd.dacl.data[0], 4); /* an object ACE needs that revision */
    assert_int_equal(sd.sacl.data[0], 2);
    assert_int_equal(wcl_load_le16(sd.dacl.data + 4), 3);
}

static void building_puts_the_sacl_first_and_keeps_every_byte(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = sample();
    WCL_CLEANUP_FREE void *built = NULL;
    wcl_sd sd, again;
    size_t size;

    (void)state;
    assert_int_equal(wcl_sd_parse(whole.data, whole.size, &sd, NULL), WCL_OK);
    sd.resource_manager_control = 7;
    assert_int_equal(wcl_sd_build(&sd, &built, &size, NULL), WCL_OK);
    assert_int_equal(wcl_sd_parse(built, size, &again, NULL), WCL_OK);
    assert_int_equal(again.resource_manager_control, 7);
    assert_true(again.owner.data < again.group.data && again.group.data < again.sacl.data &&
                again.sacl.data < again.dacl.data);
    assert_int_equal(again.dacl.size, sd.dacl.size);
    assert_memory_equal(again.dacl.data, sd.dacl.data, sd.dacl.size);
    assert_int_equal(again.sacl.size, sd.sacl.size);
    assert_memory_equal(again.sacl.data, sd.sacl.data, sd.sacl.size);
}

static bool is_descriptor_code(uint32_t code)
{
    return code == WCL_CODE_BAD_SECURITY_DESCRIPTOR || code == WCL_CODE_BAD_ACL ||
           code == WCL_CODE_BAD_SID;
}

static void a_cut_anywhere_is_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = sample();
    wcl_sd sd;

    (void)state;
    for (size_t size = 0; size < whole.size; size++) {
        /* Of its own size, so that a sanitizer sees a read past its end. */
        wcl_error error = WCL_ERROR_INIT;
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, whole.data, size);
        assert_int_equal(wcl_sd_parse(cut, size, &sd, &error), WCL_FAILED);
        assert_true(is_descriptor_code(error.code));
        free(cut);
    }
}

static void a_flipped_bit_never_harms(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = sample();
    size_t refused = 0;

    (void)state;
    for (size_t bit = 0; bit < whole.size * 8; bit++) {
        wcl_error error = WCL_ERROR_INIT;
        WCL_CLEANUP_FREE char *sddl = NULL;
        wcl_sd sd;
        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (wcl_sd_parse(whole.data, whole.size, &sd, &error) != WCL_OK) {
            assert_true(is_descriptor_code(error.code));
            refused++;
        } else if (wcl_sd_to_sddl(whole.data, whole.size, &sddl, &error) != WCL_OK) {
            assert_true(error.code == WCL_CODE_NOT_SUPPORTED || is_descriptor_code(error.code));
        }
        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > 100);
}

static void damage_is_named_with_its_place(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        uint32_t code;
        const char *said;
    } cases[] = {
        { 0, 2, WCL_CODE_BAD_SECURITY_DESCRIPTOR, "revision 2" },
        { 3, 0x14, WCL_CODE_BAD_SECURITY_DESCRIPTOR, "not self-relative" },
        { 4, 19, WCL_CODE_BAD_SECURITY_DESCRIPTOR, "owner at offset 19" },
        { 6, 1, WCL_CODE_BAD_SECURITY_DESCRIPTOR, "owner at offset 65556" },
        { 20, 2, WCL_CODE_BAD_SID, "owner at offset 20" },
        { 21, 16, WCL_CODE_BAD_SID, "owner at offset 20" },
        { 37, 100, WCL_CODE_BAD_SID, "group at offset 36" },
        { 48, 1, WCL_CODE_BAD_ACL, "DACL at offset 48 has the revision 1" },
        { 50, 7, WCL_CODE_BAD_ACL, "DACL at offset 48 goes past the end" },
        { 52, 4, WCL_CODE_BAD_ACL, "ends at offset 160" },
        { 58, 3, WCL_CODE_BAD_ACL, "ACE at offset 56 claims an impossible 3 bytes" },
        { 58, 18, WCL_CODE_BAD_ACL, "ACE at offset 56 claims an impossible 18 bytes" },
        { 65, 2, WCL_CODE_BAD_SID, "ACE at offset 56 has no valid SID" },
        { 84, 7, WCL_CODE_BAD_ACL, "ACE at offset 76 is too short" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer whole = sample();
        wcl_error error = WCL_ERROR_INIT;
        wcl_sd sd;
        whole.data[cases[i].at] = cases[i].value;
        assert_int_equal(wcl_sd_parse(whole.data, whole.size, &sd, &error), WCL_FAILED);
        if (!strstr(error.message, cases[i].said))
            fail_msg("'%s' does not say '%s'", error.message, cases[i].said);
        assert_int_equal(error.code, cases[i].code);
    }
}

static void a_null_dacl_and_an_empty_one_are_different(void **state)
{
    const wcl_sd null_dacl = { .control = WCL_SD_DACL_PRESENT };
    WCL_CLEANUP_FREE void *built = NULL;
    WCL_CLEANUP_FREE char *sddl = NULL;
    wcl_sd sd;
    size_t size;

    (void)state;
    assert_int_equal(wcl_sd_build(&null_dacl, &built, &size, NULL), WCL_OK);
    assert_int_equal(size, 20);
    assert_int_equal(wcl_sd_parse(built, size, &sd, NULL), WCL_OK);
    assert_int_equal(sd.control, WCL_SD_SELF_RELATIVE | WCL_SD_DACL_PRESENT);
    assert_null(sd.dacl.data);
    assert_int_equal(wcl_sd_to_sddl(built, size, &sddl, NULL), WCL_OK);
    assert_string_equal(sddl, "D:NO_ACCESS_CONTROL");
}

static void assert_not_built(const wcl_sd *sd, uint32_t code)
{
    WCL_CLEANUP_FREE void *built = NULL;
    wcl_error error = WCL_ERROR_INIT;
    size_t size;

    assert_int_equal(wcl_sd_build(sd, &built, &size, &error), WCL_FAILED);
    assert_int_equal(error.code, code);
}

static void damaged_parts_are_not_built(void **state)
{
    static const uint8_t sid[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
    static const uint8_t acl[] = { 2, 0, 8, 0, 0, 0, 0, 0 };
    const wcl_sd cases[] = {
        { .owner = { sid, 11 } },
        { .group = { acl, 8 } },
        { .control = WCL_SD_DACL_PRESENT, .dacl = { sid, 12 } },
        { .control = WCL_SD_SACL_PRESENT, .sacl = { acl, 7 } },
        { .dacl = { acl, 8 } },
    };

    (void)state;
    assert_not_built(&cases[0], WCL_CODE_BAD_SID);
    assert_not_built(&cases[1], WCL_CODE_BAD_SID);
    assert_not_built(&cases[2], WCL_CODE_BAD_ACL);
    assert_not_built(&cases[3], WCL_CODE_BAD_ACL);
    assert_not_built(&cases[4], WCL_CODE_BAD_SECURITY_DESCRIPTOR);
}

static void too_large_a_descriptor_is_refused(void **state)
{
    static uint8_t acl[40000] = { 2, 0, 0x40, 0x9C }, descriptor[WCL_SD_MAX + 1];
    const wcl_sd both = {
        .control = WCL_SD_DACL_PRESENT | WCL_SD_SACL_PRESENT,
        .dacl = { acl, sizeof(acl) },
        .sacl = { acl, sizeof(acl) },
    };
    wcl_error error = WCL_ERROR_INIT;
    wcl_sd sd;

    (void)state;
    assert_not_built(&both, WCL_CODE_BAD_SECURITY_DESCRIPTOR);
    assert_int_equal(wcl_sd_parse(descriptor, sizeof(descriptor), &sd, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BAD_SECURITY_DESCRIPTOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_are_found),
        cmocka_unit_test(building_puts_the_sacl_first_and_keeps_every_byte),
        cmocka_unit_test(a_cut_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_never_harms),
        cmocka_unit_test(damage_is_named_with_its_place),
        cmocka_unit_test(a_null_dacl_and_an_empty_one_are_different),
        cmocka_unit_test(damaged_parts_are_not_built),
        cmocka_unit_test(too_large_a_descriptor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
