/* Second places of a layer's mount: `wcl mount ID TARGET`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "cli/bind.h"
#include "platform/linux/mountinfo.h"

int cli_bind_mount(cli *cli, const char *path, const char *target)
{
    if (mount(path, target, NULL, MS_BIND, NULL) == 0)
        return 0;
    return cli_fail(cli, errno == ENOENT ? WCL_CODE_PATH_NOT_FOUND : WCL_CODE_ACCESS_DENIED,
                    "mount", target, "cannot show the layer there: %s", strerror(errno));
}

/* Mounts of the same file system, and the same folder of it, as the one at `path`, that allow the
 * same: what a container has of its own allows more. */
typedef struct place_search {
    const char *path;
    wcl_mount_line original; /* the last one at `path`, which is what shows there */
    wcl_buffer places;       /* each ends with a NUL */
    wcl_status status;
} place_search;

static bool find_original(void *context, wcl_mount_line *mount)
{
    place_search *search = context;

    if (strcmp(mount->point, search->path) != 0)
        return true;
    free(search->original.root);
    free(search->original.attributes);
    search->original = (wcl_mount_line) { .major = mount->major,
                                          .minor = mount->minor,
                                          .root = strdup(mount->root),
                                          .attributes = strdup(mount->attributes) };
    return search->original.root && search->original.attributes;
}

static bool add_place(void *context, wcl_mount_line *mount)
{
    place_search *search = context;
    const wcl_mount_line *original = &search->original;

    if (strcmp(mount->point, search->path) != 0 && mount->major == original->major &&
        mount->minor == original->minor && strcmp(mount->root, original->root) == 0 &&
        strcmp(mount->attributes, original->attributes) == 0)
        search->status =
            wcl_buffer_append(&search->places, mount->point, strlen(mount->point) + 1, NULL);
    return search->status == WCL_OK;
}

int cli_unbind_mounts(cli *cli, const char *path)
{
    place_search search = { .path = path };
    int result = 0;

    wcl_mountinfo_each("/proc/self/mountinfo", find_original, &search);
    if (search.original.root && search.original.attributes)
        wcl_mountinfo_each("/proc/self/mountinfo", add_place, &search);
    const char *place = wcl_buffer_text(&search.places);
    for (size_t at = 0; at < search.places.size && result == 0; at += strlen(place + at) + 1)
        if (umount2(place + at, UMOUNT_NOFOLLOW) != 0)
            result = cli_fail(cli, WCL_CODE_BUSY, "unmount", place + at, "%s", strerror(errno));
    free(search.original.root);
    free(search.original.attributes);
    wcl_buffer_free(&search.places);
    return result;
}
