/* Processes in a container on the real runtime: their input, output, consoles and ends. */
#include "tests/e2e/container_common.h"
#include "tests/tools/outcome.h"

static wcl_container *shared;

static int start_shared(void **state)
{
    (void)state;
    shared = test_start("processes");
    return 0;
}

static int end_shared(void **state)
{
    (void)state;
    test_end(shared);
    return 0;
}

static void exit_codes_are_those_of_the_process(void **state)
{
    static const struct {
        const char *line;
        int32_t code;
    } cases[] = { { "true", 0 },
                  { "sh -c \"exit 7\"", 7 },
                  { "sh -c \"exit 255\"", 255 },
                  { "sh -c \"kill -9 $$\"", 137 },
                  { "sh -c \"kill -15 $$\"", 143 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_process *process = test_run(shared, cases[i].line, 0);
        assert_int_equal(test_exit_code(process), cases[i].code);
        wcl_process_free(process);
    }
}

static void a_program_that_is_missing_fails_with_the_runtimes_words(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;
    wcl_error failure = WCL_ERROR_INIT;

    (void)state;
    config.command_line = "no-such-program";
    config.create_stderr_pipe = true;
    assert_int_equal(wcl_process_create(shared, &config, &process, &failure), WCL_FAILED);
    assert_int_equal(failure.code, WCL_CODE_NO_SUCH_PROGRAM);
    assert_non_null(strstr(failure.message, "no-such-program"));
    assert_false(wcl_error_is_not_exist(&failure));
    config.command_line = "/bin/no-such-program";
    assert_fails(WCL_CODE_NO_SUCH_PROGRAM, wcl_process_create(shared, &config, &process, &error),
                 &error);
    config.command_line = "true";
    config.working_directory = "/no-such-folder";
    assert_fails(WCL_CODE_DIRECTORY, wcl_process_create(shared, &config, &process, &error), &error);
    config.working_directory = NULL;
    config.user = "no-such-user";
    assert_fails(WCL_CODE_NO_SUCH_USER, wcl_process_create(shared, &config, &process, &error),
                 &error);
    config.user = "root:no-such-group";
    assert_fails(WCL_CODE_NO_SUCH_GROUP, wcl_process_create(shared, &config, &process, &error),
                 &error);
    config.user = NULL;
    config.command_line = "/etc";
    assert_fails(WCL_CODE_ACCESS_DENIED, wcl_process_create(shared, &config, &process, &error),
                 &error);
}

static void an_exit_code_is_refused_while_the_process_runs(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *process = test_run(shared, "sleep 60", 0);
    int32_t code = 0;

    (void)state;
    assert_fails(WCL_CODE_INVALID_PROCESS_STATE, wcl_process_exit_code(process, &code, &error),
                 &error);
    assert_int_equal(code, WCL_WAIT_ERR_EXEC_FAILED);
    assert_fails(WCL_CODE_TIMEOUT, wcl_process_wait_timeout(process, 50, &error), &error);
    assert_ok(wcl_process_kill(process, &error), &error);
    assert_int_equal(test_exit_code(process), 137);
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND, wcl_process_kill(process, &error), &error);
    wcl_process_free(process);
}

static void two_processes_at_once_have_their_own_stdio(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *process[2];
    wcl_pipe in[2], out[2], err[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        process[i] = test_run(shared, "sh -c \"cat; echo end >&2\"", TEST_IN | TEST_OUT | TEST_ERR);
        assert_ok(wcl_process_stdio(process[i], &in[i], &out[i], &err[i], &error), &error);
    }
    assert_ok(wcl_pipe_write(in[0], "first", 5, &error), &error);
    assert_ok(wcl_pipe_write(in[1], "second", 6, &error), &error);
    for (int i = 1; i >= 0; i--) {
        assert_ok(wcl_process_close_stdin(process[i], &error), &error);
        char *text = test_read_all(out[i]);
        assert_string_equal(text, i ? "second" : "first");
        free(text);
        text = test_read_all(err[i]);
        assert_string_equal(text, "end\n");
        free(text);
        assert_int_equal(test_exit_code(process[i]), 0);
        wcl_pipe_close(in[i]);
        wcl_pipe_close(out[i]);
        wcl_pipe_close(err[i]);
        wcl_process_free(process[i]);
    }
}

static void only_the_pipes_that_were_asked_for_are_there(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_pipe in, out, err;

    (void)state;
    for (unsigned pipes = 0; pipes < 8; pipes++) {
        wcl_process *process = test_run(shared, "true", pipes);
        assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
        assert_int_equal(in != WCL_PIPE_NONE, (pipes & TEST_IN) != 0);
        assert_int_equal(out != WCL_PIPE_NONE, (pipes & TEST_OUT) != 0);
        assert_int_equal(err != WCL_PIPE_NONE, (pipes & TEST_ERR) != 0);
        wcl_pipe_close(in);
        wcl_pipe_close(out);
        wcl_pipe_close(err);
        assert_int_equal(test_exit_code(process), 0);
        wcl_process_free(process);
    }
}

