/* Where a slash is the only separator. */
#include <string.h>

#include "base/host_path.h"

char *wcl_host_path(const char *path)
{
    return strdup(path);
}

bool wcl_host_makes_links(void)
{
    return true;
}

bool wcl_host_holds_name(const char *name, size_t length)
{
    (void)name;
    (void)length;
    return true;
}
