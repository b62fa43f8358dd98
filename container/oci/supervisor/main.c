/*
 * wcl-supervisor PATH ID RUNTIME TEARDOWN: creates the container whose bundle lies in PATH and
 * stays with it to its end. Started by the library with the descriptors that protocol.h names; the
 * starting process ends at once and leaves the work to its child.
 */
#include "container/oci/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors below this are what children are given; this program keeps its own above. */
#define OWN_FDS 10

static void signals_ready(struct supervisor *supervisor, struct source *source, uint32_t events)
{
    struct signalfd_siginfo info;
    int status;

    (void)source;
    (void)events;
    if (read(supervisor->signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
        return;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == supervisor->init && !supervisor->init_ended)
            lifecycle_init_ended(supervisor, status);
        else if (!tasks_child_ended(supervisor, pid, status))
            processes_child_ended(supervisor, pid, status);
    }
}

static bool open_signals(struct supervisor *supervisor)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    supervisor->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    supervisor->signals_source.ready = signals_ready;
    return supervisor->signals >= 0 &&
           loop_add(supervisor, supervisor->signals, EPOLLIN, &supervisor->signals_source);
}

static bool open_listener(struct supervisor *supervisor)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = WCL_SUPERVISOR_SOCKET };

    supervisor->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    supervisor->listener_source.ready = clients_accept;
    umask(0077);
    bool bound = supervisor->listener >= 0 &&
                 bind(supervisor->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                 listen(supervisor->listener, 128) == 0;
    umask(0022);
    return bound &&
           loop_add(supervisor, supervisor->listener, EPOLLIN, &supervisor->listener_source);
}

static void close_from(unsigned from)
{
    if (syscall(SYS_close_range, from, ~0u, 0) == 0)
        return;
    for (unsigned fd = from; fd < 1024; fd++)
        close((int)fd);
}

/* Moves the two descriptors it was given out of the children's range, and closes what else it
 * inherited, which would keep its creator's pipes open. */
static bool take_descriptors(struct supervisor *supervisor, int *first)
{
    *first = dup3(WCL_SUPERVISOR_FIRST_FD, OWN_FDS, O_CLOEXEC);
    supervisor->folder = dup3(WCL_SUPERVISOR_FOLDER_FD, OWN_FDS + 1, O_CLOEXEC);
    if (*first < 0 || supervisor->folder < 0)
        return false;
    close_from(OWN_FDS + 2);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < OWN_FDS; fd++)
        if (fd != null && dup3(null, fd, fd < 3 ? 0 : O_CLOEXEC) < 0)
            return false;
    return null >= 0 && fcntl(*first, F_SETFL, O_NONBLOCK) == 0 && fchdir(supervisor->folder) == 0;
}

static void supervisor_main_run(struct supervisor *supervisor)
{
    for (;;) {
        struct epoll_event event;
        int count = epoll_wait(supervisor->epoll, &event, 1, -1);
        if (count < 0 && errno != EINTR)
            _exit(1);
        if (count > 0) {
            struct source *source = event.data.ptr;
            source->ready(supervisor, source, event.events);
            clients_end_if_done(supervisor);
        }
    }
}

/*
 * Leaves the creator's terminal and process group, so that neither Ctrl-C nor a hang-up reaches it.
 * A session of its own would do that too, but is a scheduling group of its own as well, in which
 * the creator waits longer for a busy processor.
 */
static void leave_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    setpgid(0, 0);
    signal(SIGHUP, SIG_IGN);
    if (terminal >= 0) {
        ioctl(terminal, TIOCNOTTY);
        close(terminal);
    }
}

int main(int argc, char **argv)
{
    struct supervisor supervisor = { .init = -1, .handle_request = requests_handle };
    char runtime_root[4096];
    int first;

    if (argc != 5) {
        fputs("wcl-supervisor is started by the wcl library, for each container\n", stderr);
        return 2;
    }
    pid_t child = fork();
    if (child != 0)
        _exit(child < 0);
    leave_terminal();
    supervisor.path = argv[1];
    supervisor.id = argv[2];
    supervisor.runtime = argv[3];
    supervisor.teardown = argv[4];
    int size = snprintf(runtime_root, sizeof(runtime_root), "%s/%s", supervisor.path,
                        WCL_SUPERVISOR_RUNTIME_ROOT);
    supervisor.runtime_root = runtime_root;
    if (size >= (int)sizeof(runtime_root) || !take_descriptors(&supervisor, &first))
        return 1;
    supervisor.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (supervisor.epoll < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        !open_signals(&supervisor) || !clients_add(&supervisor, first, true) ||
        !open_listener(&supervisor))
        return 1;
    lifecycle_created(&supervisor);
    supervisor_main_run(&supervisor);
}
