/* Configurations in hcsshim's JSON, and times. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "container/config.h"
#include "container/process_config.h"
#include "container/timestamp.h"

static void a_configuration_comes_back_from_its_json(void **state)
{
    const wcl_container_layer layer = { sizeof(layer), "guid", "/layers/base" };
    const wcl_mapped_dir mapped = { sizeof(mapped), "/h", "C:\\c", true, 5, UINT64_MAX };
    const char *const endpoints[] = { "e1", "e2" };
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    WCL_CLEANUP_CONTAINER_CONFIG wcl_parsed_config parsed = { 0 };
    WCL_CLEANUP_FREE char *json = NULL;

    (void)state;
    config.name = "n\"\\";
    config.layers = &layer;
    config.layer_count = 1;
    config.mapped_directories = &mapped;
    config.mapped_directory_count = 1;
    config.endpoint_list = endpoints;
    config.endpoint_count = 2;
    config.processor_weight = 7;
    config.storage_sandbox_size = UINT64_MAX;
    config.memory_maximum_in_mb = 12;
    assert_int_equal(wcl_container_config_print(&config, &json, NULL), WCL_OK);
    assert_int_equal(wcl_container_config_parse(json, &parsed, NULL), WCL_OK);
    assert_string_equal(parsed.config.system_type, "Container");
    assert_string_equal(parsed.config.name, "n\"\\");
    assert_string_equal(parsed.config.layers[0].path, "/layers/base");
    assert_true(parsed.config.mapped_directories[0].read_only);
    assert_true(parsed.config.mapped_directories[0].iops_maximum == UINT64_MAX);
    assert_string_equal(parsed.config.endpoint_list[1], "e2");
    assert_true(parsed.config.storage_sandbox_size == UINT64_MAX);
    assert_int_equal(parsed.config.memory_maximum_in_mb, 12);
}

static void json_of_the_seed_is_understood_with_its_nulls(void **state)
{
    static const char json[] =
        "{\"SystemType\":\"Container\",\"Name\":\"a\",\"Owner\":\"docker\",\"IsDummy\":false,"
        "\"IgnoreFlushesDuringBoot\":true,\"LayerFolderPath\":\"/l\",\"Layers\":null,"
        "\"HostName\":\"\",\"MappedDirectories\":null,\"HvPartition\":false,\"EndpointList\":null,"
        "\"Servicing\":false,\"AllowUnqualifiedDNSQuery\":true}";
    WCL_CLEANUP_CONTAINER_CONFIG wcl_parsed_config parsed = { 0 };

    (void)state;
    assert_int_equal(wcl_container_config_parse(json, &parsed, NULL), WCL_OK);
    assert_int_equal(parsed.config.layer_count, 0);
    assert_true(parsed.config.allow_unqualified_dns_query);
    assert_int_equal(parsed.config.mapped_directory_count, 0);
    assert_int_equal(parsed.config.endpoint_count, 0);
}

static void bad_json_is_refused_with_what_is_wrong(void **state)
{
    static const struct {
        const char *json;
        const char *named;
        uint32_t code;
    } cases[] = {
        { "", "missing", WCL_CODE_INVALID_PARAMETER },
        { "{", "", WCL_CODE_INVALID_DATA },
        { "[]", "configuration", WCL_CODE_INVALID_DATA },
        { "{\"Nam\":\"x\"}", "Nam", WCL_CODE_INVALID_PARAMETER },
        { "{\"name\":\"x\"}", "name", WCL_CODE_INVALID_PARAMETER },
        { "{\"Name\":1}", "Name", WCL_CODE_INVALID_DATA },
        { "{\"Name\":\"a\",\"Name\":\"b\"}", "Name", WCL_CODE_INVALID_DATA },
        { "{\"ProcessorCount\":-1}", "ProcessorCount", WCL_CODE_INVALID_DATA },
        { "{\"ProcessorCount\":4294967296}", "ProcessorCount", WCL_CODE_INVALID_DATA },
        { "{\"HvPartition\":1}", "HvPartition", WCL_CODE_INVALID_DATA },
        { "{\"Layers\":{}}", "Layers", WCL_CODE_INVALID_DATA },
        { "{\"Layers\":[{\"Paht\":\"x\"}]}", "Paht", WCL_CODE_INVALID_PARAMETER },
        { "{\"EndpointList\":[1]}", "EndpointList", WCL_CODE_INVALID_DATA },
        { "{\"HvRuntime\":{\"X\":1}}", "X", WCL_CODE_INVALID_PARAMETER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_parsed_config parsed;
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(wcl_container_config_parse(cases[i].json, &parsed, &error), WCL_FAILED);
        assert_int_equal(error.code, cases[i].code);
        assert_non_null(strstr(error.message, cases[i].named));
    }
}

static void a_process_configuration_comes_back_from_its_json(void **state)
{
    const wcl_environment_variable variables[] = { { "A", "1" }, { "B", "" }, { "A", "2" } };
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    WCL_CLEANUP_PROCESS_CONFIG wcl_parsed_process_config parsed = { 0 };
    WCL_CLEANUP_FREE char *json = NULL;

    (void)state;
    config.command_line = "x \"y\"";
    config.environment = variables;
    config.environment_count = 3;
    config.console_height = 25;
    config.console_width = 80;
    assert_int_equal(wcl_process_config_print(&config, &json, NULL), WCL_OK);
    /* Without a console there is no size. */
    assert_non_null(strstr(json, "\"ConsoleSize\":[0,0]"));
    assert_int_equal(wcl_process_config_parse(json, &parsed, NULL), WCL_OK);
    assert_string_equal(parsed.config.command_line, "x \"y\"");
    assert_int_equal(parsed.config.environment_count, 2);
    assert_string_equal(parsed.config.environment[1].value, "2");
}

