/* A container's processes, from its cgroup and /proc. */
#include "container/oci/statistics.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/timestamp.h"

/* What /proc/PID/stat and status say. */
typedef struct process_facts {
    char name[64];
    uint64_t user_ticks;
    uint64_t kernel_ticks;
    uint64_t start_ticks; /* since the host was started */
    uint64_t virtual_bytes;
    uint64_t private_bytes;
    uint64_t shared_bytes;
} process_facts;

static const char *proc_of(const wcl_cgroup_view *view)
{
    return view && view->proc ? view->proc : "/proc";
}

static bool read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(text, 1, size - 1, file) : 0;

    text[got] = '\0';
    if (file)
        fclose(file);
    return got > 0;
}

/* The name stands in parentheses and may hold any character, also those. */
static bool read_stat(const wcl_cgroup_view *view, int32_t pid, process_facts *facts)
{
    char path[512], text[2048];

    snprintf(path, sizeof(path), "%s/%d/stat", proc_of(view), pid);
    if (!read_text(path, text, sizeof(text)))
        return false;
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open)
        return false;
    *close = '\0';
    snprintf(facts->name, sizeof(facts->name), "%s", open + 1);
    return sscanf(close + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                  " %*d %*d %*d %*d %*d %*d %" SCNu64 " %" SCNu64,
                  &facts->user_ticks, &facts->kernel_ticks, &facts->start_ticks,
                  &facts->virtual_bytes) == 4;
}

static uint64_t kilobytes_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    unsigned long long value = 0;

    if (at && sscanf(at + strlen(key), " %llu", &value) == 1)
        return (uint64_t)value * 1024;
    return 0;
}

static void read_status(const wcl_cgroup_view *view, int32_t pid, process_facts *facts)
{
    char path[512], text[8192];

    snprintf(path, sizeof(path), "%s/%d/status", proc_of(view), pid);
    if (!read_text(path, text, sizeof(text)))
        return;
    facts->private_bytes = kilobytes_of(text, "\nRssAnon:");
    facts->shared_bytes = kilobytes_of(text, "\nRssFile:") + kilobytes_of(text, "\nRssShmem:");
}

/* The program's file name where it can be known, else the name the kernel has for the process. */
static void read_image(const wcl_cgroup_view *view, int32_t pid, process_facts *facts)
{
    char path[512], target[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%d/exe", proc_of(view), pid);
    ssize_t size = readlink(path, target, sizeof(target) - 1);
    if (size <= 0)
        return;
    target[size] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(facts->name, sizeof(facts->name), "%.63s", slash ? slash + 1 : target);
}

/* When the host was started, in seconds since 1970. */
static uint64_t boot_time(const wcl_cgroup_view *view)
{
    char path[512], line[256];
    unsigned long long seconds = 0;

    snprintf(path, sizeof(path), "%s/stat", proc_of(view));
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "btime %llu", &seconds) == 1)
            break;
    if (file)
        fclose(file);
    return seconds;
}

static bool add_process(cJSON *list, int32_t pid, const process_facts *facts, uint64_t boot)
{
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    char created[WCL_TIMESTAMP_SIZE];
    struct timespec start = { (time_t)(boot + facts->start_ticks / ticks),
                              (long)(facts->start_ticks % ticks * (1000000000 / ticks)) };
    cJSON *item = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    wcl_timestamp_format(start, created);
    return cJSON_AddStringToObject(item, "CreateTimestamp", created) &&
           wcl_json_add_text(item, "ImageName", facts->name) &&
           wcl_json_add_u64(item, "KernelTime100ns", facts->kernel_ticks * (10000000 / ticks)) &&
           wcl_json_add_u64(item, "MemoryCommitBytes", facts->virtual_bytes) &&
           wcl_json_add_u64(item, "MemoryWorkingSetPrivateBytes", facts->private_bytes) &&
           wcl_json_add_u64(item, "MemoryWorkingSetSharedBytes", facts->shared_bytes) &&
           wcl_json_add_u64(item, "ProcessId", (uint64_t)pid) &&
           wcl_json_add_u64(item, "UserTime100ns", facts->user_ticks * (10000000 / ticks));
}

wcl_status wcl_process_list_make(const wcl_cgroup_view *view, int32_t init, cJSON **list,
                                 wcl_error *error)
{
    WCL_CLEANUP_FREE int32_t *pids = NULL;
    cJSON *made = cJSON_CreateArray();
    uint64_t boot = boot_time(view);
    wcl_cgroup cgroup;
    size_t count = 0;
    wcl_status status = made ? WCL_OK : wcl_fail_memory(error);

    if (status == WCL_OK && init > 0 && wcl_cgroup_find(view, init, "freezer", &cgroup))
        status = wcl_cgroup_processes(&cgroup, &pids, &count, error);
    for (size_t i = 0; status == WCL_OK && i < count; i++) {
        process_facts facts = { 0 };
        /* One that has ended in the meantime is no longer in the list. */
        if (pids[i] == init || !read_stat(view, pids[i], &facts))
            continue;
        read_status(view, pids[i], &facts);
        read_image(view, pids[i], &facts);
        if (!add_process(made, pids[i], &facts, boot))
            status = wcl_fail_memory(error);
    }
    if (status != WCL_OK) {
        cJSON_Delete(made);
        return WCL_FAILED;
    }
    *list = made;
    return WCL_OK;
}
