/* The upper-case table against utf8proc's simple mappings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <utf8proc.h>

#include "base/utf16.h"

static void every_unit_is_upcased_as_unicode_says(void **state)
{
    (void)state;
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        bool is_surrogate = (unit & 0xF800) == 0xD800;
        utf8proc_int32_t upper = is_surrogate ? (int32_t)unit : utf8proc_toupper((int32_t)unit);
        uint16_t expected = (uint16_t)(upper > 0 && upper < 0x10000 ? upper : (int32_t)unit);
        assert_int_equal(wcl_upcase_unit((uint16_t)unit), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_unit_is_upcased_as_unicode_says) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
