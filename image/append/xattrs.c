/* Reading extended attributes. */
#include "image/append/xattrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/list.h"

static const char *const machine_prefixes[] = {
    "security.selinux", "security.apparmor", "security.SMACK", "security.ima",
    "security.evm",     "trusted.overlay.",  "user.overlay.",  "trusted.wcl.",
};

static bool is_of_machine(const char *name)
{
    for (size_t i = 0; i < sizeof(machine_prefixes) / sizeof(machine_prefixes[0]); i++)
        if (strncmp(name, machine_prefixes[i], strlen(machine_prefixes[i])) == 0)
            return true;
    return false;
}

/* Makes `*buffer` hold what `list` or `get` gives, which may grow meanwhile. `name` NULL: the list
 * of names. */
static wcl_status read_all(const char *path, const char *name, wcl_buffer *buffer, size_t *got,
                           wcl_error *error)
{
    for (;;) {
        ssize_t size = name ? lgetxattr(path, name, NULL, 0) : llistxattr(path, NULL, 0);
        if (size < 0)
            break;
        if (wcl_buffer_reserve(buffer, (size_t)size + 1, error) != WCL_OK)
            return WCL_FAILED;
        uint8_t *room = buffer->data + buffer->size;
        size = name ? lgetxattr(path, name, room, (size_t)size + 1)
                    : llistxattr(path, (char *)room, (size_t)size + 1);
        if (size >= 0) {
            *got = (size_t)size;
            buffer->size += *got;
            return WCL_OK;
        }
        if (errno != ERANGE)
            break;
    }
    *got = 0;
    if (errno == ENOTSUP || errno == ENODATA)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot read the extended attributes");
}

static int append_xattrs_compare(const void *a, const void *b)
{
    return strcmp(((const wcl_xattr *)a)->name, ((const wcl_xattr *)b)->name);
}

static wcl_status append_xattrs_add(wcl_file_xattrs *xattrs, const char *path, const char *name,
                                    wcl_error *error)
{
    size_t got;

    if (WCL_LIST_RESERVE(xattrs->list, xattrs->count, xattrs->capacity, error) != WCL_OK ||
        read_all(path, name, &xattrs->values, &got, error) != WCL_OK)
        return WCL_FAILED;
    xattrs->list[xattrs->count++] = (wcl_xattr) { .name = name, .size = got };
    return WCL_OK;
}

wcl_status wcl_file_xattrs_read(wcl_file_xattrs *xattrs, int folder, const char *name,
                                wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    size_t size;

    xattrs->count = 0;
    wcl_buffer_clear(&xattrs->names);
    wcl_buffer_clear(&xattrs->values);
    if (wcl_buffer_printf(&path, error, "/proc/self/fd/%d/%s", folder, name) != WCL_OK ||
        read_all(wcl_buffer_text(&path), NULL, &xattrs->names, &size, error) != WCL_OK)
        return WCL_FAILED;
    const char *names = wcl_buffer_text(&xattrs->names);
    for (size_t at = 0; at < size; at += strlen(names + at) + 1)
        if (!is_of_machine(names + at) &&
            append_xattrs_add(xattrs, wcl_buffer_text(&path), names + at, error) != WCL_OK)
            return WCL_FAILED;
    const uint8_t *value = xattrs->values.data;
    for (size_t i = 0; i < xattrs->count; i++) {
        xattrs->list[i].value = value;
        value += xattrs->list[i].size;
    }
    if (xattrs->count > 1)
        qsort(xattrs->list, xattrs->count, sizeof(*xattrs->list), append_xattrs_compare);
    return WCL_OK;
}

void wcl_file_xattrs_free(wcl_file_xattrs *xattrs)
{
    wcl_buffer_free(&xattrs->names);
    wcl_buffer_free(&xattrs->values);
    free(xattrs->list);
    *xattrs = (wcl_file_xattrs) { .list = NULL };
}