static void process_json_that_is_wrong_is_refused(void **state)
{
    static const char *const cases[] = {
        "{\"Comand\":\"x\"}",          "{\"Environment\":[]}",
        "{\"Environment\":{\"A\":1}}", "{\"Environment\":{\"A=B\":\"1\"}}",
        "{\"ConsoleSize\":[1]}",       "{\"ConsoleSize\":[1,65536]}",
        "{\"CommandArgs\":\"x\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_parsed_process_config parsed;
        assert_int_equal(wcl_process_config_parse(cases[i], &parsed, NULL), WCL_FAILED);
    }
}

static void times_are_written_and_read_as_rfc_3339(void **state)
{
    static const struct {
        time_t seconds;
        long nanoseconds;
        const char *text;
    } cases[] = {
        { 0, 0, "1970-01-01T00:00:00.000000000Z" },
        { 1487152800, 123456700, "2017-02-15T10:00:00.123456700Z" },
        { 951782400, 0, "2000-02-29T00:00:00.000000000Z" },
        { -1, 999999999, "1969-12-31T23:59:59.999999999Z" },
    };
    struct timespec time;
    char text[WCL_TIMESTAMP_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        time = (struct timespec) { cases[i].seconds, cases[i].nanoseconds };
        wcl_timestamp_format(time, text);
        assert_string_equal(text, cases[i].text);
        time = (struct timespec) { 0, 0 };
        assert_int_equal(wcl_timestamp_parse(text, &time, NULL), WCL_OK);
        assert_int_equal(time.tv_sec, cases[i].seconds);
        assert_int_equal(time.tv_nsec, cases[i].nanoseconds);
    }
    assert_int_equal(wcl_timestamp_parse("2017-02-15T12:30:00+02:30", &time, NULL), WCL_OK);
    assert_int_equal(time.tv_sec, 1487152800);
    assert_int_equal(wcl_timestamp_parse("2017-02-15", &time, NULL), WCL_FAILED);
    assert_int_equal(wcl_timestamp_parse("2017-13-15T10:00:00Z", &time, NULL), WCL_FAILED);
    assert_int_equal(wcl_timestamp_parse("2017-02-15T10:00:00", &time, NULL), WCL_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_comes_back_from_its_json),
        cmocka_unit_test(json_of_the_seed_is_understood_with_its_nulls),
        cmocka_unit_test(bad_json_is_refused_with_what_is_wrong),
        cmocka_unit_test(a_process_configuration_comes_back_from_its_json),
        cmocka_unit_test(process_json_that_is_wrong_is_refused),
        cmocka_unit_test(times_are_written_and_read_as_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
