/* The host's forwarding settings, and a memory on disk of what they were. */
#include "hns/linux/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_fields.h"
#include "base/listing.h"
#include "hns/linux/file.h"

/* Reads a setting's first word; false when there is none. */
static bool read_setting(const char *setting, char value[32])
{
    char path[400];

    snprintf(path, sizeof(path), "/proc/sys/%s", setting);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t got = read(file, value, 31);
    close(file);
    if (got < 0)
        return false;
    value[got] = '\0';
    value[strcspn(value, " \t\n")] = '\0';
    return true;
}

static wcl_status write_setting(const char *setting, const char *value, wcl_error *error)
{
    char path[400];

    snprintf(path, sizeof(path), "/proc/sys/%s", setting);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? WCL_OK : wcl_fail_errno(error, errno, "cannot open %s", path);
    ssize_t written = write(file, value, strlen(value));
    int number = errno;
    close(file);
    if (written < 0)
        return wcl_fail_errno(error, number, "cannot write '%s' to %s", value, path);
    return WCL_OK;
}

wcl_status wcl_interface_setting(const char *family, const char *interface, const char *name,
                                 const char *value, wcl_error *error)
{
    char setting[320];

    snprintf(setting, sizeof(setting), "net/%s/conf/%s/%s", family, interface, name);
    return write_setting(setting, value, error);
}

static const char *master_setting(const char *family)
{
    return strcmp(family, "ipv4") == 0 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding";
}

static wcl_status remember(cJSON *list, const char *setting, const char *before, const char *after,
                           wcl_error *error)
{
    cJSON *item = cJSON_CreateObject();

    if (wcl_json_append(list, item, error) != WCL_OK)
        return WCL_FAILED;
    return cJSON_AddStringToObject(item, "Setting", setting) &&
                   cJSON_AddStringToObject(item, "Before", before) &&
                   cJSON_AddStringToObject(item, "After", after)
               ? WCL_OK
               : wcl_fail_memory(error);
}

struct memory {
    cJSON *list;
    const char *family;
};

/*
 * Notes what one interface has that the master setting changes behind our back: switching it off
 * again also switches off those that were on by themselves, and an interface that forwards takes no
 * more router advertisements unless told so.
 */
static wcl_status remember_interface(void *context, int folder, const char *interface,
                                     wcl_error *error)
{
    const struct memory *memory = context;
    char setting[320], value[32];

    (void)folder;
    if (strcmp(interface, "all") == 0 || strncmp(interface, "wcl", 3) == 0)
        return WCL_OK;
    snprintf(setting, sizeof(setting), "net/%s/conf/%s/forwarding", memory->family, interface);
    if (read_setting(setting, value) && strcmp(value, "1") == 0)
        return remember(memory->list, setting, "1", "1", error);
    snprintf(setting, sizeof(setting), "net/%s/conf/%s/accept_ra", memory->family, interface);
    if (strcmp(memory->family, "ipv6") == 0 && read_setting(setting, value) &&
        strcmp(value, "1") == 0)
        return remember(memory->list, setting, "1", "2", error);
    return WCL_OK;
}

static wcl_status remember_interfaces(cJSON *list, const char *family, wcl_error *error)
{
    struct memory memory = { list, family };
    char path[64];

    snprintf(path, sizeof(path), "/proc/sys/net/%s/conf", family);
    return wcl_listing_each(AT_FDCWD, path, remember_interface, &memory, error);
}

/* Switches a family's forwarding on, after what that changes has been noted in `memory`. */
static wcl_status switch_on(cJSON *root, const char *family, const char *memory, wcl_error *error)
{
    char value[32];
    cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(root, family);

    if (!list) {
        if (!read_setting(master_setting(family), value) || strcmp(value, "1") == 0)
            return WCL_OK;
        list = cJSON_AddArrayToObject(root, family);
        if (!list)
            return wcl_fail_memory(error);
        if (remember(list, master_setting(family), value, "1", error) != WCL_OK ||
            remember_interfaces(list, family, error) != WCL_OK ||
            wcl_file_write_json(memory, root, error) != WCL_OK)
            return WCL_FAILED;
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *setting = NULL, *after = NULL;
        if (wcl_json_get_text(item, "Setting", &setting, error) != WCL_OK ||
            wcl_json_get_text(item, "After", &after, error) != WCL_OK)
            return WCL_FAILED;
        if (setting && after && (!read_setting(setting, value) || strcmp(value, after) != 0) &&
            write_setting(setting, after, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Puts back what was noted, unless somebody else has changed it in the meantime. */
static wcl_status switch_off(cJSON *root, const char *family, wcl_error *error)
{
    cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(root, family);

    /* Which are still ours must be known before the first is written, for it changes others. */
    cJSON_ArrayForEach(item, list)
    {
        const char *setting = NULL, *after = NULL;
        char value[32];
        if (wcl_json_get_text(item, "Setting", &setting, error) != WCL_OK ||
            wcl_json_get_text(item, "After", &after, error) != WCL_OK)
            return WCL_FAILED;
        if ((!setting || !after || !read_setting(setting, value) || strcmp(value, after) != 0) &&
            !cJSON_AddTrueToObject(item, "Changed"))
            return wcl_fail_memory(error);
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *setting = NULL, *before = NULL;
        if (cJSON_GetObjectItemCaseSensitive(item, "Changed"))
            continue;
        if (wcl_json_get_text(item, "Setting", &setting, error) != WCL_OK ||
            wcl_json_get_text(item, "Before", &before, error) != WCL_OK)
            return WCL_FAILED;
        if (setting && before && write_setting(setting, before, error) != WCL_OK)
            return WCL_FAILED;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(root, family);
    return WCL_OK;
}

wcl_status wcl_forwarding_set(const char *memory, bool ipv4, bool ipv6, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *root = NULL;
    wcl_status status = wcl_file_read_json(memory, &root, error);

    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (!root && !ipv4 && !ipv6)
        return WCL_OK;
    if (!root && !(root = cJSON_CreateObject()))
        return wcl_fail_memory(error);
    if ((ipv4 ? switch_on(root, "ipv4", memory, error) : switch_off(root, "ipv4", error)) !=
            WCL_OK ||
        (ipv6 ? switch_on(root, "ipv6", memory, error) : switch_off(root, "ipv6", error)) != WCL_OK)
        return WCL_FAILED;
    if (root->child)
        return wcl_file_write_json(memory, root, error);
    return wcl_file_remove(memory, error) == WCL_FAILED ? WCL_FAILED : WCL_OK;
}
