/* Finding out which ways of mounting a chain work on this host, and how well, by mounting a tiny
 * one nowhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "erofs/write.h"
#include "layer/store/mount/mount.h"
#include "platform/linux/loop.h"
#include "platform/linux/mounts.h"

/* Two pages, so that one can be there and the other not. */
#define PAGE 4096
#define PROBE_SIZE (2 * PAGE)

/* The image of one file in one device, and that device. */
typedef struct probe {
    int fds[2];
    char names[2][WCL_KERNEL_MOUNT_NAME_SIZE];
} probe;

static wcl_status write_to_fd(void *context, const void *data, size_t size, wcl_error *error)
{
    const int *fd = context;

    if (write(*fd, data, size) == (ssize_t)size)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot write a file to try mounting with");
}

static wcl_status write_image(int fd, wcl_error *error)
{
    const wcl_erofs_inode inode = { .mode = S_IFREG | 0644 };
    const wcl_erofs_device device = { .size = PROBE_SIZE };
    const wcl_erofs_options options = { .devices = &device, .device_count = 1 };
    wcl_erofs_tree *tree;
    wcl_node node;

    if (wcl_tree_new(WCL_NAMES_EXACT, &tree, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_tree_add_node(tree, &inode, &node, error);
    if (status == WCL_OK)
        status = wcl_tree_set_data(tree, node, 1, 0, PROBE_SIZE, error);
    if (status == WCL_OK)
        status = wcl_tree_link(tree, WCL_TREE_ROOT, "probe", 5, node, NULL, error);
    if (status == WCL_OK)
        status = wcl_erofs_write(tree, &options, write_to_fd, &fd, NULL, error);
    wcl_tree_free(tree);
    return status;
}

/* Files without a name in the folder, since what works depends on its file system too. */
static wcl_status open_probe(int folder, probe *probe, wcl_error *error)
{
    char content[PROBE_SIZE];

    for (int i = 0; i < 2; i++) {
        probe->fds[i] = openat(folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
        if (probe->fds[i] < 0)
            return wcl_fail_errno(error, errno, "cannot make a file to try mounting with");
        wcl_kernel_mount_name(probe->fds[i], NULL, probe->names[i]);
    }
    if (write_image(probe->fds[0], error) != WCL_OK)
        return WCL_FAILED;
    memset(content, 'x', sizeof(content));
    return write_to_fd(&probe->fds[1], content, sizeof(content), error);
}

static void close_probe(probe *probe)
{
    for (int i = 0; i < 2; i++)
        if (probe->fds[i] >= 0)
            close(probe->fds[i]);
}

static wcl_status loop_probe(probe *probe, wcl_error *error)
{
    const wcl_loop_options options = { .read_only = true, .block_size = WCL_EROFS_BLOCK_SIZE };

    for (int i = 0; i < 2; i++) {
        char path[WCL_LOOP_PATH_SIZE];
        int device;
        if (wcl_loop_attach(probe->fds[i], &options, &device, path, error) != WCL_OK)
            return WCL_FAILED;
        close(probe->fds[i]);
        probe->fds[i] = device;
        wcl_kernel_mount_name(device, path, probe->names[i]);
    }
    return WCL_OK;
}

static wcl_status mount_probe(const probe *probe, int *mount, wcl_error *error)
{
    const wcl_kernel_mount_option options[] = { { "source", probe->names[0] },
                                                { "device", probe->names[1] } };

    return wcl_kernel_mount_create("erofs", options, 2, WCL_KERNEL_MOUNT_READ_ONLY, mount, NULL,
                                   error);
}

/* A mount that is let go at once. */
static wcl_status try_way(int folder, wcl_chain_backing way, wcl_error *error)
{
    probe probe = { .fds = { -1, -1 } };
    WCL_CLEANUP_FD int mount = -1;

    wcl_status status = open_probe(folder, &probe, error);
    if (status == WCL_OK && way == WCL_MOUNT_LOOP)
        status = loop_probe(&probe, error);
    if (status == WCL_OK)
        status = mount_probe(&probe, &mount, error);
    close_probe(&probe);
    return status;
}

/* ---- Reads that end early -------------------------------------------------------------------- */

/* Whether the second page, which its device has no more, is told to be zeros. */
static bool reads_zeros(int mount)
{
    WCL_CLEANUP_FD int fd = openat(mount, "probe", O_RDONLY | O_CLOEXEC);
    char content[PROBE_SIZE] = "";
    size_t got = 0;

    for (ssize_t size = 1; fd >= 0 && size > 0 && got < sizeof(content); got += (size_t)size) {
        size = pread(fd, content + got, sizeof(content) - got, (off_t)got);
        if (size < 0)
            return false;
    }
    return got == sizeof(content) && content[0] == 'x' && content[PAGE] == '\0';
}

wcl_status wcl_mount_check_reads(int folder, bool *told, wcl_error *error)
{
    probe probe = { .fds = { -1, -1 } };
    WCL_CLEANUP_FD int mount = -1;

    wcl_status status = open_probe(folder, &probe, error);
    if (status == WCL_OK)
        status = mount_probe(&probe, &mount, error);
    if (status == WCL_OK && ftruncate(probe.fds[1], PAGE) != 0)
        status = wcl_fail_errno(error, errno, "cannot shorten a file to try reading with");
    if (status == WCL_OK)
        *told = !reads_zeros(mount);
    close_probe(&probe);
    return status;
}

/* ---- Choosing ----------------------------------------------------------------------------------
 */

wcl_status wcl_mount_choose(int folder, wcl_chain_backing *way, char reason[200], wcl_error *error)
{
    wcl_error why[WCL_MOUNT_UNPACK] = { WCL_ERROR_INIT };

    if (wcl_kernel_mount_check(error) != WCL_OK || wcl_mount_forced(way, error) != WCL_OK)
        return WCL_FAILED;
    if (*way) {
        snprintf(reason, 200, "WCL_MOUNT=%s forces it", wcl_chain_backing_name(*way));
        return WCL_OK;
    }
    for (*way = WCL_MOUNT_FILES; *way < WCL_MOUNT_UNPACK; ++*way) {
        if (try_way(folder, *way, &why[*way]) == WCL_OK)
            break;
        if (why[*way].code == WCL_CODE_ACCESS_DENIED) {
            return wcl_error_pass(error, &why[*way]);
        }
    }
    snprintf(reason, 200, "%s%.90s%s%.90s", *way > WCL_MOUNT_FILES ? "files: " : "",
             why[WCL_MOUNT_FILES].message, *way > WCL_MOUNT_LOOP ? "; loop: " : "",
             *way > WCL_MOUNT_LOOP ? why[WCL_MOUNT_LOOP].message : "");
    return WCL_OK;
}
