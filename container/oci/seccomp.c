/*
 * Seccomp profiles. Docker's form says what holds where and for whom (archMap, includes, excludes);
 * the runtime's is what remains of it for one machine and one set of capabilities.
 */
#include "container/oci/seccomp.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/json.h"

#define PROFILE_LIMIT (1024 * 1024)

/* seccomp.json, as the bytes of an array. */
static const char default_profile[] = {
#include WCL_SECCOMP_DEFAULT
};

/* What rules are chosen by. */
typedef struct subject {
    const char *const *capabilities;
    size_t capability_count;
    const char *architecture; /* docker's name for it, and the runtime's */
    const char *runtime_architecture;
    unsigned kernel[2];
} subject;

static wcl_status describe_machine(subject *self, wcl_error *error)
{
    static const struct {
        const char *machine, *architecture, *runtime_architecture;
    } machines[] = {
        { "x86_64", "amd64", "SCMP_ARCH_X86_64" },
        { "aarch64", "arm64", "SCMP_ARCH_AARCH64" },
        { "armv7l", "arm", "SCMP_ARCH_ARM" },
        { "i686", "x86", "SCMP_ARCH_X86" },
        { "mips64", "mips64", "SCMP_ARCH_MIPS64" },
        { "ppc64le", "ppc64le", "SCMP_ARCH_PPC64LE" },
        { "riscv64", "riscv64", "SCMP_ARCH_RISCV64" },
        { "s390x", "s390x", "SCMP_ARCH_S390X" },
    };
    struct utsname name;

    if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &self->kernel[0], &self->kernel[1]) != 2)
        return wcl_fail(error, WCL_CODE_GEN_FAILURE, "SeccompProfile: this kernel is not known");
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
        if (strcmp(name.machine, machines[i].machine) == 0) {
            self->architecture = machines[i].architecture;
            self->runtime_architecture = machines[i].runtime_architecture;
            return WCL_OK;
        }
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "SeccompProfile: the machine '%s' is not known; only '" WCL_SECCOMP_UNCONFINED
                    "' works on it",
                    name.machine);
}

/* ---- Conditions ------------------------------------------------------------------------------ */

static bool lists(const cJSON *list, const char *text)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
            return true;
    }
    return false;
}

static size_t count_of_had(const subject *self, const cJSON *capabilities)
{
    size_t had = 0;

    for (size_t i = 0; i < self->capability_count; i++)
        had += lists(capabilities, self->capabilities[i]);
    return had;
}

/* Whether the kernel is at least that of a condition; one that is none counts as newer. */
static bool is_kernel_of(const subject *self, const cJSON *wanted)
{
    unsigned major = 0, minor = 0;

    if (!cJSON_IsString(wanted) || sscanf(wanted->valuestring, "%u.%u", &major, &minor) != 2)
        return false;
    return self->kernel[0] > major || (self->kernel[0] == major && self->kernel[1] >= minor);
}

/* A rule holds when all that it includes is so and nothing that it excludes. */
static bool holds(const subject *self, const cJSON *rule)
{
    const cJSON *with = cJSON_GetObjectItemCaseSensitive(rule, "includes");
    const cJSON *without = cJSON_GetObjectItemCaseSensitive(rule, "excludes");
    const cJSON *capabilities = cJSON_GetObjectItemCaseSensitive(with, "caps");
    const cJSON *arches = cJSON_GetObjectItemCaseSensitive(with, "arches");
    const cJSON *kernel = cJSON_GetObjectItemCaseSensitive(with, "minKernel");
    const cJSON *other_kernel = cJSON_GetObjectItemCaseSensitive(without, "minKernel");

    if (count_of_had(self, capabilities) != (size_t)cJSON_GetArraySize(capabilities) ||
        (cJSON_GetArraySize(arches) > 0 && !lists(arches, self->architecture)) ||
        (kernel && !is_kernel_of(self, kernel)))
        return false;
    return count_of_had(self, cJSON_GetObjectItemCaseSensitive(without, "caps")) == 0 &&
           !lists(cJSON_GetObjectItemCaseSensitive(without, "arches"), self->architecture) &&
           !(other_kernel && is_kernel_of(self, other_kernel));
}

/* ---- The runtime's form ---------------------------------------------------------------------- */

