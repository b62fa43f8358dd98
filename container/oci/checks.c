/* What the portable provider refuses: see the table in docs/containers.md. */
#include "container/oci/prepare.h"

#include <string.h>

#include "base/error.h"

static bool given(const char *text)
{
    return text && *text;
}

static wcl_status checks_refuse(const char *field, const char *why, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "%s is refused: %s", field, why);
}

static wcl_status check_kind(const wcl_container_config *config, wcl_error *error)
{
    if (given(config->system_type) && strcmp(config->system_type, "Container") != 0)
        return checks_refuse("SystemType", "this provider only makes systems of type 'Container'",
                             error);
    if (config->hv_partition)
        return checks_refuse("HvPartition", "Hyper-V isolation needs Windows", error);
    if (config->hv_runtime)
        return checks_refuse("HvRuntime", "Hyper-V isolation needs Windows", error);
    if (given(config->sandbox_path))
        return checks_refuse("SandboxPath", "it belongs to Hyper-V isolation, which needs Windows",
                             error);
    if (config->is_dummy)
        return checks_refuse("IsDummy", "this provider makes real containers only", error);
    if (config->servicing)
        return checks_refuse("Servicing", "installing Windows updates needs Windows", error);
    if (given(config->credentials))
        return checks_refuse("Credentials", "group managed service accounts need Windows", error);
    return WCL_OK;
}

static wcl_status refuse_range(const char *field, const char *range, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "%s is not %s", field, range);
}

static wcl_status check_ranges(const wcl_container_config *config, wcl_error *error)
{
    if (config->processor_weight > 10000)
        return refuse_range("ProcessorWeight", "from 1 to 10000", error);
    if (config->processor_maximum < 0 || config->processor_maximum > 100)
        return refuse_range("ProcessorMaximum", "a percentage from 1 to 100", error);
    if (config->memory_maximum_in_mb < 0 ||
        config->memory_maximum_in_mb > INT64_MAX / (1024 * 1024))
        return refuse_range("MemoryMaximumInMB", "a number of megabytes", error);
    if (config->pids_limit < -1)
        return refuse_range("PidsLimit", "a number of processes, or -1 for any", error);
    if (given(config->host_name) && strlen(config->host_name) > 64)
        return refuse_range("HostName", "at most 64 bytes long", error);
    return WCL_OK;
}

static wcl_status check_mapped(const wcl_container_config *config, wcl_error *error)
{
    for (size_t i = 0; i < config->mapped_directory_count; i++) {
        if (!given(config->mapped_directories[i].host_path) ||
            config->mapped_directories[i].host_path[0] != '/')
            return refuse_range("HostPath in MappedDirectories", "an absolute path", error);
        if (!given(config->mapped_directories[i].container_path))
            return refuse_range("ContainerPath in MappedDirectories", "an absolute path", error);
    }
    return WCL_OK;
}

wcl_status wcl_container_check(const wcl_container_config *config, wcl_error *error)
{
    if (check_kind(config, error) != WCL_OK || check_ranges(config, error) != WCL_OK ||
        check_mapped(config, error) != WCL_OK)
        return WCL_FAILED;
    if (!given(config->layer_folder_path) && !given(config->volume_path))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "LayerFolderPath is missing: it names the container's sandbox or root "
                        "folder");
    if (given(config->network_shared_container_name) && config->endpoint_count > 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "EndpointList and NetworkSharedContainerName cannot both be given");
    return WCL_OK;
}
