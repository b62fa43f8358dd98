/* Snapshots and their records. */
#include "snapshotter/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/json.h"

#define RECORD_SIZE_MAX (4 * 1024 * 1024)
/* Each is compared with all the others. */
#define LABELS_MAX 1024

/* ---- Labels ---------------------------------------------------------------------------------- */

static wcl_snapshot_label *find_label(const wcl_snapshot_labels *labels, const char *key)
{
    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(labels->items[i].key, key) == 0)
            return &labels->items[i];
    return NULL;
}

const char *wcl_snapshot_labels_find(const wcl_snapshot_labels *labels, const char *key)
{
    const wcl_snapshot_label *label = find_label(labels, key);

    return label ? label->value : NULL;
}

static void remove_label(wcl_snapshot_labels *labels, wcl_snapshot_label *label)
{
    free(label->key);
    free(label->value);
    *label = labels->items[--labels->count];
}

static wcl_status add_label(wcl_snapshot_labels *labels, const char *key, const char *value,
                            wcl_error *error)
{
    if (labels->count >= LABELS_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a snapshot has %d labels at most",
                        LABELS_MAX);
    wcl_snapshot_label *items = reallocarray(labels->items, labels->count + 1, sizeof(*items));
    if (!items)
        return wcl_fail_memory(error);
    labels->items = items;
    items[labels->count] = (wcl_snapshot_label) { strdup(key), strdup(value) };
    if (items[labels->count].key && items[labels->count].value) {
        labels->count++;
        return WCL_OK;
    }
    free(items[labels->count].key);
    free(items[labels->count].value);
    return wcl_fail_memory(error);
}

wcl_status wcl_snapshot_labels_set(wcl_snapshot_labels *labels, const char *key, const char *value,
                                   wcl_error *error)
{
    wcl_snapshot_label *label = find_label(labels, key);

    if (label && *value)
        return wcl_snapshot_set_text(&label->value, value, error);
    if (label)
        remove_label(labels, label);
    return *value ? add_label(labels, key, value, error) : WCL_OK;
}

wcl_status wcl_snapshot_labels_copy(wcl_snapshot_labels *to, const wcl_snapshot_labels *from,
                                    wcl_error *error)
{
    wcl_status status = WCL_OK;

    for (size_t i = 0; status == WCL_OK && i < from->count; i++)
        status = wcl_snapshot_labels_set(to, from->items[i].key, from->items[i].value, error);
    return status;
}

void wcl_snapshot_labels_free(wcl_snapshot_labels *labels)
{
    while (labels->count > 0)
        remove_label(labels, &labels->items[0]);
    free(labels->items);
    labels->items = NULL;
}

/* ---- Snapshots ------------------------------------------------------------------------------- */

wcl_status wcl_snapshot_set_text(char **text, const char *value, wcl_error *error)
{
    char *copy = strdup(value);

    if (!copy)
        return wcl_fail_memory(error);
    free(*text);
    *text = copy;
    return WCL_OK;
}

static wcl_status make_id(char id[WCL_SNAPSHOT_ID_SIZE], wcl_error *error)
{
    wcl_guid guid;

    if (wcl_guid_random(&guid, error) != WCL_OK)
        return WCL_FAILED;
    int size = snprintf(id, WCL_SNAPSHOT_ID_SIZE, WCL_SNAPSHOT_ID_PREFIX);
    for (int i = 0; i < 8; i++)
        size += snprintf(id + size, WCL_SNAPSHOT_ID_SIZE - (size_t)size, "%02x", guid.bytes[i]);
    return WCL_OK;
}

