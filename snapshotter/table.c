/* All snapshots of a home. */
#include "snapshotter/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/hooks.h"
#include "base/listing.h"

#define FOLDER ".snapshots"

/* ---- Finding --------------------------------------------------------------------------------- */

static wcl_snapshot *find_key(const wcl_snapshot_table *table, const char *key)
{
    for (wcl_snapshot *at = table->first; at; at = at->next)
        if (strcmp(at->key, key) == 0)
            return at;
    return NULL;
}

static const wcl_snapshot *find_child(const wcl_snapshot_table *table, const char *key)
{
    for (const wcl_snapshot *at = table->first; at; at = at->next)
        if (strcmp(at->parent, key) == 0)
            return at;
    return NULL;
}

static void unlink_snapshot(wcl_snapshot_table *table, const wcl_snapshot *snapshot)
{
    wcl_snapshot **at = &table->first;

    while (*at != snapshot)
        at = &(*at)->next;
    *at = snapshot->next;
    pthread_cond_broadcast(&table->changed);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

wcl_status wcl_snapshot_table_enter(wcl_snapshot_table *table, const char *key,
                                    wcl_snapshot **snapshot, wcl_error *error)
{
    wcl_snapshot *found;

    pthread_mutex_lock(&table->mutex);
    while ((found = find_key(table, key)) && found->is_busy)
        pthread_cond_wait(&table->changed, &table->mutex);
    if (found)
        found->is_busy = true;
    pthread_mutex_unlock(&table->mutex);
    *snapshot = found;
    return found ? WCL_OK
                 : wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no snapshot '%s'", key);
}

void wcl_snapshot_table_leave(wcl_snapshot_table *table, wcl_snapshot *snapshot)
{
    pthread_mutex_lock(&table->mutex);
    snapshot->is_busy = false;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->mutex);
}

/* ---- Coming ---------------------------------------------------------------------------------- */

/* A view's layer is its parent's: who asks what is needed sees it from the beginning. */
static wcl_status set_layer_of_view(wcl_snapshot *snapshot, const char *parent_layer,
                                    wcl_error *error)
{
    if (snapshot->kind != WCL_SNAPSHOT_VIEW)
        return WCL_OK;
    return wcl_snapshot_set_text(&snapshot->layer,
                                 *parent_layer ? parent_layer : WCL_SNAPSHOT_NOTHING, error);
}

static wcl_status layer_of_parent(const wcl_snapshot_table *table, const char *key, char **layer,
                                  wcl_error *error)
{
    const wcl_snapshot *parent = *key ? find_key(table, key) : NULL;

    if (*key && (!parent || !parent->is_made))
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no snapshot '%s' as its parent",
                        key);
    if (parent && parent->kind != WCL_SNAPSHOT_COMMITTED)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the snapshot '%s', its parent, is not committed", key);
    *layer = strdup(parent ? parent->layer : "");
    return *layer ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_snapshot_table_add(wcl_snapshot_table *table, wcl_snapshot *snapshot, char **layer,
                                  wcl_error *error)
{
    pthread_mutex_lock(&table->mutex);
    wcl_status status = find_key(table, snapshot->key)
                            ? wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                                       "there is a snapshot '%s' already", snapshot->key)
                            : layer_of_parent(table, snapshot->parent, layer, error);
    if (status == WCL_OK)
        status = set_layer_of_view(snapshot, *layer, error);
    if (status == WCL_OK) {
        snapshot->is_busy = true;
        snapshot->next = table->first;
        table->first = snapshot;
    }
    pthread_mutex_unlock(&table->mutex);
    return status;
}

static wcl_status write_record(wcl_snapshot_table *table, const wcl_snapshot *snapshot,
                               wcl_error *error)
{
    pthread_mutex_lock(&table->writing);
    wcl_status status = wcl_snapshot_write(table->folder, snapshot, error);
    pthread_mutex_unlock(&table->writing);
    return status;
}

wcl_status wcl_snapshot_table_publish(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                      wcl_error *error)
{
    if (write_record(table, snapshot, error) != WCL_OK)
        return WCL_FAILED;
    pthread_mutex_lock(&table->mutex);
    snapshot->is_made = true;
    snapshot->is_busy = false;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->mutex);
    return WCL_OK;
}

