/* Windows separates folders with backslashes as well, and has names that no file can have. */
#include <stdlib.h>
#include <string.h>

#include "base/host_path.h"
#include "base/utf16.h"

char *wcl_host_path(const char *path)
{
    char *copy = strdup(path);

    for (char *at = copy; at && *at; at++)
        if (*at == '\\')
            *at = '/';
    return copy;
}

/* That takes a privilege or the developer mode. */
bool wcl_host_makes_links(void)
{
    return false;
}

bool wcl_host_holds_name(const char *name, size_t length)
{
    if (!wcl_wtf8_is_valid(name, length))
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || strchr("<>:\"|?*\\", name[i]))
            return false;
    return true;
}
