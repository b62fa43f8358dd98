/* Following the layers of an image from the lowest to the highest. */
#include "image/inspect/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/list.h"
#include "base/hooks.h"
#include "layer/internal.h"

/* Steps between two looks at whether it is to end. */
#define STEPS 16384

/* A layer while it is taken. */
typedef struct taking {
    wcl_image_changes *changes;
    wcl_erofs_tree *layer;
    uint32_t number;
    wcl_node *paths;       /* by the layer's node, of a folder: its node among the paths */
    uint32_t *first_names; /* likewise, of a file: the event of its first name */
} taking;

wcl_status wcl_image_changes_begin(wcl_image_changes *changes, bool is_windows,
                                   const wcl_hooks *hooks, wcl_error *error)
{
    *changes = (wcl_image_changes) { .is_windows = is_windows, .hooks = hooks };
    return wcl_tree_new(is_windows ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT, &changes->paths, error);
}

void wcl_image_changes_free(wcl_image_changes *changes)
{
    wcl_tree_free(changes->paths);
    free(changes->live);
    free(changes->events);
    *changes = (wcl_image_changes) { .paths = NULL };
}

/* ---- Paths ---------------------------------------------------------------------------------- */

static wcl_status make_room(wcl_image_changes *changes, wcl_error *error)
{
    size_t wanted = wcl_tree_node_count(changes->paths);

    if (wanted <= changes->live_count)
        return WCL_OK;
    size_t count = wanted + wanted / 2 + 64;
    uint32_t *live = reallocarray(changes->live, count, sizeof(*live));
    if (!live)
        return wcl_fail_memory(error);
    changes->live = live;
    for (size_t i = changes->live_count; i < count; i++)
        live[i] = WCL_NO_EVENT;
    changes->live_count = count;
    return WCL_OK;
}

/* The path of a name in a folder, made where no layer had it. */
static wcl_status find_path(wcl_image_changes *changes, wcl_node folder, const char *name,
                            size_t length, wcl_node *path, wcl_error *error)
{
    const wcl_erofs_inode inode = { .mode = S_IFDIR | 0755 };
    wcl_entry_id known = wcl_tree_lookup(changes->paths, folder, name, length);

    if (known != WCL_NO_ENTRY) {
        *path = wcl_tree_entry_node(changes->paths, known);
        return WCL_OK;
    }
    if (wcl_tree_add_node(changes->paths, &inode, path, error) != WCL_OK ||
        wcl_tree_link(changes->paths, folder, name, length, *path, NULL, error) != WCL_OK)
        return WCL_FAILED;
    return make_room(changes, error);
}

/* ---- Events --------------------------------------------------------------------------------- */

static wcl_status add_event(wcl_image_changes *changes, const wcl_image_event *event,
                            uint32_t *number, wcl_error *error)
{
    if (changes->count == WCL_NO_EVENT - 1)
        return wcl_fail_memory(error);
    if (WCL_LIST_RESERVE(changes->events, changes->count, changes->capacity, error) != WCL_OK)
        return WCL_FAILED;
    *number = (uint32_t)changes->count;
    changes->events[changes->count++] = *event;
    return WCL_OK;
}

/* What the image has at `path` is gone from this layer on. */
static void end_path(wcl_image_changes *changes, wcl_node path, uint32_t layer)
{
    uint32_t live = changes->live[path];

    if (live == WCL_NO_EVENT)
        return;
    wcl_image_event *event = &changes->events[live];
    event->gone = layer + 1;
    changes->events[event->file].names--;
    changes->live[path] = WCL_NO_EVENT;
}

/* Hears whether it is to end, every so many steps. */
static wcl_status step(wcl_image_changes *changes, wcl_error *error)
{
    const wcl_progress progress = { .operation = "inspect", .entries = ++changes->steps };

    return changes->steps % STEPS ? WCL_OK : wcl_hooks_report(changes->hooks, &progress, error);
}

