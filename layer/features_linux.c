/* What this host's Linux can do: file systems, mounting and openat2(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layer/features.h"
#include "layer/store/mount/mount.h"

/* Whether the kernel knows a file system now; a module that could be loaded is not seen. */
static void add_file_system(wcl_feature_list *list, const char *name)
{
    char line[128], wanted[64];
    bool found = false;
    FILE *file = fopen("/proc/filesystems", "re");

    snprintf(wanted, sizeof(wanted), "\t%s\n", name);
    while (file && !found && fgets(line, sizeof(line), file)) {
        const char *tab = strchr(line, '\t');
        found = tab && strcmp(tab, wanted) == 0;
    }
    if (file)
        fclose(file);
    wcl_feature_add(list, name, found,
                    found ? "the kernel has it"
                          : "not in /proc/filesystems (its module may still be loadable)");
}

static void add_beneath(wcl_feature_list *list)
{
    /* A size of 0 is refused with EINVAL by a kernel that has the call. */
    bool available = syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno != ENOSYS;
    wcl_feature_add(
        list, "openat2", available,
        available ? "folders are written with RESOLVE_BENEATH"
                  : "this kernel has none; folders are written one component at a time instead");
}

/* What a mount on files does with a read that ends early, where chains are mounted that way. */
static void add_reads(wcl_feature_list *list, int folder)
{
    wcl_error error = WCL_ERROR_INIT;
    bool told = false;

    if (wcl_mount_check_reads(folder, &told, &error) != WCL_OK)
        wcl_feature_add(list, "short reads", false, error.message);
    else
        wcl_feature_add(list, "short reads", told,
                        told
                            ? "the kernel tells of them"
                            : "this kernel takes what a killed reader did not get for zeros, which "
                              "stay until the unmount; WCL_MOUNT=loop avoids it (docs/limits.md)");
}

/* How chains get mounted, tried out where layers are kept, or would be. */
static void add_mounts(wcl_feature_list *list)
{
    static const char *const details[] = {
        "",
        "EROFS straight on the layers' files",
        "EROFS on loop devices",
        "none on this kernel; chains are unpacked into a folder",
    };
    const char *homes[] = { getenv("WCL_HOME"), "/var/lib/wcl", "/var/tmp" };
    wcl_chain_backing way = WCL_MOUNT_UNPACK;
    char reason[200] = "", detail[sizeof(((wcl_feature *)0)->detail)];
    wcl_error error = WCL_ERROR_INIT;
    int folder = -1;

    for (size_t i = 0; folder < 0 && i < sizeof(homes) / sizeof(homes[0]); i++)
        folder = homes[i] ? open(homes[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0 || wcl_mount_choose(folder, &way, reason, &error) != WCL_OK) {
        wcl_feature_add(list, "mount", false,
                        folder < 0 ? "no folder to try it in" : error.message);
    } else {
        snprintf(detail, sizeof(detail), "%s%s%s%s", details[way], *reason ? " (" : "", reason,
                 *reason ? ")" : "");
        wcl_feature_add(list, "mount", true, detail);
        if (way == WCL_MOUNT_FILES)
            add_reads(list, folder);
    }
    if (folder >= 0)
        close(folder);
}

void wcl_features_of_system(wcl_feature_list *list)
{
    add_file_system(list, "erofs");
    add_file_system(list, "overlay");
    add_mounts(list);
    add_beneath(list);
}