wcl_status wcl_snapshot_table_layer_of(wcl_snapshot_table *table, const char *key, char **layer,
                                       wcl_error *error)
{
    pthread_mutex_lock(&table->mutex);
    wcl_status status = layer_of_parent(table, key, layer, error);
    pthread_mutex_unlock(&table->mutex);
    return status;
}

/* ---- Going ----------------------------------------------------------------------------------- */

void wcl_snapshot_table_drop(wcl_snapshot_table *table, wcl_snapshot *snapshot)
{
    pthread_mutex_lock(&table->mutex);
    unlink_snapshot(table, snapshot);
    pthread_mutex_unlock(&table->mutex);
    wcl_snapshot_free(snapshot);
}

/* From now on it can be nobody's parent; false where it is somebody's. */
static wcl_status hide(wcl_snapshot_table *table, wcl_snapshot *snapshot, wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&table->mutex);
    const wcl_snapshot *child = find_child(table, snapshot->key);
    if (child)
        status = wcl_fail(error, WCL_CODE_SHARING_VIOLATION,
                          "cannot remove the snapshot: '%s' stands on it", child->key);
    else
        snapshot->is_made = false;
    pthread_mutex_unlock(&table->mutex);
    return status;
}

wcl_status wcl_snapshot_table_remove(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                     wcl_error *error)
{
    if (hide(table, snapshot, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_durable_remove(table->folder, snapshot->id, error) != WCL_FAILED) {
        wcl_snapshot_table_drop(table, snapshot);
        return WCL_OK;
    }
    pthread_mutex_lock(&table->mutex);
    snapshot->is_made = true;
    pthread_mutex_unlock(&table->mutex);
    return WCL_FAILED;
}

/* ---- Changing -------------------------------------------------------------------------------- */

#define SWAP(a, b)                                                                                 \
    do {                                                                                           \
        __typeof__(a) kept = a;                                                                    \
        (a) = b;                                                                                   \
        (b) = kept;                                                                                \
    } while (0)

static void swap_contents(wcl_snapshot *a, wcl_snapshot *b)
{
    SWAP(a->key, b->key);
    SWAP(a->parent, b->parent);
    SWAP(a->kind, b->kind);
    SWAP(a->layer, b->layer);
    SWAP(a->labels, b->labels);
    SWAP(a->created, b->created);
    SWAP(a->updated, b->updated);
}

wcl_status wcl_snapshot_table_change(wcl_snapshot_table *table, wcl_snapshot *snapshot,
                                     wcl_snapshot *change, wcl_error *error)
{
    char *layer = NULL;

    memcpy(change->id, snapshot->id, sizeof(change->id));
    bool is_renamed = strcmp(change->key, snapshot->key) != 0;
    /* The name is taken while the record is written, and the parent, which may be new, held. */
    if (is_renamed && wcl_snapshot_table_add(table, change, &layer, error) != WCL_OK)
        return WCL_FAILED;
    free(layer);
    wcl_status status = write_record(table, change, error);
    pthread_mutex_lock(&table->mutex);
    if (is_renamed)
        unlink_snapshot(table, change);
    if (status == WCL_OK)
        swap_contents(snapshot, change);
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->mutex);
    return status;
}

