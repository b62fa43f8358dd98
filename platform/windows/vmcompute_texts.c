/* Arguments as vmcompute.dll wants them, and the texts that it gives. */
#include <stdlib.h>
#include <string.h>

#include "platform/windows/vmcompute_private.h"

typedef void(WINAPI *free_function)(void *memory);

void wcl_vm_free(void *memory)
{
    static wcl_late late = { "ole32.dll", "CoTaskMemFree", NULL };
    free_function function = memory ? (free_function)wcl_late_find(&late, NULL) : NULL;

    if (function)
        function(memory);
}

wcl_status wcl_vm_take_text(wchar_t *wide, char **text, wcl_error *error)
{
    *text = NULL;
    if (!wide)
        return WCL_OK;
    *text = wcl_text_of_wide(wide, error);
    wcl_vm_free(wide);
    return *text ? WCL_OK : WCL_FAILED;
}

/* The last element of a path; what follows the last separator. */
static const char *last_element(const char *path)
{
    const char *last = path;

    for (const char *at = path; *at; at++)
        if (*at == '\\' || *at == '/' || *at == ':')
            last = at + 1;
    return last;
}

static wcl_status fill_chain(wcl_vm_arguments *arguments, const wcl_vm_parents *parents,
                             wcl_error *error)
{
    if (parents->count == 0)
        return WCL_OK;
    arguments->chain = calloc(parents->count, sizeof(*arguments->chain));
    arguments->paths = calloc(parents->count, sizeof(*arguments->paths));
    if (!arguments->chain || !arguments->paths)
        return wcl_fail_memory(error);
    arguments->count = parents->count;
    for (size_t i = 0; i < parents->count; i++) {
        wcl_vm_descriptor_abi *parent = &arguments->chain[i];
        if (wcl_vm_name_to_guid(last_element(parents->paths[i]), &parent->id, error) != WCL_OK)
            return WCL_FAILED;
        arguments->paths[i] = wcl_wide_of(parents->paths[i], error);
        if (!arguments->paths[i])
            return WCL_FAILED;
        parent->path = arguments->paths[i];
    }
    return WCL_OK;
}

wcl_status wcl_vm_arguments_fill(wcl_vm_arguments *arguments, const wcl_vm_driver *driver,
                                 const char *id, const wcl_vm_parents *parents, wcl_error *error)
{
    arguments->home_dir = wcl_wide_of(driver->home_dir, error);
    arguments->id = wcl_wide_of(id, error);
    if (!arguments->home_dir || !arguments->id)
        return WCL_FAILED;
    arguments->info.flavour = driver->flavour;
    arguments->info.home_dir = arguments->home_dir;
    return parents ? fill_chain(arguments, parents, error) : WCL_OK;
}

void wcl_vm_arguments_free(wcl_vm_arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->paths[i]);
    free(arguments->paths);
    free(arguments->chain);
    free(arguments->id);
    free(arguments->home_dir);
}
