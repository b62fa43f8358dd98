/*
 * A layer shaped like Windows Server's: the component store with its assemblies, whose files are
 * hard links to those in System32 and its like, their manifests and packages, the odd reparse
 * points, the hives and the utility VM.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "generate_names.h"
#include "generate_random.h"
#include "generate_shapes.h"

#define WINDOWS "Files/Windows/"
#define STORE WINDOWS "WinSxS/"
#define PATH_SIZE 600
#define HIDDEN_SYSTEM (WCL_ATTRIBUTE_HIDDEN | WCL_ATTRIBUTE_SYSTEM)

enum {
    PICK_LINKED = 1,
    PICK_EAS,
    PICK_STREAM,
    PICK_READONLY,
    PICK_WOF,
    PICK_SPARSE,
    PICK_CHANGE
};

/* Folders that files of assemblies are linked into; the more often named, the fuller. */
static const char *const homes[] = {
    "System32",
    "System32",
    "System32",
    "System32/drivers",
    "System32/en-US",
    "System32/wbem",
    "System32",
    "SysWOW64",
    "SysWOW64",
    "SysWOW64/en-US",
    "System32/migwiz",
    "System32",
    "Microsoft.NET/Framework64/v4.0.30319",
    "INF",
    "Fonts",
    "System32/spool/drivers/x64/3",
};
#define HOMES (sizeof(homes) / sizeof(homes[0]))

/* A file of an assembly. */
typedef struct member {
    uint64_t id;
    bool is_linked; /* also in one of the homes */
    char name[160];
    char home_path[PATH_SIZE];
    char store_path[PATH_SIZE];
} member;

static const struct {
    const char *extension;
    content_kind kind;
} types[] = {
    { "dll", CONTENT_BINARY },   { "dll", CONTENT_BINARY }, { "dll", CONTENT_BINARY },
    { "exe", CONTENT_BINARY },   { "sys", CONTENT_BINARY }, { "dll.mui", CONTENT_WIDE },
    { "exe.mui", CONTENT_WIDE }, { "xml", CONTENT_TEXT },   { "ttf", CONTENT_RANDOM },
    { "mof", CONTENT_WIDE },     { "inf", CONTENT_TEXT },   { "dat", CONTENT_BINARY },
    { "png", CONTENT_RANDOM },   { "ps1", CONTENT_TEXT },   { "tlb", CONTENT_BINARY },
    { "winmd", CONTENT_BINARY },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static uint64_t assembly_id(uint64_t seed, uint64_t number)
{
    return mix(mix(seed, 0xa5), number);
}

static unsigned member_count(uint64_t assembly)
{
    return 1 + (unsigned)(mix(assembly, 7) % 4);
}

static uint64_t member_id(uint64_t assembly, unsigned number)
{
    return mix(assembly, 100 + number);
}

static size_t type_of(uint64_t id)
{
    return mix(id, 0x77) % TYPES;
}

static void describe_member(uint64_t assembly, unsigned number, member *member)
{
    char folder[200];
    uint64_t id = member_id(assembly, number);

    member->id = id;
    member->is_linked = happens(id, PICK_LINKED, 700);
    name_assembly(assembly, folder, sizeof(folder));
    name_file(id, types[type_of(id)].extension, member->name, sizeof(member->name));
    snprintf(member->home_path, PATH_SIZE, WINDOWS "%s/%s", homes[mix(id, 0x40) % HOMES],
             member->name);
    snprintf(member->store_path, PATH_SIZE, STORE "%s/%s", folder, member->name);
}

static void add_folder(generator *generator, const char *path, uint32_t attributes)
{
    add_directory(generator, &(entry_shape) { .path = path,
                                              .id = mix(generator->seed, strlen(path) * 31),
                                              .attributes = attributes });
}

/* A file with everything that its id says it has. */
static void add_typed_file(generator *generator, const char *path, uint64_t id, content_kind kind,
                           uint64_t weight)
{
    entry_shape shape = { .path = path, .id = id, .kind = kind, .weight = weight };

    shape.attributes = WCL_ATTRIBUTE_ARCHIVE;
    if (happens(id, PICK_READONLY, 20))
        shape.attributes |= WCL_ATTRIBUTE_READONLY;
    if (happens(id, PICK_READONLY + 100, 10))
        shape.attributes |= WCL_ATTRIBUTE_HIDDEN;
    if (happens(id, PICK_READONLY + 200, 5))
        shape.attributes |= WCL_ATTRIBUTE_SYSTEM;
    shape.has_eas = kind == CONTENT_BINARY && happens(id, PICK_EAS, 600);
    shape.has_stream = happens(id, PICK_STREAM, 4);
    shape.is_sparse = happens(id, PICK_SPARSE, 2);
    shape.reparse_tag = !shape.is_sparse && happens(id, PICK_WOF, 3) ? 0x80000017u : 0;
    add_file(generator, &shape);
}

static void add_member(generator *generator, const char *path, uint64_t id)
{
    add_typed_file(generator, path, id, types[type_of(id)].kind, log_normal(id));
}

static void add_homes(generator *generator, const layer_plan *plan)
{
    for (uint64_t number = 0; number < plan->units; number++) {
        uint64_t assembly = assembly_id(plan->seed, number);
        for (unsigned i = 0; i < member_count(assembly); i++) {
            member member;
            describe_member(assembly, i, &member);
            if (member.is_linked)
                add_member(generator, member.home_path, member.id);
        }
    }
}

static void add_assembly(generator *generator, uint64_t assembly)
{
    char name[200];
    char path[PATH_SIZE];

    name_assembly(assembly, name, sizeof(name));
    snprintf(path, sizeof(path), STORE "%s", name);
    add_directory(generator, &(entry_shape) { .path = path, .id = assembly });
    for (unsigned i = 0; i < member_count(assembly); i++) {
        member member;
        describe_member(assembly, i, &member);
        if (member.is_linked)
            add_hard_link(generator, member.store_path, member.home_path);
        else
            add_member(generator, member.store_path, member.id);
    }
    snprintf(path, sizeof(path), STORE "Manifests/%s.manifest", name);
    add_typed_file(generator, path, mix(assembly, 0x3a), CONTENT_TEXT,
                   1000 + mix(assembly, 0x3b) % 3000);
}

static void add_packages(generator *generator, uint64_t seed, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        char path[PATH_SIZE];
        uint64_t id = mix(mix(seed, 0xcab), i);
        snprintf(path, sizeof(path),
                 WINDOWS
                 "servicing/Packages/Microsoft-Windows-%s-%s-Package~31bf3856ad364e35~amd64~"
                 "~10.0.20348.%u-%" PRIu64 ".%s",
                 name_word(id), name_word(id >> 8), (unsigned)(id >> 32) % 3000, i,
                 i % 2 ? "mum" : "cat");
        add_typed_file(generator, path, id, i % 2 ? CONTENT_TEXT : CONTENT_RANDOM, 9000);
    }
}

