/* Addresses of servers, and which of them are this machine. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "image/registry/address.h"

static void assert_origin(const char *text, const char *origin, bool is_plain, bool is_loopback)
{
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_address_parse(text, NULL, &address, &error) != WCL_OK)
        fail_msg("%s: %s", text, error.message);
    assert_string_equal(address.origin, origin);
    assert_int_equal(address.is_plain, is_plain);
    assert_int_equal(address.is_loopback, is_loopback);
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    (void)state;
    assert_origin("https://Example.ORG/v2/", "https://example.org:443", false, false);
    assert_origin("http://localhost:5000", "http://localhost:5000", true, true);
    assert_origin("http://127.8.9.1/", "http://127.8.9.1:80", true, true);
    assert_origin("https://[::1]:5000/a#b", "https://[::1]:5000", false, true);
    assert_origin("https://127.0.0.1.example.org/", "https://127.0.0.1.example.org:443", false,
                  false);
}

static void assert_resolves(const char *base_text, const char *location, const char *expected)
{
    WCL_CLEANUP_ADDRESS wcl_address base = WCL_ADDRESS_INIT;
    WCL_CLEANUP_ADDRESS wcl_address address = WCL_ADDRESS_INIT;

    assert_int_equal(wcl_address_parse(base_text, NULL, &base, NULL), WCL_OK);
    assert_int_equal(wcl_address_parse(location, &base, &address, NULL), WCL_OK);
    assert_string_equal(address.text, expected);
}

static void locations_may_be_relative(void **state)
{
    (void)state;
    assert_resolves("https://a.example/v2/x/blobs/uploads/", "/v2/x/blobs/uploads/1?_state=a%3D",
                    "https://a.example/v2/x/blobs/uploads/1?_state=a%3D");
    assert_resolves("https://a.example/b/c", "d", "https://a.example/b/d");
    assert_resolves("https://a.example/b/c", "//e.example/f", "https://e.example/f");
    assert_resolves("https://a.example/b/c", "http://e.example/f", "http://e.example/f");
}

static void assert_refused(const char *text, const char *why)
{
    wcl_address address = WCL_ADDRESS_INIT;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_address_parse(text, NULL, &address, &error), WCL_FAILED);
    if (!strstr(error.message, why))
        fail_msg("%s: %s", text, error.message);
    assert_null(address.text);
}

static void other_schemes_users_and_garbage_are_refused(void **state)
{
    (void)state;
    assert_refused("file:///etc/passwd", "refused");
    assert_refused("ftp://example.org/x", "only http and https");
    assert_refused("gopher://example.org/x", "only http and https");
    assert_refused("https://user:secret@example.org/", "has a user in it");
    assert_refused("https://", "is not the address");
    assert_refused("relative", "is not the address");
    assert_refused("https://a\r\nX: y/", "is not the address");
}

static void this_machine_is_known_by_name_and_number(void **state)
{
    (void)state;
    assert_true(wcl_host_is_loopback("localhost"));
    assert_true(wcl_host_is_loopback("LOCALHOST:5000"));
    assert_true(wcl_host_is_loopback("registry.localhost:5000"));
    assert_true(wcl_host_is_loopback("127.1.2.3:80"));
    assert_true(wcl_host_is_loopback("::1"));
    assert_true(wcl_host_is_loopback("[::1]:443"));
    assert_false(wcl_host_is_loopback("localhost.example.org"));
    assert_false(wcl_host_is_loopback("notlocalhost"));
    assert_false(wcl_host_is_loopback("128.0.0.1"));
    assert_false(wcl_host_is_loopback("[::2]:443"));
    assert_false(wcl_host_is_loopback("127.0.0.1.example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
        cmocka_unit_test(locations_may_be_relative),
        cmocka_unit_test(other_schemes_users_and_garbage_are_refused),
        cmocka_unit_test(this_machine_is_known_by_name_and_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
