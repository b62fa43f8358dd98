/* Platforms: what an image runs on, and which image of an index suits best. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"
#include "image/document.h"

/* What others than Go call an architecture, and what Go calls it. */
static const struct {
    const char *name;
    const char *architecture;
    const char *variant;
} aliases[] = {
    { "amd64", "amd64", "" },
    { "arm64", "arm64", "" },
    { "arm", "arm", "" },
    { "x86_64", "amd64", "" },
    { "x86-64", "amd64", "" },
    { "aarch64", "arm64", "" },
    { "i386", "386", "" },
    { "i486", "386", "" },
    { "i586", "386", "" },
    { "i686", "386", "" },
    { "armhf", "arm", "v7" },
    { "armv7l", "arm", "v7" },
    { "armel", "arm", "v6" },
    { "armv6l", "arm", "v6" },
    { "armv8l", "arm", "v8" },
    { "armv7", "arm", "v7" },
    { "loongarch64", "loong64", "" },
    { "ppc64el", "ppc64le", "" },
};

static const char *go_architecture(const char *name, const char **variant)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (strcasecmp(name, aliases[i].name) == 0) {
            if (*aliases[i].variant && !**variant)
                *variant = aliases[i].variant;
            return aliases[i].architecture;
        }
    return name;
}

void wcl_platform_normalise(wcl_platform *platform)
{
    static const char *const systems[] = { "linux", "windows" };
    /* As containerd knows them: "7" and "v7" are one. */
    static const char *const variants[] = { "v5", "v6", "v7", "v8" };

    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
        if (strcasecmp(platform->os, systems[i]) == 0)
            platform->os = systems[i];
    platform->architecture = go_architecture(platform->architecture, &platform->variant);
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
        if (strcasecmp(platform->variant, variants[i]) == 0 ||
            strcmp(platform->variant, variants[i] + 1) == 0)
            platform->variant = variants[i];
}

/* ---- Reading -------------------------------------------------------------------------------- */

static wcl_status make_platform(const wcl_platform *parts, wcl_platform **platform,
                                wcl_error *error)
{
    const char *texts[] = { parts->os, parts->architecture, parts->variant, parts->os_version };
    const char **fields[4];
    size_t size = 0;

    for (size_t i = 0; i < 4; i++)
        size += strlen(texts[i]) + 1;
    wcl_platform *made = malloc(sizeof(*made) + size);
    if (!made)
        return wcl_fail_memory(error);
    char *to = (char *)(made + 1);
    fields[0] = &made->os;
    fields[1] = &made->architecture;
    fields[2] = &made->variant;
    fields[3] = &made->os_version;
    for (size_t i = 0; i < 4; i++) {
        *fields[i] = to;
        to = stpcpy(to, texts[i]) + 1;
    }
    *platform = made;
    return WCL_OK;
}