static wcl_status snapshot_fill(wcl_snapshot *snapshot, const char *key, const char *parent,
                                wcl_error *error)
{
    if (wcl_snapshot_set_text(&snapshot->key, key, error) != WCL_OK ||
        wcl_snapshot_set_text(&snapshot->parent, parent, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_snapshot_set_text(&snapshot->layer, "", error);
}

wcl_status wcl_snapshot_new(const char *key, const char *parent, wcl_snapshot_kind kind,
                            wcl_snapshot **snapshot, wcl_error *error)
{
    wcl_snapshot *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->kind = kind;
    clock_gettime(CLOCK_REALTIME, &made->created);
    made->updated = made->created;
    if (make_id(made->id, error) == WCL_OK && snapshot_fill(made, key, parent, error) == WCL_OK) {
        *snapshot = made;
        return WCL_OK;
    }
    wcl_snapshot_free(made);
    return WCL_FAILED;
}

void wcl_snapshot_free(wcl_snapshot *snapshot)
{
    if (!snapshot)
        return;
    wcl_snapshot_labels_free(&snapshot->labels);
    free(snapshot->key);
    free(snapshot->parent);
    free(snapshot->layer);
    free(snapshot);
}

/* ---- Records --------------------------------------------------------------------------------- */

static bool print_time(cJSON *json, const char *name, struct timespec time)
{
    cJSON *item = cJSON_AddObjectToObject(json, name);

    return item && wcl_json_add_i64(item, "seconds", time.tv_sec) &&
           wcl_json_add_i64(item, "nanoseconds", time.tv_nsec);
}

static bool print_labels(cJSON *json, const wcl_snapshot_labels *labels)
{
    cJSON *array = cJSON_AddArrayToObject(json, "labels");
    bool complete = array != NULL;

    /* An object's names would be escaped in other ways than its texts are. */
    for (size_t i = 0; complete && i < labels->count; i++) {
        cJSON *item = cJSON_CreateObject();
        complete = item && cJSON_AddItemToArray(array, item) &&
                   wcl_json_add_text(item, "key", labels->items[i].key) &&
                   wcl_json_add_text(item, "value", labels->items[i].value);
    }
    return complete;
}

wcl_status wcl_snapshot_write(int folder, const wcl_snapshot *snapshot, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    WCL_CLEANUP_FREE char *text = NULL;

    if (json && wcl_json_add_text(json, "key", snapshot->key) &&
        wcl_json_add_text(json, "parent", snapshot->parent) &&
        wcl_json_add_i64(json, "kind", snapshot->kind) &&
        wcl_json_add_text(json, "layer", snapshot->layer) &&
        print_time(json, "created", snapshot->created) &&
        print_time(json, "updated", snapshot->updated) && print_labels(json, &snapshot->labels))
        text = wcl_json_print(json);
    if (!text)
        return wcl_fail_memory(error);
    if (strlen(text) > RECORD_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the snapshot's key and labels are %zu bytes, more than %d", strlen(text),
                        RECORD_SIZE_MAX);
    return wcl_durable_write(folder, snapshot->id, text, strlen(text), 0600, error);
}

static wcl_status parse_time(const cJSON *json, const char *name, struct timespec *time,
                             wcl_error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    int64_t seconds = 0, nanoseconds = 0;

    if (wcl_json_get_i64(item, "seconds", &seconds, error) != WCL_OK ||
        wcl_json_get_i64(item, "nanoseconds", &nanoseconds, error) != WCL_OK)
        return WCL_FAILED;
    *time = (struct timespec) { .tv_sec = seconds, .tv_nsec = nanoseconds };
    return WCL_OK;
}

static wcl_status parse_labels(const cJSON *json, wcl_snapshot_labels *labels, wcl_error *error)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "labels"))
    {
        const char *key = "", *value = "";
        if (wcl_json_get_text(item, "key", &key, error) != WCL_OK ||
            wcl_json_get_text(item, "value", &value, error) != WCL_OK ||
            wcl_snapshot_labels_set(labels, key, value, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status parse_record(const cJSON *json, const char *id, wcl_snapshot **snapshot,
                               wcl_error *error)
{
    const char *key = "", *parent = "", *layer = "";
    int64_t kind = 0;
    wcl_snapshot *made;

    if (wcl_json_get_text(json, "key", &key, error) != WCL_OK ||
        wcl_json_get_text(json, "parent", &parent, error) != WCL_OK ||
        wcl_json_get_text(json, "layer", &layer, error) != WCL_OK ||
        wcl_json_get_i64(json, "kind", &kind, error) != WCL_OK)
        return WCL_FAILED;
    if (!*key || kind < WCL_SNAPSHOT_VIEW || kind > WCL_SNAPSHOT_COMMITTED ||
        strlen(id) >= WCL_SNAPSHOT_ID_SIZE)
        return wcl_fail(error, WCL_CODE_CORRUPT, "it has no key, or a kind that is not known");
    if (wcl_snapshot_new(key, parent, (wcl_snapshot_kind)kind, &made, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(made->id, sizeof(made->id), "%s", id);
    if (wcl_snapshot_set_text(&made->layer, layer, error) == WCL_OK &&
        parse_time(json, "created", &made->created, error) == WCL_OK &&
        parse_time(json, "updated", &made->updated, error) == WCL_OK &&
        parse_labels(json, &made->labels, error) == WCL_OK) {
        *snapshot = made;
        return WCL_OK;
    }
    wcl_snapshot_free(made);
    return WCL_FAILED;
}

static wcl_status read_record(int folder, const char *id, wcl_snapshot **snapshot, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = openat(folder, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    WCL_CLEANUP_JSON cJSON *json = NULL;
    struct stat info;
    size_t got;

    if (fd < 0 || fstat(fd, &info) != 0)
        return wcl_fail_errno(error, errno, "cannot open it");
    if (!S_ISREG(info.st_mode) || info.st_size > RECORD_SIZE_MAX)
        return wcl_fail(error, WCL_CODE_CORRUPT, "it is not a file of a record's size");
    WCL_CLEANUP_FREE char *text = malloc((size_t)info.st_size + 1);
    if (!text)
        return wcl_fail_memory(error);
    if (wcl_pread_full(fd, text, (size_t)info.st_size, 0, &got, error) != WCL_OK ||
        wcl_json_parse(text, got, RECORD_SIZE_MAX, &json, error) != WCL_OK)
        return WCL_FAILED;
    return parse_record(json, id, snapshot, error);
}

wcl_status wcl_snapshot_read(int folder, const char *id, wcl_snapshot **snapshot, wcl_error *error)
{
    return read_record(folder, id, snapshot, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "read snapshot", id);
}
