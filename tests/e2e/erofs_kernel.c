/* Writes trees as images, lets the kernel mount them with plain files as devices, and compares what
 * it shows with what was put in: names, inodes, attributes, links, identities and contents. The
 * kernel is the judge because fsck.erofs 1.5 cannot read blocks of 512 bytes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/e2e/erofs_common.h"
#include "tests/e2e/erofs_world.h"

/* ---- Mounting ------------------------------------------------------------------------------- */

static void report_mount_log(int fs)
{
    char text[512];
    ssize_t size;

    while ((size = read(fs, text, sizeof(text) - 1)) > 0) {
        text[size] = 0;
        fprintf(stderr, "kernel: %s\n", text);
    }
}

/* A descriptor of the mounted root, or -1 where the kernel cannot mount plain files. */
static int mount_world(const world *w)
{
    char path[128];
    int fs = (int)syscall(SYS_fsopen, "erofs", FSOPEN_CLOEXEC);

    if (fs < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/image", w->folder);
    if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", path, 0) != 0)
        die("fsconfig source");
    for (size_t i = 0; i < w->device_count; i++) {
        world_device_path(w, i + 1, path);
        if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "device", path, 0) != 0)
            die("fsconfig device");
    }
    syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);
    if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        if (errno == ENOTBLK)
            return -1;
        int number = errno;
        report_mount_log(fs);
        errno = number;
        die("mounting");
    }
    int root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
    if (root < 0)
        die("fsmount");
    close(fs);
    return root;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

typedef struct identity {
    wcl_node node;
    ino_t inode;
} identity;

