/* What a container may take and share, and what is told of it, on the real runtime. */
#include "tests/e2e/container_common.h"
#include "tests/tools/outcome.h"

/* ---- Limits --------------------------------------------------------------------------------- */

static void more_memory_than_allowed_kills_the_process_and_not_the_container(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    wcl_container_properties *properties;

    (void)state;
    config.memory_maximum_in_mb = 32;
    wcl_container *container = test_start_with("memory", &config);
    wcl_process *process =
        test_run(container, "sh -c \"head -c 300m /dev/zero | tail -c 200m\"", 0);
    assert_int_equal(test_exit_code(process), 137);
    wcl_process_free(process);
    test_prints(container, "echo alive", "alive\n");
    assert_ok(wcl_container_statistics(container, &properties, &error), &error);
    const wcl_memory_stats *memory = &properties->statistics.memory;
    assert_true(memory->usage_commit_peak_bytes > 16u * 1024 * 1024);
    assert_true(memory->usage_commit_peak_bytes <= 32u * 1024 * 1024);
    wcl_free(properties);
    test_end(container);
}

static uint64_t runtime_of(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_properties *properties;

    assert_ok(wcl_container_statistics(container, &properties, &error), &error);
    uint64_t total = properties->statistics.processor.total_runtime_100ns;
    wcl_free(properties);
    return total;
}

static void a_processor_limit_shows_in_the_statistics(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();

    (void)state;
    config.processor_count = 1;
    config.processor_maximum = 20;
    wcl_container *container = test_start_with("processor", &config);
    wcl_process *process = test_run(container, "sh -c \"while :; do :; done\"", 0);
    uint64_t before = runtime_of(container);
    double start = test_now();
    test_sleep_ms(1500);
    uint64_t used = runtime_of(container) - before;
    double share = (double)used / 1e7 / (test_now() - start);
    /* A fifth of one processor; on a host without a free one it may get less. */
    assert_true(share < 0.27);
    assert_true(share > 0.02);
    assert_ok(wcl_process_kill(process, &error), &error);
    wcl_process_free(process);
    test_end(container);
}

static void limits_reach_the_cgroups(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    struct stat info;

    (void)state;
    config.processor_weight = 200;
    config.memory_maximum_in_mb = 64;
    config.storage_bandwidth_maximum = 10 * 1024 * 1024;
    config.storage_iops_maximum = 500;
    config.host_name = "named";
    wcl_container *container = NULL;
    wcl_error failure = WCL_ERROR_INIT;
    wcl_status status = wcl_container_create(NULL, "limits", &config, &container, &failure);
    if (status != WCL_OK && failure.code == WCL_CODE_NOT_SUPPORTED) {
        /* The root is on no disk of its own: the fields are refused by name. */
        assert_non_null(strstr(failure.message, "Storage"));
        config.storage_bandwidth_maximum = 0;
        config.storage_iops_maximum = 0;
        status = wcl_container_create(NULL, "limits", &config, &container, &failure);
    }
    assert_int_equal(status, WCL_OK);
    assert_ok(wcl_container_start(container, &error), &error);
    if (stat("/sys/fs/cgroup/memory", &info) == 0) {
        test_prints(container,
                    "sh -c \"cat /sys/fs/cgroup/memory/memory.limit_in_bytes "
                    "/sys/fs/cgroup/cpu/cpu.shares\"",
                    "67108864\n2048\n");
        if (config.storage_iops_maximum)
            test_prints(container,
                        "sh -c \"cut -d' ' -f2 "
                        "/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device "
                        "/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device\"",
                        "10485760\n500\n");
    } else {
        test_prints(container, "cat /sys/fs/cgroup/memory.max", "67108864\n");
    }
    test_prints(container, "hostname", "named\n");
    test_end(container);
}

