/*
 * What it costs to create and attach 200 endpoints, against the bare netlink calls for the same
 * pairs of interfaces, bridge ports and addresses, made in turn in the same run; and whether the
 * cost of one grows with their number.
 *
 *   hns_endpoints [--check] [RUNS [ENDPOINTS]]
 *
 * Judged is the least that each endpoint took over all runs: the rest is what else the machine did.
 * With --check it fails when that is above 3 times the bare calls, or more than twice as much for
 * the last ten as for the first ten. Exits with 77 where network namespaces cannot be made.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wcl/hns.h>

#include "hns/linux/link.h"

#define MOST_ENDPOINTS 1000
#define MOST_RUNS 50
#define FEW 10
#define RATIO_LIMIT 3.0
#define GROWTH_LIMIT 2.0

static void fail(const char *what, const wcl_error *error)
{
    char text[1400];

    fprintf(stderr, "hns_endpoints: %s: %s\n", what,
            error ? wcl_error_format(error, text, sizeof(text)) : "failed");
    exit(1);
}

/* Microseconds of the clock on the wall, or of this thread's processor time. */
static double read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[MOST_ENDPOINTS];

    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static double sum(const double *values, size_t count)
{
    double total = 0;

    for (size_t i = 0; i < count; i++)
        total += values[i];
    return total;
}

static int unshare_here(void *argument)
{
    int *descriptor = argument;

    if (unshare(CLONE_NEWNET) != 0)
        return 1;
    *descriptor = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    return *descriptor < 0;
}

/* A namespace for each endpoint, made beforehand: containers bring theirs along. */
static void make_namespaces(int home, int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (wcl_in_namespace(home, unshare_here, &descriptors[i]) != 0)
            fail("make a namespace", NULL);
}

static void close_all(int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(descriptors[i]);
}

/* ---- Bare netlink ---- */

static void bare_endpoint(wcl_rtnl *host, wcl_rtnl *inside, int bridge, int namespace_fd, size_t i)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_mac mac = wcl_mac_from_number(UINT64_C(0x021600000000) + i);
    wcl_ip ip = { 4, { 10, 200, (uint8_t)(i >> 8), (uint8_t)(i + 2) } };
    char name[32];
    wcl_link outer;

    snprintf(name, sizeof(name), "bare%zu", i);
    const wcl_veth_options options = { .name = name,
                                       .bridge = bridge,
                                       .mtu = 1500,
                                       .peer_name = "eth0",
                                       .peer_mac = &mac,
                                       .peer_namespace = namespace_fd };
    if (wcl_veth_create(host, &options, &error) != WCL_OK ||
        wcl_link_find(host, name, 0, &outer, &error) != WCL_OK ||
        wcl_link_set_up(inside, outer.peer, &error) != WCL_OK ||
        wcl_address_add(inside, outer.peer, &ip, 16, &error) != WCL_OK ||
        wcl_link_set_up(host, outer.index, &error) != WCL_OK)
        fail("make a bare endpoint", &error);
}

/* ---- wcl ---- */

static void make_endpoint(wcl_hns *hns, const char *request, int namespace_fd, char id[37])
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns_endpoint *endpoint = NULL;
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", namespace_fd);
    if (wcl_hns_endpoint_request(hns, "POST", "", request, &endpoint, &error) != WCL_OK ||
        wcl_hns_attach_namespace(hns, endpoint->id, "bench", path, &error) != WCL_OK)
        fail("make an endpoint", &error);
    snprintf(id, 37, "%s", endpoint->id);
    wcl_hns_endpoint_free(endpoint);
}

/* ---- Both in turn ---- */

/* What one run uses, too large for the stack. */
static struct run {
    wcl_rtnl host, inside[MOST_ENDPOINTS];
    int bare_namespaces[MOST_ENDPOINTS], namespaces[MOST_ENDPOINTS];
    wcl_link bridge;
    wcl_hns_network *network;
    char ids[MOST_ENDPOINTS][37];
} run;

static void begin_run(wcl_hns *hns, int home, size_t count)
{
    const wcl_mac mac = wcl_mac_from_number(UINT64_C(0x021600FFFFFF));
    const wcl_bridge_options options = { .name = "bare", .mac = &mac };
    wcl_error error = WCL_ERROR_INIT;

    make_namespaces(home, run.bare_namespaces, count);
    make_namespaces(home, run.namespaces, count);
    if (wcl_rtnl_open(&run.host, -1, &error) != WCL_OK ||
        wcl_bridge_create(&run.host, &options, &error) != WCL_OK ||
        wcl_link_find(&run.host, "bare", 0, &run.bridge, &error) != WCL_OK)
        fail("make a bare bridge", &error);
    for (size_t i = 0; i < count; i++)
        if (wcl_rtnl_open(&run.inside[i], run.bare_namespaces[i], &error) != WCL_OK)
            fail("open a socket", &error);
    if (wcl_hns_network_request(
            hns, "POST", "",
            "{\"Type\":\"nat\",\"Subnets\":[{\"AddressPrefix\":\"10.201.0.0/16\"}]}", &run.network,
            &error) != WCL_OK)
        fail("make a network", &error);
}

