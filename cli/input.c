/* Reading input that may stall: a pipe whose other end gives nothing must not keep Ctrl-C waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* Milliseconds after which a stalled read looks whether it shall end. */
#define LOOK_EVERY 200

static wcl_status cli_input_fail(wcl_error *error, uint32_t code, const char *text)
{
    if (error) {
        *error = (wcl_error)WCL_ERROR_INIT;
        error->code = code;
        snprintf(error->message, sizeof(error->message), "%s", text);
    }
    return WCL_FAILED;
}

int cli_open_stalling(const char *path)
{
    struct stat info;

    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
        return -1;
    return open(path, O_RDONLY | O_CLOEXEC);
}

wcl_status cli_read(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    const cli_input *input = context;
    struct pollfd wait = { .fd = input->fd, .events = POLLIN };
    ssize_t count;

    do {
        while (poll(&wait, 1, LOOK_EVERY) == 0)
            if (cli_interrupted())
                return cli_input_fail(error, WCL_CODE_CANCELLED, "cancelled");
        count = read(input->fd, buffer, size);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN) && !cli_interrupted());
    if (count >= 0) {
        *got = (size_t)count;
        return WCL_OK;
    }
    if (errno == EINTR)
        return cli_input_fail(error, WCL_CODE_CANCELLED, "cancelled");
    char text[256];
    snprintf(text, sizeof(text), "cannot read the input: %s", strerror(errno));
    return cli_input_fail(error, WCL_CODE_IO, text);
}
