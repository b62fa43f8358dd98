/* Processes' pipes as HANDLEs, and their exit codes. */
#include "windows/containers/computed.h"
#include "tests/tools/outcome.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static const wchar_t exited[] = L"{\"ProcessId\":1,\"Exited\":true,\"ExitCode\":%u,"
                                L"\"LastWaitResult\":%d}";

/* ---- Pipes -------------------------------------------------------------------------------------
 */

/* Three pipes as the service makes them: the program's ends are opened for overlapped use. */
typedef struct pipes {
    HANDLE service[3];
    HANDLE program[3];
} pipes;

static void make_pipe(HANDLE *service, HANDLE *program)
{
    static unsigned number;
    wchar_t name[64];

    swprintf(name, 64, L"\\\\.\\pipe\\wcl-test-%lu-%u", GetCurrentProcessId(), ++number);
    *service = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 65536, 65536, 0, NULL);
    assert_true(*service != INVALID_HANDLE_VALUE);
    *program = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED, NULL);
    assert_true(*program != INVALID_HANDLE_VALUE);
}

static void make_pipes(pipes *made)
{
    for (int i = 0; i < 3; i++)
        make_pipe(&made->service[i], &made->program[i]);
    recorder->set_process(PID, made->program[0], made->program[1], made->program[2]);
}

static void end_pipes(pipes *made)
{
    for (int i = 0; i < 3; i++)
        CloseHandle(made->service[i]);
}

static wcl_process *new_process(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.command_line = "cmd";
    config.create_stdin_pipe = config.create_stdout_pipe = config.create_stderr_pipe = true;
    assert_ok(wcl_process_create(container, &config, &process, &error), &error);
    return process;
}

static void service_writes(HANDLE pipe, const void *data, DWORD size)
{
    DWORD written = 0;

    assert_true(WriteFile(pipe, data, size, &written, NULL));
    assert_int_equal(written, size);
}

