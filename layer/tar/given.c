/* Folders that were given: a number for each, found by the number of the folder that it is in and
 * its name. */
#include "layer/tar/given.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf16.h"
#include "layer/entry/path.h"
#include "base/map.h"

struct wcl_given {
    wcl_map *numbers;
    uint32_t count;
    bool is_caseless;
    wcl_buffer folder; /* the path of the one at hand, where the next path is followed from */
    uint32_t number;   /* its number; 0 is the root's */
    wcl_buffer key;
};

wcl_status wcl_given_new(wcl_given **given, wcl_error *error)
{
    wcl_given *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (wcl_map_new(sizeof(uint32_t), &made->numbers, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *given = made;
    return WCL_OK;
}

void wcl_given_free(wcl_given *given)
{
    if (!given)
        return;
    wcl_map_free(given->numbers);
    wcl_buffer_free(&given->folder);
    wcl_buffer_free(&given->key);
    free(given);
}

void wcl_given_set_caseless(wcl_given *given)
{
    given->is_caseless = true;
}

/* Makes the key of a name in the folder at hand. */
static wcl_status given_make_key(wcl_given *given, const char *name, size_t size, wcl_error *error)
{
    wcl_buffer *key = &given->key;

    wcl_buffer_clear(key);
    if (wcl_buffer_append_le32(key, given->number, error) != WCL_OK)
        return WCL_FAILED;
    return given->is_caseless && wcl_wtf8_is_valid(name, size)
               ? wcl_wtf8_to_upcased(name, size, key, error)
               : wcl_buffer_append(key, name, size, error);
}

/* The number of a folder in the one at hand; NULL where it was not given. */
static wcl_status find_inner(wcl_given *given, const char *name, size_t size,
                             const uint32_t **number, wcl_error *error)
{
    if (given_make_key(given, name, size, error) != WCL_OK)
        return WCL_FAILED;
    *number = wcl_map_find(given->numbers, given->key.data, given->key.size);
    return WCL_OK;
}

/* Where in `path` the name begins that follows the folder at hand. */
static size_t next_name(const wcl_given *given)
{
    return given->folder.size + (given->folder.size > 0);
}

/* Goes to the folder that the first `size` bytes of `path` name, or as far as there is one. */
static wcl_status go_to(wcl_given *given, const char *path, size_t size, size_t *missing,
                        wcl_error *error)
{
    const size_t known = given->folder.size;
    const uint32_t *number;

    *missing = 0;
    if (known > size || memcmp(path, wcl_buffer_text(&given->folder), known) != 0 ||
        (known > 0 && known < size && path[known] != '/')) {
        wcl_buffer_clear(&given->folder);
        given->number = 0;
    }
    while (given->folder.size < size) {
        const size_t start = next_name(given);
        const char *slash = memchr(path + start, '/', size - start);
        const size_t end = slash ? (size_t)(slash - path) : size;
        if (find_inner(given, path + start, end - start, &number, error) != WCL_OK)
            return WCL_FAILED;
        if (!number) {
            *missing = end;
            return WCL_OK;
        }
        given->number = *number;
        if (wcl_buffer_append(&given->folder, path + given->folder.size, end - given->folder.size,
                              error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_given_find_missing(wcl_given *given, const char *path, size_t *missing,
                                  wcl_error *error)
{
    return go_to(given, path, wcl_path_parent_length(path), missing, error);
}

wcl_status wcl_given_has(wcl_given *given, const char *path, bool *has, wcl_error *error)
{
    const uint32_t *number = NULL;
    size_t missing;

    if (wcl_given_find_missing(given, path, &missing, error) != WCL_OK)
        return WCL_FAILED;
    const char *name = path + next_name(given);
    if (!missing && find_inner(given, name, strlen(name), &number, error) != WCL_OK)
        return WCL_FAILED;
    *has = number != NULL;
    return WCL_OK;
}

wcl_status wcl_given_add(wcl_given *given, const char *path, size_t size, wcl_error *error)
{
    const char *slash = memrchr(path, '/', size);
    const uint32_t *number;
    size_t missing;

    if (go_to(given, path, slash ? (size_t)(slash - path) : 0, &missing, error) != WCL_OK)
        return WCL_FAILED;
    const size_t start = next_name(given);
    if (missing)
        return wcl_fail(error, WCL_CODE_INVALID_STATE,
                        "a folder was given before the folder that it is in");
    if (find_inner(given, path + start, size - start, &number, error) != WCL_OK)
        return WCL_FAILED;
    if (number)
        return WCL_OK;
    given->count++;
    return wcl_map_set(given->numbers, given->key.data, given->key.size, &given->count, error);
}
