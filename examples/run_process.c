/* Runs a command line in a container whose root is a folder, prints what it prints and exits with
 * its exit code: run_process FOLDER COMMAND-LINE. Needs root and an OCI runtime. */
#include <stdio.h>

#include <wcl/container.h>

static wcl_status print_output(wcl_process *process, wcl_error *error)
{
    wcl_pipe in = WCL_PIPE_NONE, out = WCL_PIPE_NONE, err = WCL_PIPE_NONE;
    char buffer[4096];
    size_t got = 0;
    wcl_status status = wcl_process_stdio(process, &in, &out, &err, error);

    while (status == WCL_OK) {
        status = wcl_pipe_read(out, buffer, sizeof(buffer), &got, error);
        if (status != WCL_OK || got == 0)
            break;
        fwrite(buffer, 1, got, stdout);
    }
    wcl_pipe_close(in);
    wcl_pipe_close(out);
    wcl_pipe_close(err);
    return status;
}

static wcl_status run(wcl_container *container, const char *command_line, int32_t *code,
                      wcl_error *error)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_process *process = NULL;

    config.command_line = command_line;
    config.create_stdout_pipe = true;
    wcl_status status = wcl_process_create(container, &config, &process, error);
    if (status == WCL_OK)
        status = print_output(process, error);
    if (status == WCL_OK)
        status = wcl_process_wait(process, error);
    if (status == WCL_OK)
        status = wcl_process_exit_code(process, code, error);
    wcl_process_free(process);
    return status;
}

/* Ends the container and waits until it has ended; the last handle takes it away. */
static wcl_status end(wcl_container *container, wcl_error *error)
{
    if (wcl_container_terminate(container, error) == WCL_FAILED &&
        !wcl_error_is_already_stopped(error))
        return WCL_FAILED;
    return wcl_container_wait(container, error);
}

int main(int argc, char **argv)
{
    wcl_error error = WCL_ERROR_INIT, end_error = WCL_ERROR_INIT;
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_container *container = NULL;
    int32_t code = 1;
    char text[1400];

    if (argc != 3)
        return fprintf(stderr, "usage: run_process FOLDER COMMAND-LINE\n"), 2;
    config.layer_folder_path = argv[1];
    wcl_status status = wcl_container_create(NULL, "example", &config, &container, &error);
    if (status == WCL_OK)
        status = wcl_container_start(container, &error);
    if (status == WCL_OK)
        status = run(container, argv[2], &code, &error);
    if (status != WCL_OK)
        fprintf(stderr, "run_process: %s\n", wcl_error_format(&error, text, sizeof(text)));
    if (container && end(container, &end_error) != WCL_OK)
        fprintf(stderr, "run_process: %s\n", wcl_error_format(&end_error, text, sizeof(text)));
    wcl_container_free(container);
    return status == WCL_OK ? code : 1;
}