static void add_folders(generator *generator)
{
    static const char *const folders[] = {
        "Files/Program Files",
        "Files/Program Files/Common Files",
        "Files/Program Files (x86)",
        "Files/Users/Default",
        "Files/Users/Public",
        "Files/Windows/INF",
        "Files/Windows/Fonts",
        "Files/Windows/Microsoft.NET",
        "Files/Windows/Microsoft.NET/Framework64",
        "Files/Windows/Microsoft.NET/Framework64/v4.0.30319",
        "Files/Windows/System32",
        "Files/Windows/System32/drivers",
        "Files/Windows/System32/en-US",
        "Files/Windows/System32/wbem",
        "Files/Windows/System32/migwiz",
        "Files/Windows/System32/config",
        "Files/Windows/System32/spool",
        "Files/Windows/System32/spool/drivers",
        "Files/Windows/System32/spool/drivers/x64",
        "Files/Windows/System32/spool/drivers/x64/3",
        "Files/Windows/SysWOW64",
        "Files/Windows/SysWOW64/en-US",
        "Files/Windows/servicing",
        "Files/Windows/servicing/Packages",
        "Files/Windows/WinSxS",
        "Files/Windows/WinSxS/Manifests",
    };
    add_folder(generator, "Files", HIDDEN_SYSTEM);
    add_folder(generator, "Files/ProgramData", WCL_ATTRIBUTE_HIDDEN);
    add_folder(generator, "Files/Users", WCL_ATTRIBUTE_READONLY);
    add_folder(generator, "Files/Windows", 0);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        add_folder(generator, folders[i], 0);
}

/* The links that every Windows has, and some of each other sort. */
static void add_links(generator *generator)
{
    static const entry_shape links[] = {
        { .path = "Files/Documents and Settings",
          .id = 1,
          .attributes = HIDDEN_SYSTEM,
          .reparse_tag = WCL_REPARSE_TAG_MOUNT_POINT,
          .target = "C:\\Users" },
        { .path = "Files/ProgramData/Desktop",
          .id = 2,
          .attributes = HIDDEN_SYSTEM,
          .reparse_tag = WCL_REPARSE_TAG_MOUNT_POINT,
          .target = "C:\\Users\\Public\\Desktop" },
        { .path = "Files/Users/Default User",
          .id = 3,
          .attributes = HIDDEN_SYSTEM,
          .reparse_tag = WCL_REPARSE_TAG_MOUNT_POINT,
          .target = "C:\\Users\\Default" },
        { .path = "Files/Users/All Users",
          .id = 4,
          .attributes = HIDDEN_SYSTEM,
          .reparse_tag = WCL_REPARSE_TAG_SYMLINK,
          .target = "C:\\ProgramData" },
        { .path = "Files/Users/Public/relative",
          .id = 5,
          .reparse_tag = WCL_REPARSE_TAG_SYMLINK,
          .target = "..\\Default" },
    };
    static const entry_shape file_link = { .path = "Files/Windows/System32/latest.log",
                                           .id = 6,
                                           .reparse_tag = WCL_REPARSE_TAG_SYMLINK,
                                           .target = "config\\..\\setup.log" };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        add_directory(generator, &links[i]);
    add_file(generator, &file_link);
}

