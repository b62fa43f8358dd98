/* Finding names in a sandbox that Windows cannot have, or has only once. */
#include "layer/store/sandbox/sandbox_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf16.h"
#include "layer/store/sandbox/upper.h"
#include "base/map.h"
#include "layer/entry/windows_names.h"

/* What the names are that are one to Windows; places in `texts`, SIZE_MAX: none. */
typedef struct spellings {
    size_t below;
    size_t here; /* otherwise spelled than below, and no whiteout */
} spellings;

struct wcl_sandbox_names {
    int folder;
    bool hides;
    wcl_map *map; /* from keys to spellings */
    wcl_buffer texts;
    wcl_buffer key;
};

static const char *text_at(const wcl_sandbox_names *names, size_t place)
{
    return place == SIZE_MAX ? NULL : (const char *)names->texts.data + place;
}

static bool is_spelled(const wcl_sandbox_names *names, size_t place, const char *name)
{
    const char *text = text_at(names, place);
    return text && strcmp(text, name) == 0;
}

static wcl_status sandbox_names_find(wcl_sandbox_names *names, const char *name, spellings **found,
                                     wcl_error *error)
{
    if (wcl_windows_name_key(name, strlen(name), &names->key, error) != WCL_OK)
        return WCL_FAILED;
    *found = wcl_map_find(names->map, names->key.data, names->key.size);
    return WCL_OK;
}

static wcl_status keep_text(wcl_sandbox_names *names, const char *name, size_t *place,
                            wcl_error *error)
{
    size_t at = names->texts.size;

    if (wcl_buffer_append(&names->texts, name, strlen(name) + 1, error) != WCL_OK)
        return WCL_FAILED;
    *place = at;
    return WCL_OK;
}

/* Adds a name whose key was just looked for and is not there. */
static wcl_status sandbox_names_add(wcl_sandbox_names *names, const spellings *made,
                                    wcl_error *error)
{
    return wcl_map_set(names->map, names->key.data, names->key.size, made, error);
}

static wcl_status add_below(void *context, const char *name, wcl_error *error)
{
    wcl_sandbox_names *names = context;
    spellings made = { SIZE_MAX, SIZE_MAX }, *known;

    if (sandbox_names_find(names, name, &known, error) != WCL_OK)
        return WCL_FAILED;
    if (known)
        return WCL_OK;
    return keep_text(names, name, &made.below, error) == WCL_OK
               ? sandbox_names_add(names, &made, error)
               : WCL_FAILED;
}

static wcl_status is_whiteout(const wcl_sandbox_names *names, const char *name, bool *is_one,
                              wcl_error *error)
{
    wcl_upper_file file;
    wcl_status status = wcl_upper_look(names->folder, name, &file, error);

    *is_one = status == WCL_OK && file.is_whiteout;
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

static wcl_status add_here(wcl_sandbox_names *names, const char *name, wcl_error *error)
{
    spellings made = { SIZE_MAX, SIZE_MAX }, *known;
    bool is_gone = false;

    if (sandbox_names_find(names, name, &known, error) != WCL_OK)
        return WCL_FAILED;
    if (known && (known->here != SIZE_MAX || is_spelled(names, known->below, name)))
        return WCL_OK;
    if (is_whiteout(names, name, &is_gone, error) != WCL_OK)
        return WCL_FAILED;
    if (is_gone)
        return WCL_OK;
    if (known)
        return keep_text(names, name, &known->here, error);
    return keep_text(names, name, &made.here, error) == WCL_OK
               ? sandbox_names_add(names, &made, error)
               : WCL_FAILED;
}

static wcl_status sandbox_names_fill(wcl_sandbox_names *names, const wcl_lower *lower,
                                     const char *below, const wcl_names *here, wcl_error *error)
{
    if (wcl_map_new(sizeof(spellings), &names->map, error) != WCL_OK ||
        wcl_lower_each(lower, below, add_below, names, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < here->count; i++)
        /* What is not UTF-8 is refused when it is met. */
        if (wcl_wtf8_is_valid(wcl_names_at(here, i), strlen(wcl_names_at(here, i))) &&
            add_here(names, wcl_names_at(here, i), error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

wcl_status wcl_sandbox_names_new(const wcl_lower *lower, const char *below, int folder, bool hides,
                                 const wcl_names *here, wcl_sandbox_names **names, wcl_error *error)
{
    wcl_sandbox_names *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->folder = folder;
    made->hides = hides;
    if (sandbox_names_fill(made, lower, below, here, error) != WCL_OK) {
        wcl_sandbox_names_free(made);
        return WCL_FAILED;
    }
    *names = made;
    return WCL_OK;
}

void wcl_sandbox_names_free(wcl_sandbox_names *names)
{
    if (!names)
        return;
    wcl_map_free(names->map);
    wcl_buffer_free(&names->texts);
    wcl_buffer_free(&names->key);
    free(names);
}

static wcl_status fail_twin(const char *twin, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                    "its name differs from '%.200s' in the same folder in case only, which is one "
                    "name to Windows; rename or remove one of the two",
                    twin);
}

wcl_status wcl_sandbox_names_check(wcl_sandbox_names *names, const char *name, const char *path,
                                   const char **replaced, wcl_error *error)
{
    spellings *known;
    bool is_gone = names->hides;

    *replaced = NULL;
    if (wcl_path_check_windows(path, error) != WCL_OK ||
        sandbox_names_find(names, name, &known, error) != WCL_OK)
        return WCL_FAILED;
    if (known && is_spelled(names, known->below, name))
        return known->here == SIZE_MAX ? WCL_OK : fail_twin(text_at(names, known->here), error);
    if (wcl_windows_new_path_check(path, error) != WCL_OK)
        return WCL_FAILED;
    if (!known) /* it came since the folder was listed */
        return WCL_OK;
    if (known->here != SIZE_MAX && !is_spelled(names, known->here, name))
        return fail_twin(text_at(names, known->here), error);
    const char *below = text_at(names, known->below);
    if (!below)
        return WCL_OK;
    if (!is_gone && is_whiteout(names, below, &is_gone, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_gone)
        return fail_twin(below, error);
    *replaced = below;
    return WCL_OK;
}

wcl_status wcl_sandbox_names_is_taken(wcl_sandbox_names *names, const char *name, bool *is_taken,
                                      wcl_error *error)
{
    spellings *known;

    if (sandbox_names_find(names, name, &known, error) != WCL_OK)
        return WCL_FAILED;
    *is_taken = known && is_spelled(names, known->below, name) && known->here != SIZE_MAX;
    return WCL_OK;
}
