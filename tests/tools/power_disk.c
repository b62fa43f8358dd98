/*
 * A disk whose power can be cut: a file, shown through FUSE to a loop device, of which each write
 * and each flush goes into a log before it is answered.
 *
 *     wcl-power-disk FOLDER SIZE IMAGE LOG
 *
 * shows FOLDER/disk, of SIZE bytes, which IMAGE holds, until FOLDER is unmounted; says "ready" when
 * it is there. The log is a row of little-endian records: offset (64 bits), size (32 bits), kind
 * (32 bits: 1 a write, followed by its bytes; 2 a flush).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK_NODE 2
#define MOST_DATA (1024 * 1024)
#define REQUEST_SIZE (MOST_DATA + 4096)

enum {
    KIND_WRITE = 1,
    KIND_FLUSH = 2
};

static struct {
    int fuse, image, log;
    uint64_t size;
    char request[REQUEST_SIZE];
    char data[MOST_DATA];
} disk;

_Noreturn static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void answer(uint64_t unique, int error, const void *body, size_t size)
{
    struct fuse_out_header header = { .len = (uint32_t)(sizeof(header) + size),
                                      .error = -error,
                                      .unique = unique };
    struct iovec parts[2] = { { &header, sizeof(header) }, { (void *)(uintptr_t)body, size } };

    /* Who asked may be gone. */
    if (writev(disk.fuse, parts, size ? 2 : 1) < 0 && errno != ENOENT)
        give_up("answering");
}

static void note(uint32_t kind, uint64_t offset, const void *data, uint32_t size)
{
    struct {
        uint64_t offset;
        uint32_t size, kind;
    } record = { offset, size, kind };
    struct iovec parts[2] = { { &record, sizeof(record) }, { (void *)(uintptr_t)data, size } };
    ssize_t length = (ssize_t)(sizeof(record) + size);

    if (writev(disk.log, parts, 2) != length)
        give_up("writing the log");
}

/* ---- What is asked -------------------------------------------------------------------------- */

static void fill_attributes(uint64_t node, struct fuse_attr *attributes)
{
    *attributes = (struct fuse_attr) { .ino = node, .nlink = 1, .blksize = 4096 };
    if (node == DISK_NODE) {
        attributes->mode = S_IFREG | 0600;
        attributes->size = disk.size;
        attributes->blocks = disk.size / 512;
    } else {
        attributes->mode = S_IFDIR | 0700;
    }
}

static void on_init(const struct fuse_in_header *header)
{
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
                                 .minor = 31,
                                 .flags = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_MAX_PAGES,
                                 .max_background = 16,
                                 .max_write = MOST_DATA,
                                 .max_pages = MOST_DATA / 4096,
                                 .time_gran = 1 };

    answer(header->unique, 0, &out, sizeof(out));
    puts("ready");
    fflush(stdout);
}

static void on_lookup(const struct fuse_in_header *header, const char *name)
{
    struct fuse_entry_out out = { .nodeid = DISK_NODE, .entry_valid = 3600, .attr_valid = 3600 };

    if (header->nodeid != FUSE_ROOT_ID || strcmp(name, "disk") != 0) {
        answer(header->unique, ENOENT, NULL, 0);
        return;
    }
    fill_attributes(DISK_NODE, &out.attr);
    answer(header->unique, 0, &out, sizeof(out));
}

static void on_attributes(const struct fuse_in_header *header)
{
    struct fuse_attr_out out = { .attr_valid = 3600 };

    fill_attributes(header->nodeid, &out.attr);
    answer(header->unique, 0, &out, sizeof(out));
}

static void on_open(const struct fuse_in_header *header)
{
    struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };

    answer(header->unique, 0, &out, sizeof(out));
}

static void on_read(const struct fuse_in_header *header, const struct fuse_read_in *in)
{
    size_t size = in->size < MOST_DATA ? in->size : MOST_DATA;
    ssize_t got = pread(disk.image, disk.data, size, (off_t)in->offset);

    answer(header->unique, got < 0 ? errno : 0, disk.data, got < 0 ? 0 : (size_t)got);
}

static void on_write(const struct fuse_in_header *header, const struct fuse_write_in *in)
{
    struct fuse_write_out out = { .size = in->size };
    const void *data = in + 1;

    if (in->offset > disk.size || in->size > disk.size - in->offset) {
        answer(header->unique, ENOSPC, NULL, 0);
        return;
    }
    if (pwrite(disk.image, data, in->size, (off_t)in->offset) != (ssize_t)in->size)
        give_up("writing the image");
    note(KIND_WRITE, in->offset, data, in->size);
    answer(header->unique, 0, &out, sizeof(out));
}

static void on_flush(const struct fuse_in_header *header)
{
    note(KIND_FLUSH, 0, NULL, 0);
    answer(header->unique, 0, NULL, 0);
}

static void serve(const struct fuse_in_header *header)
{
    const void *body = header + 1;

    switch (header->opcode) {
    case FUSE_INIT:
        on_init(header);
        break;
    case FUSE_LOOKUP:
        on_lookup(header, body);
        break;
    case FUSE_GETATTR:
    case FUSE_SETATTR:
        on_attributes(header);
        break;
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        on_open(header);
        break;
    case FUSE_READ:
        on_read(header, body);
        break;
    case FUSE_WRITE:
        on_write(header, body);
        break;
    case FUSE_FSYNC:
        on_flush(header);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_DESTROY:
        answer(header->unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(header->unique, ENOSYS, NULL, 0);
    }
}

/* ---- Beginning ------------------------------------------------------------------------------ */

static int open_file(const char *path, int flags)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);

    if (fd < 0)
        give_up(path);
    return fd;
}

static void attach(const char *folder)
{
    char options[128];

    disk.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (disk.fuse < 0)
        give_up("/dev/fuse");
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", disk.fuse);
    if (mount("wcl-power-disk", folder, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
        give_up(folder);
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: wcl-power-disk FOLDER SIZE IMAGE LOG\n");
        return 2;
    }
    disk.size = strtoull(arguments[2], NULL, 10);
    disk.image = open_file(arguments[3], 0);
    disk.log = open_file(arguments[4], O_TRUNC);
    if (ftruncate(disk.image, (off_t)disk.size) != 0)
        give_up(arguments[3]);
    attach(arguments[1]);
    for (;;) {
        ssize_t got = read(disk.fuse, disk.request, sizeof(disk.request));
        if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
            continue;
        if (got < 0 && errno == ENODEV)
            return 0;
        if (got < (ssize_t)sizeof(struct fuse_in_header))
            give_up("reading a request");
        serve((const struct fuse_in_header *)(const void *)disk.request);
    }
}
