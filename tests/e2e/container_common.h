/* What the end-to-end tests of containers have in common. The environment says where a root folder
 * is (WCL_TEST_ROOT) and where containers run (WCL_RUN): see container.sh. */
#ifndef WCL_TESTS_E2E_CONTAINER_COMMON_H
#define WCL_TESTS_E2E_CONTAINER_COMMON_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wcl/container.h>

#include "tests/tools/outcome.h"

static inline const char *test_root(void)
{
    const char *root = getenv("WCL_TEST_ROOT");
    assert_non_null(root);
    return root;
}

static inline wcl_container_config test_config(void)
{
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    config.layer_folder_path = test_root();
    return config;
}

static inline wcl_container *test_start_with(const char *id, const wcl_container_config *config)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = NULL;
    assert_ok(wcl_container_create(NULL, id, config, &container, &error), &error);
    assert_ok(wcl_container_start(container, &error), &error);
    return container;
}

static inline wcl_container *test_start(const char *id)
{
    wcl_container_config config = test_config();
    return test_start_with(id, &config);
}

/* Terminates, waits and frees. */
static inline void test_end(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_container_terminate(container, &error) == WCL_FAILED &&
        !wcl_error_is_already_stopped(&error))
        outcome_fail("terminate", &error, __FILE__, __LINE__);
    assert_ok(wcl_container_wait_timeout(container, 30000, &error), &error);
    wcl_container_free(container);
}

#define TEST_IN 1u
#define TEST_OUT 2u
#define TEST_ERR 4u

static inline wcl_process *test_run(wcl_container *container, const char *line, unsigned pipes)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.command_line = line;
    config.create_stdin_pipe = pipes & TEST_IN;
    config.create_stdout_pipe = pipes & TEST_OUT;
    config.create_stderr_pipe = pipes & TEST_ERR;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    return process;
}

static inline int32_t test_exit_code(wcl_process *process)
{
    wcl_error error = WCL_ERROR_INIT;
    int32_t code = -1;
    assert_ok(wcl_process_wait_timeout(process, 30000, &error), &error);
    assert_ok(wcl_process_exit_code(process, &code, &error), &error);
    return code;
}

/* All that comes out of a pipe, as text in one block for free(). */
static inline char *test_read_all(wcl_pipe pipe)
{
    wcl_error error = WCL_ERROR_INIT;
    size_t size = 0, capacity = 65536, got;
    char *text = malloc(capacity);

    do {
        assert_non_null(text);
        assert_ok(wcl_pipe_read(pipe, text + size, capacity - size - 1, &got, &error), &error);
        size += got;
        if (capacity - size < 4096)
            text = realloc(text, capacity *= 2);
    } while (got > 0);
    text[size] = '\0';
    return text;
}

/* Runs a command to its end and gives its output. */
static inline char *test_output(wcl_container *container, const wcl_process_config *from,
                                int32_t *code)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = *from;
    wcl_process *process = NULL;
    wcl_pipe in, out, err;

    config.create_stdout_pipe = true;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    char *text = test_read_all(out);
    *code = test_exit_code(process);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    wcl_process_free(process);
    return text;
}

/* Runs a shell command and checks what it prints. */
static inline void test_prints(wcl_container *container, const char *line, const char *expected)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    int32_t code;

    config.command_line = line;
    char *text = test_output(container, &config, &code);
    assert_string_equal(text, expected);
    assert_int_equal(code, 0);
    free(text);
}

static inline void test_sleep_ms(long milliseconds)
{
    struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

static inline double test_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
