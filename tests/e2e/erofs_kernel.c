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

#include "erofs/image.h"
#include "erofs/write.h"

#define MAX_DEVICES 300

/* ---- A tree with its devices ---------------------------------------------------------------- */

typedef struct world {
    wcl_erofs_tree *tree;
    char folder[64]; /* where its files are */
    int devices[MAX_DEVICES];
    uint64_t sizes[MAX_DEVICES];
    size_t device_count;
    uint64_t random;
} world;

static uint64_t next_random(world *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static void device_path(const world *w, size_t device, char path[128])
{
    snprintf(path, 128, "%s/device%zu", w->folder, device);
}

static uint32_t add_device(world *w, uint64_t size)
{
    char path[128];

    device_path(w, w->device_count + 1, path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
        die(path);
    w->devices[w->device_count] = fd;
    w->sizes[w->device_count] = size;
    return (uint32_t)++w->device_count;
}

static void fill_device(world *w, uint32_t device, uint64_t address, size_t size)
{
    uint64_t *bytes = malloc(size + 8);

    for (size_t i = 0; i <= size / 8; i++)
        bytes[i] = next_random(w);
    if (pwrite(w->devices[device - 1], bytes, size, (off_t)address) != (ssize_t)size)
        die("writing a device");
    free(bytes);
}

static void make_world(world *w, const char *name, wcl_tree_names names)
{
    wcl_error error = WCL_ERROR_INIT;

    memset(w, 0, sizeof(*w));
    w->random = 88172645463325252u;
    snprintf(w->folder, sizeof(w->folder), "/tmp/wcl-erofs-%s-XXXXXX", name);
    if (!mkdtemp(w->folder))
        die("mkdtemp");
    must(wcl_tree_new(names, &w->tree, &error), &error);
}

static void remove_world(world *w)
{
    char path[128];

    for (size_t i = 0; i < w->device_count; i++) {
        close(w->devices[i]);
        device_path(w, i + 1, path);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/image", w->folder);
    unlink(path);
    rmdir(w->folder);
    wcl_tree_free(w->tree);
}

static wcl_status write_fd(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)error;
    return write(*(int *)context, data, size) == (ssize_t)size ? WCL_OK : WCL_FAILED;
}

static void write_image(const world *w)
{
    wcl_erofs_device devices[MAX_DEVICES];
    wcl_erofs_options options = { .devices = devices, .device_count = w->device_count };
    wcl_error error = WCL_ERROR_INIT;
    char path[128];

    for (size_t i = 0; i < w->device_count; i++)
        devices[i] = (wcl_erofs_device) { w->sizes[i], NULL };
    snprintf(path, sizeof(path), "%s/image", w->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        die(path);
    must(wcl_erofs_write(w->tree, &options, write_fd, &fd, NULL, &error), &error);
    close(fd);
}

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
        device_path(w, i + 1, path);
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
            compare_piece(w, fd, node, path, next_random(w) % (size - 65536), 65536);
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

/* ---- Trees ---------------------------------------------------------------------------------- */

static wcl_node add(world *w, const char *path, uint32_t mode, uint32_t id)
{
    wcl_erofs_inode inode = { .mode = mode,
                              .uid = id,
                              .gid = id + 1,
                              .modified = { 1600000000 + (time_t)(id % 3),
                                            (long)(id % 2) * 123456789 },
                              .device_major = id & 0xFFF,
                              .device_minor = id & 0xFFFFF };
    wcl_error error = WCL_ERROR_INIT;
    wcl_node node, folder;

    must(wcl_tree_make_parents(w->tree, path, &inode, NULL, 0, &folder, &error), &error);
    must(wcl_tree_add_node(w->tree, &inode, &node, &error), &error);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    must(wcl_tree_link(w->tree, folder, name, strlen(name), node, NULL, &error), &error);
    return node;
}

static void link_to(world *w, const char *path, wcl_node node)
{
    wcl_erofs_inode inode = { .mode = 0700 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_node folder;

    must(wcl_tree_make_parents(w->tree, path, &inode, NULL, 0, &folder, &error), &error);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    must(wcl_tree_link(w->tree, folder, name, strlen(name), node, NULL, &error), &error);
}

static void set_data(world *w, wcl_node node, uint32_t device, uint64_t address, uint64_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_tree_set_data(w->tree, node, device, address, size, &error), &error);
}

static void set_bytes(world *w, wcl_node node, const void *bytes, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_tree_set_bytes(w->tree, node, bytes, size, &error), &error);
}

static void add_kinds(world *w)
{
    static const uint32_t kinds[] = { S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };
    static const uint32_t ids[] = { 0, 1, 255, 256, 65535, 0xABCDE };
    char path[300], long_name[256], target[4096];

    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < 6; i++) {
            snprintf(path, sizeof(path), "kinds/%zu-%zu", k, i);
            add(w, path, kinds[k] | 0640, ids[i]);
        }
    memset(long_name, 'n', 255);
    long_name[255] = 0;
    for (char c = 'a'; c <= 'f'; c++) {
        long_name[254] = c;
        snprintf(path, sizeof(path), "long/%s", long_name);
        add(w, path, S_IFREG | 04755, 70000);
    }
    memset(target, 't', sizeof(target));
    for (size_t size = 1; size < 4096; size = size * 3 / 2 + 1) {
        snprintf(path, sizeof(path), "links/%zu", size);
        set_bytes(w, add(w, path, S_IFLNK | 0777, 5), target, size);
    }
    set_bytes(w, add(w, "links/longest", S_IFLNK | 0777, 5), target, 4095);
}

static void add_files(world *w, uint32_t device)
{
    static const char *const odd[] = { "!",    "#",        "-", "...", "..a",      ".a", ".-",
                                       "\x01", "\xff\xfe", "a", "A",   "\xc3\xa9", " ",  "a b\n" };
    uint8_t bytes[65535];
    char path[300];
    uint64_t at = 0;

    fill_device(w, device, 0, (size_t)w->sizes[device - 1]);
    for (uint64_t size = 0; size < 200000; size = size * 5 / 4 + 1) {
        snprintf(path, sizeof(path), "files/%llu", (unsigned long long)size);
        set_data(w, add(w, path, S_IFREG | 0644, (uint32_t)size), device, at, size);
        at += (size + 511) / 512 * 512;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)next_random(w);
    for (size_t size = 0; size < sizeof(bytes); size = size * 5 / 4 + 1) {
        snprintf(path, sizeof(path), "bytes/%zu", size);
        set_bytes(w, add(w, path, S_IFREG | 0600, 3), bytes, size);
    }
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(path, sizeof(path), "odd/%s", odd[i]);
        set_data(w, add(w, path, S_IFREG | 0644, (uint32_t)i), device, i * 512, i * 100);
    }
}