/* ---- Much data ------------------------------------------------------------------------------ */

#define FLOOD_SIZE (200u * 1024 * 1024)
#define FLOOD_PIECE 65536

/* Byte `at` of the test data. */
static uint8_t flood_byte(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 13 ^ at >> 20);
}

static void *write_flood(void *context)
{
    wcl_pipe pipe = *(wcl_pipe *)context;
    uint8_t piece[FLOOD_PIECE];

    for (uint64_t at = 0; at < FLOOD_SIZE; at += FLOOD_PIECE) {
        for (size_t i = 0; i < FLOOD_PIECE; i++)
            piece[i] = flood_byte(at + i);
        if (wcl_pipe_write(pipe, piece, FLOOD_PIECE, NULL) != WCL_OK)
            return (void *)1;
    }
    return NULL;
}

static void much_data_comes_through_unchanged_while_stderr_fills(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    static uint8_t buffer[FLOOD_PIECE];
    wcl_pipe in, out, err;
    pthread_t writer;
    uint64_t total = 0, errors = 0;
    size_t got;
    void *failed;

    (void)state;
    /* The error output is full long before the data is through, and nobody reads it until then. */
    wcl_process *process =
        test_run(shared, "sh -c \"head -c 60000 /dev/zero >&2; cat; head -c 200000 /dev/zero >&2\"",
                 TEST_IN | TEST_OUT | TEST_ERR);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_int_equal(pthread_create(&writer, NULL, write_flood, &in), 0);
    while (total < FLOOD_SIZE) {
        assert_ok(wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
        assert_true(got > 0);
        for (size_t i = 0; i < got; i++)
            if (buffer[i] != flood_byte(total + i))
                fail_msg("byte %llu differs", (unsigned long long)(total + i));
        total += got;
    }
    pthread_join(writer, &failed);
    assert_null(failed);
    assert_ok(wcl_process_close_stdin(process, &error), &error);
    do {
        assert_ok(wcl_pipe_read(err, buffer, sizeof(buffer), &got, &error), &error);
        errors += got;
    } while (got > 0);
    assert_int_equal(errors, 260000);
    assert_int_equal(test_exit_code(process), 0);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    wcl_process_free(process);
}

static void closing_stdin_ends_the_input_whoever_else_holds_the_pipe(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_pipe in, out, err, other_in, other_out, other_err;
    wcl_process *process = test_run(shared, "sh -c \"wc -c\"", TEST_IN | TEST_OUT);

    (void)state;
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ok(wcl_process_stdio(process, &other_in, &other_out, &other_err, &error), &error);
    assert_int_not_equal(in, other_in);
    assert_ok(wcl_pipe_write(in, "1234", 4, &error), &error);
    assert_ok(wcl_pipe_write(other_in, "567", 3, &error), &error);
    assert_ok(wcl_process_close_stdin(process, &error), &error);
    char *text = test_read_all(other_out);
    assert_string_equal(text, "7\n");
    free(text);
    assert_fails(WCL_CODE_BROKEN_PIPE, wcl_pipe_write(in, "8", 1, &error), &error);
    assert_int_equal(test_exit_code(process), 0);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(other_in);
    wcl_pipe_close(other_out);
    wcl_process_free(process);
}

/* ---- What a process is given ---------------------------------------------------------------- */

static void environment_user_and_folder_are_the_configurations(void **state)
{
    static const wcl_environment_variable variables[] = { { "NAME", "a value with = and \"" },
                                                          { "EMPTY", "" } };
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    int32_t code;

    (void)state;
    config.command_line = "sh -c \"pwd; id -u; id -g; id -G; echo \\\"$NAME\\\" [$EMPTY] $PATH\"";
    config.environment = variables;
    config.environment_count = 2;
    config.user = "tester";
    config.working_directory = "C:\\tmp";
    char *text = test_output(shared, &config, &code);
    assert_string_equal(text, "/tmp\n1234\n1235\n1235 1236\na value with = and \" [] "
                              "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    free(text);
    config.user = "77:staff";
    config.working_directory = NULL;
    text = test_output(shared, &config, &code);
    assert_non_null(strstr(text, "/\n77\n1236\n1236\n"));
    free(text);
}

static void an_unknown_user_is_refused_by_name(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;
    wcl_error failure = WCL_ERROR_INIT;

    (void)state;
    config.command_line = "true";
    config.user = "nobody-knows";
    assert_int_equal(wcl_process_create(shared, &config, &process, &failure), WCL_FAILED);
    assert_non_null(strstr(failure.message, "nobody-knows"));
    config.user = NULL;
    config.working_directory = "relative";
    assert_fails(WCL_CODE_INVALID_PARAMETER, wcl_process_create(shared, &config, &process, &error),
                 &error);
}

static void a_list_of_arguments_is_passed_as_it_is(void **state)
{
    static const char *const arguments[] = { "printf", "%s|", "a b", "", "\"q\"", "\\" };
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    int32_t code;

    (void)state;
    config.arguments = arguments;
    config.argument_count = 6;
    char *text = test_output(shared, &config, &code);
    assert_string_equal(text, "a b||\"q\"|\\|");
    free(text);
    config.arguments = NULL;
    config.argument_count = 0;
    config.application_name = "/bin/echo";
    config.command_line = "one \"an argument\" two";
    text = test_output(shared, &config, &code);
    assert_string_equal(text, "one an argument two\n");
    free(text);
    config.command_line = "echo \"an argument\" two";
    text = test_output(shared, &config, &code);
    assert_string_equal(text, "an argument two\n");
    free(text);
    config.command_line = NULL;
    config.arguments = arguments + 4;
    config.argument_count = 2;
    text = test_output(shared, &config, &code);
    assert_string_equal(text, "\"q\" \\\n");
    free(text);
}

static void output_can_be_opened_by_the_process_by_its_path(void **state)
{
    (void)state;
    test_prints(shared, "sh -c \"echo by path >/dev/stdout\"", "by path\n");
}

/* ---- Consoles ------------------------------------------------------------------------------- */

/* Reads until the text has come, and gives all that came before. */
static char *read_until(wcl_pipe pipe, const char *wanted)
{
    wcl_error error = WCL_ERROR_INIT;
    static char text[65536];
    size_t size = 0, got;

    text[0] = '\0';
    while (!strstr(text, wanted)) {
        assert_ok(wcl_pipe_read(pipe, text + size, sizeof(text) - size - 1, &got, &error), &error);
        if (got == 0)
            fail_msg("'%s' did not come, but: %s", wanted, text);
        size += got;
        text[size] = '\0';
    }
    return text;
}

static void a_console_has_a_size_that_can_change_and_passes_ctrl_c(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;
    wcl_pipe in, out, err;

    (void)state;
    config.command_line = "sh";
    config.emulate_console = true;
    config.create_stdin_pipe = true;
    config.create_stdout_pipe = true;
    config.console_height = 30;
    config.console_width = 100;
    assert_ok(wcl_process_create(shared, &config, &process, &error), &error);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_int_equal(err, WCL_PIPE_NONE);
    /* Without noflsh the kernel drops what was typed or printed about the time of a Ctrl-C. */
    const char *first = "PS1=rea''dy; stty noflsh; stty size; tty; echo TERM=$TERM\n";
    assert_ok(wcl_pipe_write(in, first, strlen(first), &error), &error);
    char *text = read_until(out, "TERM=xterm");
    assert_non_null(strstr(text, "30 100"));
    assert_non_null(strstr(text, "/dev/pts/"));
    assert_ok(wcl_process_resize_console(process, 132, 50, &error), &error);
    assert_ok(wcl_pipe_write(in, "stty size\n", 10, &error), &error);
    read_until(out, "50 132");
    /* What it prints is not what the console echoes. */
    const char *sleeper = "sh -c \"echo go''ing; exec sleep 1000\"\n";
    assert_ok(wcl_pipe_write(in, sleeper, strlen(sleeper), &error), &error);
    read_until(out, "going");
    assert_ok(wcl_pipe_write(in, "\003", 1, &error), &error);
    read_until(out, "ready");
    assert_ok(wcl_pipe_write(in, "echo alive:$((6*7))\n", 20, &error), &error);
    /* The end of input reads as nothing while the shell goes over to a mode of its own; at the
     * prompt it has done so. */
    read_until(out, "alive:42\r\nready");
    assert_ok(wcl_process_close_stdin(process, &error), &error);
    free(test_read_all(out));
    assert_ok(wcl_process_wait_timeout(process, 10000, &error), &error);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_process_free(process);
}

static void resizing_without_a_console_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *process = test_run(shared, "sleep 5", 0);

    (void)state;
    assert_fails(WCL_CODE_INVALID_PROCESS_STATE,
                 wcl_process_resize_console(process, 80, 25, &error), &error);
    assert_ok(wcl_process_kill(process, &error), &error);
    wcl_process_free(process);
}

static void a_console_nobody_reads_does_not_block_its_process(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    (void)state;
    config.command_line = "sh -c \"head -c 300000 /dev/zero; exit 3\"";
    config.emulate_console = true;
    assert_ok(wcl_process_create(shared, &config, &process, &error), &error);
    assert_int_equal(test_exit_code(process), 3);
    wcl_process_free(process);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static void a_process_is_reopened_by_its_pid_with_code_and_pipes(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *first =
        test_run(shared, "sh -c \"read x; echo got $x; exit 9\"", TEST_IN | TEST_OUT);
    wcl_process *second = NULL;
    wcl_pipe in, out, err;
    int32_t code;

    (void)state;
    uint32_t pid = wcl_process_pid(first);
    wcl_process_free(first);
    assert_ok(wcl_process_open(shared, pid, &second, &error), &error);
    assert_int_equal(wcl_process_pid(second), pid);
    assert_ok(wcl_process_stdio(second, &in, &out, &err, &error), &error);
    assert_ok(wcl_pipe_write(in, "it\n", 3, &error), &error);
    char *text = test_read_all(out);
    assert_string_equal(text, "got it\n");
    free(text);
    assert_int_equal(test_exit_code(second), 9);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_process_free(second);
    /* After its end as well. */
    assert_ok(wcl_process_open(shared, pid, &second, &error), &error);
    assert_ok(wcl_process_wait_timeout(second, 0, &error), &error);
    assert_ok(wcl_process_exit_code(second, &code, &error), &error);
    assert_int_equal(code, 9);
    wcl_process_free(second);
}

static void a_process_of_the_host_cannot_be_opened(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *process = NULL;

    (void)state;
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND,
                 wcl_process_open(shared, (uint32_t)getpid(), &process, &error), &error);
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND, wcl_process_open(shared, 1, &process, &error), &error);
    assert_fails(WCL_CODE_ELEMENT_NOT_FOUND, wcl_process_open(shared, 0x7FFFFFF0, &process, &error),
                 &error);
}

