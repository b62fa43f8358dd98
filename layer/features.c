/* What this build and this host can do, found out by looking. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wcl/layer.h>

#include "base/error.h"
#include "layer/store/mount.h"

#define FEATURES_MAX 16

typedef struct feature_list {
    wcl_feature *features;
    size_t count;
} feature_list;

static void add(feature_list *list, const char *name, bool available, const char *detail)
{
    if (list->count == FEATURES_MAX)
        return;
    wcl_feature *feature = &list->features[list->count++];
    snprintf(feature->name, sizeof(feature->name), "%s", name);
    snprintf(feature->detail, sizeof(feature->detail), "%.*s", (int)sizeof(feature->detail) - 1,
             detail);
    feature->available = available;
}

static void add_build(feature_list *list)
{
#ifdef WCL_HAVE_ISAL
    add(list, "inflate", true, "ISA-L");
#else
    add(list, "inflate", true, "zlib (built without ISA-L, which is two to three times faster)");
#endif
#ifdef WCL_HAVE_LIBDEFLATE
    add(list, "deflate", true, "libdeflate, in parallel members");
#else
    add(list, "deflate", true, "zlib, in parallel members (built without libdeflate)");
#endif
}

/* Whether the kernel knows a file system now; a module that could be loaded is not seen. */
static void add_file_system(feature_list *list, const char *name)
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
    add(list, name, found,
        found ? "the kernel has it"
              : "not in /proc/filesystems (its module may still be loadable)");
}

static void add_beneath(feature_list *list)
{
    bool available = false;
#ifdef SYS_openat2
    /* A size of 0 is refused with EINVAL by a kernel that has the call. */
    available = syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno != ENOSYS;
#endif
    add(list, "openat2", available,
        available ? "folders are written with RESOLVE_BENEATH"
                  : "this kernel has none; folders are written one component at a time instead");
}

#ifdef __linux__
/* How chains get mounted, tried out where layers are kept, or would be. */
static void add_mounts(feature_list *list)
{
    static const char *const details[] = {
        "",
        "EROFS straight on the layers' files",
        "EROFS on loop devices",
        "none on this kernel; chains are unpacked into a folder",
    };
    const char *homes[] = { getenv("WCL_HOME"), "/var/lib/wcl", "/var/tmp" };
    wcl_mount_way way = WCL_MOUNT_UNPACK;
    char reason[200] = "", detail[sizeof(list->features[0].detail)];
    wcl_error error = WCL_ERROR_INIT;
    int folder = -1;

    for (size_t i = 0; folder < 0 && i < sizeof(homes) / sizeof(homes[0]); i++)
        folder = homes[i] ? open(homes[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0 || wcl_mount_choose(folder, &way, reason, &error) != WCL_OK) {
        add(list, "mount", false, folder < 0 ? "no folder to try it in" : error.message);
    } else {
        snprintf(detail, sizeof(detail), "%s%s%s%s", details[way], *reason ? " (" : "", reason,
                 *reason ? ")" : "");
        add(list, "mount", true, detail);
    }
    if (folder >= 0)
        close(folder);
}
#endif

wcl_status wcl_host_features(wcl_feature **features, size_t *count, wcl_error *error)
{
    feature_list list = { calloc(FEATURES_MAX, sizeof(wcl_feature)), 0 };

    if (!list.features)
        return wcl_fail_memory(error);
    add_build(&list);
    add_file_system(&list, "erofs");
    add_file_system(&list, "overlay");
#ifdef __linux__
    add_mounts(&list);
#endif
    add_beneath(&list);
    *features = list.features;
    *count = list.count;
    return WCL_OK;
}
