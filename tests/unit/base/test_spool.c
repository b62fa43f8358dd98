/* Spools keep bytes in memory or in a file alike; base64 goes both ways and refuses what it is not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "base/spool.h"

static void a_spool_gives_back_what_it_took_wherever_it_is(void **state)
{
    static const size_t limits[] = { 0, 1, 100, 1000, 100000 };
    uint8_t piece[700];
    uint8_t got[700];

    (void)state;
    for (size_t i = 0; i < sizeof(piece); i++)
        piece[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        wcl_spool spool;
        wcl_spool_init(&spool, limits[i]);
        for (int round = 0; round < 3; round++) {
            for (int n = 0; n < 5; n++)
                assert_int_equal(wcl_spool_append(&spool, piece, sizeof(piece), NULL), WCL_OK);
            assert_int_equal(spool.size, 3500);
            assert_int_equal(spool.in_file, limits[i] < 3500);
            assert_int_equal(wcl_spool_read(&spool, 1400, got, sizeof(got), NULL), WCL_OK);
            assert_memory_equal(got, piece, sizeof(piece));
            assert_int_equal(wcl_spool_read(&spool, 3499, got, 1, NULL), WCL_OK);
            assert_int_equal(got[0], piece[699]);
            assert_int_equal(wcl_spool_read(&spool, 3499, got, 2, NULL), WCL_FAILED);
            assert_int_equal(wcl_spool_clear(&spool, NULL), WCL_OK);
            assert_int_equal(wcl_spool_read(&spool, 0, got, 1, NULL), WCL_FAILED);
        }
        wcl_spool_free(&spool);
    }
}

static void base64_is_that_of_rfc_4648(void **state)
{
    static const char *const pairs[][2] = { { "", "" },
                                            { "f", "Zg==" },
                                            { "fo", "Zm8=" },
                                            { "foo", "Zm9v" },
                                            { "foob", "Zm9vYg==" },
                                            { "fooba", "Zm9vYmE=" },
                                            { "foobar", "Zm9vYmFy" } };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
        assert_int_equal(wcl_base64_encode(pairs[i][0], strlen(pairs[i][0]), &text, NULL), WCL_OK);
        assert_string_equal(wcl_buffer_text(&text), pairs[i][1]);
        assert_int_equal(wcl_base64_decode(pairs[i][1], strlen(pairs[i][1]), &data, NULL), WCL_OK);
        assert_string_equal(wcl_buffer_text(&data), pairs[i][0]);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = { "Z",    "Zg",   "Zg=",  "Zg==Zg==", "Z===",
                                         "====", "Zm 9", "Zm-v", "Zm\n9" };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_base64_decode(texts[i], strlen(texts[i]), &data, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spool_gives_back_what_it_took_wherever_it_is),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(what_is_no_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
