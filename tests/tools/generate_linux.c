/* A layer shaped like a Linux distribution's: packages with programs, libraries, documentation and
 * the package manager's records. */
#include <inttypes.h>
#include <stdio.h>

#include "generate_names.h"
#include "generate_random.h"
#include "generate_shapes.h"

#define PATH_SIZE 400
#define NAME_SIZE 80

enum {
    PICK_PROGRAM = 1,
    PICK_LINK,
    PICK_ALIAS,
    PICK_XATTR,
    PICK_OWNER,
    PICK_CAPABLE
};

static uint64_t package_id(uint64_t seed, uint64_t number)
{
    return mix(mix(seed, 0xdeb), number);
}

static void package_name(uint64_t package, char *name)
{
    snprintf(name, NAME_SIZE, "%s-%s%u", name_word(package), name_word(package >> 8),
             (unsigned)(mix(package, 3) >> 33));
}

static void add_folder(generator *generator, const char *path, uint64_t id, uint32_t mode)
{
    add_directory(generator, &(entry_shape) { .path = path, .id = id, .mode = mode });
}

static void add_regular(generator *generator, const char *path, uint64_t id, content_kind kind,
                        uint64_t weight, uint32_t mode)
{
    entry_shape shape = { .path = path, .id = id, .kind = kind, .weight = weight, .mode = mode };

    if (happens(id, PICK_OWNER, 20)) {
        shape.uid = 100 + (uint32_t)(id % 50);
        shape.gid = id % 3 ? shape.uid : 65534;
    }
    if (happens(id, PICK_XATTR, 3))
        shape.xattr = "user.comment";
    if (mode == 0755 && happens(id, PICK_CAPABLE, 10))
        shape.xattr = "security.capability";
    else if (mode == 0755 && happens(id, PICK_CAPABLE + 100, 10))
        shape.mode = 04755;
    add_file(generator, &shape);
}

static void add_programs(generator *generator, uint64_t package, const char *name)
{
    char path[PATH_SIZE];
    char alias[PATH_SIZE];

    if (happens(package, PICK_PROGRAM, 600)) {
        uint64_t id = mix(package, 10);
        snprintf(path, sizeof(path), "usr/bin/%s", name);
        add_regular(generator, path, id, CONTENT_BINARY, log_normal(id), 0755);
        snprintf(alias, sizeof(alias), "usr/bin/%s-alias", name);
        if (happens(package, PICK_LINK, 150))
            add_hard_link(generator, alias, path);
        else if (happens(package, PICK_ALIAS, 250))
            add_special(generator, WCL_ENTRY_SYMLINK, alias, name, package);
    }
}

static void add_library(generator *generator, uint64_t package, const char *name)
{
    char path[PATH_SIZE];
    char target[NAME_SIZE + 20];
    uint64_t id = mix(package, 11);

    snprintf(target, sizeof(target), "lib%s.so.1.%u", name, (unsigned)(id % 40));
    snprintf(path, sizeof(path), "usr/lib/x86_64-linux-gnu/%s", target);
    add_regular(generator, path, id, CONTENT_BINARY, log_normal(id), 0644);
    snprintf(path, sizeof(path), "usr/lib/x86_64-linux-gnu/lib%s.so.1", name);
    add_special(generator, WCL_ENTRY_SYMLINK, path, target, package);
}

static void add_shared(generator *generator, uint64_t package, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "usr/share/doc/%s", name);
    add_folder(generator, path, package, 0755);
    snprintf(path, sizeof(path), "usr/share/doc/%s/copyright", name);
    add_regular(generator, path, mix(package, 12), CONTENT_TEXT, 3000, 0644);
    snprintf(path, sizeof(path), "usr/share/doc/%s/changelog.Debian.gz", name);
    add_regular(generator, path, mix(package, 13), CONTENT_RANDOM, 1500, 0644);
    snprintf(path, sizeof(path), "usr/share/%s", name);
    add_folder(generator, path, mix(package, 14), 0755);
    for (unsigned i = 0; i < mix(package, 15) % 12; i++) {
        uint64_t id = mix(package, 200 + i);
        char file[NAME_SIZE * 2];
        name_file(id, i % 3 ? "txt" : "dat", file, sizeof(file));
        snprintf(path, sizeof(path), "usr/share/%s/%s", name, file);
        add_regular(generator, path, id, i % 3 ? CONTENT_TEXT : CONTENT_BINARY, log_normal(id),
                    0644);
    }
}