static void a_read_only_mapping_refuses_writes(void **state)
{
    char first[256], second[256], path[300];
    wcl_mapped_dir mapped[2] = {
        { .struct_size = sizeof(mapped[0]), .host_path = first, .container_path = "C:\\data" },
        { .struct_size = sizeof(mapped[0]),
          .host_path = second,
          .container_path = "/fixed",
          .read_only = true }
    };
    wcl_container_config config = test_config();

    (void)state;
    snprintf(first, sizeof(first), "%s/first", getenv("WCL_TEST_WORK"));
    snprintf(second, sizeof(second), "%s/second", getenv("WCL_TEST_WORK"));
    mkdir(first, 0755);
    mkdir(second, 0755);
    config.mapped_directories = mapped;
    config.mapped_directory_count = 2;
    wcl_container *container = test_start_with("mapped", &config);
    test_prints(container,
                "sh -c \"echo x >/data/file && echo written; echo x 2>/dev/null >/fixed/file || "
                "echo refused\"",
                "written\nrefused\n");
    snprintf(path, sizeof(path), "%s/file", first);
    assert_int_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/file", second);
    assert_int_equal(access(path, F_OK), -1);
    test_end(container);
}

static void a_shared_network_is_the_other_containers(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    wcl_process_config process_config = WCL_PROCESS_CONFIG_INIT;
    int32_t code;

    (void)state;
    wcl_container *first = test_start("netfirst");
    config.network_shared_container_name = "netfirst";
    config.dns_search_list = "example.org,example.net";
    wcl_container *second = test_start_with("netsecond", &config);
    wcl_container *third = test_start("netthird");
    process_config.command_line = "readlink /proc/self/ns/net";
    char *of_first = test_output(first, &process_config, &code);
    char *of_second = test_output(second, &process_config, &code);
    char *of_third = test_output(third, &process_config, &code);
    assert_string_equal(of_first, of_second);
    assert_string_not_equal(of_first, of_third);
    free(of_first);
    free(of_second);
    free(of_third);
    /* Where the other one asks nobody, so does who shares its network. */
    test_prints(second, "cat /etc/resolv.conf",
                "search example.org example.net\noptions no-tld-query\n");
    test_end(second);
    test_end(first);
    test_end(third);
    config.network_shared_container_name = "nobody";
    assert_fails(WCL_CODE_HCS_NOT_EXIST,
                 wcl_container_create(NULL, "alone", &config, &first, &error), &error);
}

static void a_shared_network_comes_with_its_dns_settings(void **state)
{
    wcl_container_config config = test_config();
    wcl_process_config process_config = WCL_PROCESS_CONFIG_INIT;
    int32_t code;

    (void)state;
    config.dns_search_list = "of.first";
    wcl_container *first = test_start_with("dnsfirst", &config);
    config.dns_search_list = NULL;
    config.network_shared_container_name = "dnsfirst";
    wcl_container *second = test_start_with("dnssecond", &config);
    process_config.command_line = "cat /etc/resolv.conf";
    char *of_first = test_output(first, &process_config, &code);
    char *of_second = test_output(second, &process_config, &code);
    assert_string_equal(of_first, of_second);
    assert_non_null(strstr(of_second, "search of.first\n"));
    free(of_first);
    free(of_second);
    test_end(second);
    test_end(first);
}

/* ---- Lists ---------------------------------------------------------------------------------- */

/* Whether every process of the container runs the program that it was to run. */
static bool sleep_alone(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_properties *properties;
    bool alone = true;

    assert_ok(wcl_container_process_list(container, &properties, &error), &error);
    for (size_t i = 0; i < properties->process_count; i++)
        alone &= strcmp(properties->processes[i].image_name, "busybox") == 0;
    wcl_free(properties);
    return alone;
}