/* So is all that is in it. A layer's paths are at most 1024 components deep. */
static wcl_status end_contents(wcl_image_changes *changes, wcl_node folder, uint32_t layer,
                               wcl_error *error)
{
    wcl_entry_id entry = wcl_tree_first(changes->paths, folder);

    for (; entry != WCL_NO_ENTRY; entry = wcl_tree_next(changes->paths, entry)) {
        wcl_node path = wcl_tree_entry_node(changes->paths, entry);
        if (step(changes, error) != WCL_OK || end_contents(changes, path, layer, error) != WCL_OK)
            return WCL_FAILED;
        end_path(changes, path, layer);
    }
    return WCL_OK;
}

/* ---- One entry ------------------------------------------------------------------------------ */

/* Bytes of a file's alternate streams. */
static uint64_t stream_bytes(const wcl_erofs_tree *layer, wcl_node node)
{
    wcl_xattr xattr;
    uint64_t total = 0;

    if (!wcl_tree_find_xattr(layer, node, WCL_XATTR_STREAMS, &xattr))
        return 0;
    wcl_cursor cursor = wcl_cursor_over(xattr.value, xattr.size);
    while (wcl_cursor_left(&cursor) > 0 && !cursor.failed) {
        wcl_cursor_take(&cursor, wcl_cursor_le32(&cursor));
        wcl_cursor_le64(&cursor);
        total += wcl_cursor_le64(&cursor);
    }
    return cursor.failed ? 0 : total;
}

static wcl_image_file_kind kind_of(uint32_t type)
{
    switch (type) {
    case S_IFDIR:
        return WCL_FILE_FOLDER;
    case S_IFREG:
        return WCL_FILE_REGULAR;
    case S_IFLNK:
        return WCL_FILE_LINK;
    default:
        return WCL_FILE_OTHER;
    }
}

/* What is known of a file of the layer, apart from its place. */
static void changes_describe(const taking *state, wcl_node node, wcl_image_event *event)
{
    wcl_erofs_inode inode;
    wcl_xattr link;

    wcl_tree_get_inode(state->layer, node, &inode);
    event->file_kind = kind_of(inode.mode & S_IFMT);
    if (wcl_tree_find_xattr(state->layer, node, WCL_XATTR_LINK, &link)) {
        event->file_kind = WCL_FILE_NAME;
        return;
    }
    if (event->file_kind == WCL_FILE_REGULAR)
        event->size = inode.size;
    event->size += stream_bytes(state->layer, node);
}

/* Another name of a file counts for the first one's bytes. */
static wcl_status add_file(taking *state, wcl_node node, wcl_image_event *event, wcl_error *error)
{
    wcl_image_changes *changes = state->changes;
    uint32_t first = state->first_names[node];
    uint32_t number;

    if (first != WCL_NO_EVENT && event->file_kind != WCL_FILE_FOLDER) {
        event->file_kind = WCL_FILE_NAME;
        event->size = 0;
    }
    if (add_event(changes, event, &number, error) != WCL_OK)
        return WCL_FAILED;
    if (first == WCL_NO_EVENT)
        state->first_names[node] = first = number;
    changes->events[number].file = first;
    changes->events[first].names++;
    changes->live[event->path] = number;
    return WCL_OK;
}

static wcl_status take_deleted(taking *state, wcl_image_event *event, wcl_error *error)
{
    wcl_image_changes *changes = state->changes;
    uint32_t live = changes->live[event->path];
    uint32_t number;

    event->kind = WCL_EVENT_DELETED;
    event->file_kind = live == WCL_NO_EVENT ? WCL_FILE_OTHER : changes->events[live].file_kind;
    if (end_contents(changes, event->path, state->number, error) != WCL_OK)
        return WCL_FAILED;
    end_path(changes, event->path, state->number);
    if (add_event(changes, event, &number, error) != WCL_OK)
        return WCL_FAILED;
    changes->events[number].file = number;
    return WCL_OK;
}