wcl_status wcl_snapshot_table_each(wcl_snapshot_table *table, wcl_snapshot_visit_fn visit,
                                   void *context, wcl_error *error)
{
    wcl_status status = WCL_OK;

    pthread_mutex_lock(&table->mutex);
    for (const wcl_snapshot *at = table->first; status == WCL_OK && at; at = at->next)
        if (at->is_made)
            status = visit(context, at, error);
    pthread_mutex_unlock(&table->mutex);
    return status;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

char *wcl_snapshot_table_key_of(wcl_snapshot_table *table, const char *id)
{
    char *key = NULL;

    pthread_mutex_lock(&table->mutex);
    for (const wcl_snapshot *at = table->first; at && !key; at = at->next)
        if (at->is_made && at->kind == WCL_SNAPSHOT_ACTIVE && strcmp(at->id, id) == 0)
            key = strdup(at->key);
    pthread_mutex_unlock(&table->mutex);
    return key;
}

/* The layers of a snapshot begin with its id. */
static bool is_layer_of(const wcl_snapshot *snapshot, const char *layer)
{
    size_t size = strlen(snapshot->id);

    return strncmp(snapshot->id, layer, size) == 0 && (!layer[size] || layer[size] == '.');
}

bool wcl_snapshot_table_needs(wcl_snapshot_table *table, const char *layer)
{
    char id[WCL_SNAPSHOT_ID_SIZE];
    bool is_known = false, is_needed = false;

    pthread_mutex_lock(&table->mutex);
    for (const wcl_snapshot *at = table->first; at; at = at->next) {
        bool mine = is_layer_of(at, layer);
        is_known |= mine;
        is_needed |= strcmp(at->layer, layer) == 0 ||
                     (mine && (at->is_busy || !at->is_made ||
                               (at->kind == WCL_SNAPSHOT_ACTIVE && strcmp(at->id, layer) == 0)));
    }
    snprintf(id, sizeof(id), "%.*s", (int)strcspn(layer, "."), layer);
    if (!is_known)
        is_needed |= faccessat(table->folder, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    pthread_mutex_unlock(&table->mutex);
    return is_needed;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* What was being written when its writer was killed: what it was to replace is there. */
static bool is_unfinished(const char *name)
{
    size_t size = strlen(name), end = strlen(WCL_DURABLE_UNFINISHED);

    return size >= end && strcmp(name + size - end, WCL_DURABLE_UNFINISHED) == 0;
}

/* One that cannot be read is left on disk, for whoever can tell what it was. */
static void take_record(wcl_snapshot_table *table, const char *id, const wcl_hooks *hooks)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_snapshot *snapshot;

    if (wcl_snapshot_read(table->folder, id, &snapshot, &error) == WCL_OK) {
        snapshot->is_made = true;
        snapshot->next = table->first;
        table->first = snapshot;
    } else {
        wcl_hooks_warn(hooks, &error);
    }
}

static wcl_status take_records(wcl_snapshot_table *table, const wcl_hooks *hooks, wcl_error *error)
{
    int copy = openat(table->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *item;
    wcl_status status;

    if (!listing) {
        wcl_fail_errno(error, errno, "cannot list the snapshots");
        if (copy >= 0)
            close(copy);
        return WCL_FAILED;
    }
    while ((status = wcl_listing_next(listing, &item, error)) == WCL_OK)
        if (is_unfinished(item->d_name))
            unlinkat(table->folder, item->d_name, 0);
        else if (strncmp(item->d_name, WCL_SNAPSHOT_ID_PREFIX, strlen(WCL_SNAPSHOT_ID_PREFIX)) == 0)
            take_record(table, item->d_name, hooks);
    closedir(listing);
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

wcl_status wcl_snapshot_table_open(wcl_snapshot_table *table, const char *home,
                                   const wcl_hooks *hooks, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    *table = (wcl_snapshot_table) { .folder = -1 };
    pthread_mutex_init(&table->mutex, NULL);
    pthread_mutex_init(&table->writing, NULL);
    pthread_cond_init(&table->changed, NULL);
    if (wcl_buffer_printf(&path, error, "%s/" FOLDER, home) != WCL_OK ||
        wcl_durable_make_folders(AT_FDCWD, wcl_buffer_text(&path), 0711, 0700, error) != WCL_OK)
        return WCL_FAILED;
    table->folder = open(wcl_buffer_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (table->folder < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", wcl_buffer_text(&path));
    if (flock(table->folder, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? wcl_fail(error, WCL_CODE_BUSY, "another process serves the snapshots of '%s'",
                              home)
                   : wcl_fail_errno(error, errno, "cannot lock '%s'", wcl_buffer_text(&path));
    return take_records(table, hooks, error);
}

void wcl_snapshot_table_close(wcl_snapshot_table *table)
{
    while (table->first) {
        wcl_snapshot *next = table->first->next;
        wcl_snapshot_free(table->first);
        table->first = next;
    }
    if (table->folder >= 0)
        close(table->folder);
    pthread_cond_destroy(&table->changed);
    pthread_mutex_destroy(&table->writing);
    pthread_mutex_destroy(&table->mutex);
}