static void add_hard_links(world *w)
{
    wcl_node file = wcl_tree_find(w->tree, "files/1");
    wcl_node fifo = wcl_tree_find(w->tree, "kinds/0-0");
    char path[64];

    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "hard/%d/again", i);
        link_to(w, path, i % 2 ? file : fifo);
    }
}

static void add_xattrs(world *w)
{
    static uint8_t big[65535];
    uint8_t capability[20] = { 1, 0, 0, 2 }; /* revision 2, effective */
    char path[64];

    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)next_random(w);
    for (size_t i = 0; i < 400; i++) {
        wcl_error error = WCL_ERROR_INIT;
        const wcl_xattr shared[] = { { "trusted.wcl.sd", big, 20 + i % 7 * 1000 },
                                     { "security.capability", capability, 20 },
                                     { "user.empty", NULL, 0 } };
        const wcl_xattr own[] = { { "trusted.wcl.basic", big + i, 40 },
                                  { "user.big", big + i, i % 50 == 0 ? 65535 - i : i },
                                  { "trusted.overlay.opaque", "y", 1 } };
        snprintf(path, sizeof(path), "xattrs/%zu", i);
        uint32_t mode = i % 5 == 0 ? S_IFDIR | 0755 : i % 5 == 1 ? S_IFLNK | 0777 : S_IFREG | 0644;
        wcl_node node = add(w, path, mode, (uint32_t)i);
        bool link = S_ISLNK(mode); /* has no user.* ones */
        capability[4] = (uint8_t)(i % 3);
        if (link)
            set_bytes(w, node, big, 100);
        must(wcl_tree_set_xattrs(w->tree, node, shared, link ? 1 : i % 4, own, link ? 1 : i / 4 % 4,
                                 &error),
             &error);
    }
}

static void build_kinds(world *w)
{
    wcl_erofs_inode root = { .mode = 01750, .uid = 7, .gid = 8, .modified = { -5, 999999999 } };

    wcl_tree_set_inode(w->tree, WCL_TREE_ROOT, &root);
    uint32_t device = add_device(w, 2 << 20);
    add_kinds(w);
    add_files(w, device);
    add_hard_links(w);
    add_xattrs(w);
}