static wcl_status take_emptied(taking *state, const wcl_image_event *event, wcl_error *error)
{
    wcl_image_event emptied = *event;
    uint32_t number;

    emptied.kind = WCL_EVENT_EMPTIED;
    emptied.file_kind = WCL_FILE_FOLDER;
    if (end_contents(state->changes, event->path, state->number, error) != WCL_OK ||
        add_event(state->changes, &emptied, &number, error) != WCL_OK)
        return WCL_FAILED;
    state->changes->events[number].file = number;
    return WCL_OK;
}

/* A folder that is there already says nothing new; anything else takes the place of what was. */
static wcl_status take_file(taking *state, wcl_node node, wcl_image_event *event, wcl_error *error)
{
    wcl_image_changes *changes = state->changes;
    uint32_t live = changes->live[event->path];
    bool was_folder = live != WCL_NO_EVENT && changes->events[live].file_kind == WCL_FILE_FOLDER;

    changes_describe(state, node, event);
    if (was_folder && event->file_kind == WCL_FILE_FOLDER)
        return WCL_OK;
    event->kind = live == WCL_NO_EVENT ? WCL_EVENT_ADDED : WCL_EVENT_CHANGED;
    if (was_folder && end_contents(changes, event->path, state->number, error) != WCL_OK)
        return WCL_FAILED;
    end_path(changes, event->path, state->number);
    return add_file(state, node, event, error);
}

static wcl_status take_entry(taking *state, wcl_entry_id entry, wcl_error *error)
{
    wcl_node node = wcl_tree_entry_node(state->layer, entry);
    wcl_image_event event = { .layer = state->number };
    size_t length;
    const char *name = wcl_tree_entry_name(state->layer, entry, &length);
    wcl_xattr long_name;

    if (find_path(state->changes, state->paths[wcl_tree_entry_folder(state->layer, entry)], name,
                  length, &event.path, error) != WCL_OK)
        return WCL_FAILED;
    state->paths[node] = event.path;
    if (wcl_tree_find_xattr(state->layer, node, WCL_XATTR_NAME, &long_name) &&
        wcl_index_set_xattr(state->changes->paths, event.path, WCL_XATTR_NAME, long_name.value,
                            long_name.size, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_index_is_whiteout(state->layer, node))
        return take_deleted(state, &event, error);
    if (wcl_index_is_opaque(state->layer, node) && take_emptied(state, &event, error) != WCL_OK)
        return WCL_FAILED;
    return take_file(state, node, &event, error);
}

wcl_status wcl_image_changes_add(wcl_image_changes *changes, uint32_t number, wcl_erofs_tree *layer,
                                 wcl_error *error)
{
    size_t nodes = wcl_tree_node_count(layer);
    taking state = { .changes = changes, .layer = layer, .number = number };
    const wcl_image_event root = { .layer = number, .path = WCL_TREE_ROOT };
    wcl_status status = make_room(changes, error);

    state.paths = calloc(nodes, sizeof(*state.paths));
    state.first_names = malloc(nodes * sizeof(*state.first_names));
    if (!state.paths || !state.first_names)
        status = wcl_fail_memory(error);
    for (size_t i = 0; i < nodes && status == WCL_OK; i++)
        state.first_names[i] = WCL_NO_EVENT;
    if (status == WCL_OK) {
        state.paths[WCL_TREE_ROOT] = WCL_TREE_ROOT;
        if (wcl_index_is_opaque(layer, WCL_TREE_ROOT))
            status = take_emptied(&state, &root, error);
    }
    for (wcl_entry_id at = WCL_NO_ENTRY; status == WCL_OK;) {
        at = wcl_tree_walk(layer, at, false);
        if (at == WCL_NO_ENTRY)
            break;
        status = step(changes, error);
        if (status == WCL_OK)
            status = take_entry(&state, at, error);
    }
    free(state.paths);
    free(state.first_names);
    return status;
}