static bool is_word(const char *text)
{
    return *text && !strchr("._-", *text) &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

wcl_status wcl_platform_parse(const char *text, wcl_platform **platform, wcl_error *error)
{
    WCL_CLEANUP_FREE char *copy = strdup(wcl_text(text));
    wcl_platform parts = { "", "", "", "" };
    struct utsname host;

    *platform = NULL;
    if (!copy)
        return wcl_fail_memory(error);
    for (char *at = copy; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at | 0x20);
    char *rest = strchr(copy, '/');
    if (rest)
        *rest++ = '\0';
    char *version = strchr(copy, '(');
    bool sound = true;
    if (version) {
        *version++ = '\0';
        char *end = strchr(version, ')');
        sound = end && end[1] == '\0' && end > version;
        if (sound)
            *end = '\0';
        parts.os_version = version;
    }
    char *variant = rest ? strchr(rest, '/') : NULL;
    if (variant)
        *variant++ = '\0';
    parts.os = copy;
    parts.variant = variant ? variant : "";
    if (!sound || !is_word(parts.os) || (rest && !is_word(rest)) ||
        (variant && !is_word(variant)) || (version && !is_word(parts.os_version)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "'%.80s' is not a platform: OS[(VERSION)][/ARCHITECTURE[/VARIANT]]",
                        wcl_text(text));
    if (!rest && uname(&host) != 0)
        snprintf(host.machine, sizeof(host.machine), "amd64");
    parts.architecture = rest ? rest : host.machine;
    wcl_platform_normalise(&parts);
    return make_platform(&parts, platform, error);
}

/* ---- Versions of Windows -------------------------------------------------------------------- */

/* Major, minor, build, revision; numbers that are missing are 0. */
typedef struct version {
    uint64_t numbers[4];
    size_t count;
} version;

static version parse_version(const char *text)
{
    version version = { { 0, 0, 0, 0 }, 0 };

    while (*text && version.count < 4) {
        char *end;
        version.numbers[version.count] = strtoull(text, &end, 10);
        if (end == text)
            break;
        version.count++;
        text = *end == '.' ? end + 1 : end;
        if (*end != '.')
            break;
    }
    return version;
}

static int compare_versions(const version *a, const version *b, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++)
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    return 0;
}

/* How well a Windows image suits; 0: not at all. */
static int rate_windows(const wcl_platform *wanted, const wcl_platform *platform)
{
    version asked = parse_version(wanted->os_version), has = parse_version(platform->os_version);

    if (!*wanted->os_version)
        return 1;
    if (strcmp(wanted->os_version, platform->os_version) == 0)
        return 3;
    if (asked.count >= 3 && has.count >= 3 && compare_versions(&asked, &has, 3) == 0)
        return 2;
    return compare_versions(&has, &asked, 4) <= 0 ? 1 : 0;
}

static bool choose_windows(const wcl_platform *wanted, const wcl_platform *platforms, size_t count,
                           size_t *chosen)
{
    version best_version = { { 0, 0, 0, 0 }, 0 };
    int best = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(platforms[i].os, wanted->os) != 0 ||
            strcmp(platforms[i].architecture, wanted->architecture) != 0)
            continue;
        int rate = rate_windows(wanted, &platforms[i]);
        version version = parse_version(platforms[i].os_version);
        if (rate < best || rate == 0 ||
            (rate == best && compare_versions(&version, &best_version, 4) <= 0))
            continue;
        best = rate;
        best_version = version;
        *chosen = i;
    }
    return best > 0;
}

/* ---- Variants of an architecture ------------------------------------------------------------ */

/* "v8" is 8. What goes without saying is what most machines are. */
static unsigned variant_number(const wcl_platform *platform)
{
    const char *text = platform->variant;

    if (!*text)
        return strcmp(platform->architecture, "arm64") == 0 ? 8
               : strcmp(platform->architecture, "arm") == 0 ? 7
                                                            : 1;
    return *text == 'v' ? (unsigned)strtoul(text + 1, NULL, 10) : 0;
}

static bool choose_variant(const wcl_platform *wanted, const wcl_platform *platforms, size_t count,
                           size_t *chosen)
{
    const unsigned most = variant_number(wanted);
    unsigned best = 0;
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        unsigned number = variant_number(&platforms[i]);
        if (strcmp(platforms[i].os, wanted->os) != 0 ||
            strcmp(platforms[i].architecture, wanted->architecture) != 0 || number > most ||
            (found && number <= best))
            continue;
        best = number;
        found = true;
        *chosen = i;
    }
    return found;
}

static bool choose(const wcl_platform *wanted, const wcl_platform *platforms, size_t count,
                   size_t *chosen)
{
    return strcmp(wanted->os, "windows") == 0 ? choose_windows(wanted, platforms, count, chosen)
                                              : choose_variant(wanted, platforms, count, chosen);
}

bool wcl_platform_choose(const wcl_platform *wanted, const wcl_platform *platforms, size_t count,
                         size_t *chosen)
{
    static const char *const defaults[] = { "linux", "windows" };

    if (wanted)
        return choose(wanted, platforms, count, chosen);
    for (size_t i = 0; i < 2; i++) {
        WCL_CLEANUP_FREE wcl_platform *host = NULL;
        if (wcl_platform_parse(defaults[i], &host, NULL) == WCL_OK &&
            choose(host, platforms, count, chosen))
            return true;
    }
    return false;
}
