/* Running a process of a container with this program's own input and output. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/container.h"
#include "cli/system.h"
#include "cli/terminal.h"

/* How often Ctrl-C and the terminal's size are looked at while a process runs. */
#define WATCH_MS 100

/* One direction; each has a thread. */
typedef struct pump {
    pthread_t thread;
    bool running;
    wcl_process *process;
    wcl_pipe pipe;
    int fd; /* the program's own end */
} pump;

static void *pump_in(void *context)
{
    pump *self = context;
    char buffer[65536];
    ssize_t size;
    int state;

    while ((size = read(self->fd, buffer, sizeof(buffer))) > 0)
        if (wcl_pipe_write(self->pipe, buffer, (size_t)size, NULL) != WCL_OK)
            return NULL;
    /* A thread that is ended in this call would leave the process's handle in use for good. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    wcl_process_close_stdin(self->process, NULL);
    return NULL;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* A reader of this program's output that has gone is nothing the process can know: it is ended. */
static void *pump_out(void *context)
{
    pump *self = context;
    char buffer[65536];
    size_t got;

    while (wcl_pipe_read(self->pipe, buffer, sizeof(buffer), &got, NULL) == WCL_OK && got > 0)
        if (!write_all(self->fd, buffer, got)) {
            wcl_process_kill(self->process, NULL);
            break;
        }
    return NULL;
}

static void start_pump(pump *self, void *(*run)(void *), wcl_process *process, wcl_pipe pipe,
                       int fd)
{
    self->process = process;
    self->pipe = pipe;
    self->fd = fd;
    self->running = pipe != WCL_PIPE_NONE && pthread_create(&self->thread, NULL, run, self) == 0;
}

static void follow_terminal(wcl_process *process, uint16_t *width, uint16_t *height)
{
    uint16_t now_width, now_height;

    if (!terminal_size(&now_width, &now_height) || (now_width == *width && now_height == *height))
        return;
    *width = now_width;
    *height = now_height;
    wcl_process_resize_console(process, now_width, now_height, NULL);
}

int cli_wait_process(cli *cli, wcl_process *process, int *code)
{
    uint16_t width = 0, height = 0;
    wcl_status status;
    int32_t exit_code;
    bool killed = false;

    terminal_size(&width, &height);
    do {
        if (cli_interrupted() && !killed)
            killed = wcl_process_kill(process, NULL) != WCL_FAILED;
        follow_terminal(process, &width, &height);
        status = wcl_process_wait_timeout(process, WATCH_MS, &cli->error);
    } while (status != WCL_OK && wcl_error_is_timeout(&cli->error));
    if (status != WCL_OK || wcl_process_exit_code(process, &exit_code, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    *code = exit_code;
    cli->error = (wcl_error)WCL_ERROR_INIT;
    return 0;
}

static int attach_process(cli *cli, wcl_process *process, bool terminal, int *code)
{
    wcl_pipe in, out, err;
    pump pumps[3];

    if (wcl_process_stdio(process, &in, &out, &err, &cli->error) != WCL_OK)
        return EXIT_FAILED;
    fflush(stdout);
    if (terminal)
        terminal_make_raw();
    start_pump(&pumps[0], pump_in, process, in, STDIN_FILENO);
    start_pump(&pumps[1], pump_out, process, out, STDOUT_FILENO);
    start_pump(&pumps[2], pump_out, process, err, STDERR_FILENO);
    int result = cli_wait_process(cli, process, code);
    for (int i = 1; i < 3; i++)
        if (pumps[i].running)
            pthread_join(pumps[i].thread, NULL);
    if (terminal)
        terminal_restore();
    /* Nobody may type any more, and then the thread that reads would wait for ever. */
    if (pumps[0].running)
        cli_system_end_reader(pumps[0].thread);
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    return result;
}

/* Splits NAME=VALUE texts; a name alone takes its value from this program's environment. */
static wcl_environment_variable *make_environment(const cli_list *list, size_t *count, char **copy)
{
    wcl_environment_variable *variables = calloc(list->count + 1, sizeof(*variables));
    size_t size = 1;

    for (size_t i = 0; i < list->count; i++)
        size += strlen(list->items[i]) + 1;
    char *at = *copy = malloc(size);
    if (!variables || !at)
        return variables;
    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->items[i]) + 1;
        memcpy(at, list->items[i], length);
        char *sign = strchr(at, '=');
        const char *value = sign ? sign + 1 : getenv(at);
        if (sign)
            *sign = '\0';
        if (value)
            variables[(*count)++] = (wcl_environment_variable) { at, value };
        at += length;
    }
    return variables;
}

int cli_run_process(cli *cli, wcl_container *container, const cli_attach *attach, char **arguments,
                    int count, int *code)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;
    char *copy = NULL;

    wcl_environment_variable *environment =
        make_environment(&attach->environment, &config.environment_count, &copy);
    if (!environment || !copy) {
        free(environment);
        free(copy);
        return cli_fail(cli, WCL_CODE_OUT_OF_MEMORY, "run", wcl_container_id(container),
                        "out of memory");
    }
    config.environment = environment;
    config.arguments = (const char *const *)arguments;
    config.argument_count = (size_t)count;
    config.user = attach->user;
    config.working_directory = attach->folder;
    config.emulate_console = attach->terminal;
    config.ends_container = attach->ends_container;
    config.create_stdin_pipe = attach->interactive;
    config.create_stdout_pipe = true;
    config.create_stderr_pipe = !attach->terminal;
    terminal_size(&config.console_width, &config.console_height);
    int result = EXIT_FAILED;
    if (wcl_process_create(container, &config, &process, &cli->error) == WCL_OK) {
        bool raw = attach->terminal && attach->interactive && terminal_is_there();
        result = attach_process(cli, process, raw, code);
    }
    wcl_process_free(process);
    free(environment);
    free(copy);
    return result;
}
