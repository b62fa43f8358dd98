/* The runtime's bundle of a container. */
#include "container/oci/bundle.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "container/oci/process_spec.h"

#define INIT_PROGRAM "/usr/bin/catatonit"
/* In /dev, which is the container's own, so that the layer is not written to. */
#define INIT_PATH "/dev/.wcl-init"

/* What is the same for every container. */
static const char template[] =
    "{\"ociVersion\":\"1.0.2\","
    "\"process\":{\"terminal\":false,\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\","
    "\"args\":[\"" INIT_PATH "\",\"-P\"],\"env\":[\"PATH=/usr/bin:/bin\"],"
    "\"noNewPrivileges\":true},"
    "\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":"
    "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":"
    "[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]},"
    "{\"destination\":\"" INIT_PATH "\",\"type\":\"bind\",\"source\":\"" INIT_PROGRAM "\","
    "\"options\":[\"bind\",\"ro\",\"nosuid\",\"nodev\"]}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\","
    "\"/proc/keys\",\"/proc/latency_stats\",\"/proc/sched_debug\",\"/proc/scsi\","
    "\"/proc/timer_list\",\"/proc/timer_stats\",\"/sys/devices/virtual/powercap\","
    "\"/sys/firmware\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
    "\"/proc/sysrq-trigger\"]}}";

/* Whether this program may make a process less likely to be killed when memory runs out. */
static bool may_spare(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];

    return syscall(SYS_capget, &header, data) == 0 &&
           data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE);
}

/* Init is spared where that is possible: when memory runs out, the container goes on with what is
 * left of it. */
static bool add_sparing(cJSON *json)
{
    cJSON *process = cJSON_GetObjectItemCaseSensitive(json, "process");
    return !may_spare() || wcl_json_add_i64(process, "oomScoreAdj", -998);
}

static bool add_root(const wcl_oci_bundle *bundle, cJSON *json)
{
    cJSON *root = cJSON_AddObjectToObject(json, "root");
    char name[65];

    snprintf(name, sizeof(name), "%s",
             bundle->config->host_name && *bundle->config->host_name ? bundle->config->host_name
                                                                     : bundle->id);
    return root && cJSON_AddStringToObject(root, "path", bundle->root) &&
           cJSON_AddFalseToObject(root, "readonly") &&
           cJSON_AddStringToObject(json, "hostname", name);
}

static bool add_network(const wcl_oci_bundle *bundle, cJSON *linux_part)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(linux_part, "namespaces");
    cJSON *network = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, network)) {
        cJSON_Delete(network);
        return false;
    }
    return cJSON_AddStringToObject(network, "type", "network") &&
           (!bundle->network_namespace ||
            cJSON_AddStringToObject(network, "path", bundle->network_namespace));
}

/* What each processor's heat tells of others' work is masked too, where there is such a thing. */
static bool mask_thermal(cJSON *linux_part)
{
    cJSON *masked = cJSON_GetObjectItemCaseSensitive(linux_part, "maskedPaths");
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    char path[96];

    for (long i = 0; i < processors; i++) {
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/thermal_throttle", i);
        if (access(path, F_OK) == 0 && !wcl_spec_add_text(masked, path))
            return false;
    }
    return true;
}

static bool add_bind(cJSON *mounts, const char *source, const char *destination,
                     const char *const *options, size_t count)
{
    cJSON *mount = cJSON_CreateObject(), *list = cJSON_CreateStringArray(options, (int)count);

    if (mount && list && cJSON_AddStringToObject(mount, "destination", destination) &&
        cJSON_AddStringToObject(mount, "type", "bind") &&
        cJSON_AddStringToObject(mount, "source", source) &&
        cJSON_AddItemToObject(mount, "options", list)) {
        if (cJSON_AddItemToArray(mounts, mount))
            return true;
        list = NULL;
    }
    cJSON_Delete(list);
    cJSON_Delete(mount);
    return false;
}

/* A read-only folder is mapped without what is mounted in it, which would stay writable. */
static wcl_status add_mapped(const wcl_mapped_dir *mapped, cJSON *mounts, wcl_error *error)
{
    static const char *const read_only[] = { "bind", "ro", "rprivate" };
    static const char *const writable[] = { "rbind", "rprivate" };
    WCL_CLEANUP_FREE char *destination = NULL;

    if (access(mapped->host_path, F_OK) < 0)
        return wcl_fail_errno(error, errno, "HostPath in MappedDirectories: cannot use '%s'",
                              mapped->host_path);
    if (wcl_container_path(mapped->container_path, "ContainerPath in MappedDirectories",
                           &destination, error) != WCL_OK)
        return WCL_FAILED;
    bool added = mapped->read_only ? add_bind(mounts, mapped->host_path, destination, read_only, 3)
                                   : add_bind(mounts, mapped->host_path, destination, writable, 2);
    return added ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status add_mounts(const wcl_oci_bundle *bundle, cJSON *mounts, wcl_error *error)
{
    static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", "rprivate" };

    if (access(INIT_PROGRAM, X_OK) < 0)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE,
                        "the containers' init '" INIT_PROGRAM "' is missing: install catatonit");
    if (bundle->resolv_conf &&
        !add_bind(mounts, bundle->resolv_conf, "/etc/resolv.conf", options, 6))
        return wcl_fail_memory(error);
    for (size_t i = 0; i < bundle->config->mapped_directory_count; i++)
        if (add_mapped(&bundle->config->mapped_directories[i], mounts, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_oci_bundle_print(const wcl_oci_bundle *bundle, char **json, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *document = cJSON_Parse(template);

    if (!document)
        return wcl_fail_memory(error);
    cJSON *linux_part = cJSON_GetObjectItemCaseSensitive(document, "linux");
    cJSON *mounts = cJSON_GetObjectItemCaseSensitive(document, "mounts");
    if (!add_root(bundle, document) || !add_sparing(document) || !add_network(bundle, linux_part) ||
        !cJSON_AddStringToObject(linux_part, "cgroupsPath", bundle->cgroup) ||
        !mask_thermal(linux_part))
        return wcl_fail_memory(error);
    if (wcl_spec_add_seccomp(bundle->config->seccomp_profile, linux_part, error) != WCL_OK ||
        add_mounts(bundle, mounts, error) != WCL_OK ||
        wcl_oci_bundle_add_resources(bundle, linux_part, error) != WCL_OK)
        return WCL_FAILED;
    if (!(*json = wcl_json_print(document)))
        return wcl_fail_memory(error);
    return WCL_OK;
}
