/* Writing the page of an image. */
#include "image/inspect/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/image.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/inspect/describe.h"
#include "image/inspect/page_data.h"
#include "erofs/image.h"
#include "layer/internal.h"

/* ---- Layers --------------------------------------------------------------------------------- */

static wcl_status load_index(const wcl_store *store, const char *id, wcl_erofs_tree *tree,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, "layer.erofs");
    wcl_erofs_image *index;

    if (!path)
        return wcl_fail_memory(error);
    if (wcl_erofs_image_open_file(path, &index, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_erofs_load(index, tree, 0, error);
    wcl_erofs_image_free(index);
    return status;
}

static wcl_status page_read_layer(const wcl_store *store, const char *id, uint32_t number,
                                  wcl_image_changes *changes, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;
    wcl_erofs_tree *tree;

    if (wcl_store_layer_open(store, id, WCL_LOCK_SHARED, &layer, error) != WCL_OK ||
        wcl_tree_new(changes->is_windows ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT, &tree, error) !=
            WCL_OK)
        return WCL_FAILED;
    wcl_status status = load_index(store, id, tree, error);
    if (status == WCL_OK)
        status = wcl_image_changes_add(changes, number, tree, error);
    wcl_tree_free(tree);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, NULL, id);
}

wcl_status wcl_page_read_layers(const wcl_driver *driver, const char *const *ids, size_t count,
                                bool is_windows, wcl_image_changes *changes, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;

    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_image_changes_begin(changes, is_windows, driver->hooks, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < count; i++)
        if (page_read_layer(&store, ids[i], (uint32_t)i, changes, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* ---- The page ------------------------------------------------------------------------------- */

typedef struct page {
    wcl_page_out *out;
    const cJSON *image;
    const wcl_image_changes *changes;
} page;

/* What the content security policy knows a script or style by. */
static wcl_status write_hash(wcl_page_out *out, const char *text, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer base64 = WCL_BUFFER_INIT;
    uint8_t digest[WCL_SHA256_SIZE];
    wcl_sha256 *sha256 = NULL;

    wcl_status status = wcl_sha256_new(&sha256, error);
    if (status == WCL_OK)
        status = wcl_sha256_update(sha256, text, strlen(text), error);
    if (status == WCL_OK)
        status = wcl_sha256_finish(sha256, digest, error);
    wcl_sha256_free(sha256);
    if (status != WCL_OK || wcl_base64_encode(digest, sizeof(digest), &base64, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_page_text(out, wcl_buffer_text(&base64), error);
}

static wcl_status write_title(wcl_page_out *out, const cJSON *image, wcl_error *error)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(image, "name");
    const char *text = cJSON_IsString(name) ? name->valuestring : "";
    char escape[8];

    for (; *text; text++) {
        bool is_plain = !strchr("<>&\"'", *text);
        snprintf(escape, sizeof(escape), is_plain ? "%c" : "&#%d;", *text);
        if (wcl_page_text(out, escape, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* Writes what stands for a placeholder of the template. */
static wcl_status write_part(const page *page, const char *name, size_t size, wcl_error *error)
{
    wcl_page_out *out = page->out;

    if (size == 5 && memcmp(name, "title", size) == 0)
        return write_title(out, page->image, error);
    if (size == 10 && memcmp(name, "style-hash", size) == 0)
        return write_hash(out, wcl_page_css, error);
    if (size == 11 && memcmp(name, "script-hash", size) == 0)
        return write_hash(out, wcl_page_js, error);
    if (size == 5 && memcmp(name, "style", size) == 0)
        return wcl_page_text(out, wcl_page_css, error);
    if (size == 6 && memcmp(name, "script", size) == 0)
        return wcl_page_text(out, wcl_page_js, error);
    return wcl_page_data(out, page->image, page->changes, error);
}

wcl_status wcl_page_write(wcl_write_fn write, void *context, const cJSON *image,
                          const wcl_image_changes *changes, wcl_error *error)
{
    wcl_page_out out = { .write = write, .context = context };
    const page page = { &out, image, changes };
    wcl_status status = WCL_OK;

    for (const char *at = wcl_page_html; *at && status == WCL_OK;) {
        const char *open = strstr(at, "{{");
        const char *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            status = wcl_page_text(&out, at, error);
            break;
        }
        status = wcl_page_bytes(&out, at, (size_t)(open - at), error);
        if (status == WCL_OK)
            status = write_part(&page, open + 2, (size_t)(close - open) - 2, error);
        at = close + 2;
    }
    if (status == WCL_OK)
        status = wcl_page_flush(&out, error);
    wcl_buffer_free(&out.buffer);
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------ */

static wcl_status read_image(const wcl_driver *driver, const char *image, cJSON **json,
                             wcl_image_changes *changes, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_image_info *info = NULL;
    WCL_CLEANUP_FREE const char **ids = NULL;

    if (wcl_image_get_info(driver, image, &info, error) != WCL_OK ||
        wcl_image_describe(driver, image, info, false, json, error) != WCL_OK)
        return WCL_FAILED;
    ids = calloc(info->layer_count + 1, sizeof(*ids));
    if (!ids)
        return wcl_fail_memory(error);
    for (size_t i = 0; i < info->layer_count; i++)
        ids[i] = info->layers[info->layer_count - 1 - i];
    return wcl_page_read_layers(driver, ids, info->layer_count,
                                strcmp(info->platform.os, "windows") == 0, changes, error);
}

wcl_status wcl_image_write_page(const wcl_driver *driver, const char *image, const char *file,
                                wcl_error *error)
{
    wcl_driver own;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    wcl_image_changes changes = { .paths = NULL };
    wcl_new_file *page = NULL;

    if (wcl_driver_take(&driver, &own, __func__, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = read_image(driver, image, &json, &changes, error);
    if (status == WCL_OK && (status = wcl_new_file_open(file, &page, error)) != WCL_OK)
        wcl_error_context(error, NULL, file);
    if (status == WCL_OK)
        status = wcl_page_write(wcl_write_fd, wcl_new_file_fd(page), json, &changes, error);
    if (status == WCL_OK)
        status = wcl_new_file_finish(page, error);
    wcl_new_file_free(page);
    wcl_image_changes_free(&changes);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "inspect", image);
}
