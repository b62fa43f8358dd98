/*
 * What the containers of wcl cost beside the runtime's own commands on the same bundle: creating
 * and starting one with a first process, and a further process. Prints ratios of medians.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wcl/container.h>

extern char **environ;

#define ROUNDS_MOST 101

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void must(wcl_status status, const wcl_error *error)
{
    char text[1400];
    if (status == WCL_OK)
        return;
    fprintf(stderr, "%s\n", wcl_error_format(error, text, sizeof(text)));
    exit(1);
}

/* Runs a command to its end; its output goes nowhere. */
static void run(const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (posix_spawnp(&pid, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments,
                     environ) != 0 ||
        waitpid(pid, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "%s %s failed\n", arguments[0], arguments[3]);
        exit(1);
    }
    posix_spawn_file_actions_destroy(&actions);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[count / 2];
}

static void run_process(wcl_container *container)
{
    wcl_process_config config = WCL_PROCESS_CONFIG_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_pipe in, out, err;
    wcl_process *process;
    char buffer[64];
    size_t got;

    config.command_line = "true";
    config.create_stdout_pipe = true;
    must(wcl_process_create(container, &config, &process, &error), &error);
    must(wcl_process_stdio(process, &in, &out, &err, &error), &error);
    do
        must(wcl_pipe_read(out, buffer, sizeof(buffer), &got, &error), &error);
    while (got > 0);
    must(wcl_process_wait(process, &error), &error);
    wcl_pipe_close(out);
    wcl_process_free(process);
}

static wcl_container *start(const char *root)
{
    wcl_container_config config = WCL_CONTAINER_CONFIG_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_container *container;

    config.layer_folder_path = root;
    must(wcl_container_create(NULL, "bench", &config, &container, &error), &error);
    must(wcl_container_start(container, &error), &error);
    return container;
}

static void stop(wcl_container *container)
{
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_container_terminate(container, &error) == WCL_FAILED)
        must(WCL_FAILED, &error);
    must(wcl_container_wait(container, &error), &error);
    wcl_container_free(container);
}

/* The bundle that wcl makes of the root, for the runtime alone. */
static void copy_bundle(const char *root, const char *bundle)
{
    const char *run_dir = getenv("WCL_RUN");
    char source[512], command[1400];

    wcl_container *container = start(root);
    snprintf(source, sizeof(source), "%s/containers/bench/config.json",
             run_dir ? run_dir : "/run/wcl");
    snprintf(command, sizeof(command),
             "sed 's|\"cgroupsPath\":\"[^\"]*\"|\"cgroupsPath\":\"/wcl/bench-peer\"|' %s "
             ">%s/config.json",
             source, bundle);
    if (system(command) != 0)
        exit(1);
    stop(container);
}

/* The kernel goes on cleaning up after a container that has ended; neither side is to pay for it.
 */
static double begin_measuring(void)
{
    usleep(150000);
    return now_ms();
}

int main(int argc, char **argv)
{
    double peer_first[ROUNDS_MOST], own_first[ROUNDS_MOST], peer_more[ROUNDS_MOST],
        own_more[ROUNDS_MOST];
    char bundle[] = "/tmp/wcl-bench-XXXXXX", state[64];
    int rounds = argc > 2 ? atoi(argv[2]) : 15;

    if (argc < 2 || rounds < 5 || rounds > ROUNDS_MOST) {
        fprintf(stderr, "usage: bench_container ROOT [ROUNDS from 5 to %d]\n", ROUNDS_MOST);
        return 2;
    }
    if (!mkdtemp(bundle))
        return 1;
    snprintf(state, sizeof(state), "%s/state", bundle);
    copy_bundle(argv[1], bundle);
    const char *run_peer[] = { "runc", "--root", state, "run", "-d", "-b", bundle, "peer", NULL };
    const char *exec_peer[] = { "runc", "--root", state, "exec", "peer", "true", NULL };
    const char *delete_peer[] = { "runc", "--root", state, "delete", "-f", "peer", NULL };
    for (int i = 0; i < rounds; i++) {
        double begin = begin_measuring();
        run(run_peer);
        run(exec_peer);
        double first = now_ms();
        run(exec_peer);
        double more = now_ms();
        peer_first[i] = first - begin;
        peer_more[i] = more - first;
        run(delete_peer);
        begin = begin_measuring();
        wcl_container *container = start(argv[1]);
        run_process(container);
        first = now_ms();
        run_process(container);
        more = now_ms();
        own_first[i] = first - begin;
        own_more[i] = more - first;
        stop(container);
    }
    double a = median(own_first, rounds), b = median(peer_first, rounds);
    double c = median(own_more, rounds), d = median(peer_more, rounds);
    printf("create, start and first process: %.2f times runc run -d and runc exec (%.1f and %.1f "
           "ms)\n",
           a / b, a, b);
    printf("a further process: %.2f times runc exec (%.1f and %.1f ms)\n", c / d, c, d);
    char document[64];
    snprintf(document, sizeof(document), "%s/config.json", bundle);
    unlink(document);
    rmdir(state);
    rmdir(bundle);
    return 0;
}
