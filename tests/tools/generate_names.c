/* Names as Windows and its servicing make them. */
#include "generate_names.h"

#include <inttypes.h>
#include <stdio.h>

#include "generate_random.h"

static const char *const words[] = {
    "kernel",      "shell",    "network",   "policy",    "security",    "crypto",   "driver",
    "storage",     "volume",   "print",     "spooler",   "media",       "audio",    "video",
    "codec",       "font",     "locale",    "language",  "resource",    "setup",    "servicing",
    "package",     "update",   "manager",   "provider",  "client",      "server",   "service",
    "host",        "runtime",  "framework", "component", "container",   "virtual",  "hyperv",
    "compute",     "cluster",  "directory", "schema",    "replication", "dns",      "dhcp",
    "firewall",    "filter",   "tcpip",     "wireless",  "bluetooth",   "usb",      "input",
    "display",     "graphics", "direct3d",  "event",     "log",         "trace",    "diagnostic",
    "performance", "counter",  "registry",  "config",    "backup",      "recovery", "boot",
    "loader",
};

#define COUNT (sizeof(words) / sizeof(words[0]))

const char *name_word(uint64_t random)
{
    return words[random % COUNT];
}

void name_assembly(uint64_t id, char *name, size_t size)
{
    static const char *const architectures[] = {
        "amd64", "amd64", "amd64", "wow64", "x86", "msil"
    };
    static const char *const locales[] = { "none", "none", "en-us", "none", "de-de", "en-us" };
    uint64_t random = mix(id, 0xa55e);

    snprintf(name, size,
             "%s_microsoft-windows-%s-%s%s%s_31bf3856ad364e35_10.0.20348.%u_%s_%016" PRIx64,
             architectures[random % 6], name_word(random >> 8), name_word(random >> 16),
             random >> 60 & 1 ? "-" : "", random >> 60 & 1 ? name_word(random >> 24) : "",
             (unsigned)(random >> 32) % 3000 + 1, locales[(random >> 44) % 6], mix(id, 0x16));
}

void name_file(uint64_t id, const char *extension, char *name, size_t size)
{
    uint64_t random = mix(id, 0xf11e);
    const char *first = name_word(random);
    const char *second = name_word(random >> 8);

    if (random >> 50 == 0)
        snprintf(name, size, "\xe8\xa8\xad\xe5\xae\x9a-\xf0\x9f\x93\xa6-%s-%010" PRIx64 ".%s",
                 first, mix(id, 0) >> 24, extension);
    else if (random >> 48 < 100)
        snprintf(name, size,
                 "Gr\xc3\xb6\xc3\x9f"
                 "e und Ma\xc3\x9f %s-%010" PRIx64 ".%s",
                 first, mix(id, 0) >> 24, extension);
    else if (random >> 40 & 1)
        snprintf(name, size, "%s%s-%010" PRIx64 ".%s", first, second, mix(id, 0) >> 24, extension);
    else
        snprintf(name, size, "api-ms-win-%s-%s-l1-%010" PRIx64 ".%s", first, second,
                 mix(id, 0) >> 24, extension);
}
