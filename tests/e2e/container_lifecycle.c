/* A container's life on the real runtime: states, limits, other programs, and what goes wrong. */
#include "tests/e2e/container_common.h"
#include "tests/tools/outcome.h"

#include <dirent.h>

static const char *program;

/* ---- States --------------------------------------------------------------------------------- */

static void misuse_gets_the_seeds_errors(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    wcl_process_config process_config = WCL_PROCESS_CONFIG_INIT;
    wcl_container *container = NULL, *other = NULL;
    wcl_process *process = NULL;

    (void)state;
    process_config.command_line = "true";
    assert_ok(wcl_container_create(NULL, "misuse", &config, &container, &error), &error);
    assert_fails(WCL_CODE_ALREADY_EXISTS,
                 wcl_container_create(NULL, "misuse", &config, &other, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE,
                 wcl_process_create(container, &process_config, &process, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_container_pause(container, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_container_shutdown(container, &error), &error);
    assert_ok(wcl_container_start(container, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_container_start(container, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_container_resume(container, &error), &error);
    assert_fails(WCL_CODE_TIMEOUT, wcl_container_wait_timeout(container, 20, &error), &error);
    assert_fails(WCL_CODE_NOT_SUPPORTED, wcl_container_modify(container, "{}", &error), &error);
    assert_fails(WCL_CODE_NOT_SUPPORTED, wcl_compute_service_modify(NULL, "{}", &error), &error);
    assert_fails(WCL_CODE_HCS_OPERATION_PENDING, wcl_container_terminate(container, &error),
                 &error);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    assert_ok(wcl_container_wait(container, &error), &error);
    assert_fails(WCL_CODE_HCS_ALREADY_STOPPED, wcl_container_terminate(container, &error), &error);
    assert_fails(WCL_CODE_HCS_ALREADY_STOPPED, wcl_container_shutdown(container, &error), &error);
    assert_fails(WCL_CODE_HCS_INVALID_STATE,
                 wcl_process_create(container, &process_config, &process, &error), &error);
    assert_ok(wcl_container_close(container, &error), &error);
    assert_ok(wcl_container_close(container, &error), &error);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_container_wait(container, &error), &error);
    assert_fails(WCL_CODE_ALREADY_CLOSED, wcl_container_start(container, &error), &error);
    wcl_container_free(container);
    assert_fails(WCL_CODE_HCS_NOT_EXIST, wcl_container_open(NULL, "misuse", &other, &error),
                 &error);
    assert_fails(WCL_CODE_INVALID_NAME, wcl_container_open(NULL, "../etc", &other, &error), &error);
}

static void what_the_runtime_says_is_in_the_error(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_options options = WCL_CONTAINER_OPTIONS_INIT;
    wcl_container_config config = test_config();
    wcl_mapped_dir mapped = { .host_path = "/tmp", .container_path = "/proc/self/x" };
    wcl_container *container = NULL;
    wcl_error failure = WCL_ERROR_INIT;

    (void)state;
    options.runtime = "/no/such/runtime";
    assert_int_equal(wcl_container_create(&options, "noruntime", &config, &container, &failure),
                     WCL_FAILED);
    assert_int_equal(failure.code, WCL_CODE_GEN_FAILURE);
    assert_non_null(strstr(failure.message, "/no/such/runtime"));
    config.mapped_directories = &mapped;
    config.mapped_directory_count = 1;
    assert_ok(wcl_container_create(NULL, "badmount", &config, &container, &error), &error);
    assert_int_equal(wcl_container_start(container, &failure), WCL_FAILED);
    assert_non_null(strstr(failure.message, "mount"));
    test_end(container);
}

static void a_shutdown_is_pending_until_the_processes_have_ended(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("shutdown");
    wcl_pipe in, out, err;
    wcl_process *process = test_run(
        container, "sh -c \"trap 'sleep 0.3; exit 5' TERM; echo r; while :; do sleep 0.05; done\"",
        TEST_OUT);
    wcl_container_list *list;
    char byte;
    size_t got;

    (void)state;
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_read(out, &byte, 1, &got, &error), &error);
    assert_fails(WCL_CODE_HCS_OPERATION_PENDING, wcl_container_shutdown(container, &error), &error);
    wcl_process_config late = WCL_PROCESS_CONFIG_INIT;
    wcl_process *none = NULL;
    late.command_line = "true";
    assert_fails(WCL_CODE_SHUTDOWN_IN_PROGRESS, wcl_process_create(container, &late, &none, &error),
                 &error);
    assert_ok(wcl_container_wait_timeout(container, 20000, &error), &error);
    assert_int_equal(test_exit_code(process), 5);
    wcl_pipe_close(out);
    wcl_process_free(process);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &error), &error);
    assert_int_equal(wcl_container_list_count(list), 1);
    assert_true(wcl_container_list_at(list, 0)->stopped);
    assert_string_equal(wcl_container_list_at(list, 0)->exit_type, "GracefulExit");
    wcl_container_list_free(list);
    wcl_container_free(container);
}

static void a_container_whose_init_dies_has_exited_unexpectedly(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("initdies");
    wcl_container_list *list;

    (void)state;
    FILE *file;
    char path[512];
    int pid = 0;
    snprintf(path, sizeof(path), "%s/containers/initdies/pid", getenv("WCL_RUN"));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    kill(pid, SIGKILL);
    assert_ok(wcl_container_wait_timeout(container, 10000, &error), &error);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &error), &error);
    assert_string_equal(wcl_container_list_at(list, 0)->exit_type, "UnexpectedExit");
    wcl_container_list_free(list);
    wcl_container_free(container);
}

