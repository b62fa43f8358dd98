/* Storage options, and what a driver refuses to be opened with. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "graphdriver/driver.h"

static void sizes_are_docker_s(void **state)
{
    static const struct {
        const char *option;
        uint64_t size;
    } cases[] = {
        { "size=1", 1 },
        { "size=10G", 10ULL << 30 },
        { "size=10gb", 10ULL << 30 },
        { "SIZE=512MiB", 512ULL << 20 },
        { "size=1.5k", 1536 },
        { "size=2 T", 2ULL << 40 },
        { "wcl.size=4096b", 4096 },
        { "size=1p", 1ULL << 50 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t size = 0;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_storage_options_parse(&cases[i].option, 1, &size, &error), WCL_OK);
        assert_true(size == cases[i].size);
    }
}

static void what_is_no_option_is_named(void **state)
{
    static const char *const options[] = { "size=x", "size=-1G", "size=10X",  "size=0",
                                           "colour", "inodes=9", "size=9e9g", "size=10Gib2" };

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        uint64_t size = 77;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_storage_options_parse(&options[i], 1, &size, &error), WCL_FAILED);
        assert_true(size == 77);
        const char *equals = strchr(options[i], '=');
        assert_non_null(strstr(error.message, equals && equals[1] ? equals + 1 : options[i]));
    }
}

static wcl_status open_with(const wcl_graphdriver_options *options, wcl_error *error)
{
    wcl_graphdriver *driver = NULL;
    wcl_status status = wcl_graphdriver_open(options, &driver, error);

    wcl_graphdriver_free(driver);
    return status;
}

static void maps_that_change_ids_are_refused(void **state)
{
    static const wcl_id_map same = { 0, 0, 65536 }, other = { 0, 100000, 65536 };
    wcl_graphdriver_options options = { .struct_size = sizeof(options),
                                        .home = "/tmp/wcl-graphdriver-options",
                                        .uid_maps = &same,
                                        .uid_map_count = 1 };
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(open_with(&options, &error), WCL_OK);
    options.gid_maps = &other;
    options.gid_map_count = 1;
    assert_int_equal(open_with(&options, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    assert_non_null(strstr(error.message, "group 100000"));
}

static void a_home_must_be_absolute(void **state)
{
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = "here" };
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    assert_int_equal(open_with(&options, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_docker_s),
        cmocka_unit_test(what_is_no_option_is_named),
        cmocka_unit_test(maps_that_change_ids_are_refused),
        cmocka_unit_test(a_home_must_be_absolute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
