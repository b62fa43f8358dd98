/* Diff: what a snapshot changes of its parent, as a tar: of a committed one the very bytes of its
 * layer. */
#include <string.h>
#include <wcl/tar.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/internal.h"
#include "snapshotter/driver.h"
#include "snapshotter/id_map.h"
#include "snapshotter/mounts.h"

static bool is_nothing(const char *layer)
{
    return !*layer || strcmp(layer, WCL_SNAPSHOT_NOTHING) == 0;
}

/* What the layer stands on itself; "" for nothing. */
static const char *below(const wcl_layer_info *info)
{
    return info->parent_count && !is_nothing(info->parents[0]) ? info->parents[0] : "";
}

static wcl_status refuse_mapped(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    return strcmp(snapshot->id, context) == 0 && snapshot->kind == WCL_SNAPSHOT_ACTIVE &&
                   wcl_snapshot_has_id_map(&snapshot->labels)
               ? wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                          "the snapshot's ids are mapped: what was written has ids of the host")
               : WCL_OK;
}

wcl_status wcl_snapshotter_diff_of(wcl_snapshotter *snapshotter, const char *left,
                                   const char *right, wcl_layer_info **info, wcl_error *error)
{
    char lower[WCL_SNAPSHOT_LAYER_SIZE] = "", upper[WCL_SNAPSHOT_LAYER_SIZE];

    if ((*left && wcl_snapshot_layer_of_source(snapshotter, left, lower, error) != WCL_OK) ||
        wcl_snapshot_layer_of_source(snapshotter, right, upper, error) != WCL_OK ||
        wcl_snapshot_table_each(&snapshotter->table, refuse_mapped, upper, error) != WCL_OK ||
        wcl_layer_get_info(&snapshotter->layers, upper, info, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(is_nothing(lower) ? "" : lower, below(*info)) == 0)
        return WCL_OK;
    wcl_free(*info);
    *info = NULL;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "the layer '%s' does not stand on '%s', and what it changes of it is not known",
                    upper, lower);
}

/* ---- Times ----------------------------------------------------------------------------------- */

/* A reader whose entries are no later than a source date. */
typedef struct dated_reader {
    wcl_layer_reader base;
    wcl_layer_reader *inner;
    struct timespec latest;
    wcl_basic_info limit;
} dated_reader;

static void lower_to(int64_t *time, int64_t limit)
{
    if (*time > limit)
        *time = limit;
}

static wcl_status dated_next(wcl_layer_reader *base, wcl_entry *entry, wcl_error *error)
{
    const dated_reader *reader = (dated_reader *)base;

    wcl_status status = wcl_layer_reader_next(reader->inner, entry, error);
    if (status != WCL_OK)
        return status;
    lower_to(&entry->info.creation_time, reader->limit.creation_time);
    lower_to(&entry->info.last_access_time, reader->limit.last_access_time);
    lower_to(&entry->info.last_write_time, reader->limit.last_write_time);
    lower_to(&entry->info.change_time, reader->limit.change_time);
    if (entry->modified.tv_sec > reader->latest.tv_sec ||
        (entry->modified.tv_sec == reader->latest.tv_sec &&
         entry->modified.tv_nsec > reader->latest.tv_nsec))
        entry->modified = reader->latest;
    return WCL_OK;
}

static wcl_status dated_read(wcl_layer_reader *base, void *buffer, size_t size, size_t *got,
                             wcl_error *error)
{
    return wcl_layer_reader_read(((dated_reader *)base)->inner, buffer, size, got, error);
}

/* It is on the stack, and its inner one its maker's. */
static void dated_free(wcl_layer_reader *base)
{
    (void)base;
}

static const wcl_layer_reader_ops dated_ops = { "read snapshot", dated_next, dated_read,
                                                dated_free };

static wcl_status export_dated(const wcl_driver *driver, const char *layer, struct timespec latest,
                               wcl_write_fn write, void *context, wcl_error *error)
{
    dated_reader reader = { .base = { .ops = &dated_ops, .hooks = driver->hooks },
                            .latest = latest };
    wcl_layer_writer *writer = NULL;

    wcl_basic_info_set_times(&reader.limit, latest);
    wcl_status status =
        wcl_layer_reader_open(driver, layer, (wcl_parents) { NULL, 0 }, &reader.inner, error);
    if (status == WCL_OK)
        status = wcl_tar_writer_open(write, context, NULL, &writer, error);
    if (status == WCL_OK)
        status = wcl_layer_copy(&reader.base, writer, driver->hooks, error);
    wcl_layer_reader_close(reader.inner, NULL);
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return WCL_FAILED;
}

wcl_status wcl_snapshotter_export(const wcl_snapshotter *snapshotter, const char *layer,
                                  const struct timespec *latest, const wcl_hooks *hooks,
                                  wcl_write_fn write, void *context, wcl_error *error)
{
    wcl_driver driver = snapshotter->layers;

    driver.hooks = hooks;
    if (latest)
        return export_dated(&driver, layer, *latest, write, context, error);
    return wcl_layer_export_tar(&driver, layer, (wcl_parents) { NULL, 0 }, write, context, NULL,
                                error);
}
