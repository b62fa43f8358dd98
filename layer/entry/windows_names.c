/* Checking names for Windows. */
#include "layer/entry/windows_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/utf16.h"
#include "layer/entry/path.h"
#include "base/map.h"

#define NTFS_NAME_UNITS_MAX 255

/* ---- What NTFS can have --------------------------------------------------------------------- */

/* UTF-16 units of the next `size` bytes of valid WTF-8. */
static size_t count_units(const char *text, size_t size)
{
    size_t units = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0) != 0x80)
            units += byte >= 0xF0 ? 2 : 1;
    }
    return units;
}

static wcl_status check_characters(const char *path, wcl_error *error)
{
    for (const char *at = path; *at; at++) {
        if (*at == '\\' || *at == ':')
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "the path '%.200s' has a backslash or colon, which no Windows name can "
                            "have",
                            path);
        if ((unsigned char)*at < 0x20)
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "the path '%.200s' has a control character", path);
        if (strchr("<>\"|?*", *at))
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "the path '%.200s' has a '%c', which no Windows name can have", path,
                            *at);
    }
    return WCL_OK;
}

wcl_status wcl_path_check_windows(const char *path, wcl_error *error)
{
    if (wcl_path_check(path, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_wtf8_is_valid(path, strlen(path)))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the path '%.200s' is not valid UTF-8", path);
    if (check_characters(path, error) != WCL_OK)
        return WCL_FAILED;
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        /* Never more units than bytes. */
        if (length > NTFS_NAME_UNITS_MAX && count_units(at, length) > NTFS_NAME_UNITS_MAX)
            return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                            "the path '%.60s...' has a name of over %d UTF-16 units", path,
                            NTFS_NAME_UNITS_MAX);
        at += length;
        if (*at == '\0')
            return WCL_OK;
    }
}

/* ---- What Windows programs can open --------------------------------------------------------- */

static const char *const device_names[] = { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$" };

/* A digit behind COM or LPT: 0 to 9, or a superscript 1, 2 or 3. */
static bool is_port_number(const char *text, size_t size)
{
    if (size == 1)
        return *text >= '0' && *text <= '9';
    return size == 2 && (memcmp(text, "\xC2\xB9", 2) == 0 || memcmp(text, "\xC2\xB2", 2) == 0 ||
                         memcmp(text, "\xC2\xB3", 2) == 0);
}

/* Whether a name means a device, whatever stands behind its first dot. */
static bool is_device(const char *name, size_t size)
{
    const char *dot = memchr(name, '.', size);
    size_t stem = dot ? (size_t)(dot - name) : size;

    while (stem > 0 && name[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < sizeof(device_names) / sizeof(device_names[0]); i++)
        if (strlen(device_names[i]) == stem && strncasecmp(name, device_names[i], stem) == 0)
            return true;
    return stem > 3 && (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0) &&
           is_port_number(name + 3, stem - 3);
}

wcl_status wcl_windows_new_path_check(const char *path, wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    const char *name = wcl_path_base(path);
    size_t size = strlen(name);
    if (name[size - 1] == '.' || name[size - 1] == ' ')
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "the name '%.200s' ends in a %s, which Windows cuts off", name,
                        name[size - 1] == '.' ? "dot" : "space");
    if (is_device(name, size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the name '%.200s' is a device's on Windows",
                        name);
    return WCL_OK;
}

/* ---- Names that differ in case only --------------------------------------------------------- */

wcl_status wcl_windows_name_key(const char *name, size_t length, wcl_buffer *key, wcl_error *error)
{
    wcl_buffer_clear(key);
    return wcl_wtf8_to_upcased(name, length, key, error);
}

/* A name that a folder has. */
typedef struct known_name {
    uint32_t number; /* what is in it, if it is a folder, is known by; the root's is 0 */
    size_t text;     /* where in `texts` it is spelled */
} known_name;

struct wcl_case_check {
    wcl_map *names; /* known_name, by the number of the folder and the name's key */
    wcl_buffer texts;
    uint32_t count;
    wcl_buffer folder; /* whose number was asked for last */
    uint32_t folder_number;
    wcl_buffer name_key;
    wcl_buffer key;
};

wcl_status wcl_case_check_new(wcl_case_check **check, wcl_error *error)
{
    wcl_case_check *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_map_new(sizeof(known_name), &made->names, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *check = made;
    return WCL_OK;
}

void wcl_case_check_free(wcl_case_check *check)
{
    if (!check)
        return;
    wcl_map_free(check->names);
    wcl_buffer_free(&check->texts);
    wcl_buffer_free(&check->folder);
    wcl_buffer_free(&check->name_key);
    wcl_buffer_free(&check->key);
    free(check);
}

static wcl_status windows_names_make_key(wcl_case_check *check, uint32_t folder, const char *name,
                                         size_t length, wcl_error *error)
{
    wcl_buffer_clear(&check->key);
    if (wcl_windows_name_key(name, length, &check->name_key, error) != WCL_OK ||
        wcl_buffer_append_le32(&check->key, folder, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(&check->key, check->name_key.data, check->name_key.size, error);
}

/* Takes one name in a folder, and gives the number that it has. */
static wcl_status windows_names_take_name(wcl_case_check *check, uint32_t folder, const char *name,
                                          size_t length, uint32_t *number, wcl_error *error)
{
    if (windows_names_make_key(check, folder, name, length, error) != WCL_OK)
        return WCL_FAILED;
    const known_name *known = wcl_map_find(check->names, check->key.data, check->key.size);
    if (known) {
        const char *spelled = (const char *)check->texts.data + known->text;
        *number = known->number;
        if (strlen(spelled) == length && memcmp(spelled, name, length) == 0)
            return WCL_OK;
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "the name '%.*s' differs from '%s' in the same folder in case only, which "
                        "is one name to Windows",
                        (int)length, name, spelled);
    }
    const known_name made = { ++check->count, check->texts.size };
    *number = made.number;
    if (wcl_buffer_append(&check->texts, name, length, error) != WCL_OK ||
        wcl_buffer_append_byte(&check->texts, '\0', error) != WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(check->names, check->key.data, check->key.size, &made, error);
}

wcl_status wcl_case_check_add(wcl_case_check *check, const char *path, wcl_error *error)
{
    size_t parent = wcl_path_parent_length(path);
    uint32_t number = 0;

    if (parent != check->folder.size ||
        memcmp(path, wcl_buffer_text(&check->folder), parent) != 0) {
        for (size_t at = 0; at < parent;) {
            size_t length = strcspn(path + at, "/");
            if (windows_names_take_name(check, number, path + at, length, &number, error) != WCL_OK)
                return WCL_FAILED;
            at += length + 1;
        }
        wcl_buffer_clear(&check->folder);
        if (wcl_buffer_append(&check->folder, path, parent, error) != WCL_OK)
            return WCL_FAILED;
        check->folder_number = number;
    }
    const char *name = wcl_path_base(path);
    return windows_names_take_name(check, check->folder_number, name, strlen(name), &number, error);
}
