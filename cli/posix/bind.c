/* Second places of a layer's mount: `wcl mount ID TARGET`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cli/store.h"

int cli_bind_mount(cli *cli, const char *path, const char *target)
{
    if (mount(path, target, NULL, MS_BIND, NULL) == 0)
        return 0;
    return cli_fail(cli, errno == ENOENT ? WCL_CODE_PATH_NOT_FOUND : WCL_CODE_ACCESS_DENIED,
                    "mount", target, "cannot show the layer there: %s", strerror(errno));
}

/* The octal escapes of mountinfo undone, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (char *from = text; *from;) {
        if (from[0] == '\\' && from[1] && from[2] && from[3]) {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* Mounts of the same file system, and the same folder of it, as the one at `path`, that allow the
 * same: what a container has of its own allows more. */
static size_t find_places(const char *path, char places[][4096], size_t most)
{
    char line[16384], device[64] = "", root[4096] = "", options[256] = "";
    size_t count = 0;

    for (int pass = 0; pass < 2; pass++) {
        FILE *mounts = fopen("/proc/self/mountinfo", "re");
        while (mounts && fgets(line, sizeof(line), mounts)) {
            char line_device[64], line_root[4096], place[4096], line_options[256];
            if (sscanf(line, "%*s %*s %63s %4095s %4095s %255s", line_device, line_root, place,
                       line_options) != 4)
                continue;
            unescape(place);
            if (pass == 0 && strcmp(place, path) == 0) {
                strcpy(device, line_device);
                strcpy(root, line_root);
                strcpy(options, line_options);
            } else if (pass == 1 && strcmp(place, path) != 0 && strcmp(device, line_device) == 0 &&
                       strcmp(root, line_root) == 0 && strcmp(options, line_options) == 0 &&
                       count < most) {
                strcpy(places[count++], place);
            }
        }
        if (mounts)
            fclose(mounts);
    }
    return count;
}

int cli_unbind_mounts(cli *cli, const char *path)
{
    static char places[64][4096];
    size_t count = find_places(path, places, 64);

    for (size_t i = 0; i < count; i++)
        if (umount2(places[i], UMOUNT_NOFOLLOW) != 0)
            return cli_fail(cli, WCL_CODE_BUSY, "unmount", places[i], "%s", strerror(errno));
    return 0;
}