static void add_hives(generator *generator, const char *suffix, uint64_t seed, uint64_t weight)
{
    static const char *const hives[] = { "DefaultUser", "Sam", "Security", "Software", "System" };
    static const uint64_t shares[] = { 1, 1, 1, 40, 16 };

    add_folder(generator, "Hives", 0);
    for (size_t i = 0; i < 5; i++) {
        char path[64];
        snprintf(path, sizeof(path), "Hives/%s_%s", hives[i], suffix);
        add_file(generator, &(entry_shape) { .path = path,
                                             .id = mix(seed, i),
                                             .kind = CONTENT_BINARY,
                                             .weight = weight * shares[i],
                                             .attributes = WCL_ATTRIBUTE_ARCHIVE });
    }
}

static void add_utility_vm(generator *generator, uint64_t seed)
{
    static const char *const folders[] = {
        "UtilityVM",
        "UtilityVM/Files",
        "UtilityVM/Files/EFI",
        "UtilityVM/Files/EFI/Microsoft",
        "UtilityVM/Files/EFI/Microsoft/Boot",
        "UtilityVM/Files/Windows",
        "UtilityVM/Files/Windows/System32",
    };
    static const char *const boot[] = { "BCD", "BCD.LOG", "BCD.LOG1", "BCD.LOG2", "bootmgfw.efi" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        add_folder(generator, folders[i], 0);
    for (size_t i = 0; i < sizeof(boot) / sizeof(boot[0]); i++) {
        char path[100];
        snprintf(path, sizeof(path), "UtilityVM/Files/EFI/Microsoft/Boot/%s", boot[i]);
        add_typed_file(generator, path, mix(seed, 0xbcd + i), CONTENT_BINARY, i % 4 ? 0 : 16384);
    }
    for (unsigned i = 0; i < 16; i++) {
        char path[PATH_SIZE];
        char name[160];
        uint64_t id = mix(mix(seed, 0x07), i);
        name_file(id, "dll", name, sizeof(name));
        snprintf(path, sizeof(path), "UtilityVM/Files/Windows/System32/%s", name);
        add_typed_file(generator, path, id, CONTENT_BINARY, log_normal(id));
    }
}

/* What a child does to one assembly of its parent: change, add, delete, or delete as a whole. */
static void touch_assembly(generator *generator, const layer_plan *plan, uint64_t number)
{
    uint64_t assembly = assembly_id(plan->parent_seed, number);
    uint64_t id = mix(mix(plan->seed, PICK_CHANGE), number);
    char name[200];
    char path[PATH_SIZE];
    member member;

    name_assembly(assembly, name, sizeof(name));
    snprintf(path, sizeof(path), STORE "%s", name);
    describe_member(assembly, 0, &member);
    if (id % 8 == 0) {
        add_deleted(generator, path);
        return;
    }
    add_directory(generator, &(entry_shape) { .path = path, .id = assembly });
    if (id % 8 < 3) {
        add_deleted(generator, member.store_path);
    } else if (id % 8 < 5) {
        snprintf(path + strlen(path), PATH_SIZE - strlen(path), "/added-%08x.dll",
                 (unsigned)(id >> 32));
        add_member(generator, path, id);
    } else {
        add_member(generator, member.is_linked ? member.home_path : member.store_path, id);
        if (member.is_linked)
            add_hard_link(generator, member.store_path, member.home_path);
    }
}

void generate_windows(generator *generator, const layer_plan *plan)
{
    add_folders(generator);
    if (!plan->is_child)
        add_links(generator);
    for (uint64_t number = 0; number < plan->touched; number++)
        touch_assembly(generator, plan, number);
    add_homes(generator, plan);
    for (uint64_t number = 0; number < plan->units; number++)
        add_assembly(generator, assembly_id(plan->seed, number));
    add_packages(generator, plan->seed, plan->fill);
    /* The hives are about a twentieth of a base image. */
    add_hives(generator, plan->is_child ? "Delta" : "Base", plan->seed, 1 + plan->units * 60);
    if (!plan->is_child)
        add_utility_vm(generator, plan->seed);
}