static void bytes_go_both_ways(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_pipe in, out, err;
    char buffer[16];
    DWORD read = 0;
    size_t got = 0;
    pipes made;

    (void)state;
    make_pipes(&made);
    wcl_process *process = new_process(container);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    assert_ptr_equal((HANDLE)in, made.program[0]);
    assert_ok(wcl_pipe_write(in, "question", 8, &error), &error);
    assert_true(ReadFile(made.service[0], buffer, sizeof(buffer), &read, NULL));
    assert_int_equal(read, 8);
    assert_memory_equal(buffer, "question", 8);
    service_writes(made.service[1], "answer", 6);
    service_writes(made.service[2], "oh", 2);
    assert_ok(wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
    assert_int_equal(got, 6);
    assert_memory_equal(buffer, "answer", 6);
    assert_ok(wcl_pipe_read(err, buffer, 1, &got, &error), &error);
    assert_int_equal(got, 1);
    assert_int_equal(buffer[0], 'o');
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    end_pipes(&made);
    wcl_process_free(process);
    wcl_container_free(container);
}

static void a_reader_sees_the_end_and_a_writer_that_nobody_reads(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_pipe in, out, err;
    char buffer[16];
    size_t got = 99;
    pipes made;

    (void)state;
    make_pipes(&made);
    wcl_process *process = new_process(container);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    service_writes(made.service[1], "last", 4);
    end_pipes(&made);
    assert_ok(wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
    assert_int_equal(got, 4);
    assert_ok(wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
    assert_int_equal(got, 0);
    assert_fails(WCL_CODE_BROKEN_PIPE, wcl_pipe_write(in, "x", 1, &error), &error);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    assert_fails(6 /* ERROR_INVALID_HANDLE */,
                 wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
    wcl_process_free(process);
    wcl_container_free(container);
}

#define MUCH (3 * 1024 * 1024 + 17)

/* Sends what it is sent back, with each byte turned over. Gives NULL when all went well. */
static void *echo(void *context)
{
    pipes *made = context;
    static uint8_t buffer[65536];
    DWORD read, written;

    for (size_t total = 0; total < MUCH; total += read) {
        if (!ReadFile(made->service[0], buffer, sizeof(buffer), &read, NULL))
            return context;
        for (DWORD i = 0; i < read; i++)
            buffer[i] = (uint8_t)~buffer[i];
        if (!WriteFile(made->service[1], buffer, read, &written, NULL) || written != read)
            return context;
    }
    return NULL;
}

typedef struct sink {
    wcl_pipe pipe;
    uint8_t *data;
} sink;

static void *read_all(void *context)
{
    sink *self = context;
    wcl_error error = WCL_ERROR_INIT;
    size_t got;

    for (size_t total = 0; total < MUCH; total += got)
        if (wcl_pipe_read(self->pipe, self->data + total, MUCH - total, &got, &error) != WCL_OK ||
            got == 0)
            return context;
    return NULL;
}

static void much_data_passes_while_both_sides_work(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    uint8_t *sent = malloc(MUCH), *received = malloc(MUCH);
    wcl_pipe in, out, err;
    pthread_t threads[2];
    void *failed;
    pipes made;

    (void)state;
    assert_true(sent && received);
    for (size_t i = 0; i < MUCH; i++)
        sent[i] = (uint8_t)(i * 31 + (i >> 8));
    make_pipes(&made);
    wcl_process *process = new_process(container);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    sink self = { out, received };
    assert_int_equal(pthread_create(&threads[0], NULL, echo, &made), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_all, &self), 0);
    assert_ok(wcl_pipe_write(in, sent, MUCH, &error), &error);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (size_t i = 0; i < MUCH; i++)
        if ((received[i] ^ sent[i]) != 0xFF)
            fail_msg("byte %u differs", (unsigned)i);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    end_pipes(&made);
    wcl_process_free(process);
    wcl_container_free(container);
    free(sent);
    free(received);
}

static void later_askers_get_pipes_of_their_own(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_pipe in, out, err, first;
    pipes made, again;

    (void)state;
    make_pipes(&made);
    wcl_process *process = new_process(container);
    assert_ok(wcl_process_stdio(process, &first, &out, &err, &error), &error);
    char *log = calls_of("HcsGetProcessInfo");
    assert_string_equal(log, "");
    free(log);
    wcl_pipe_close(first);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    end_pipes(&made);
    make_pipes(&again);
    assert_ok(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    log = calls_of("HcsGetProcessInfo");
    assert_string_equal(log, "{\"call\":\"HcsGetProcessInfo\",\"handle\":2}\n");
    free(log);
    assert_ptr_equal((HANDLE)err, again.program[2]);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    end_pipes(&again);
    wcl_process_free(process);
    wcl_container_free(container);
}

static void pipes_that_nobody_took_are_closed_with_the_process(void **state)
{
    wcl_container *container = open_box();
    char buffer[4];
    DWORD read;
    pipes made;

    (void)state;
    make_pipes(&made);
    wcl_process_free(new_process(container));
    for (int i = 0; i < 3; i++) {
        assert_false(ReadFile(made.service[i], buffer, sizeof(buffer), &read, NULL));
        assert_int_equal(GetLastError(), ERROR_BROKEN_PIPE);
    }
    end_pipes(&made);
    wcl_container_free(container);
}

static void a_process_that_nobody_can_hear_of_is_ended_with_its_pipes(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_container *container = open_box();
    wcl_process *process = NULL;
    char buffer[4];
    DWORD read;
    pipes made;

    (void)state;
    config.command_line = "cmd";
    make_pipes(&made);
    recorder->answer("HcsRegisterProcessCallback", (int32_t)0x80070005, NULL);
    assert_fails(WCL_CODE_ACCESS_DENIED, wcl_process_create(container, &config, &process, &error),
                 &error);
    assert_null(process);
    char *log = calls_of(NULL);
    assert_int_equal(count_calls(log, "HcsTerminateProcess"), 1);
    assert_int_equal(count_calls(log, "HcsCloseProcess"), 1);
    free(log);
    assert_false(ReadFile(made.service[1], buffer, sizeof(buffer), &read, NULL));
    end_pipes(&made);
    wcl_container_free(container);
}

/* ---- Exit codes --------------------------------------------------------------------------------
 */

static uint32_t exit_code_of(wcl_process *process, const wchar_t *properties, int32_t *code)
{
    wcl_error error = WCL_ERROR_INIT;

    recorder->answer("HcsGetProcessProperties", 0, properties);
    return wcl_process_exit_code(process, code, &error) == WCL_OK ? 0 : error.code;
}

static void exit_codes_are_told_from_failures(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container = open_box();
    wcl_process *process = NULL;
    wchar_t text[160];
    int32_t code;

    (void)state;
    assert_ok(wcl_process_open(container, 9, &process, &error), &error);
    swprintf(text, 160, exited, 3u, 0);
    assert_int_equal(exit_code_of(process, text, &code), 0);
    assert_int_equal(code, 3);
    swprintf(text, 160, exited, 0xC000013Au, 0);
    assert_int_equal(exit_code_of(process, text, &code), 0);
    assert_int_equal(code, (int32_t)0xC000013A);
    swprintf(text, 160, exited, 0u, (int)0xC0370106);
    assert_int_equal(exit_code_of(process, text, &code), WCL_CODE_HCS_UNEXPECTED_EXIT);
    assert_int_equal(code, WCL_WAIT_ERR_EXEC_FAILED);
    swprintf(text, 160, exited, 0u, 1168);
    assert_int_equal(exit_code_of(process, text, &code), WCL_CODE_ELEMENT_NOT_FOUND);
    assert_int_equal(exit_code_of(process, L"{\"ProcessId\":1,\"Exited\":false}", &code),
                     WCL_CODE_INVALID_PROCESS_STATE);
    assert_int_equal(exit_code_of(process, L"nonsense", &code), WCL_CODE_INVALID_DATA);
    assert_int_equal(code, WCL_WAIT_ERR_EXEC_FAILED);
    wcl_process_free(process);
    wcl_container_free(container);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_go_both_ways),
        TEST(a_reader_sees_the_end_and_a_writer_that_nobody_reads),
        TEST(much_data_passes_while_both_sides_work),
        TEST(later_askers_get_pipes_of_their_own),
        TEST(pipes_that_nobody_took_are_closed_with_the_process),
        TEST(a_process_that_nobody_can_hear_of_is_ended_with_its_pipes),
        TEST(exit_codes_are_told_from_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