static void a_grandchild_can_be_opened_and_waited_for(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process *parent = test_run(shared, "sh -c \"sleep 1000 & wait\"", 0);
    wcl_process *child = NULL;
    wcl_container_properties *properties = NULL;
    uint32_t pid = 0;
    int32_t code;

    (void)state;
    for (int i = 0; i < 6000 && !pid; i++) {
        assert_ok(wcl_container_process_list(shared, &properties, &error), &error);
        for (size_t at = 0; at < properties->process_count; at++)
            if (properties->processes[at].process_id > wcl_process_pid(parent))
                pid = properties->processes[at].process_id;
        wcl_free(properties);
        test_sleep_ms(10);
    }
    assert_int_not_equal(pid, 0);
    assert_ok(wcl_process_open(shared, pid, &child, &error), &error);
    assert_ok(wcl_process_kill(child, &error), &error);
    assert_ok(wcl_process_wait_timeout(child, 10000, &error), &error);
    assert_fails(WCL_CODE_UNEXPECTED_VALUE, wcl_process_exit_code(child, &code, &error), &error);
    assert_int_equal(code, WCL_WAIT_ERR_EXEC_FAILED);
    wcl_process_free(child);
    assert_ok(wcl_process_wait_timeout(parent, 10000, &error), &error);
    wcl_process_free(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_are_those_of_the_process),
        cmocka_unit_test(a_program_that_is_missing_fails_with_the_runtimes_words),
        cmocka_unit_test(an_exit_code_is_refused_while_the_process_runs),
        cmocka_unit_test(two_processes_at_once_have_their_own_stdio),
        cmocka_unit_test(only_the_pipes_that_were_asked_for_are_there),
        cmocka_unit_test(much_data_comes_through_unchanged_while_stderr_fills),
        cmocka_unit_test(closing_stdin_ends_the_input_whoever_else_holds_the_pipe),
        cmocka_unit_test(environment_user_and_folder_are_the_configurations),
        cmocka_unit_test(an_unknown_user_is_refused_by_name),
        cmocka_unit_test(a_list_of_arguments_is_passed_as_it_is),
        cmocka_unit_test(output_can_be_opened_by_the_process_by_its_path),
        cmocka_unit_test(a_console_has_a_size_that_can_change_and_passes_ctrl_c),
        cmocka_unit_test(resizing_without_a_console_is_refused),
        cmocka_unit_test(a_console_nobody_reads_does_not_block_its_process),
        cmocka_unit_test(a_process_is_reopened_by_its_pid_with_code_and_pipes),
        cmocka_unit_test(a_process_of_the_host_cannot_be_opened),
        cmocka_unit_test(a_grandchild_can_be_opened_and_waited_for),
    };
    return cmocka_run_group_tests(tests, start_shared, end_shared);
}
