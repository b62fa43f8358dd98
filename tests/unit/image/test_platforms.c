/* Platforms: reading them, and which image of an index is chosen. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/utsname.h>
#include <wcl/image.h>

static const wcl_platform offered[] = {
    { "linux", "amd64", "", "" },
    { "linux", "arm", "v6", "" },
    { "linux", "arm", "v7", "" },
    { "linux", "arm64", "v8", "" },
    { "windows", "amd64", "", "10.0.14393.6796" },
    { "windows", "amd64", "", "10.0.17763.1817" },
    { "windows", "amd64", "", "10.0.17763.5329" },
    { "windows", "amd64", "", "10.0.20348.2227" },
    { "windows", "arm64", "", "10.0.26100.1" },
    { "linux", "amd64", "v3", "" },
    { "unknown", "unknown", "", "" },
};

#define OFFERED (sizeof(offered) / sizeof(offered[0]))
#define NONE OFFERED

static size_t choose(const char *text)
{
    wcl_platform *wanted = NULL;
    size_t chosen = NONE;

    if (text)
        assert_int_equal(wcl_platform_parse(text, &wanted, NULL), WCL_OK);
    bool found = wcl_platform_choose(wanted, offered, OFFERED, &chosen);
    wcl_free(wanted);
    return found ? chosen : NONE;
}

static void windows_is_chosen_by_version_as_docker_does(void **state)
{
    static const struct {
        const char *wanted;
        size_t chosen;
    } cases[] = {
        { "windows(10.0.17763.1817)/amd64", 5 }, /* exactly */
        { "windows(10.0.17763.9999)/amd64", 6 }, /* the newest of the build */
        { "windows(10.0.17763.1)/amd64", 6 },
        { "windows(10.0.17763)/amd64", 6 },
        { "windows(10.0.19041.1)/amd64", 6 }, /* the newest that is not above */
        { "windows(10.0.22621.1)/amd64", 7 },
        { "windows(10.0.14393.1)/amd64", 4 },
        { "windows(10.0.10240.1)/amd64", NONE }, /* all are above */
        { "windows/amd64", 7 },
        { "windows/arm64", 8 },
        { "windows(10.0.20348.1)/arm64", NONE },
        { "windows/386", NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (choose(cases[i].wanted) != cases[i].chosen)
            fail_msg("%s: %zu", cases[i].wanted, choose(cases[i].wanted));
}

static void linux_is_chosen_by_the_nearest_variant_below(void **state)
{
    (void)state;
    assert_int_equal(choose("linux/amd64"), 0);
    assert_int_equal(choose("linux/x86_64"), 0);
    assert_int_equal(choose("linux/amd64/v2"), 0);
    assert_int_equal(choose("linux/amd64/v4"), 9);
    assert_int_equal(choose("linux/arm"), 2);
    assert_int_equal(choose("linux/arm/v7"), 2);
    assert_int_equal(choose("linux/armhf"), 2);
    assert_int_equal(choose("linux/arm/v6"), 1);
    assert_int_equal(choose("linux/arm/v5"), NONE);
    assert_int_equal(choose("linux/arm64"), 3);
    assert_int_equal(choose("linux/aarch64"), 3);
    assert_int_equal(choose("linux/arm64/v9"), 3);
    assert_int_equal(choose("linux/riscv64"), NONE);
    assert_int_equal(choose("freebsd/amd64"), NONE);
}

static void nothing_asked_for_is_linux_on_this_host_else_windows(void **state)
{
    const wcl_platform windows_only[] = { { "windows", "amd64", "", "10.0.17763.1" },
                                          { "windows", "amd64", "", "10.0.20348.1" } };
    struct utsname host;
    size_t chosen = 9;

    (void)state;
    if (uname(&host) != 0 || strcmp(host.machine, "x86_64") != 0)
        skip();
    assert_int_equal(choose(NULL), 0);
    assert_true(wcl_platform_choose(NULL, windows_only, 2, &chosen));
    assert_int_equal(chosen, 1);
    assert_false(wcl_platform_choose(NULL, &offered[3], 1, &chosen));
    assert_false(wcl_platform_choose(NULL, NULL, 0, &chosen));
}

static void platforms_are_read(void **state)
{
    wcl_platform *platform = NULL;

    (void)state;
    assert_int_equal(wcl_platform_parse("Windows(10.0.1.2)/AMD64", &platform, NULL), WCL_OK);
    assert_string_equal(platform->os, "windows");
    assert_string_equal(platform->os_version, "10.0.1.2");
    assert_string_equal(platform->architecture, "amd64");
    assert_string_equal(platform->variant, "");
    wcl_free(platform);
    assert_int_equal(wcl_platform_parse("linux/arm/v7", &platform, NULL), WCL_OK);
    assert_string_equal(platform->variant, "v7");
    wcl_free(platform);
}

static void what_is_no_platform_is_refused(void **state)
{
    static const char *const texts[] = { "",         "/",          "linux/",
                                         "/amd64",   "linux/a/",   "linux/a/b/c",
                                         "windows(", "windows()",  "windows(1)x",
                                         "li nux",   "linux/../x", "a(b(c)" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wcl_platform *platform = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_platform_parse(texts[i], &platform, &error) != WCL_FAILED)
            fail_msg("'%s' is taken for a platform", texts[i]);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_is_chosen_by_version_as_docker_does),
        cmocka_unit_test(linux_is_chosen_by_the_nearest_variant_below),
        cmocka_unit_test(nothing_asked_for_is_linux_on_this_host_else_windows),
        cmocka_unit_test(platforms_are_read),
        cmocka_unit_test(what_is_no_platform_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
