/* Addresses, prefixes and MACs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "hns/linux/address.h"

static wcl_ip ip_of(const char *text)
{
    wcl_ip ip;

    assert_true(wcl_ip_parse(text, &ip));
    return ip;
}

static wcl_prefix prefix_of(const char *text)
{
    wcl_prefix prefix;

    assert_true(wcl_prefix_parse(text, &prefix));
    return prefix;
}

static void addresses_come_back_as_they_were_written(void **state)
{
    static const char *const texts[] = { "10.0.0.1", "255.255.255.255", "fd00::1",
                                         "2001:db8::a:0" };
    char text[WCL_IP_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wcl_ip ip = ip_of(texts[i]);
        assert_string_equal(wcl_ip_format(&ip, text), texts[i]);
    }
    wcl_ip mapped = ip_of("::ffff:192.0.2.7");
    assert_string_equal(wcl_ip_format(&mapped, text), "192.0.2.7");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = { "",         "10.0.0",    "10.0.0.256", "10.0.0.1 ",
                                         "fd00:::1", "10.0.0.01", "g::",        "10.0.0.1/24" };
    wcl_ip ip;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(wcl_ip_parse(texts[i], &ip));
}

static void addresses_that_no_host_has_are_known(void **state)
{
    static const char *const none[] = { "0.0.0.0",         "127.0.0.1", "224.0.0.1",
                                        "255.255.255.255", "::",        "::1",
                                        "ff02::1",         "fe80::1",   "0.1.2.3" };

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        wcl_ip ip = ip_of(none[i]);
        assert_false(wcl_ip_is_host(&ip));
    }
    wcl_ip four = ip_of("192.0.2.1"), six = ip_of("2001:db8::1");
    assert_true(wcl_ip_is_host(&four));
    assert_true(wcl_ip_is_host(&six));
}

static void prefixes_with_host_bits_or_odd_lengths_are_refused(void **state)
{
    static const char *const texts[] = { "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/",
                                         "10.0.0.0",    "fd00::1/64",  "fd00::/129",
                                         "/24",         "10.0.0.0/-1", "10.0.0.0/24x" };
    wcl_prefix prefix;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(wcl_prefix_parse(texts[i], &prefix));
}

static void the_hosts_of_a_prefix_leave_out_its_edges(void **state)
{
    const struct {
        const char *prefix;
        uint64_t hosts;
        const char *first, *last, *none;
    } cases[] = {
        { "10.1.0.0/24", 254, "10.1.0.1", "10.1.0.254", "10.1.0.255" },
        { "10.1.0.0/30", 2, "10.1.0.1", "10.1.0.2", "10.1.0.3" },
        { "10.1.0.0/31", 2, "10.1.0.0", "10.1.0.1", "10.1.0.2" },
        { "10.1.0.7/32", 1, "10.1.0.7", "10.1.0.7", "10.1.0.8" },
        { "172.16.0.0/12", 1048574, "172.16.0.1", "172.31.255.254", "172.31.255.255" },
        { "fd00::/120", 255, "fd00::1", "fd00::ff", "fd00::" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_prefix prefix = prefix_of(cases[i].prefix);
        wcl_ip first = ip_of(cases[i].first), last = ip_of(cases[i].last);
        wcl_ip none = ip_of(cases[i].none);
        assert_int_equal(wcl_prefix_hosts(&prefix), cases[i].hosts);
        wcl_ip found = wcl_prefix_host(&prefix, 0);
        assert_true(wcl_ip_equal(&found, &first));
        found = wcl_prefix_host(&prefix, cases[i].hosts - 1);
        assert_true(wcl_ip_equal(&found, &last));
        assert_true(wcl_prefix_is_host(&prefix, &first));
        assert_true(wcl_prefix_is_host(&prefix, &last));
        assert_false(wcl_prefix_is_host(&prefix, &none));
    }
}

static void a_vast_prefix_has_hosts_beyond_counting(void **state)
{
    wcl_prefix prefix = prefix_of("fd00::/64");

    (void)state;
    assert_true(wcl_prefix_hosts(&prefix) >= UINT64_C(1) << 62);
    wcl_ip ip = wcl_prefix_host(&prefix, wcl_prefix_hosts(&prefix) - 1);
    assert_true(wcl_prefix_is_host(&prefix, &ip));
}

static void overlap_is_seen_both_ways(void **state)
{
    wcl_prefix wide = prefix_of("10.0.0.0/8"), narrow = prefix_of("10.20.0.0/16");
    wcl_prefix apart = prefix_of("11.0.0.0/8"), other = prefix_of("a00::/8");

    (void)state;
    assert_true(wcl_prefix_overlaps(&wide, &narrow));
    assert_true(wcl_prefix_overlaps(&narrow, &wide));
    assert_false(wcl_prefix_overlaps(&wide, &apart));
    assert_false(wcl_prefix_overlaps(&wide, &other));
}

static void macs_come_in_both_spellings(void **state)
{
    char text[WCL_MAC_TEXT_SIZE];
    wcl_mac dashes, colons;

    (void)state;
    assert_true(wcl_mac_parse("00-15-5d-0A-0b-FF", &dashes));
    assert_true(wcl_mac_parse("00:15:5D:0a:0B:ff", &colons));
    assert_memory_equal(&dashes, &colons, sizeof(dashes));
    assert_string_equal(wcl_mac_format(&dashes, text), "00-15-5D-0A-0B-FF");
    assert_int_equal(wcl_mac_to_number(&dashes), UINT64_C(0x00155D0A0BFF));
    wcl_mac back = wcl_mac_from_number(UINT64_C(0x00155D0A0BFF));
    assert_memory_equal(&dashes, &back, sizeof(dashes));
    assert_false(wcl_mac_parse("00-15-5D-0A-0B", &dashes));
    assert_false(wcl_mac_parse("00-15-5D-0A-0B-GG", &dashes));
    assert_false(wcl_mac_parse("00 15 5D 0A 0B FF", &dashes));
}

static void multicast_and_zero_macs_are_no_hosts(void **state)
{
    wcl_mac multicast = wcl_mac_from_number(UINT64_C(0x01005E000001)), zero = { { 0 } };
    wcl_mac host = wcl_mac_from_number(UINT64_C(0x021500000001));

    (void)state;
    assert_false(wcl_mac_is_host(&multicast));
    assert_false(wcl_mac_is_host(&zero));
    assert_true(wcl_mac_is_host(&host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_come_back_as_they_were_written),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(addresses_that_no_host_has_are_known),
        cmocka_unit_test(prefixes_with_host_bits_or_odd_lengths_are_refused),
        cmocka_unit_test(the_hosts_of_a_prefix_leave_out_its_edges),
        cmocka_unit_test(a_vast_prefix_has_hosts_beyond_counting),
        cmocka_unit_test(overlap_is_seen_both_ways),
        cmocka_unit_test(macs_come_in_both_spellings),
        cmocka_unit_test(multicast_and_zero_macs_are_no_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
