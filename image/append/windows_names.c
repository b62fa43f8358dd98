/* Checking names for Windows. */
#include "image/append/windows_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/utf16.h"
#include "layer/path.h"
#include "layer/tar/path_map.h"

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

static wcl_status check_name(const char *name, size_t size, wcl_error *error)
{
    int shown = size > 200 ? 200 : (int)size;

    for (size_t i = 0; i < size; i++)
        if (strchr("<>\"|?*", name[i]))
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "the name '%.*s' has a '%c', which no Windows name can have", shown,
                            name, name[i]);
    if (name[size - 1] == '.' || name[size - 1] == ' ')
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "the name '%.*s' ends in a %s, which Windows cuts off", shown, name,
                        name[size - 1] == '.' ? "dot" : "space");
    if (is_device(name, size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the name '%.*s' is a device's on Windows",
                        shown, name);
    return WCL_OK;
}

wcl_status wcl_windows_path_check(const char *path, wcl_error *error)
{
    if (wcl_path_check_windows(path, error) != WCL_OK)
        return WCL_FAILED;
    for (const char *at = path; *at; at += *at == '/') {
        size_t size = strcspn(at, "/");
        if (check_name(at, size, error) != WCL_OK)
            return WCL_FAILED;
        at += size;
    }
    return WCL_OK;
}

/* ---- Names that differ in case only --------------------------------------------------------- */

/* A folder on the path at hand. */
typedef struct level {
    wcl_path_map *names; /* in it, in upper case: where in `texts` it is spelled */
    size_t path_size;
    size_t texts_size; /* before its names */
} level;

struct wcl_case_check {
    level *levels;
    size_t depth;
    size_t capacity;
    wcl_buffer path;  /* of the last entry */
    wcl_buffer texts; /* spellings, as long as their folder is open */
};

wcl_status wcl_case_check_new(wcl_case_check **check, wcl_error *error)
{
    *check = calloc(1, sizeof(**check));
    return *check ? WCL_OK : wcl_fail_memory(error);
}

void wcl_case_check_free(wcl_case_check *check)
{
    if (!check)
        return;
    while (check->depth > 0)
        wcl_path_map_free(check->levels[--check->depth].names);
    free(check->levels);
    wcl_buffer_free(&check->path);
    wcl_buffer_free(&check->texts);
    free(check);
}

/* Leaves folders that `path`'s `parent` bytes do not name. */
static void leave(wcl_case_check *check, const char *path, size_t parent)
{
    while (check->depth > 0) {
        level *top = &check->levels[check->depth - 1];
        bool is_on_path =
            top->path_size <= parent && check->path.size >= top->path_size &&
            memcmp(wcl_buffer_text(&check->path), path, top->path_size) == 0 &&
            (top->path_size == 0 || top->path_size == parent || path[top->path_size] == '/');
        if (is_on_path)
            return;
        wcl_path_map_free(top->names);
        check->texts.size = top->texts_size;
        check->depth--;
    }
}

static wcl_status enter(wcl_case_check *check, size_t path_size, wcl_error *error)
{
    if (check->depth > 0 && check->levels[check->depth - 1].path_size == path_size)
        return WCL_OK;
    if (check->depth == check->capacity) {
        size_t capacity = check->capacity ? check->capacity * 2 : 16;
        level *levels = reallocarray(check->levels, capacity, sizeof(*levels));
        if (!levels)
            return wcl_fail_memory(error);
        check->levels = levels;
        check->capacity = capacity;
    }
    level *made = &check->levels[check->depth];
    made->path_size = path_size;
    made->texts_size = check->texts.size;
    if (wcl_path_map_new(sizeof(size_t), &made->names, error) != WCL_OK)
        return WCL_FAILED;
    check->depth++;
    return WCL_OK;
}

static wcl_status upcase(const char *name, wcl_buffer *key, wcl_error *error)
{
    if (wcl_wtf8_to_utf16(name, strlen(name), key, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i + 1 < key->size; i += 2) {
        uint16_t unit = wcl_upcase_unit((uint16_t)(key->data[i] | key->data[i + 1] << 8));
        key->data[i] = (uint8_t)unit;
        key->data[i + 1] = (uint8_t)(unit >> 8);
    }
    return WCL_OK;
}

wcl_status wcl_case_check_add(wcl_case_check *check, const char *path, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer key = WCL_BUFFER_INIT;
    size_t parent = wcl_path_parent_length(path);
    size_t place;

    leave(check, path, parent);
    wcl_buffer_clear(&check->path);
    if (wcl_buffer_append_text(&check->path, path, error) != WCL_OK ||
        enter(check, parent, error) != WCL_OK || upcase(wcl_path_base(path), &key, error) != WCL_OK)
        return WCL_FAILED;
    wcl_path_map *names = check->levels[check->depth - 1].names;
    const size_t *known = wcl_path_map_find(names, key.data, key.size);
    if (known)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "its name differs from '%s' in the same folder in case only, which is one "
                        "name to Windows",
                        (const char *)check->texts.data + *known);
    place = check->texts.size;
    if (wcl_buffer_append(&check->texts, wcl_path_base(path), strlen(wcl_path_base(path)) + 1,
                          error) != WCL_OK)
        return WCL_FAILED;
    return wcl_path_map_set(names, key.data, key.size, &place, error);
}