static void add_package(generator *generator, uint64_t package)
{
    char name[NAME_SIZE];
    char path[PATH_SIZE];

    package_name(package, name);
    add_programs(generator, package, name);
    add_library(generator, package, name);
    add_shared(generator, package, name);
    snprintf(path, sizeof(path), "var/lib/dpkg/info/%s.list", name);
    add_regular(generator, path, mix(package, 20), CONTENT_TEXT, 800, 0644);
}

static void add_folders(generator *generator)
{
    static const char *const folders[] = {
        "etc",           "usr", "usr/bin", "usr/lib",      "usr/lib/x86_64-linux-gnu", "usr/share",
        "usr/share/doc", "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info",        "var/cache",
        "var/cache/apt",
    };
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        add_folder(generator, folders[i], i, 0755);
    add_folder(generator, "root", 90, 0700);
    add_folder(generator, "tmp", 91, 01777);
}

static void add_devices(generator *generator)
{
    add_folder(generator, "dev", 92, 0755);
    add_folder(generator, "run", 93, 0755);
    add_special(generator, WCL_ENTRY_CHARACTER_DEVICE, "dev/null", NULL, 0x103);
    add_special(generator, WCL_ENTRY_CHARACTER_DEVICE, "dev/tty", NULL, 0x500);
    add_special(generator, WCL_ENTRY_BLOCK_DEVICE, "dev/loop0", NULL, 0x700);
    add_special(generator, WCL_ENTRY_FIFO, "run/initctl", NULL, 0x94);
    add_special(generator, WCL_ENTRY_SYMLINK, "bin", "usr/bin", 0x95);
    add_special(generator, WCL_ENTRY_SYMLINK, "etc/localtime", "/usr/share/zoneinfo/Etc/UTC", 0x96);
}

static void add_fill(generator *generator, const layer_plan *plan)
{
    for (uint64_t i = 0; i < plan->fill; i++) {
        char path[PATH_SIZE];
        uint64_t id = mix(mix(plan->seed, 0xf1), i);
        snprintf(path, sizeof(path), "var/cache/apt/%s-%" PRIx64 "-%" PRIu64 ".bin", name_word(id),
                 plan->seed, i);
        add_regular(generator, path, id, CONTENT_RANDOM, 4000, 0644);
    }
}

/* What a child does to one package of its parent. */
static void touch_package(generator *generator, const layer_plan *plan, uint64_t number)
{
    uint64_t package = package_id(plan->parent_seed, number);
    uint64_t id = mix(mix(plan->seed, 0xc4), number);
    char name[NAME_SIZE];
    char path[PATH_SIZE];

    package_name(package, name);
    snprintf(path, sizeof(path), "usr/share/doc/%s", name);
    if (id % 4 == 0) {
        add_deleted(generator, path);
        return;
    }
    add_folder(generator, path, package, 0755);
    snprintf(path, sizeof(path), "usr/share/doc/%s/copyright", name);
    if (id % 4 == 1) {
        add_deleted(generator, path);
    } else {
        if (id % 4 == 2) {
            snprintf(path, sizeof(path), "usr/share/doc/%s", name);
            add_special(generator, WCL_ENTRY_OPAQUE, path, NULL, id);
            snprintf(path, sizeof(path), "usr/share/doc/%s/copyright", name);
        }
        add_regular(generator, path, id, CONTENT_TEXT, 3000, 0644);
    }
}

void generate_linux(generator *generator, const layer_plan *plan)
{
    add_folders(generator);
    if (!plan->is_child)
        add_devices(generator);
    for (uint64_t number = 0; number < plan->touched; number++)
        touch_package(generator, plan, number);
    for (uint64_t number = 0; number < plan->units; number++)
        add_package(generator, package_id(plan->seed, number));
    add_fill(generator, plan);
}
