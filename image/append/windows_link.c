/* Making symbolic links Windows' own. */
#include "image/append/windows_link.h"

#include <string.h>

#include "base/error.h"
#include "layer/internal.h"

/* Links that are followed before one gives up on a circle. */
#define LINKS_MAX 40
#define ROOT "Files/"

static bool has_drive(const char *target)
{
    char letter = (char)(target[0] | 0x20);
    return letter >= 'a' && letter <= 'z' && target[1] == ':';
}

static wcl_status spell(const char *target, wcl_buffer *spelled, wcl_error *error)
{
    wcl_buffer_clear(spelled);
    if (target[0] == '/' && wcl_buffer_append_text(spelled, "C:", error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_buffer_append_text(spelled, target, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < spelled->size; i++)
        if (spelled->data[i] == '/')
            spelled->data[i] = '\\';
    return WCL_OK;
}

/* What the layer or, where it has nothing there, the image has at `path`. */
static wcl_status look_up(const wcl_append_view *view, const char *path, wcl_entry_kind *kind,
                          wcl_buffer *target, wcl_error *error)
{
    size_t prefix = strlen(view->prefix);
    wcl_append_base_file file;

    *kind = 0;
    if (strncmp(path, view->prefix, prefix) == 0 &&
        wcl_append_source_look_up(view->source, path + prefix, kind, target, error) != WCL_OK)
        return WCL_FAILED;
    if (*kind)
        return WCL_OK;
    if (strncmp(view->prefix, path, strlen(path)) == 0 && view->prefix[strlen(path)] == '/') {
        *kind = WCL_ENTRY_DIRECTORY;
        return WCL_OK;
    }
    if (wcl_append_base_find(view->base, path, &file, error) != WCL_OK)
        return WCL_FAILED;
    *kind = file.kind;
    if (file.kind != WCL_ENTRY_SYMLINK)
        return WCL_OK;
    wcl_buffer_clear(target);
    return wcl_buffer_append_text(target, file.target, error);
}

/* Puts `target` in front of what is left of a path, and gives where it begins: at the root, or
 * where the link was. */
static wcl_status push_target(wcl_buffer *at, wcl_buffer *left, const char *rest,
                              const char *target, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer joined = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&joined, error, "%s/%s", target, rest) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer_clear(left);
    if (*target == '/')
        at->size = strlen(ROOT) - 1;
    at->data[at->size] = '\0';
    return wcl_buffer_append_text(left, wcl_buffer_text(&joined), error);
}

static void cut_last(wcl_buffer *path)
{
    size_t parent = wcl_path_parent_length(wcl_buffer_text(path));

    if (parent > 0)
        path->size = parent;
    path->data[path->size] = '\0';
}

/* Takes one component of what is left, and follows it where it is a link. */
static wcl_status step(const wcl_append_view *view, wcl_buffer *at, wcl_buffer *left,
                       wcl_entry_kind *kind, int *links, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer target = WCL_BUFFER_INIT, rest = WCL_BUFFER_INIT;
    const char *text = wcl_buffer_text(left);
    size_t size = strcspn(text, "/");

    if (wcl_buffer_append_text(&rest, text + size + (text[size] == '/'), error) != WCL_OK)
        return WCL_FAILED;
    if (size == 2 && memcmp(text, "..", 2) == 0)
        cut_last(at);
    else if (size > 0 && !(size == 1 && *text == '.')) {
        if (wcl_buffer_append_byte(at, '/', error) != WCL_OK ||
            wcl_buffer_append(at, text, size, error) != WCL_OK ||
            look_up(view, wcl_buffer_text(at), kind, &target, error) != WCL_OK)
            return WCL_FAILED;
        if (*kind == WCL_ENTRY_SYMLINK && ++*links < LINKS_MAX) {
            cut_last(at);
            return push_target(at, left, wcl_buffer_text(&rest), wcl_buffer_text(&target), error);
        }
    }
    wcl_buffer_clear(left);
    return wcl_buffer_append_text(left, wcl_buffer_text(&rest), error);
}

wcl_status wcl_append_windows_target(const wcl_append_view *view, const char *path,
                                     const char *target, wcl_buffer *spelled, bool *to_folder,
                                     wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer at = WCL_BUFFER_INIT, left = WCL_BUFFER_INIT;
    wcl_entry_kind kind = WCL_ENTRY_DIRECTORY;
    int links = 0;

    *to_folder = false;
    if (spell(target, spelled, error) != WCL_OK)
        return WCL_FAILED;
    if (has_drive(target) || strchr(target, '\\'))
        return WCL_OK;
    if (wcl_buffer_append(&at, path, wcl_path_parent_length(path), error) != WCL_OK ||
        push_target(&at, &left, "", target, error) != WCL_OK)
        return WCL_FAILED;
    while (left.size > 0 && kind)
        if (step(view, &at, &left, &kind, &links, error) != WCL_OK)
            return WCL_FAILED;
    *to_folder = kind == WCL_ENTRY_DIRECTORY;
    return WCL_OK;
}
