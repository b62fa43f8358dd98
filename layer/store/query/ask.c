/* What layers there are, and what each is. */
#include "layer/store/query/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/store/mount/mount.h"

/* ---- One layer ------------------------------------------------------------------------------- */

/* Copies a text to where the texts of one piece of memory go. NULL stays NULL. */
static const char *ask_put_text(char **at, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static wcl_layer_info *make_info(const wcl_layer_record *record)
{
    size_t size = sizeof(wcl_layer_info) + record->parent_count * sizeof(char *) +
                  text_size(record->id) + text_size(record->diff_id) +
                  text_size(record->blob_digest) + text_size(record->media_type);

    for (size_t i = 0; i < record->parent_count; i++)
        size += text_size(record->parents[i]);
    wcl_layer_info *info = calloc(1, size);
    if (!info)
        return NULL;
    const char **parents = (const char **)(info + 1);
    char *texts = (char *)(parents + record->parent_count);
    info->id = ask_put_text(&texts, record->id);
    info->kind = wcl_layer_kind_name(record->kind);
    info->os = record->os == WCL_OS_WINDOWS ? "windows" : record->os == WCL_OS_LINUX ? "linux" : "";
    for (size_t i = 0; i < record->parent_count; i++)
        parents[i] = ask_put_text(&texts, record->parents[i]);
    info->parents = parents;
    info->parent_count = record->parent_count;
    info->diff_id = ask_put_text(&texts, record->diff_id);
    info->blob_digest = ask_put_text(&texts, record->blob_digest);
    info->media_type = ask_put_text(&texts, record->media_type);
    info->blob_size = record->blob_size;
    info->tar_size = record->tar_size;
    info->data_size = record->data_size;
    info->entries = record->entries;
    info->limit = record->limit;
    info->created = record->created;
    return info;
}

wcl_status wcl_store_get_info(const wcl_driver *driver, const char *id, wcl_layer_info **info,
                              wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_layer_open(&store, id, WCL_LOCK_NONE, &layer, error) != WCL_OK)
        return WCL_FAILED;
    *info = make_info(&layer.record);
    if (!*info)
        return wcl_fail_memory(error);
    (*info)->is_mounted = wcl_mount_is_mounted(&store, id);
    return WCL_OK;
}

/* ---- All layers ------------------------------------------------------------------------------ */

/* Ids one behind the other, each with its NUL. */
static wcl_status gather(void *context, const char *id, wcl_error *error)
{
    return wcl_buffer_append(context, id, strlen(id) + 1, error);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

wcl_status wcl_store_list(const wcl_driver *driver, char ***ids, size_t *count, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer texts = WCL_BUFFER_INIT;
    size_t number = 0;

    if (wcl_store_open(driver, &store, error) != WCL_OK ||
        wcl_store_each(&store, gather, &texts, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < texts.size; i++)
        number += texts.data[i] == '\0';
    char **list = malloc(number * sizeof(*list) + texts.size + 1);
    if (!list)
        return wcl_fail_memory(error);
    char *text = (char *)(list + number);
    if (texts.size)
        memcpy(text, texts.data, texts.size);
    for (size_t i = 0; i < number; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    qsort(list, number, sizeof(*list), compare_ids);
    *ids = list;
    *count = number;
    return WCL_OK;
}