static void build_big_folder(world *w)
{
    char path[64];

    for (uint32_t i = 0; i < 100000; i++) {
        snprintf(path, sizeof(path), "big/%llx", (unsigned long long)next_random(w));
        add(w, path, S_IFREG | 0644, i & 1);
    }
}

static void build_deep(world *w)
{
    char path[4096] = "";

    for (size_t i = 0; i < 1000; i++)
        snprintf(path + strlen(path), 8, "%zu/", i % 100);
    strcat(path, "end");
    add(w, path, S_IFREG | 0644, 1);
}

/* Files of 4 KiB pieces and of 512-byte pieces with holes between, on two devices. */
static void build_sparse(world *w)
{
    uint32_t first = add_device(w, 1 << 20), second = add_device(w, 1 << 20);
    wcl_extent extents[64];
    wcl_error error = WCL_ERROR_INIT;
    char path[64];

    fill_device(w, first, 0, 1 << 20);
    fill_device(w, second, 0, 1 << 20);
    for (size_t n = 0; n < 200; n++) {
        uint64_t unit = n % 2 ? 512 : 4096, at = 0, address = 0;
        size_t count = n % 60;
        for (size_t i = 0; i < count; i++) {
            at += next_random(w) % 5 * unit;
            uint64_t length = (1 + next_random(w) % 3) * unit;
            extents[i] = (wcl_extent) { at, length, i % 3 ? first : second, address };
            at += length;
            address += length;
        }
        uint64_t tail = n % 3 ? next_random(w) % 5000 : 0;
        if (!tail && count) {
            extents[count - 1].length -= 13;
            at -= 13;
        }
        snprintf(path, sizeof(path), "%zu", n);
        wcl_node node = add(w, path, S_IFREG | 0644, 1);
        must(wcl_tree_set_extents(w->tree, node, at + tail, extents, count, &error), &error);
    }
    wcl_node hole = add(w, "hole", S_IFREG | 0644, 1);
    must(wcl_tree_set_extents(w->tree, hole, UINT64_C(3) << 40, NULL, 0, &error), &error);
}

/* 5 GB in one piece, and one that ends just below the 2 TiB limit. */
static void build_large(world *w)
{
    uint64_t size = UINT64_C(5000000000), limit = UINT64_C(1) << 41;
    uint32_t device = add_device(w, limit - 512);

    for (int i = 0; i < 300; i++)
        fill_device(w, device, next_random(w) % (size - 70000) / 512 * 512, 66000);
    fill_device(w, device, 512 + size - (1 << 20), 1 << 20);
    set_data(w, add(w, "large", S_IFREG | 0644, 1), device, 512, size);
    fill_device(w, device, limit - 512 - (2 << 20), 2 << 20);
    set_data(w, add(w, "high", S_IFREG | 0644, 1), device, limit - 512 - (2 << 20), 2 << 20);
    set_data(w, add(w, "huge", S_IFREG | 0644, 1), device, 0, limit - 512);
}

static void build_many_devices(world *w)
{
    char path[64];

    for (size_t i = 0; i < 250; i++) {
        uint32_t device = add_device(w, 8192);
        fill_device(w, device, 0, 8192);
        snprintf(path, sizeof(path), "%zu", i);
        set_data(w, add(w, path, S_IFREG | 0644, 1), device, 512, 7000);
    }
}

static void build_nothing(world *w)
{
    (void)w;
}

static const struct {
    const char *name;
    void (*build)(world *w);
} cases[] = {
    { "empty", build_nothing },        { "kinds", build_kinds },
    { "folder", build_big_folder },    { "deep", build_deep },
    { "sparse", build_sparse },        { "large", build_large },
    { "devices", build_many_devices },
};

int main(void)
{
    if (geteuid() != 0) {
        puts("skipped: mounting needs root");
        return SKIPPED;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world w;
        make_world(&w, cases[i].name, WCL_NAMES_EXACT);
        cases[i].build(&w);
        write_image(&w);
        int root = mount_world(&w);
        if (root >= 0) {
            compare_world(&w, root);
            close(root);
        }
        remove_world(&w);
        if (root < 0) {
            puts("skipped: this kernel cannot mount EROFS from plain files (Linux 6.12 can)");
            return SKIPPED;
        }
    }
    return failures ? 1 : 0;
}
