/* A container's statistics from its cgroups. */
#include "container/oci/statistics.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "container/timestamp.h"

/* Numbers that are 0 are left out, as hcsshim does. */
static bool statistics_add(cJSON *object, const char *name, uint64_t value)
{
    return value == 0 || wcl_json_add_u64(object, name, value);
}

static bool add_memory(const wcl_cgroup_view *view, int32_t init, cJSON *statistics)
{
    cJSON *memory = cJSON_AddObjectToObject(statistics, "Memory");
    uint64_t usage = 0, peak = 0, anonymous = 0;
    wcl_cgroup cgroup;

    if (wcl_cgroup_find(view, init, "memory", &cgroup)) {
        wcl_cgroup_read(&cgroup, cgroup.unified ? "memory.current" : "memory.usage_in_bytes",
                        &usage);
        wcl_cgroup_read(&cgroup, cgroup.unified ? "memory.peak" : "memory.max_usage_in_bytes",
                        &peak);
        wcl_cgroup_read_key(&cgroup, "memory.stat", cgroup.unified ? "anon" : "total_rss",
                            &anonymous);
    }
    return memory && statistics_add(memory, "MemoryUsageCommitBytes", usage) &&
           statistics_add(memory, "MemoryUsageCommitPeakBytes", peak) &&
           statistics_add(memory, "MemoryUsagePrivateWorkingSetBytes", anonymous);
}

static bool add_processor(const wcl_cgroup_view *view, int32_t init, cJSON *statistics)
{
    cJSON *processor = cJSON_AddObjectToObject(statistics, "Processor");
    uint64_t total = 0, user = 0, kernel = 0;
    wcl_cgroup cgroup;

    if (wcl_cgroup_find(view, init, "cpuacct", &cgroup)) {
        if (cgroup.unified) {
            wcl_cgroup_read_key(&cgroup, "cpu.stat", "usage_usec", &total);
            wcl_cgroup_read_key(&cgroup, "cpu.stat", "user_usec", &user);
            wcl_cgroup_read_key(&cgroup, "cpu.stat", "system_usec", &kernel);
            total *= 10;
            user *= 10;
            kernel *= 10;
        } else {
            wcl_cgroup_read(&cgroup, "cpuacct.usage", &total);
            wcl_cgroup_read(&cgroup, "cpuacct.usage_user", &user);
            wcl_cgroup_read(&cgroup, "cpuacct.usage_sys", &kernel);
            total /= 100;
            user /= 100;
            kernel /= 100;
        }
    }
    return processor && statistics_add(processor, "TotalRuntime100ns", total) &&
           statistics_add(processor, "RuntimeUser100ns", user) &&
           statistics_add(processor, "RuntimeKernel100ns", kernel);
}

/* Sums lines "MAJOR:MINOR Read NUMBER" of version 1. */
static void sum_blkio(const wcl_cgroup *cgroup, const char *file, uint64_t *reads, uint64_t *writes)
{
    char path[1200], line[256], name[32];
    unsigned long long value;

    snprintf(path, sizeof(path), "%s/%s", cgroup->folder, file);
    FILE *stream = fopen(path, "re");
    while (stream && fgets(line, sizeof(line), stream)) {
        if (sscanf(line, "%*u:%*u %31s %llu", name, &value) != 2)
            continue;
        if (strcmp(name, "Read") == 0)
            *reads += value;
        else if (strcmp(name, "Write") == 0)
            *writes += value;
    }
    if (stream)
        fclose(stream);
}

/* Sums lines "MAJOR:MINOR rbytes=NUMBER wbytes=NUMBER rios=NUMBER wios=NUMBER ..." of version 2. */
static void sum_io(const wcl_cgroup *cgroup, uint64_t sums[4])
{
    static const char *const keys[4] = { "rbytes=", "wbytes=", "rios=", "wios=" };
    char path[1200], line[512];
    unsigned long long value;

    snprintf(path, sizeof(path), "%s/io.stat", cgroup->folder);
    FILE *stream = fopen(path, "re");
    while (stream && fgets(line, sizeof(line), stream))
        for (int i = 0; i < 4; i++) {
            const char *at = strstr(line, keys[i]);
            if (at && sscanf(at + strlen(keys[i]), "%llu", &value) == 1)
                sums[i] += value;
        }
    if (stream)
        fclose(stream);
}

