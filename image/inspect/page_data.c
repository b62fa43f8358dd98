/* Writing the data of an image's page. */
#include "image/inspect/page_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf16.h"
#include "layer/internal.h"

#define PIECE_SIZE (64u * 1024)

wcl_status wcl_page_flush(wcl_page_out *out, wcl_error *error)
{
    wcl_status status = WCL_OK;

    if (out->buffer.size > 0)
        status = out->write(out->context, out->buffer.data, out->buffer.size, error);
    wcl_buffer_clear(&out->buffer);
    return status;
}

wcl_status wcl_page_bytes(wcl_page_out *out, const void *bytes, size_t size, wcl_error *error)
{
    if (wcl_buffer_append(&out->buffer, bytes, size, error) != WCL_OK)
        return WCL_FAILED;
    return out->buffer.size < PIECE_SIZE ? WCL_OK : wcl_page_flush(out, error);
}

wcl_status wcl_page_text(wcl_page_out *out, const char *text, wcl_error *error)
{
    return wcl_page_bytes(out, text, strlen(text), error);
}

/* ---- Texts ---------------------------------------------------------------------------------- */

wcl_status wcl_page_json(wcl_page_out *out, const cJSON *json, wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);

    if (!text)
        return wcl_fail_memory(error);
    /* In JSON these stand in texts only, where they can be escaped. */
    for (const char *at = text; *at;) {
        size_t size = strcspn(at, "<>&");
        char escape[8] = "";
        if (at[size])
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)at[size]);
        if (wcl_page_bytes(out, at, size, error) != WCL_OK ||
            wcl_page_text(out, escape, error) != WCL_OK)
            return WCL_FAILED;
        at += size + (at[size] != '\0');
    }
    return WCL_OK;
}

static wcl_status write_name(wcl_page_out *out, const wcl_erofs_tree *paths, wcl_entry_id entry,
                             wcl_buffer *text, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *holder = cJSON_CreateObject();
    wcl_xattr long_name;
    size_t length;
    const char *name = wcl_tree_entry_name(paths, entry, &length);

    if (wcl_tree_find_xattr(paths, wcl_tree_entry_node(paths, entry), WCL_XATTR_NAME, &long_name)) {
        name = long_name.value;
        length = long_name.size;
    }
    wcl_buffer_clear(text);
    if (wcl_buffer_append(text, name, length, error) != WCL_OK)
        return WCL_FAILED;
    if (!holder || !wcl_json_add_text(holder, "n", wcl_buffer_text(text)))
        return wcl_fail_memory(error);
    return wcl_page_json(out, holder->child, error);
}

/* ---- Paths and events ----------------------------------------------------------------------- */

static wcl_status write_names(wcl_page_out *out, wcl_erofs_tree *paths, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    wcl_entry_id entry = wcl_tree_walk(paths, WCL_NO_ENTRY, false);

    for (bool is_first = true; entry != WCL_NO_ENTRY; is_first = false) {
        if ((!is_first && wcl_page_text(out, ",", error) != WCL_OK) ||
            write_name(out, paths, entry, &text, error) != WCL_OK)
            return WCL_FAILED;
        entry = wcl_tree_walk(paths, entry, false);
    }
    return WCL_OK;
}

/* Writes the depths, and finds each path's place in the list. */
static wcl_status write_depths(wcl_page_out *out, wcl_erofs_tree *paths, uint32_t *places,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE uint32_t *depths = calloc(wcl_tree_node_count(paths), sizeof(*depths));
    wcl_entry_id entry = wcl_tree_walk(paths, WCL_NO_ENTRY, false);
    char text[16];

    if (!depths)
        return wcl_fail_memory(error);
    for (uint32_t place = 0; entry != WCL_NO_ENTRY; place++) {
        wcl_node node = wcl_tree_entry_node(paths, entry);
        wcl_node folder = wcl_tree_entry_folder(paths, entry);
        depths[node] = folder == WCL_TREE_ROOT ? 0 : depths[folder] + 1;
        places[node] = place;
        snprintf(text, sizeof(text), "%s%" PRIu32, place ? "," : "", depths[node]);
        if (wcl_page_text(out, text, error) != WCL_OK)
            return WCL_FAILED;
        entry = wcl_tree_walk(paths, entry, false);
    }
    return WCL_OK;
}

/* The layer that made the event's bytes useless; of a file with several names the one that took the
 * last. */
static uint32_t useless_from(const wcl_image_changes *changes, const wcl_image_event *event,
                             const uint32_t *last_gone)
{
    size_t number = (size_t)(event - changes->events);

    if (event->file != number || event->kind >= WCL_EVENT_DELETED)
        return event->gone;
    return event->names == 0 ? last_gone[number] : 0;
}

static wcl_status write_events(wcl_page_out *out, const wcl_image_changes *changes,
                               const uint32_t *places, wcl_error *error)
{
    WCL_CLEANUP_FREE uint32_t *last_gone = calloc(changes->count + 1, sizeof(*last_gone));
    char text[96];

    if (!last_gone)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < changes->count; i++) {
        const wcl_image_event *event = &changes->events[i];
        if (event->gone > last_gone[event->file])
            last_gone[event->file] = event->gone;
    }
    for (size_t i = 0; i < changes->count; i++) {
        const wcl_image_event *event = &changes->events[i];
        if (event->path == WCL_TREE_ROOT)
            continue;
        snprintf(text, sizeof(text), "%" PRIu32 ",%" PRIu32 ",%u,%" PRIu64 ",%" PRIu32 ",",
                 places[event->path], event->layer, event->kind + 4u * event->file_kind,
                 event->size, useless_from(changes, event, last_gone));
        if (wcl_page_text(out, text, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_page_text(out, "0", error);
}

wcl_status wcl_page_data(wcl_page_out *out, const cJSON *image, const wcl_image_changes *changes,
                         wcl_error *error)
{
    WCL_CLEANUP_FREE uint32_t *places =
        calloc(wcl_tree_node_count(changes->paths), sizeof(*places));

    if (!places)
        return wcl_fail_memory(error);
    if (wcl_page_text(out, "{\"image\":", error) != WCL_OK ||
        wcl_page_json(out, image, error) != WCL_OK ||
        wcl_page_text(out, ",\"names\":[", error) != WCL_OK ||
        write_names(out, changes->paths, error) != WCL_OK ||
        wcl_page_text(out, "],\"depths\":[", error) != WCL_OK ||
        write_depths(out, changes->paths, places, error) != WCL_OK ||
        wcl_page_text(out, "],\"events\":[", error) != WCL_OK ||
        write_events(out, changes, places, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_page_text(out, "]}", error);
}
