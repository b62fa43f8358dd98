/* What a program polls, on Linux. */
#include "container/waitable.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

wcl_status wcl_waitable_new(wcl_waitable *waitable, wcl_error *error)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot make a descriptor to be polled");
    *waitable = fd;
    return WCL_OK;
}

void wcl_waitable_set(wcl_waitable waitable)
{
    if (waitable != WCL_WAITABLE_NONE)
        eventfd_write((int)waitable, 1);
}

void wcl_waitable_free(wcl_waitable waitable)
{
    if (waitable != WCL_WAITABLE_NONE)
        close((int)waitable);
}
