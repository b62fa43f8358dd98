/* Trees of all kinds, with their devices. */
#include "tests/e2e/erofs_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/erofs_common.h"

/* ---- A tree with its devices ---------------------------------------------------------------- */

uint64_t world_random(world *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

void world_device_path(const world *w, size_t device, char path[128])
{
    snprintf(path, 128, "%s/device%zu", w->folder, device);
}

static uint32_t add_device(world *w, uint64_t size)
{
    char path[128];

    world_device_path(w, w->device_count + 1, path);
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
        bytes[i] = world_random(w);
    if (pwrite(w->devices[device - 1], bytes, size, (off_t)address) != (ssize_t)size)
        die("writing a device");
    free(bytes);
}

void world_make(world *w, const char *name, wcl_tree_names names)
{
    wcl_error error = WCL_ERROR_INIT;

    memset(w, 0, sizeof(*w));
    w->random = 88172645463325252u;
    snprintf(w->folder, sizeof(w->folder), "/tmp/wcl-erofs-%s-XXXXXX", name);
    if (!mkdtemp(w->folder))
        die("mkdtemp");
    must(wcl_tree_new(names, &w->tree, &error), &error);
}

void world_remove(world *w)
{
    char path[128];

    for (size_t i = 0; i < w->device_count; i++) {
        close(w->devices[i]);
        world_device_path(w, i + 1, path);
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

void world_write_image(const world *w)
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
        bytes[i] = (uint8_t)world_random(w);
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
        big[i] = (uint8_t)world_random(w);
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
        snprintf(path, sizeof(path), "big/%llx", (unsigned long long)world_random(w));
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
            at += world_random(w) % 5 * unit;
            uint64_t length = (1 + world_random(w) % 3) * unit;
            extents[i] = (wcl_extent) { at, length, i % 3 ? first : second, address };
            at += length;
            address += length;
        }
        uint64_t tail = n % 3 ? world_random(w) % 5000 : 0;
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
        fill_device(w, device, world_random(w) % (size - 70000) / 512 * 512, 66000);
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

const world_case world_cases[] = {
    { "empty", build_nothing },        { "kinds", build_kinds },
    { "folder", build_big_folder },    { "deep", build_deep },
    { "sparse", build_sparse },        { "large", build_large },
    { "devices", build_many_devices },
};

const size_t world_case_count = sizeof(world_cases) / sizeof(world_cases[0]);
