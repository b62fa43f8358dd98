/* A configuration's limits as cgroup resources. */
#include "container/oci/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

#define CPU_PERIOD 100000
/* What Windows gives a container that sets no weight, and what Linux gives it. */
#define DEFAULT_WEIGHT 100
#define DEFAULT_SHARES 1024
/* Enough for what is started with a thread for each of many processors, and no fork bomb. */
#define DEFAULT_PIDS 4096

/* ---- Devices that may be used --------------------------------------------------------------- */

static const char device_rules[] = "[{\"allow\":false,\"access\":\"rwm\"},"
                                   "{\"allow\":true,\"type\":\"c\",\"access\":\"m\"},"
                                   "{\"allow\":true,\"type\":\"b\",\"access\":\"m\"}]";

/* ---- Processor and memory ------------------------------------------------------------------- */

/* A share of the processors: so many of them, and so much of each. */
static bool add_processor(const wcl_container_config *config, cJSON *resources)
{
    if (!config->processor_count && !config->processor_weight && !config->processor_maximum)
        return true;
    cJSON *cpu = cJSON_AddObjectToObject(resources, "cpu");
    if (!cpu)
        return false;
    if (config->processor_weight) {
        uint64_t shares = config->processor_weight * DEFAULT_SHARES / DEFAULT_WEIGHT;
        if (!wcl_json_add_u64(cpu, "shares", shares < 2 ? 2 : shares))
            return false;
    }
    if (!config->processor_count && !config->processor_maximum)
        return true;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t processors = online > 0 ? (uint64_t)online : 1;
    if (config->processor_count && config->processor_count < processors)
        processors = config->processor_count;
    uint64_t percent = config->processor_maximum ? (uint64_t)config->processor_maximum : 100;
    uint64_t quota = processors * CPU_PERIOD * percent / 100;
    return wcl_json_add_u64(cpu, "quota", quota) && wcl_json_add_u64(cpu, "period", CPU_PERIOD);
}

/* Whether the kernel can limit swap as well; the runtime refuses the limit otherwise. */
static bool can_limit_swap(void)
{
    return access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0 ||
           access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

static bool add_memory(const wcl_container_config *config, cJSON *resources)
{
    if (!config->memory_maximum_in_mb)
        return true;
    uint64_t limit = (uint64_t)config->memory_maximum_in_mb * 1024 * 1024;
    cJSON *memory = cJSON_AddObjectToObject(resources, "memory");
    return memory && wcl_json_add_u64(memory, "limit", limit) &&
           (!can_limit_swap() || wcl_json_add_u64(memory, "swap", limit));
}

/* Whether the kernel can limit processes; the runtime refuses the limit otherwise. */
static bool can_limit_pids(void)
{
    char controllers[512] = "";
    FILE *file = fopen("/sys/fs/cgroup/cgroup.controllers", "re");
    bool unified = file && fgets(controllers, sizeof(controllers), file);

    if (file)
        fclose(file);
    return unified ? strstr(controllers, "pids") != NULL : access("/sys/fs/cgroup/pids", F_OK) == 0;
}

static bool add_pids(const wcl_container_config *config, cJSON *resources)
{
    if (config->pids_limit < 0 || (config->pids_limit == 0 && !can_limit_pids()))
        return true;
    cJSON *pids = cJSON_AddObjectToObject(resources, "pids");
    return pids &&
           wcl_json_add_i64(pids, "limit", config->pids_limit ? config->pids_limit : DEFAULT_PIDS);
}

/* ---- Storage -------------------------------------------------------------------------------- */

/* A disk and what may be done with it per second; 0 does not limit. */
typedef struct throttle {
    unsigned major;
    unsigned minor;
    uint64_t bandwidth;
    uint64_t operations;
} throttle;

/* The disk that a file lies on. A partition counts as its disk, as the kernel wants it. */
static wcl_status disk_of(const char *path, const char *field, throttle *disk, wcl_error *error)
{
    char link[64], text[32] = "";
    struct stat info;

    if (stat(path, &info) < 0)
        return wcl_fail_errno(error, errno, "%s: cannot use '%s'", field, path);
    disk->major = major(info.st_dev);
    disk->minor = minor(info.st_dev);
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", disk->major, disk->minor);
    if (access(link, F_OK) < 0)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "%s is refused: '%s' is not on a block device of its own, whose use could "
                        "be limited",
                        field, path);
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/partition", disk->major, disk->minor);
    if (access(link, F_OK) < 0)
        return WCL_OK;
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/../dev", disk->major, disk->minor);
    FILE *file = fopen(link, "re");
    bool read_number = file && fgets(text, sizeof(text), file) &&
                       sscanf(text, "%u:%u", &disk->major, &disk->minor) == 2;
    if (file)
        fclose(file);
    return read_number ? WCL_OK
                       : wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                                  "%s is refused: cannot find the disk of '%s'", field, path);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