/* Reads the number on the last whole line that has come. */
static long last_count(wcl_pipe pipe)
{
    wcl_error error = WCL_ERROR_INIT;
    char buffer[65536];
    size_t got;

    assert_ok(wcl_pipe_read(pipe, buffer, sizeof(buffer) - 1, &got, &error), &error);
    buffer[got] = '\0';
    char *end = strrchr(buffer, '\n');
    assert_non_null(end);
    *end = '\0';
    char *start = strrchr(buffer, '\n');
    return strtol(start ? start + 1 : buffer, NULL, 10);
}

static bool has_input(wcl_pipe pipe)
{
    fd_set set;
    struct timeval none = { 0, 300000 };

    FD_ZERO(&set);
    FD_SET((int)pipe, &set);
    return select((int)pipe + 1, &set, NULL, NULL, &none) > 0;
}

static void a_pause_stops_what_counts_and_a_resume_lets_it_go_on(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("pause");
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = test_run(
        container, "sh -c \"i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done\"", TEST_OUT);
    wcl_process *none = NULL;
    wcl_pipe in, out, err;

    (void)state;
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    last_count(out);
    assert_ok(wcl_container_pause(container, &error), &error);
    if (has_input(out))
        last_count(out);
    assert_false(has_input(out));
    config.command_line = "true";
    assert_fails(WCL_CODE_HCS_INVALID_STATE, wcl_process_create(container, &config, &none, &error),
                 &error);
    assert_ok(wcl_container_resume(container, &error), &error);
    long before = last_count(out);
    while (last_count(out) <= before)
        continue;
    assert_ok(wcl_container_pause(container, &error), &error);
    wcl_pipe_close(out);
    /* A paused container can be terminated. */
    test_end(container);
    assert_int_equal(test_exit_code(process), 137);
    wcl_process_free(process);
}

/* ---- Limits --------------------------------------------------------------------------------- */

static void more_memory_than_allowed_kills_the_process_and_not_the_container(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_config config = test_config();
    wcl_container_list *list;

    (void)state;
    config.memory_maximum_in_mb = 32;
    wcl_container *container = test_start_with("memory", &config);
    wcl_process *process =
        test_run(container, "sh -c \"head -c 300m /dev/zero | tail -c 200m\"", 0);
    assert_int_equal(test_exit_code(process), 137);
    wcl_process_free(process);
    test_prints(container, "echo alive", "alive\n");
    assert_ok(wcl_container_statistics(container, &list, &error), &error);
    const wcl_memory_stats *memory = &wcl_container_list_at(list, 0)->statistics.memory;
    assert_true(memory->usage_commit_peak_bytes > 16u * 1024 * 1024);
    assert_true(memory->usage_commit_peak_bytes <= 32u * 1024 * 1024);
    wcl_container_list_free(list);
    test_end(container);
}

