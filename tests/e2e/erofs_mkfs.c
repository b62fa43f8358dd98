/* Reads images that mkfs.erofs made of a folder and compares them with the folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/e2e/erofs_common.h"

#include "erofs/image.h"

static void run(const char *format, ...) WCL_PRINTF(1, 2);

static void run(const char *format, ...)
{
    char command[1000];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

/* ---- The folder ----------------------------------------------------------------------------- */

static void make_file(const char *folder, const char *name, size_t size)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        die(path);
    for (size_t i = 0; i < size; i++)
        fputc((int)(i * 7 + i / 251 + size), file);
    fclose(file);
}

static void make_folder(const char *folder)
{
    char name[300], path[600];

    run("mkdir -p %s/big %s/a/b/c/d/e %s/long", folder, folder, folder);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "big/entry%d", i * 7919 % 3000);
        make_file(folder, name, 0);
    }
    for (size_t size = 0; size < 300000; size = size * 3 / 2 + 1) {
        snprintf(name, sizeof(name), "a/b/%zu", size);
        make_file(folder, name, size);
    }
    memset(name, 'n', sizeof(name));
    memcpy(name, "long/", 5);
    name[5 + 200] = 0; /* mkfs.erofs 1.5 fails on 255 */
    make_file(folder, name, 10);
    snprintf(path, sizeof(path), "%s/a/link", folder);
    if (symlink("b/c/../c", path) != 0)
        die(path);
    run("ln %s/a/b/40 %s/a/hard && mkfifo %s/fifo && touch -d @1234567890.123456789 %s/a/b/40",
        folder, folder, folder, folder);
    snprintf(path, sizeof(path), "%s/a/b/1", folder);
    if (setxattr(path, "user.one", "value", 5, 0) != 0 && errno != ENOTSUP)
        die("setxattr");
    if (geteuid() == 0)
        run("mknod %s/null c 1 3 && mknod %s/disk b 259 70000 && chown 12:70000 %s/a/b/1", folder,
            folder, folder);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

typedef struct comparison {
    const wcl_erofs_image *image;
    int device; /* -1 where the data is in the image */
    size_t count;
} comparison;

static void compare_data(const comparison *c, wcl_nid nid, const char *path, size_t size)
{
    uint8_t *wanted = malloc(size + 1), *got = calloc(1, size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_extents extents;
    wcl_extent extent;
    uint64_t offset = 0;
    wcl_status status;

    if (fd < 0 || read(fd, wanted, size) != (ssize_t)size)
        die(path);
    close(fd);
    must(wcl_erofs_extents_open(c->image, nid, &extents, &error), &error);
    while ((status = wcl_erofs_extents_next(&extents, &extent, &error)) == WCL_OK) {
        CHECK(extent.offset == offset, "%s: a gap at %llu", path, (unsigned long long)offset);
        offset = extent.offset + extent.length;
        if (extent.device == WCL_DEVICE_IMAGE)
            memcpy(got + extent.offset, wcl_erofs_bytes(c->image, &extent), extent.length);
        else if (extent.device != WCL_DEVICE_HOLE &&
                 pread(c->device, got + extent.offset, extent.length, (off_t)extent.address) !=
                     (ssize_t)extent.length)
            die("reading the device");
    }
    must(status, &error);
    CHECK(offset == size, "%s: extents end at %llu", path, (unsigned long long)offset);
    CHECK(memcmp(got, wanted, size) == 0, "%s: other bytes", path);
    free(wanted);
    free(got);
}

static void compare_inode(const comparison *c, wcl_nid nid, const char *path, const struct stat *st)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_inode inode;

    must(wcl_erofs_node_inode(c->image, nid, &inode, &error), &error);
    CHECK(inode.mode == st->st_mode, "%s: mode %o", path, inode.mode);
    CHECK(inode.uid == st->st_uid && inode.gid == st->st_gid, "%s: owner", path);
    CHECK(S_ISDIR(st->st_mode) || inode.links == st->st_nlink, "%s: %u links", path, inode.links);
    CHECK(inode.modified.tv_sec == st->st_mtim.tv_sec, "%s: time", path);
    CHECK(inode.modified.tv_nsec == st->st_mtim.tv_nsec, "%s: nanoseconds", path);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        CHECK(inode.device_major == major(st->st_rdev) && inode.device_minor == minor(st->st_rdev),
              "%s: device", path);
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
        CHECK(inode.size == (uint64_t)st->st_size, "%s: size", path);
}

static void compare_xattr(const comparison *c, wcl_nid nid, const char *path)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_xattr xattr;
    char value[100];
    ssize_t size = lgetxattr(path, "user.one", value, sizeof(value));
    wcl_status status = wcl_erofs_find_xattr(c->image, nid, "user.one", &xattr, &error);

    must(status, &error);
    CHECK((size >= 0) == (status == WCL_OK), "%s: user.one", path);
    if (size >= 0 && status == WCL_OK)
        CHECK((size_t)size == xattr.size && memcmp(value, xattr.value, xattr.size) == 0,
              "%s: the value of user.one", path);
}