static void end_run(wcl_hns *hns, size_t count)
{
    wcl_error error = WCL_ERROR_INIT;

    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "bare%zu", i);
        wcl_link_delete_named(&run.host, name, NULL);
        wcl_rtnl_close(&run.inside[i]);
        if (wcl_hns_endpoint_request(hns, "DELETE", run.ids[i], "", NULL, &error) != WCL_OK)
            fail("remove an endpoint", &error);
    }
    wcl_link_delete(&run.host, run.bridge.index, NULL);
    wcl_rtnl_close(&run.host);
    if (wcl_hns_network_request(hns, "DELETE", run.network->id, "", NULL, &error) != WCL_OK)
        fail("remove the network", &error);
    wcl_hns_network_free(run.network);
    close_all(run.bare_namespaces, count);
    close_all(run.namespaces, count);
}

/* What each endpoint took, in one run or at the least in all. */
struct times {
    double bare[MOST_ENDPOINTS], ours[MOST_ENDPOINTS];
    double bare_cpu[MOST_ENDPOINTS], ours_cpu[MOST_ENDPOINTS];
};

/* One bare endpoint and one of wcl's in turn, so that what else the machine does meets both. */
static void measure(wcl_hns *hns, int home, size_t count, struct times *times)
{
    char request[100];

    begin_run(hns, home, count);
    snprintf(request, sizeof(request), "{\"VirtualNetwork\":\"%s\"}", run.network->id);
    for (size_t i = 0; i < count; i++) {
        double wall = read_clock(CLOCK_MONOTONIC), cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
        bare_endpoint(&run.host, &run.inside[i], run.bridge.index, run.bare_namespaces[i], i);
        times->bare[i] = read_clock(CLOCK_MONOTONIC) - wall;
        times->bare_cpu[i] = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
        wall = read_clock(CLOCK_MONOTONIC);
        cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
        make_endpoint(hns, request, run.namespaces[i], run.ids[i]);
        times->ours[i] = read_clock(CLOCK_MONOTONIC) - wall;
        times->ours_cpu[i] = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
    end_run(hns, count);
}

static wcl_hns *open_service(char *folder)
{
    static char run_dir[300];
    wcl_error error = WCL_ERROR_INIT;
    wcl_hns *hns = NULL;

    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        puts("skipped: network namespaces cannot be made here");
        exit(77);
    }
    if (!mkdtemp(folder))
        fail("make a folder", NULL);
    /* As /run is. */
    snprintf(run_dir, sizeof(run_dir), "%s/run", folder);
    if (mkdir(run_dir, 0755) != 0 || mount("tmpfs", run_dir, "tmpfs", 0, NULL) != 0)
        fail("mount a tmpfs", NULL);
    const wcl_hns_options options = { .struct_size = sizeof(options),
                                      .state_dir = folder,
                                      .run_dir = run_dir };
    if (wcl_hns_open(&options, &hns, &error) != WCL_OK)
        fail("open the service", &error);
    return hns;
}

/* Keeps the least of what was measured before and now. */
static void keep_least(double *least, const double *measured, size_t count, bool first)
{
    for (size_t i = 0; i < count; i++)
        if (first || measured[i] < least[i])
            least[i] = measured[i];
}

static double growth(const double *times, size_t count)
{
    return median(times + count - FEW, FEW) / median(times, FEW);
}

static bool run_all(wcl_hns *hns, size_t runs, size_t count)
{
    static struct times times, least;
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    double ratios[MOST_RUNS] = { 0 };

    for (size_t i = 0; i < runs; i++) {
        measure(hns, home, count, &times);
        keep_least(least.bare, times.bare, count, i == 0);
        keep_least(least.ours, times.ours, count, i == 0);
        keep_least(least.bare_cpu, times.bare_cpu, count, i == 0);
        keep_least(least.ours_cpu, times.ours_cpu, count, i == 0);
        ratios[i] = sum(times.ours, count) / sum(times.bare, count);
        printf("run %zu: bare netlink %.0f us an endpoint, wcl %.0f us, ratio %.2f; last ten to "
               "first ten: bare %.2f, wcl %.2f\n",
               i + 1, sum(times.bare, count) / (double)count,
               sum(times.ours, count) / (double)count, ratios[i], growth(times.bare, count),
               growth(times.ours, count));
    }
    close(home);
    double ratio = median(ratios, runs), grown = growth(least.ours, count);
    printf("%zu endpoints, %zu runs: %.2f times bare netlink (%.2f in processor time; at most "
           "%.0f)\nthe last ten %.2f times the first ten (%.2f in processor time, bare netlink "
           "%.2f; at most "
           "%.0f)\n",
           count, runs, ratio, sum(least.ours_cpu, count) / sum(least.bare_cpu, count), RATIO_LIMIT,
           grown, growth(least.ours_cpu, count), growth(least.bare_cpu, count), GROWTH_LIMIT);
    return ratio <= RATIO_LIMIT && grown <= GROWTH_LIMIT;
}

int main(int argc, char **argv)
{
    bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
    size_t runs = argc > 1 + check ? strtoul(argv[1 + check], NULL, 10) : 5;
    size_t count = argc > 2 + check ? strtoul(argv[2 + check], NULL, 10) : 200;
    const char *parent = getenv("TMPDIR");
    char folder[256], command[600];

    if (runs < 1 || runs > MOST_RUNS || count < 2 * FEW || count > MOST_ENDPOINTS)
        return 2;
    snprintf(folder, sizeof(folder), "%s/wcl-bench-hns-XXXXXX", parent ? parent : "/var/tmp");
    wcl_hns *hns = open_service(folder);
    bool held = run_all(hns, runs, count);
    wcl_hns_close(hns);
    snprintf(command, sizeof(command), "umount %s/run; rm -rf %s", folder, folder);
    return system(command) != 0 || (check && !held);
}