static uint64_t runtime_of(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container_list *list;

    assert_ok(wcl_container_statistics(container, &list, &error), &error);
    uint64_t total = wcl_container_list_at(list, 0)->statistics.processor.total_runtime_100ns;
    wcl_container_list_free(list);
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
        { .host_path = first, .container_path = "C:\\data" },
        { .host_path = second, .container_path = "/fixed", .read_only = true }
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
    wcl_container_list *list;
    bool alone = true;

    assert_ok(wcl_container_process_list(container, &list, &error), &error);
    const wcl_container_properties *properties = wcl_container_list_at(list, 0);
    for (size_t i = 0; i < properties->process_count; i++)
        alone &= strcmp(properties->processes[i].image_name, "busybox") == 0;
    wcl_container_list_free(list);
    return alone;
}

static void process_list_and_statistics_agree_with_proc_and_cgroups(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("lists");
    wcl_process *processes[3];
    wcl_container_list *list;
    char path[256], text[128];

    (void)state;
    for (int i = 0; i < 3; i++)
        processes[i] = test_run(container, "sleep 1000", 0);
    /* The runtime returns before its last step, in which it becomes the program. */
    for (int tries = 0; tries < 6000 && !sleep_alone(container); tries++)
        test_sleep_ms(10);
    assert_ok(wcl_container_process_list(container, &list, &error), &error);
    const wcl_container_properties *properties = wcl_container_list_at(list, 0);
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
    wcl_container_list_free(list);
    assert_ok(wcl_container_statistics(container, &list, &error), &error);
    const wcl_statistics *statistics = &wcl_container_list_at(list, 0)->statistics;
    assert_true(statistics->memory.usage_commit_bytes > 0);
    assert_true(statistics->processor.total_runtime_100ns > 0);
    assert_true(statistics->uptime_100ns > 0 && statistics->uptime_100ns < 600u * 10000000);
    assert_int_equal(statistics->network_count, 0);
    wcl_container_list_free(list);
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
    wcl_container_list *list;
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
    assert_ok(wcl_containers_query(NULL, &query, &list, &error), &error);
    assert_int_equal(wcl_container_list_count(list), 1);
    assert_string_equal(wcl_container_list_at(list, 0)->id, "query-a");
    assert_string_equal(wcl_container_list_at(list, 0)->state, "Running");
    assert_string_equal(wcl_container_list_at(list, 0)->name, "name-a");
    assert_int_equal(strlen(wcl_container_list_at(list, 0)->runtime_id), 36);
    wcl_container_list_free(list);
    query.ids = &id;
    query.id_count = 1;
    assert_ok(wcl_containers_query(NULL, &query, &list, &error), &error);
    assert_int_equal(wcl_container_list_count(list), 0);
    wcl_container_list_free(list);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &error), &error);
    assert_int_equal(wcl_container_list_count(list), 2);
    wcl_container_list_free(list);
    char *json = NULL;
    assert_fails(WCL_CODE_INVALID_PARAMETER,
                 wcl_containers_query_json(NULL, "{\"Idz\":[]}", &json, &error), &error);
    test_end(a);
    test_end(b);
}

/* ---- Other programs ------------------------------------------------------------------------- */