static void process_list_and_statistics_agree_with_proc_and_cgroups(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("lists");
    wcl_process *processes[3];
    wcl_container_properties *properties;
    char path[256], text[128];

    (void)state;
    for (int i = 0; i < 3; i++)
        processes[i] = test_run(container, "sleep 1000", 0);
    /* The runtime returns before its last step, in which it becomes the program. */
    for (int tries = 0; tries < 6000 && !sleep_alone(container); tries++)
        test_sleep_ms(10);
    assert_ok(wcl_container_process_list(container, &properties, &error), &error);
    assert_int_equal(properties->process_count, 3);
    for (int i = 0; i < 3; i++) {
        const wcl_process_list_item *item = NULL;
        for (size_t at = 0; at < 3; at++)
            if (properties->processes[at].process_id == wcl_process_pid(processes[i]))
                item = &properties->processes[at];
        assert_non_null(item);
        assert_string_equal(item->image_name, "busybox");
        assert_true(time(NULL) - item->create_timestamp.tv_sec < 60);
        snprintf(path, sizeof(path), "/proc/%u/comm", item->process_id);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        fclose(file);
        assert_string_equal(text, "sleep\n");
        snprintf(path, sizeof(path), "/proc/%u/statm", item->process_id);
        file = fopen(path, "r");
        unsigned long long size = 0;
        assert_int_equal(fscanf(file, "%llu", &size), 1);
        fclose(file);
        assert_int_equal(item->memory_commit_bytes, size * (unsigned long long)getpagesize());
    }
    wcl_free(properties);
    assert_ok(wcl_container_statistics(container, &properties, &error), &error);
    const wcl_statistics *statistics = &properties->statistics;
    assert_true(statistics->memory.usage_commit_bytes > 0);
    assert_true(statistics->processor.total_runtime_100ns > 0);
    assert_true(statistics->uptime_100ns > 0 && statistics->uptime_100ns < 600u * 10000000);
    assert_int_equal(statistics->network_count, 0);
    wcl_free(properties);
    for (int i = 0; i < 3; i++)
        wcl_process_free(processes[i]);
    bool pending = true;
    assert_ok(wcl_container_has_pending_updates(container, &pending, &error), &error);
    assert_false(pending);
    test_end(container);
}

static void queries_find_what_matches(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    wcl_compute_system_query query = { .struct_size = sizeof(query) };
    const char *owner = "owner-a", *id = "query-b";
    wcl_container_properties **list;
    size_t list_count;
    wcl_container *a, *b;

    (void)state;
    config.name = "name-a";
    config.owner = owner;
    a = test_start_with("query-a", &config);
    config.name = "name-b";
    config.owner = "owner-b";
    b = test_start_with("query-b", &config);
    query.owners = &owner;
    query.owner_count = 1;
    assert_ok(wcl_containers_query(NULL, &query, &list, &list_count, &error), &error);
    assert_int_equal(list_count, 1);
    assert_string_equal(list[0]->id, "query-a");
    assert_string_equal(list[0]->state, "Running");
    assert_string_equal(list[0]->name, "name-a");
    assert_int_equal(strlen(list[0]->runtime_id), 36);
    wcl_free(list);
    query.ids = &id;
    query.id_count = 1;
    assert_ok(wcl_containers_query(NULL, &query, &list, &list_count, &error), &error);
    assert_int_equal(list_count, 0);
    wcl_free(list);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    assert_int_equal(list_count, 2);
    wcl_free(list);
    char *json = NULL;
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_containers_query_json(NULL, "{\"Idz\":[]}", &json, &error), &error);
    test_end(a);
    test_end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_memory_than_allowed_kills_the_process_and_not_the_container),
        cmocka_unit_test(a_processor_limit_shows_in_the_statistics),
        cmocka_unit_test(limits_reach_the_cgroups),
        cmocka_unit_test(a_read_only_mapping_refuses_writes),
        cmocka_unit_test(a_shared_network_is_the_other_containers),
        cmocka_unit_test(a_shared_network_comes_with_its_dns_settings),
        cmocka_unit_test(process_list_and_statistics_agree_with_proc_and_cgroups),
        cmocka_unit_test(queries_find_what_matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
