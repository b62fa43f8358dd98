/* What the OCI runtime is not told, how paths are told to it, and what is read out of its log. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "container/config.h"
#include "container/oci/client.h"
#include "container/oci/prepare.h"
#include "container/oci/process_spec.h"

static void what_cannot_be_honoured_is_refused_by_its_name(void **state)
{
    static const char *const fields[] = {
        "\"SystemType\":\"VirtualMachine\"",
        "\"HvPartition\":true",
        "\"HvRuntime\":{\"ImagePath\":\"x\"}",
        "\"SandboxPath\":\"x\"",
        "\"IsDummy\":true",
        "\"Servicing\":true",
        "\"Credentials\":\"x\"",
        "\"ProcessorWeight\":10001",
        "\"ProcessorMaximum\":101",
        "\"MemoryMaximumInMB\":-1",
        "\"HostName\":\"01234567890123456789012345678901234567890123456789012345678901234\"",
        "\"MappedDirectories\":[{\"HostPath\":\"relative\",\"ContainerPath\":\"/x\"}]",
        "\"NetworkSharedContainerName\":\"x\",\"EndpointList\":[\"y\"]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        WCL_CLEANUP_CONTAINER_CONFIG wcl_parsed_config parsed = { 0 };
        WCL_CLEANUP_BUFFER wcl_buffer json = WCL_BUFFER_INIT;
        wcl_error error = WCL_ERROR_INIT;
        char name[64] = "";
        wcl_buffer_printf(&json, NULL, "{\"LayerFolderPath\":\"/l\",%s}", fields[i]);
        assert_int_equal(wcl_container_config_parse("{\"LayerFolderPath\":\"/l\",\"Layers\":null}",
                                                    &parsed, NULL),
                         WCL_OK);
        assert_int_equal(wcl_container_check(&parsed.config, NULL), WCL_OK);
        wcl_parsed_config_free(&parsed);
        assert_int_equal(wcl_container_config_parse(wcl_buffer_text(&json), &parsed, NULL), WCL_OK);
        assert_int_equal(wcl_container_check(&parsed.config, &error), WCL_FAILED);
        memcpy(name, fields[i] + 1, strcspn(fields[i] + 1, "\""));
        assert_non_null(strstr(error.message, name));
    }
}

static void container_paths_may_be_windows_ones(void **state)
{
    static const char *const cases[][2] = {
        { "C:\\a\\b", "/a/b" }, { "c:/a", "/a" }, { "\\a\\b", "/a/b" },
        { "/a\\b", "/a\\b" },   { "C:\\", "/" },
    };
    char *path;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(wcl_container_path(cases[i][0], "Field", &path, NULL), WCL_OK);
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
    assert_int_equal(wcl_container_path("a", "Field", &path, NULL), WCL_FAILED);
    assert_int_equal(wcl_container_path("", "Field", &path, NULL), WCL_FAILED);
    assert_int_equal(wcl_container_path("C:a", "Field", &path, NULL), WCL_FAILED);
}

static void the_last_error_of_a_log_is_the_message(void **state)
{
    char message[256];

    (void)state;
    wcl_runtime_message("{\"level\":\"warning\",\"msg\":\"first\"}\n"
                        "{\"level\":\"error\",\"msg\":\"last \\\"one\\\"\"}\n",
                        message, sizeof(message));
    assert_string_equal(message, "last \"one\"");
    wcl_runtime_message("plain text\n", message, sizeof(message));
    assert_string_equal(message, "plain text");
    wcl_runtime_message("", message, sizeof(message));
    assert_string_equal(message, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_honoured_is_refused_by_its_name),
        cmocka_unit_test(container_paths_may_be_windows_ones),
        cmocka_unit_test(the_last_error_of_a_log_is_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
