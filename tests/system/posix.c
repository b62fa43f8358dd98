/* What tests ask of a POSIX system. */
#include "system/system.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

bool system_has_symlinks(void)
{
    return true;
}

bool system_keeps_modes(void)
{
    return true;
}

bool system_keeps_access_times(void)
{
    return true;
}

void system_needs_symlinks(void)
{
}

void system_needs_special_files(void)
{
}

void system_needs_any_name(void)
{
}

void system_needs_file_limit(void)
{
}

void system_needs_xattrs(void)
{
}

void system_needs_block_counts(void)
{
}

bool system_has_name(const char *folder, const char *name)
{
    (void)folder;
    (void)name;
    return true;
}

void system_limit_files(size_t bytes)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

long system_peak_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void system_use_one_processor(bool one)
{
    static cpu_set_t all;
    cpu_set_t first;

    if (!one) {
        sched_setaffinity(0, sizeof(all), &all);
        return;
    }
    sched_getaffinity(0, sizeof(all), &all);
    CPU_ZERO(&first);
    for (int cpu = 0; CPU_COUNT(&first) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &first);
    sched_setaffinity(0, sizeof(first), &first);
}

int system_depth(int wanted, int name_size)
{
    (void)name_size;
    return wanted;
}

void system_needs_depth(int wanted, int name_size)
{
    (void)wanted;
    (void)name_size;
}
