/* GUIDs, times and digests against values known from elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/digest.h"

static void assert_guid(const wcl_guid *guid, const char *expected)
{
    char text[37];

    wcl_guid_format(guid, text);
    assert_string_equal(text, expected);
}

static void a_compute_system_has_the_guid_that_windows_gives_it(void **state)
{
    wcl_guid guid;

    (void)state;
    assert_int_equal(wcl_guid_of_compute_system("cowork-vm-929216c6", &guid, NULL), WCL_OK);
    assert_guid(&guid, "d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4");
    assert_int_equal(wcl_guid_of_compute_system("COWORK-VM-929216C6", &guid, NULL), WCL_OK);
    assert_guid(&guid, "d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4");
    assert_int_equal(wcl_guid_of_compute_system("\xFF", &guid, NULL), WCL_FAILED);
}

/* SHA-1 of "abc" is a9993e36 4706 816a ba3e 25717850c26c 9cd0d89d. */
static void a_guid_of_a_source_is_its_sha1_in_memory_order(void **state)
{
    wcl_guid guid = wcl_guid_from_source("abc");

    (void)state;
    assert_memory_equal(guid.bytes,
                        "\xA9\x99\x3E\x36\x47\x06\x81\x6A\xBA\x3E\x25\x71\x78\x50\xC2\x6C", 16);
    assert_guid(&guid, "363e99a9-0647-6a81-ba3e-25717850c26c");
}

static void a_random_guid_is_version_four(void **state)
{
    wcl_guid one, two;

    (void)state;
    assert_int_equal(wcl_guid_random(&one, NULL), WCL_OK);
    assert_int_equal(wcl_guid_random(&two, NULL), WCL_OK);
    assert_memory_not_equal(one.bytes, two.bytes, 16);
    assert_int_equal(one.bytes[7] >> 4, 4);
    assert_int_equal(one.bytes[8] >> 6, 2);
}

static void guids_parse_in_either_case_and_with_braces(void **state)
{
    static const char *const bad[] = {
        "",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff",
        "00112233-4455-6677-8899-aabbccddeefg",
        "0011223304455-6677-8899-aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff",
        "[00112233-4455-6677-8899-aabbccddeeff]",
        "00112233-4455-6677-8899-aabbccdd+eff",
        "00112233-4455-6677-8899-aabbccdd eff",
    };
    wcl_guid guid;

    (void)state;
    assert_int_equal(wcl_guid_parse("{00112233-4455-6677-8899-AABBCCDDEEFF}", &guid, NULL), WCL_OK);
    assert_guid(&guid, "00112233-4455-6677-8899-aabbccddeeff");
    assert_memory_equal(guid.bytes,
                        "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF", 16);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_guid_parse(bad[i], &guid, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    }
}

static void assert_time(wcl_filetime time, int64_t seconds, long nanoseconds)
{
    struct timespec converted = wcl_filetime_to_timespec(time);

    assert_true(converted.tv_sec == seconds);
    assert_int_equal(converted.tv_nsec, nanoseconds);
    assert_true(wcl_filetime_from_timespec(converted) == time);
}

static void times_are_exact_both_ways_to_the_ends(void **state)
{
    (void)state;
    assert_time(0, -INT64_C(11644473600), 0);
    assert_time(1, -INT64_C(11644473600), 100);
    assert_time(-1, -INT64_C(11644473601), 999999900);
    assert_time(INT64_C(116444736000000000), 0, 0);
    assert_time(INT64_C(116444736000000001), 0, 100);
    assert_time(INT64_C(116444735999999999), -1, 999999900);
    assert_time(INT64_C(134040727135735338), 1759599113, 573533800);
    assert_time(INT64_MAX, INT64_C(910692730085), 477580700);
    assert_time(INT64_MIN, -INT64_C(933981677286), 522419200);
    assert_time(INT64_MIN + 1, -INT64_C(933981677286), 522419300);
    assert_time(-INT64_C(9223372036850000000), -INT64_C(933981677285), 0);
}

static void times_round_to_the_past_and_clamp(void **state)
{
    (void)state;
    assert_true(wcl_filetime_from_timespec((struct timespec) { -INT64_C(11644473600), 199 }) == 1);
    assert_true(
        wcl_filetime_from_timespec((struct timespec) { -INT64_C(11644473601), 999999999 }) == -1);
    assert_true(wcl_filetime_from_timespec((struct timespec) { INT64_MAX, 0 }) == INT64_MAX);
    assert_true(wcl_filetime_from_timespec((struct timespec) { INT64_MIN, 0 }) == INT64_MIN);
    assert_true(wcl_filetime_from_timespec(
                    (struct timespec) { INT64_C(910692730085), 477580800 }) == INT64_MAX);
    assert_true(wcl_filetime_from_timespec(
                    (struct timespec) { -INT64_C(933981677286), 522419100 }) == INT64_MIN);
}

static void assert_sha256(const char *expected, const char *piece, size_t times)
{
    uint8_t digest[WCL_SHA256_SIZE];
    char text[WCL_DIGEST_TEXT_SIZE];
    wcl_sha256 *sha256;

    assert_int_equal(wcl_sha256_new(&sha256, NULL), WCL_OK);
    /* Twice, for it starts anew after the first. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < times; i++)
            assert_int_equal(wcl_sha256_update(sha256, piece, strlen(piece), NULL), WCL_OK);
        assert_int_equal(wcl_sha256_finish(sha256, digest, NULL), WCL_OK);
        wcl_digest_format(digest, text);
        assert_memory_equal(text, "sha256:", 7);
        assert_string_equal(text + 7, expected);
    }
    wcl_sha256_free(sha256);
}

/* FIPS 180-2, appendix B, and the empty message. */
static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    assert_sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", 0);
    assert_sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", 1);
    assert_sha256("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
                  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1);
    assert_sha256("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "aaaaaaaaaa",
                  100000);
}

static void sha1_gives_the_published_digest(void **state)
{
    uint8_t digest[20];

    (void)state;
    assert_int_equal(wcl_sha1("", 0, digest, NULL), WCL_OK);
    assert_memory_equal(
        digest, "\xDA\x39\xA3\xEE\x5E\x6B\x4B\x0D\x32\x55\xBF\xEF\x95\x60\x18\x90\xAF\xD8\x07\x09",
        20);
}

static void digests_parse_with_and_without_their_prefix(void **state)
{
    static const char *const digits =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t digest[WCL_SHA256_SIZE];
    char text[100];
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(wcl_digest_parse(digits, digest, NULL), WCL_OK);
    assert_int_equal(digest[0], 0xBA);
    assert_int_equal(digest[31], 0xAD);
    strcpy(text, "sha256:");
    strcat(text, digits);
    assert_int_equal(wcl_digest_parse(text, digest, NULL), WCL_OK);
    text[70] = 'g';
    assert_int_equal(wcl_digest_parse(text, digest, &error), WCL_FAILED);
    text[70] = '\0';
    assert_int_equal(wcl_digest_parse(text, digest, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_int_equal(wcl_digest_parse("sha512:00", digest, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "sha512"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compute_system_has_the_guid_that_windows_gives_it),
        cmocka_unit_test(a_guid_of_a_source_is_its_sha1_in_memory_order),
        cmocka_unit_test(a_random_guid_is_version_four),
        cmocka_unit_test(guids_parse_in_either_case_and_with_braces),
        cmocka_unit_test(times_are_exact_both_ways_to_the_ends),
        cmocka_unit_test(times_round_to_the_past_and_clamp),
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(sha1_gives_the_published_digest),
        cmocka_unit_test(digests_parse_with_and_without_their_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