static bool add_storage(const wcl_cgroup_view *view, int32_t init, cJSON *statistics)
{
    cJSON *storage = cJSON_AddObjectToObject(statistics, "Storage");
    uint64_t sums[4] = { 0, 0, 0, 0 };
    wcl_cgroup cgroup;

    if (wcl_cgroup_find(view, init, "blkio", &cgroup)) {
        if (cgroup.unified) {
            sum_io(&cgroup, sums);
        } else {
            sum_blkio(&cgroup, "blkio.throttle.io_service_bytes_recursive", &sums[0], &sums[1]);
            sum_blkio(&cgroup, "blkio.throttle.io_serviced_recursive", &sums[2], &sums[3]);
        }
    }
    return storage && statistics_add(storage, "ReadCountNormalized", sums[2]) &&
           statistics_add(storage, "ReadSizeBytes", sums[0]) &&
           statistics_add(storage, "WriteCountNormalized", sums[3]) &&
           statistics_add(storage, "WriteSizeBytes", sums[1]);
}

static bool add_interface(cJSON *list, const char *name, const unsigned long long values[16])
{
    cJSON *item = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return statistics_add(item, "BytesReceived", values[0]) &&
           statistics_add(item, "BytesSent", values[8]) &&
           statistics_add(item, "PacketsReceived", values[1]) &&
           statistics_add(item, "PacketsSent", values[9]) &&
           statistics_add(item, "DroppedPacketsIncoming", values[3]) &&
           statistics_add(item, "DroppedPacketsOutgoing", values[11]) &&
           wcl_json_add_text(item, "InstanceId", name);
}

/* The interfaces of the container's network namespace but the loopback. */
static bool add_network(const wcl_cgroup_view *view, int32_t init, cJSON *statistics)
{
    cJSON *list = cJSON_AddArrayToObject(statistics, "Network");
    char path[512], line[512], name[64];
    unsigned long long v[16];
    bool added = list != NULL;

    snprintf(path, sizeof(path), "%s/%d/net/dev", view && view->proc ? view->proc : "/proc", init);
    FILE *stream = fopen(path, "re");
    while (added && stream && fgets(line, sizeof(line), stream)) {
        if (sscanf(line,
                   " %63[^:]: %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu "
                   "%llu %llu %llu",
                   name, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9],
                   &v[10], &v[11], &v[12], &v[13], &v[14], &v[15]) == 17 &&
            strcmp(name, "lo") != 0)
            added = add_interface(list, name, v);
    }
    if (stream)
        fclose(stream);
    return added;
}

static bool add_times(int64_t started, cJSON *statistics)
{
    char text[WCL_TIMESTAMP_SIZE];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    wcl_timestamp_format(now, text);
    if (!cJSON_AddStringToObject(statistics, "Timestamp", text))
        return false;
    if (started == 0)
        return true;
    struct timespec start = { started / 1000000000, started % 1000000000 };
    wcl_timestamp_format(start, text);
    int64_t uptime = (now.tv_sec - start.tv_sec) * 10000000 + (now.tv_nsec - start.tv_nsec) / 100;
    return cJSON_AddStringToObject(statistics, "ContainerStartTime", text) &&
           statistics_add(statistics, "Uptime100ns", uptime > 0 ? (uint64_t)uptime : 0);
}

cJSON *wcl_statistics_make(const wcl_cgroup_view *view, int32_t init, int64_t started)
{
    cJSON *statistics = cJSON_CreateObject();

    if (statistics && add_times(started, statistics) && add_memory(view, init, statistics) &&
        add_processor(view, init, statistics) && add_storage(view, init, statistics) &&
        add_network(view, init, statistics))
        return statistics;
    cJSON_Delete(statistics);
    return NULL;
}
