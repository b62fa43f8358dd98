/* A container's life on the real runtime: states, other programs, and what goes wrong. */
#include "tests/e2e/container_common.h"
#include "tests/tools/outcome.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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
    assert_int_equal(wcl_container_terminate(container, &error), WCL_PENDING);
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
    wcl_mapped_dir mapped = { .struct_size = sizeof(mapped),
                              .host_path = "/tmp",
                              .container_path = "/proc/self/x" };
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
    wcl_container_properties **list;
    size_t list_count;
    char byte;
    size_t got;

    (void)state;
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_read(out, &byte, 1, &got, &error), &error);
    assert_int_equal(wcl_container_shutdown(container, &error), WCL_PENDING);
    wcl_process_config late = WCL_PROCESS_CONFIG_INIT;
    wcl_process *none = NULL;
    late.command_line = "true";
    assert_fails(WCL_CODE_SHUTDOWN_IN_PROGRESS, wcl_process_create(container, &late, &none, &error),
                 &error);
    assert_ok(wcl_container_wait_timeout(container, 20000, &error), &error);
    assert_int_equal(test_exit_code(process), 5);
    wcl_pipe_close(out);
    wcl_process_free(process);
    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    assert_int_equal(list_count, 1);
    assert_true(list[0]->stopped);
    assert_string_equal(list[0]->exit_type, "GracefulExit");
    wcl_free(list);
    wcl_container_free(container);
}

static void a_container_whose_init_dies_has_exited_unexpectedly(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = test_start("initdies");
    wcl_container_properties **list;
    size_t list_count;

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
    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    assert_string_equal(list[0]->exit_type, "UnexpectedExit");
    wcl_free(list);
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
/* What the process that another program waits for looks for, in the container's /tmp. */
#define OPENED "wcl-opened"

static void opened_path(char path[300])
{
    snprintf(path, 300, "%s/tmp/" OPENED, test_root());
}

static int role_open(const char *id, const char *pid)
{
    wcl_container_properties *properties = NULL;
    wcl_container *container = NULL;
    wcl_process *process = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char path[300];
    int32_t code = 0;

    if (wcl_container_open(NULL, id, &container, &error) != WCL_OK ||
        wcl_container_process_list(container, &properties, &error) != WCL_OK)
        return 101;
    bool listed = false;
    for (size_t i = 0; i < properties->process_count; i++)
        listed |= properties->processes[i].process_id == strtoul(pid, NULL, 10);
    if (!listed)
        return 102;
    wcl_free(properties);
    if (wcl_process_open(container, (uint32_t)strtoul(pid, NULL, 10), &process, &error) != WCL_OK)
        return 106;
    opened_path(path);
    int opened = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (opened < 0 || close(opened) != 0 || wcl_process_wait(process, &error) != WCL_OK ||
        wcl_process_exit_code(process, &code, &error) != WCL_OK)
        return 103;
    wcl_process_free(process);
    if (wcl_container_terminate(container, &error) == WCL_FAILED)
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
    char pid[16], path[300];

    (void)state;
    opened_path(path);
    unlink(path);
    wcl_process *process = test_run(
        container, "sh -c \"while [ ! -e /tmp/" OPENED " ]; do sleep 0.05; done; exit 42\"", 0);
    snprintf(pid, sizeof(pid), "%u", wcl_process_pid(process));
    pid_t child = run_again("open", "second", pid);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    int status = end_of(child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_int_equal(test_exit_code(process), 42);
    unlink(path);
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
    wcl_container_properties **list;
    size_t list_count;

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
    assert_ok(wcl_containers_query(NULL, NULL, &list, &list_count, &error), &error);
    assert_int_equal(list_count, 1);
    assert_string_equal(list[0]->state, "Lost");
    wcl_free(list);
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