/* Runs this program again in another role. */
static pid_t run_again(const char *role, const char *id, const char *more)
{
    pid_t child = fork();

    if (child == 0) {
        execl(program, program, role, id, more, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    return child;
}

static int end_of(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The second program: opens the container, waits for the process, says its code, terminates. */
static int role_open(const char *id, const char *pid)
{
    wcl_container_list *list = NULL;
    wcl_container *container = NULL;
    wcl_process *process = NULL;
    wcl_error error = WCL_ERROR_INIT;
    int32_t code = 0;

    if (wcl_container_open(NULL, id, &container, &error) != WCL_OK ||
        wcl_container_process_list(container, &list, &error) != WCL_OK)
        return 101;
    bool listed = false;
    for (size_t i = 0; i < wcl_container_list_at(list, 0)->process_count; i++)
        listed |= wcl_container_list_at(list, 0)->processes[i].process_id == strtoul(pid, NULL, 10);
    if (!listed)
        return 102;
    wcl_container_list_free(list);
    if (wcl_process_open(container, (uint32_t)strtoul(pid, NULL, 10), &process, &error) != WCL_OK ||
        wcl_process_wait(process, &error) != WCL_OK ||
        wcl_process_exit_code(process, &code, &error) != WCL_OK)
        return 103;
    wcl_process_free(process);
    if (wcl_container_terminate(container, &error) != WCL_OK && !wcl_error_is_pending(&error))
        return 104;
    if (wcl_container_wait_timeout(container, 20000, &error) != WCL_OK)
        return 105;
    wcl_container_free(container);
    return code;
}

static void another_program_opens_waits_and_terminates(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("second");
    wcl_process *process = test_run(container, "sh -c \"sleep 0.5; exit 42\"", 0);
    char pid[16];

    (void)state;
    snprintf(pid, sizeof(pid), "%u", wcl_process_pid(process));
    pid_t child = run_again("open", "second", pid);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    int status = end_of(child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_int_equal(test_exit_code(process), 42);
    wcl_process_free(process);
    wcl_container_free(container);
}

/* The creator that is killed: makes a container with a process whose pid it prints. */
static void role_create(const char *id, const char *report)
{
    wcl_container *container = test_start(id);
    wcl_process *process =
        test_run(container, "sh -c \"read x; echo got $x; sleep 0.2; exit 6\"", TEST_IN | TEST_OUT);
    FILE *file = fopen(report, "w");

    fprintf(file, "%u\n", wcl_process_pid(process));
    fclose(file);
    for (;;)
        pause();
}

static void all_goes_on_when_the_creator_is_killed(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char report[256], text[64] = "";
    wcl_container *container = NULL;
    wcl_process *process = NULL;
    wcl_pipe in, out, err;
    unsigned pid = 0;

    (void)state;
    snprintf(report, sizeof(report), "%s/report", getenv("WCL_TEST_WORK"));
    pid_t child = run_again("create", "orphan", report);
    for (int i = 0; i < 6000 && !pid; i++) {
        FILE *file = fopen(report, "r");
        if (file && fgets(text, sizeof(text), file))
            pid = (unsigned)strtoul(text, NULL, 10);
        if (file)
            fclose(file);
        test_sleep_ms(10);
    }
    assert_int_not_equal(pid, 0);
    kill(child, SIGKILL);
    end_of(child);
    assert_ok(wcl_container_open(NULL, "orphan", &container, &error), &error);
    assert_ok(wcl_process_open(container, pid, &process, &error), &error);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_write(in, "me\n", 3, &error), &error);
    char *output = test_read_all(out);
    assert_string_equal(output, "got me\n");
    free(output);
    assert_int_equal(test_exit_code(process), 6);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_process_free(process);
    test_prints(container, "echo still here", "still here\n");
    test_end(container);
    assert_fails(WCL_CODE_HCS_NOT_EXIST, wcl_container_open(NULL, "orphan", &container, &error),
                 &error);
}

/* The pid of the container's supervisor: the one whose command line holds its folder. */
static pid_t supervisor_of(const char *id)
{
    char wanted[512], path[300], line[1024];
    pid_t found = 0;
    DIR *proc = opendir("/proc");

    snprintf(wanted, sizeof(wanted), "%s/containers/%s", getenv("WCL_RUN"), id);
    for (struct dirent *entry; proc && !found && (entry = readdir(proc));) {
        snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        FILE *file = fopen(path, "r");
        size_t size = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
        if (file)
            fclose(file);
        line[size] = '\0';
        if (size > 0 && strstr(line, "supervisor") && strcmp(line + strlen(line) + 1, wanted) == 0)
            found = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    closedir(proc);
    return found;
}

static void a_lost_supervisor_is_told_of_and_can_be_cleaned_up_after(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_container *container = test_start("lost"), *again = NULL;
    wcl_process *process = test_run(container, "sleep 1000", 0), *none = NULL;
    wcl_container_list *list;

    (void)state;
    pid_t supervisor = supervisor_of("lost");
    assert_true(supervisor > 0);
    kill(supervisor, SIGKILL);
    assert_fails(WCL_CODE_UNEXPECTED_PROCESS_ABORT,
                 wcl_container_wait_timeout(container, 10000, &error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_PROCESS_ABORT,
                 wcl_process_wait_timeout(process, 10000, &error), &error);
    config.command_line = "true";
    assert_fails(WCL_CODE_UNEXPECTED_PROCESS_ABORT,
                 wcl_process_create(container, &config, &none, &error), &error);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &error), &error);
    assert_int_equal(wcl_container_list_count(list), 1);
    assert_string_equal(wcl_container_list_at(list, 0)->state, "Lost");
    wcl_container_list_free(list);
    assert_ok(wcl_container_open(NULL, "lost", &again, &error), &error);
    assert_ok(wcl_container_terminate(again, &error), &error);
    assert_ok(wcl_container_wait_timeout(again, 10000, &error), &error);
    wcl_container_free(again);
    wcl_process_free(process);
    wcl_container_free(container);
    assert_fails(WCL_CODE_HCS_NOT_EXIST, wcl_container_open(NULL, "lost", &again, &error), &error);
}

static void the_supervisor_is_small(void **state)
{
    wcl_container *container = test_start("small");
    char path[64], line[256];
    unsigned long kilobytes = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        wcl_process *process = test_run(container, "echo x", TEST_IN | TEST_OUT | TEST_ERR);
        assert_int_equal(test_exit_code(process), 0);
        wcl_process_free(process);
    }
    snprintf(path, sizeof(path), "/proc/%d/status", (int)supervisor_of("small"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmHWM: %lu", &kilobytes) == 1)
            break;
    fclose(file);
    print_message("the supervisor's peak resident size: %lu kB\n", kilobytes);
    assert_true(kilobytes > 0);
    if (!getenv("WCL_TEST_SANITIZED"))
        assert_true(kilobytes <= 2048);
    test_end(container);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_gets_the_seeds_errors),
        cmocka_unit_test(what_the_runtime_says_is_in_the_error),
        cmocka_unit_test(a_shutdown_is_pending_until_the_processes_have_ended),
        cmocka_unit_test(a_container_whose_init_dies_has_exited_unexpectedly),
        cmocka_unit_test(a_pause_stops_what_counts_and_a_resume_lets_it_go_on),
        cmocka_unit_test(more_memory_than_allowed_kills_the_process_and_not_the_container),
        cmocka_unit_test(a_processor_limit_shows_in_the_statistics),
        cmocka_unit_test(limits_reach_the_cgroups),
        cmocka_unit_test(a_read_only_mapping_refuses_writes),
        cmocka_unit_test(a_shared_network_is_the_other_containers),
        cmocka_unit_test(a_shared_network_comes_with_its_dns_settings),
        cmocka_unit_test(process_list_and_statistics_agree_with_proc_and_cgroups),
        cmocka_unit_test(queries_find_what_matches),
        cmocka_unit_test(another_program_opens_waits_and_terminates),
        cmocka_unit_test(all_goes_on_when_the_creator_is_killed),
        cmocka_unit_test(a_lost_supervisor_is_told_of_and_can_be_cleaned_up_after),
        cmocka_unit_test(the_supervisor_is_small),
    };

    program = argv[0];
    if (argc > 3 && strcmp(argv[1], "open") == 0)
        return role_open(argv[2], argv[3]);
    if (argc > 3 && strcmp(argv[1], "create") == 0)
        role_create(argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