static void compare_link(const comparison *c, wcl_nid nid, const char *path)
{
    wcl_buffer target = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    char wanted[PATH_MAX];
    ssize_t size = readlink(path, wanted, sizeof(wanted));

    must(wcl_erofs_read_link(c->image, nid, &target, &error), &error);
    CHECK((size_t)size == target.size && memcmp(wanted, target.data, target.size) == 0,
          "%s: target", path);
    wcl_buffer_free(&target);
}

static void compare_node(comparison *c, wcl_nid nid, const char *path, bool *folder)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        die(path);
    c->count++;
    *folder = S_ISDIR(st.st_mode);
    compare_inode(c, nid, path, &st);
    compare_xattr(c, nid, path);
    if (S_ISREG(st.st_mode))
        compare_data(c, nid, path, (size_t)st.st_size);
    else if (S_ISLNK(st.st_mode))
        compare_link(c, nid, path);
}

static size_t count_names(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    if (!folder)
        die(path);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static void compare_tree(comparison *c, wcl_nid nid, const char *path)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_folder folder;
    wcl_erofs_entry entry, found;
    size_t count = 0;
    wcl_status status;

    must(wcl_erofs_folder_open(c->image, nid, &folder, &error), &error);
    while ((status = wcl_erofs_folder_next(&folder, &entry, &error)) == WCL_OK) {
        char inner[PATH_MAX];
        bool is_folder;
        snprintf(inner, sizeof(inner), "%s/%.*s", path, (int)entry.length, entry.name);
        compare_node(c, entry.nid, inner, &is_folder);
        must(wcl_erofs_lookup(c->image, nid, entry.name, entry.length, WCL_NAMES_EXACT, &found,
                              &error),
             &error);
        CHECK(found.nid == entry.nid, "%s: looking it up finds another", inner);
        if (is_folder)
            compare_tree(c, entry.nid, inner);
        count++;
    }
    must(status, &error);
    CHECK(count == count_names(path), "%s: %zu names", path, count);
}

static void compare_image(const char *path, const char *folder, const char *device)
{
    comparison c = { .device = -1 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_image *image;
    bool is_folder;

    must(wcl_erofs_image_open_file(path, &image, &error), &error);
    c.image = image;
    if (device && (c.device = open(device, O_RDONLY | O_CLOEXEC)) < 0)
        die(device);
    compare_node(&c, wcl_erofs_root(image), folder, &is_folder);
    compare_tree(&c, wcl_erofs_root(image), folder);
    printf("%s: %zu entries compared\n", path, c.count);
    if (device)
        close(c.device);
    wcl_erofs_image_free(image);
}

/* Compression shows at the first inode that is compressed, or before. */
static void expect_refusal(const char *path)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_image *image;
    wcl_erofs_tree *tree;

    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    wcl_status status = wcl_erofs_image_open_file(path, &image, &error);
    if (status == WCL_OK) {
        status = wcl_erofs_load(image, tree, 0, &error);
        wcl_erofs_image_free(image);
    }
    CHECK(status == WCL_FAILED && error.code == WCL_CODE_NOT_SUPPORTED,
          "a compressed image was not refused as such: %s", error.message);
    wcl_tree_free(tree);
}

int main(void)
{
    char work[] = "/tmp/wcl-mkfs-XXXXXX", folder[64], image[64], blob[64];

    if (system("command -v mkfs.erofs >/dev/null") != 0) {
        puts("skipped: mkfs.erofs (erofs-utils) is not installed");
        return SKIPPED;
    }
    if (!mkdtemp(work))
        die("mkdtemp");
    snprintf(folder, sizeof(folder), "%s/folder", work);
    snprintf(image, sizeof(image), "%s/image", work);
    snprintf(blob, sizeof(blob), "%s/blob", work);
    make_folder(folder);
    run("mkfs.erofs --quiet %s %s", image, folder);
    compare_image(image, folder, NULL);
    run("mkfs.erofs --quiet --chunksize=4096 %s %s", image, folder);
    compare_image(image, folder, NULL);
    run("mkfs.erofs --quiet -Eforce-chunk-indexes --chunksize=65536 %s %s", image, folder);
    compare_image(image, folder, NULL);
    run("mkfs.erofs --quiet --chunksize=4096 --blobdev=%s %s %s", blob, image, folder);
    compare_image(image, folder, blob);
    run("mkfs.erofs --quiet -zlz4 %s %s", image, folder);
    expect_refusal(image);
    run("rm -rf %s", work);
    return failures ? 1 : 0;
}
