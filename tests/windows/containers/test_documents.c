/* Every field of a configuration reaches Windows under hcsshim's name. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#define DISK "\\\\?\\Volume{d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4}\\"

static const wcl_container_layer layers[] = { { sizeof(layers[0]), "bd9c3ef9", "C:\\layers\\4" },
                                              { sizeof(layers[0]), "70003100", "C:\\layers\\p1" } };
static const wcl_mapped_dir mapped[] = { { sizeof(mapped[0]), "C:\\h", "C:\\c", true, 4096, 77 } };
static const char *const endpoints[] = { "e1", "e2" };
static const wcl_hv_runtime runtime = { sizeof(runtime), "C:\\layers\\base\\UtilityVM", true };

static const wcl_container_config full_config = {
    .struct_size = sizeof(full_config),
    .name = "name",
    .owner = "owner",
    .is_dummy = true,
    .volume_path = DISK,
    .ignore_flushes_during_boot = true,
    .layer_folder_path = "C:\\layers\\box",
    .layers = layers,
    .layer_count = 2,
    .credentials = "secret",
    .processor_count = 2,
    .processor_weight = 5000,
    .processor_maximum = 50,
    .storage_iops_maximum = 1000,
    .storage_bandwidth_maximum = 1048576,
    .storage_sandbox_size = 21474836480,
    .memory_maximum_in_mb = 512,
    .host_name = "host",
    .mapped_directories = mapped,
    .mapped_directory_count = 1,
    .sandbox_path = "C:\\layers",
    .hv_partition = true,
    .endpoint_list = endpoints,
    .endpoint_count = 2,
    .network_shared_container_name = "other",
    .hv_runtime = &runtime,
    .servicing = true,
    .allow_unqualified_dns_query = true,
    .dns_search_list = "a.example,b.example",
};

static const char full_document[] =
    "{\"SystemType\":\"Container\",\"Name\":\"name\",\"Owner\":\"owner\",\"IsDummy\":true,"
    "\"VolumePath\":\"\\\\\\\\?\\\\Volume{d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4}\\\\\","
    "\"IgnoreFlushesDuringBoot\":true,\"LayerFolderPath\":\"C:\\\\layers\\\\box\",\"Layers\":["
    "{\"ID\":\"bd9c3ef9\",\"Path\":\"C:\\\\layers\\\\4\"},"
    "{\"ID\":\"70003100\",\"Path\":\"C:\\\\layers\\\\p1\"}],"
    "\"Credentials\":\"secret\",\"ProcessorCount\":2,\"ProcessorWeight\":5000,"
    "\"ProcessorMaximum\":50,\"StorageIOPSMaximum\":1000,\"StorageBandwidthMaximum\":1048576,"
    "\"StorageSandboxSize\":21474836480,\"MemoryMaximumInMB\":512,\"HostName\":\"host\","
    "\"MappedDirectories\":[{\"HostPath\":\"C:\\\\h\",\"ContainerPath\":\"C:\\\\c\","
    "\"ReadOnly\":true,\"BandwidthMaximum\":4096,\"IOPSMaximum\":77}],"
    "\"SandboxPath\":\"C:\\\\layers\",\"HvPartition\":true,\"EndpointList\":[\"e1\",\"e2\"],"
    "\"NetworkSharedContainerName\":\"other\","
    "\"HvRuntime\":{\"ImagePath\":\"C:\\\\layers\\\\base\\\\UtilityVM\",\"SkipTemplate\":true},"
    "\"Servicing\":true,\"AllowUnqualifiedDNSQuery\":true,"
    "\"DNSSearchList\":\"a.example,b.example\"}";

/* What hcsshim sends even when it is empty; the rest is left out. */
static const char empty_document[] =
    "{\"SystemType\":\"Container\",\"Name\":\"\",\"Owner\":\"\",\"IsDummy\":false,"
    "\"IgnoreFlushesDuringBoot\":false,\"Layers\":[],\"HostName\":\"\",\"MappedDirectories\":[],"
    "\"HvPartition\":false,\"EndpointList\":[],\"Servicing\":false,"
    "\"AllowUnqualifiedDNSQuery\":false}";

static const char process_document[] =
    "{\"ApplicationName\":\"C:\\\\x.exe\",\"CommandLine\":\"x.exe -a\",\"User\":\"ContainerUser\","
    "\"WorkingDirectory\":\"C:\\\\w\",\"Environment\":{\"A\":\"1\",\"B\":\"\"},"
    "\"EmulateConsole\":true,\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,"
    "\"CreateStdErrPipe\":false,\"ConsoleSize\":[25,80]}";

/* Fails the test unless the only call of `function` carried this document, fields in any order. */
static void assert_document(const char *function, const char *argument, const char *expected)
{
    char *calls = calls_of(function);
    cJSON *call = cJSON_Parse(calls), *wanted = cJSON_Parse(expected);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(call, argument));

    assert_non_null(text);
    assert_non_null(wanted);
    cJSON *sent = cJSON_Parse(text);
    if (!cJSON_Compare(sent, wanted, true))
        fail_msg("%s was sent %s", function, text);
    cJSON_Delete(sent);
    cJSON_Delete(wanted);
    cJSON_Delete(call);
    free(calls);
}

static void create(const wcl_container_config *config)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = NULL;

    assert_ok(wcl_container_create(&options, "a", config, &container, &error), &error);
    wcl_container_free(container);
}

static void every_field_of_a_container_is_sent(void **state)
{
    (void)state;
    create(&full_config);
    assert_document("HcsCreateComputeSystem", "configuration", full_document);
}

static void what_is_empty_is_left_out_as_hcsshim_does(void **state)
{
    const wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;

    (void)state;
    create(&config);
    assert_document("HcsCreateComputeSystem", "configuration", empty_document);
}

static void every_field_of_a_process_is_sent(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static const wcl_environment_variable environment[] = { { "A", "1" }, { "B", NULL } };
    const wcl_process_config config = {
        .struct_size = sizeof(config),
        .application_name = "C:\\x.exe",
        .command_line = "x.exe -a",
        .user = "ContainerUser",
        .working_directory = "C:\\w",
        .environment = environment,
        .environment_count = 2,
        .emulate_console = true,
        .create_stdin_pipe = true,
        .create_stdout_pipe = true,
        .console_height = 25,
        .console_width = 80,
    };
    wcl_container *container = open_box();
    wcl_process *process = NULL;

    (void)state;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    assert_document("HcsCreateProcess", "parameters", process_document);
    wcl_process_free(process);
    wcl_container_free(container);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_field_of_a_container_is_sent),
        TEST(what_is_empty_is_left_out_as_hcsshim_does),
        TEST(every_field_of_a_process_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
