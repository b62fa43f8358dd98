/* The capabilities that this process has. */
#include "cli/posix/capabilities.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct capabilities {
    uint64_t effective;
    uint64_t permitted;
} capabilities;

static bool get(capabilities *found)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    found->effective = data[0].effective | (uint64_t)data[1].effective << 32;
    found->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return true;
}

static bool set(const capabilities *wanted)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = {
        { .effective = (uint32_t)wanted->effective, .permitted = (uint32_t)wanted->permitted },
        { .effective = (uint32_t)(wanted->effective >> 32),
          .permitted = (uint32_t)(wanted->permitted >> 32) },
    };

    return syscall(SYS_capset, &header, data) == 0;
}

bool capabilities_are_there(void)
{
    capabilities now;

    return get(&now) && now.permitted != 0;
}

void capabilities_lower(void)
{
    capabilities now;

    if (get(&now)) {
        now.effective = 0;
        set(&now);
    }
}

void capabilities_keep(capabilities_kept rights)
{
    const uint64_t read = UINT64_C(1) << CAP_DAC_READ_SEARCH;
    capabilities now;

    if (!get(&now))
        return;
    now.effective = now.permitted;
    set(&now);
    if (rights == CAPABILITIES_ALL)
        return;
    /* Nor shall a program that is run get any, as root or by its file. */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    now.permitted &= rights == CAPABILITIES_READ ? read : 0;
    now.effective = now.permitted;
    set(&now);
}
