/* The program on POSIX systems. */
#include "cli/system.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/beneath.h"

bool cli_system_begin(int *argc, char ***argv)
{
    signal(SIGPIPE, SIG_IGN);
    return true;
}

const char *cli_system_home(void)
{
    return "/var/lib/wcl";
}

bool cli_system_has_networks(const char *home)
{
    WCL_CLEANUP_FD int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 &&
           (faccessat(fd, ".staging", F_OK, 0) == 0 || faccessat(fd, "hns", F_OK, 0) == 0);
}

void cli_system_take_rights(const wcl_hooks *hooks)
{
}

/* Milliseconds after which what waits is woken; and how often before the process is over, where
 * nothing has heard of the end and where it has begun. */
#define WAKE_EVERY 100
#define WAKE_TIMES 30
#define WAKE_TIMES_ENDING 100

static void (*on_stop)(int number);
static volatile sig_atomic_t ends_in_time, is_ending, wakes, stop_signal;

static void wake(int number)
{
    static const char text[] = "wcl: cancelled\n";

    if (++wakes < (is_ending ? WAKE_TIMES_ENDING : WAKE_TIMES))
        return;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(128 + stop_signal);
}

static void stop(int number)
{
    const struct timeval wait = { .tv_usec = WAKE_EVERY * 1000 };
    const struct itimerval timer = { wait, wait };

    on_stop(number);
    if (ends_in_time && stop_signal == 0)
        setitimer(ITIMER_REAL, &timer, NULL);
    stop_signal = number;
}

void cli_system_watch(void (*handler)(int number))
{
    struct sigaction action = { .sa_handler = stop, .sa_flags = 0 };

    on_stop = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = wake;
    sigaction(SIGALRM, &action, NULL);
}

void cli_system_end_in_time(void)
{
    ends_in_time = 1;
}

void cli_system_end_begins(void)
{
    is_ending = 1;
}

void cli_system_end_reader(pthread_t thread)
{
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}
