/* Reading input that may stall: a pipe whose other end gives nothing must not keep Ctrl-C waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"

/* Milliseconds after which a stalled read checks whether it is to end. */
#define LOOK_EVERY 200

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
                return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
        count = read(input->fd, buffer, size);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN) && !cli_interrupted());
    if (count >= 0) {
        *got = (size_t)count;
        return WCL_OK;
    }
    if (errno == EINTR)
        return wcl_fail(error, WCL_CODE_CANCELLED, "cancelled");
    return wcl_fail_errno(error, errno, "cannot read the input");
}