static void compare_inode(const world *w, wcl_node node, const char *path, const struct stat *st)
{
    wcl_erofs_inode inode;

    wcl_tree_get_inode(w->tree, node, &inode);
    CHECK(st->st_mode == inode.mode, "%s: mode %o, not %o", path, st->st_mode, inode.mode);
    CHECK(st->st_uid == inode.uid && st->st_gid == inode.gid, "%s: owner %u:%u, not %u:%u", path,
          st->st_uid, st->st_gid, inode.uid, inode.gid);
    CHECK(st->st_nlink == inode.links, "%s: %lu links, not %u", path, (unsigned long)st->st_nlink,
          inode.links);
    CHECK(st->st_mtim.tv_sec == inode.modified.tv_sec &&
              st->st_mtim.tv_nsec == inode.modified.tv_nsec,
          "%s: time %ld.%09ld, not %ld.%09ld", path, (long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
          (long)inode.modified.tv_sec, inode.modified.tv_nsec);
    if (S_ISREG(inode.mode) || S_ISLNK(inode.mode))
        CHECK((uint64_t)st->st_size == inode.size, "%s: %lld bytes, not %llu", path,
              (long long)st->st_size, (unsigned long long)inode.size);
    if (S_ISCHR(inode.mode) || S_ISBLK(inode.mode))
        CHECK(major(st->st_rdev) == inode.device_major && minor(st->st_rdev) == inode.device_minor,
              "%s: device %u:%u", path, major(st->st_rdev), minor(st->st_rdev));
}

static void compare_xattrs(const world *w, wcl_node node, const char *path, const char *full)
{
    static char list[65536], value[65536];
    ssize_t size = llistxattr(full, list, sizeof(list));
    size_t there = 0, wanted = 0;
    wcl_xattr xattr;

    CHECK(size >= 0, "%s: llistxattr: %s", path, strerror(errno));
    for (char *name = list; name < list + size; name += strlen(name) + 1)
        there++;
    for (; wcl_tree_xattr(w->tree, node, wanted, &xattr); wanted++) {
        ssize_t got = lgetxattr(full, xattr.name, value, sizeof(value));
        CHECK(got == (ssize_t)xattr.size && memcmp(value, xattr.value, xattr.size) == 0,
              "%s: %s has %zd bytes, or others than it should: %s", path, xattr.name, got,
              got < 0 ? strerror(errno) : "");
    }
    CHECK(there == wanted, "%s: %zu extended attributes, not %zu", path, there, wanted);
}

static void compare_folder(const world *w, int root, wcl_node node, const char *path)
{
    int fd = openat(root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    wcl_entry_id entry = wcl_tree_first(w->tree, node);
    unsigned dots = 0;
    struct dirent *d;

    if (!folder)
        die(path);
    while ((d = readdir(folder))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) {
            dots++;
            continue;
        }
        if (entry == WCL_NO_ENTRY) {
            CHECK(false, "%s: %s should not be there", path, d->d_name);
            break;
        }
        CHECK(strcmp(d->d_name, wcl_tree_entry_name(w->tree, entry, NULL)) == 0,
              "%s: %s instead of %s", path, d->d_name, wcl_tree_entry_name(w->tree, entry, NULL));
        uint32_t type = wcl_tree_type(w->tree, wcl_tree_entry_node(w->tree, entry));
        CHECK((uint32_t)DTTOIF(d->d_type) == type, "%s/%s: type", path, d->d_name);
        entry = wcl_tree_next(w->tree, entry);
    }
    CHECK(entry == WCL_NO_ENTRY, "%s: entries are missing", path);
    CHECK(dots == 2, "%s: %u of . and ..", path, dots);
    closedir(folder);
}

static void expect(const world *w, wcl_node node, uint64_t offset, uint8_t *bytes, size_t size)
{
    size_t whole;
    const uint8_t *own = wcl_tree_bytes(w->tree, node, &whole);
    wcl_extent extent;

    memset(bytes, 0, size);
    if (own)
        memcpy(bytes, own + offset, size);
    for (size_t i = 0; wcl_tree_extent(w->tree, node, i, &extent); i++) {
        uint64_t start = extent.offset > offset ? extent.offset : offset;
        uint64_t end = extent.offset + extent.length;
        end = end < offset + size ? end : offset + size;
        if (start >= end || extent.device == WCL_DEVICE_HOLE)
            continue;
        if (pread(w->devices[extent.device - 1], bytes + (start - offset), end - start,
                  (off_t)(extent.address + start - extent.offset)) != (ssize_t)(end - start))
            die("reading a device");
    }
}

static void compare_piece(const world *w, int fd, wcl_node node, const char *path, uint64_t offset,
                          size_t size)
{
    static uint8_t got[1 << 20], wanted[1 << 20];

    CHECK(pread(fd, got, size, (off_t)offset) == (ssize_t)size, "%s: reading at %llu: %s", path,
          (unsigned long long)offset, strerror(errno));
    expect(w, node, offset, wanted, size);
    CHECK(memcmp(got, wanted, size) == 0, "%s: other bytes at %llu", path,
          (unsigned long long)offset);
}

/* All of a small file; of a large one its ends and 200 pieces in between. */
static void compare_file(world *w, int root, wcl_node node, const char *path, uint64_t size)
{
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        die(path);
    if (size <= 64u << 20) {
        for (uint64_t at = 0; at < size; at += 1 << 20)
            compare_piece(w, fd, node, path, at, size - at < 1 << 20 ? size - at : 1 << 20);
    } else {
        compare_piece(w, fd, node, path, 0, 1 << 20);
        compare_piece(w, fd, node, path, size - (1 << 20), 1 << 20);
        for (int i = 0; i < 200; i++)
            compare_piece(w, fd, node, path, world_random(w) % (size - 65536), 65536);
    }
    close(fd);
}

static void compare_node(world *w, int root, wcl_node node, const char *path, ino_t *inode)
{
    char full[PATH_MAX + 64], target[PATH_MAX];
    struct stat st;

    snprintf(full, sizeof(full), "/proc/self/fd/%d/%s", root, path);
    if (lstat(full, &st) != 0)
        die(path);
    *inode = st.st_ino;
    compare_inode(w, node, path, &st);
    compare_xattrs(w, node, path, full);
    if (S_ISDIR(st.st_mode))
        compare_folder(w, root, node, path);
    else if (S_ISREG(st.st_mode))
        compare_file(w, root, node, path, (uint64_t)st.st_size);
    else if (S_ISLNK(st.st_mode)) {
        size_t size;
        const void *wanted = wcl_tree_bytes(w->tree, node, &size);
        ssize_t got = readlinkat(root, path, target, sizeof(target));
        CHECK(got == (ssize_t)size && memcmp(target, wanted, size) == 0, "%s: target", path);
    }
}

static int compare_identities(const void *a, const void *b)
{
    const identity *x = a, *y = b;

    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* One inode number for one node. */
static void check_identities(identity *seen, size_t count)
{
    qsort(seen, count, sizeof(*seen), compare_identities);
    for (size_t i = 1; i < count; i++)
        CHECK((seen[i].inode == seen[i - 1].inode) == (seen[i].node == seen[i - 1].node),
              "inode %lu stands for two files, or a file has two", (unsigned long)seen[i].inode);
}

static void compare_world(world *w, int root)
{
    identity *seen = calloc(wcl_tree_entry_count(w->tree) + 1u, sizeof(*seen));
    wcl_buffer path = WCL_BUFFER_INIT;
    size_t count = 0;

    compare_node(w, root, WCL_TREE_ROOT, "", &seen[count].inode);
    seen[count++].node = WCL_TREE_ROOT;
    for (wcl_entry_id e = WCL_NO_ENTRY; (e = wcl_tree_walk(w->tree, e, false)) != WCL_NO_ENTRY;) {
        wcl_node node = wcl_tree_entry_node(w->tree, e);
        wcl_buffer_clear(&path);
        must(wcl_tree_path(w->tree, e, &path, NULL), NULL);
        compare_node(w, root, node, wcl_buffer_text(&path), &seen[count].inode);
        seen[count++].node = node;
    }
    check_identities(seen, count);
    printf("%s: %zu entries compared\n", w->folder, count);
    wcl_buffer_free(&path);
    free(seen);
}

int main(void)
{
    if (geteuid() != 0) {
        puts("skipped: mounting needs root");
        return SKIPPED;
    }
    for (size_t i = 0; i < world_case_count; i++) {
        world w;
        world_make(&w, world_cases[i].name, WCL_NAMES_EXACT);
        world_cases[i].build(&w);
        world_write_image(&w);
        int root = mount_world(&w);
        if (root >= 0) {
            compare_world(&w, root);
            close(root);
        }
        world_remove(&w);
        if (root < 0) {
            puts("skipped: this kernel cannot mount EROFS from plain files (Linux 6.12 can)");
            return SKIPPED;
        }
    }
    return failures ? 1 : 0;
}