/* Adds copies of members that are the same in both forms. */
static bool seccomp_copy(const cJSON *from, const char *const *names, size_t count, cJSON *to)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, names[i]);
        if (!item || cJSON_IsNull(item))
            continue;
        cJSON *made = cJSON_Duplicate(item, true);
        if (!cJSON_AddItemToObject(to, names[i], made)) {
            cJSON_Delete(made);
            return false;
        }
    }
    return true;
}

static bool add_item(cJSON *list, cJSON *item)
{
    if (cJSON_AddItemToArray(list, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool add_architectures(const subject *self, const cJSON *profile, cJSON *seccomp)
{
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(profile, "archMap"), *entry, *item;

    if (cJSON_GetArraySize(map) == 0)
        return true;
    cJSON *list = cJSON_AddArrayToObject(seccomp, "architectures");
    if (!list || !add_item(list, cJSON_CreateString(self->runtime_architecture)))
        return false;
    cJSON_ArrayForEach(entry, map)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(entry, "architecture");
        if (!cJSON_IsString(name) || strcmp(name->valuestring, self->runtime_architecture) != 0)
            continue;
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(entry, "subArchitectures"))
        {
            if (!add_item(list, cJSON_Duplicate(item, true)))
                return false;
        }
    }
    return true;
}

/* A rule of one system call may have it as "name". */
static bool add_rule(const cJSON *rule, cJSON *list)
{
    static const char *const same[] = { "names", "action", "errnoRet", "args" };
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(rule, "name");
    cJSON *made = cJSON_CreateObject();

    if (!made || !add_item(list, made) || !seccomp_copy(rule, same, 4, made))
        return false;
    if (cJSON_GetObjectItemCaseSensitive(made, "names"))
        return true;
    cJSON *names = cJSON_AddArrayToObject(made, "names");
    return names && add_item(names, cJSON_Duplicate(name, true));
}

static wcl_status add_rules(const subject *self, const cJSON *rules, cJSON *list, wcl_error *error)
{
    const cJSON *rule;

    cJSON_ArrayForEach(rule, rules)
    {
        const cJSON *names = cJSON_GetObjectItemCaseSensitive(rule, "names");
        if (!cJSON_IsObject(rule) ||
            (!cJSON_IsArray(names) &&
             !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(rule, "name"))) ||
            !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(rule, "action")))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "SeccompProfile: a rule in 'syscalls' has no 'names' or no 'action'");
        if (holds(self, rule) && !add_rule(rule, list))
            return wcl_fail_memory(error);
    }
    return WCL_OK;
}

wcl_status wcl_seccomp_add(const char *profile, const char *const *capabilities, size_t count,
                           cJSON *linux_part, wcl_error *error)
{
    static const char *const same[] = { "defaultAction", "defaultErrnoRet", "architectures",
                                        "flags" };
    subject self = { .capabilities = capabilities, .capability_count = count };
    WCL_CLEANUP_JSON cJSON *json = NULL;
    bool given = profile && *profile;
    const char *text = given ? profile : default_profile;
    size_t size = given ? strlen(profile) : sizeof(default_profile);

    if (given && strcmp(profile, WCL_SECCOMP_UNCONFINED) == 0)
        return WCL_OK;
    if (describe_machine(&self, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_json_parse(text, size, PROFILE_LIMIT, &json, error) != WCL_OK)
        return wcl_error_context(error, NULL, "SeccompProfile");
    const cJSON *rules = cJSON_GetObjectItemCaseSensitive(json, "syscalls");
    if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "defaultAction")) ||
        (rules && !cJSON_IsNull(rules) && !cJSON_IsArray(rules)))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "SeccompProfile is neither '" WCL_SECCOMP_UNCONFINED
                        "' nor a profile with a 'defaultAction' and a list of 'syscalls'");
    cJSON *seccomp = cJSON_AddObjectToObject(linux_part, "seccomp");
    if (!seccomp || !seccomp_copy(json, same, 4, seccomp) ||
        !add_architectures(&self, json, seccomp))
        return wcl_fail_memory(error);
    cJSON *list = cJSON_AddArrayToObject(seccomp, "syscalls");
    return list ? add_rules(&self, rules, list, error) : wcl_fail_memory(error);
}