/* Adds a limit; the smallest of several for one disk stands. */
static void add_throttle(throttle *disks, size_t *count, const throttle *disk)
{
    for (size_t i = 0; i < *count; i++) {
        if (disks[i].major == disk->major && disks[i].minor == disk->minor) {
            disks[i].bandwidth = smaller(disks[i].bandwidth, disk->bandwidth);
            disks[i].operations = smaller(disks[i].operations, disk->operations);
            return;
        }
    }
    disks[(*count)++] = *disk;
}

static wcl_status collect_throttles(const wcl_oci_bundle *bundle, throttle *disks, size_t *count,
                                    wcl_error *error)
{
    const wcl_container_config *config = bundle->config;
    throttle disk = { .bandwidth = config->storage_bandwidth_maximum,
                      .operations = config->storage_iops_maximum };

    if (disk.bandwidth || disk.operations) {
        if (disk_of(bundle->storage,
                    disk.bandwidth ? "StorageBandwidthMaximum" : "StorageIOPSMaximum", &disk,
                    error) != WCL_OK)
            return WCL_FAILED;
        add_throttle(disks, count, &disk);
    }
    for (size_t i = 0; i < config->mapped_directory_count; i++) {
        const wcl_mapped_dir *mapped = &config->mapped_directories[i];
        disk = (throttle) { .bandwidth = mapped->bandwidth_maximum,
                            .operations = mapped->iops_maximum };
        if (!disk.bandwidth && !disk.operations)
            continue;
        if (disk_of(mapped->host_path,
                    disk.bandwidth ? "BandwidthMaximum in MappedDirectories"
                                   : "IOPSMaximum in MappedDirectories",
                    &disk, error) != WCL_OK)
            return WCL_FAILED;
        add_throttle(disks, count, &disk);
    }
    return WCL_OK;
}

static bool print_throttle(cJSON *list, const throttle *disk, uint64_t rate)
{
    cJSON *item = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return false;
    }
    return wcl_json_add_u64(item, "major", disk->major) &&
           wcl_json_add_u64(item, "minor", disk->minor) && wcl_json_add_u64(item, "rate", rate);
}

static bool print_throttles(cJSON *io, const throttle *disks, size_t count)
{
    cJSON *read_bytes = cJSON_AddArrayToObject(io, "throttleReadBpsDevice");
    cJSON *write_bytes = cJSON_AddArrayToObject(io, "throttleWriteBpsDevice");
    cJSON *reads = cJSON_AddArrayToObject(io, "throttleReadIOPSDevice");
    cJSON *writes = cJSON_AddArrayToObject(io, "throttleWriteIOPSDevice");

    for (size_t i = 0; i < count; i++) {
        if (disks[i].bandwidth && (!print_throttle(read_bytes, &disks[i], disks[i].bandwidth) ||
                                   !print_throttle(write_bytes, &disks[i], disks[i].bandwidth)))
            return false;
        if (disks[i].operations && (!print_throttle(reads, &disks[i], disks[i].operations) ||
                                    !print_throttle(writes, &disks[i], disks[i].operations)))
            return false;
    }
    return read_bytes && write_bytes && reads && writes;
}

static wcl_status add_storage(const wcl_oci_bundle *bundle, cJSON *resources, wcl_error *error)
{
    size_t count = 0;
    WCL_CLEANUP_FREE throttle *disks =
        calloc(bundle->config->mapped_directory_count + 1, sizeof(*disks));

    if (!disks)
        return wcl_fail_memory(error);
    if (collect_throttles(bundle, disks, &count, error) != WCL_OK)
        return WCL_FAILED;
    if (count == 0)
        return WCL_OK;
    cJSON *io = cJSON_AddObjectToObject(resources, "blockIO");
    return io && print_throttles(io, disks, count) ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_oci_bundle_add_resources(const wcl_oci_bundle *bundle, cJSON *linux_part,
                                        wcl_error *error)
{
    cJSON *resources = cJSON_AddObjectToObject(linux_part, "resources");

    if (!resources || !cJSON_AddRawToObject(resources, "devices", device_rules) ||
        !add_processor(bundle->config, resources) || !add_memory(bundle->config, resources) ||
        !add_pids(bundle->config, resources))
        return wcl_fail_memory(error);
    return add_storage(bundle, resources, error);
}
