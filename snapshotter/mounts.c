/*
 * The mounts of snapshots. An active one is the overlay of its sandbox, at HOME/ID/merged, and a
 * view the EROFS of a whole chain, which all views of a layer share: containerd is told to bind
 * them, which any shim can. They stay until the snapshot goes, whether this program runs or not.
 *
 * An active one without a parent is an overlay on nothing, which containerd mounts itself if at
 * all: it may be given a parent when it is committed, so that what is deleted in it must be kept,
 * and containerd keeps that in an overlay only.
 */
#include "snapshotter/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/hooks.h"
#include "layer/internal.h"
#include "snapshotter/id_map.h"

#define NO_PARENTS                                                                                 \
    (wcl_parents)                                                                                  \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define MAX_SIZE_LABEL "containerd.io/snapshot/max-size"

/* ---- Telling --------------------------------------------------------------------------------- */

void wcl_snapshot_mount_free(wcl_snapshot_mount *mount)
{
    free(mount->source);
    while (mount->option_count > 0)
        free(mount->options[--mount->option_count]);
    *mount = (wcl_snapshot_mount)WCL_SNAPSHOT_MOUNT_INIT;
}

/* An option; with `name` and a path below the layer's folder, one that has that for its value. */
static wcl_status add_option(const wcl_snapshotter *snapshotter, wcl_snapshot_mount *mount,
                             const char *option, const char *layer, const char *name,
                             wcl_error *error)
{
    char **made = &mount->options[mount->option_count];
    int size = layer ? asprintf(made, "%s=%s/%s/%s", option, snapshotter->home, layer, name)
                     : asprintf(made, "%s", option);

    if (size < 0)
        return wcl_fail_memory(error);
    mount->option_count++;
    return WCL_OK;
}

/* Its own mount, and not just a folder that is there. */
static wcl_status tell_bind(const wcl_snapshotter *snapshotter, const char *layer, bool writable,
                            wcl_snapshot_mount *mount, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;

    if (wcl_store_open(&snapshotter->layers, &store, error) != WCL_OK)
        return WCL_FAILED;
    if (!wcl_mount_is_mounted(&store, layer))
        return wcl_fail(error, WCL_CODE_INVALID_STATE, "the layer '%s' is not mounted", layer);
    mount->type = "bind";
    mount->source = wcl_store_path(&store, layer, "merged");
    if (!mount->source)
        return wcl_fail_memory(error);
    return add_option(snapshotter, mount, "rbind", NULL, NULL, error) == WCL_OK
               ? add_option(snapshotter, mount, writable ? "rw" : "ro", NULL, NULL, error)
               : WCL_FAILED;
}

/* The options are those that the store's own overlays have. */
static wcl_status tell_overlay(const wcl_snapshotter *snapshotter, const char *sandbox,
                               wcl_snapshot_mount *mount, wcl_error *error)
{
    static const char *const usual[] = { "index=off", "redirect_dir=nofollow", "metacopy=off" };
    wcl_status status = WCL_OK;

    /* overlayfs and containerd would take the path for several. */
    if (strpbrk(snapshotter->home, ":,\\"))
        return wcl_fail(
            error, WCL_CODE_NOT_SUPPORTED,
            "the home '%s' has a ':', ',' or '\\' in its path, which an overlay's options "
            "cannot have",
            snapshotter->home);
    mount->type = "overlay";
    mount->source = strdup("overlay");
    if (!mount->source)
        return wcl_fail_memory(error);
    for (size_t i = 0; status == WCL_OK && i < sizeof(usual) / sizeof(usual[0]); i++)
        status = add_option(snapshotter, mount, usual[i], NULL, NULL, error);
    if (status == WCL_OK)
        status = add_option(snapshotter, mount, "workdir", sandbox, "work", error);
    if (status == WCL_OK)
        status = add_option(snapshotter, mount, "upperdir", sandbox, "upper", error);
    if (status == WCL_OK)
        status = add_option(snapshotter, mount, "lowerdir", sandbox, "nothing", error);
    return status;
}

/* ---- Mounting -------------------------------------------------------------------------------- */

static wcl_status prepare_layer(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                const char *id, wcl_error *error)
{
    WCL_CLEANUP_FD int user_namespace = -1;
    wcl_overlay_options options = { .suid = true };

    if (wcl_snapshot_has_id_map(&snapshot->labels)) {
        if (wcl_snapshot_open_id_map(&snapshot->labels, &user_namespace, error) != WCL_OK)
            return WCL_FAILED;
        options.user_namespace = &user_namespace;
    }
    wcl_error why = WCL_ERROR_INIT;

    if (wcl_store_activate(&snapshotter->layers, id, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_store_prepare_with(&snapshotter->layers, id, NO_PARENTS, &options, &why) == WCL_OK ||
        why.code == WCL_CODE_INVALID_STATE)
        return WCL_OK;
    if (error)
        *error = why;
    return WCL_FAILED;
}

static wcl_status parse_max_size(const wcl_snapshot *snapshot, uint64_t *size, wcl_error *error)
{
    const char *text = wcl_snapshot_labels_find(&snapshot->labels, MAX_SIZE_LABEL);
    unsigned long long number;
    char end;

    *size = 0;
    if (!text)
        return WCL_OK;
    if (sscanf(text, "%llu%c", &number, &end) != 1 || number == 0 || *text < '0' || *text > '9')
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the label " MAX_SIZE_LABEL " is '%.60s', which is not a number of bytes",
                        text);
    *size = number;
    return WCL_OK;
}

/* One that a power cut took before it was on disk is made again: nothing was written to it. */
static wcl_status make_sandbox(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                               const char *parent_layer, wcl_error *error)
{
    uint64_t size;
    bool found;

    if (wcl_layer_exists(&snapshotter->layers, snapshot->id, &found, error) != WCL_OK)
        return WCL_FAILED;
    if (found)
        return WCL_OK;
    if (parse_max_size(snapshot, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_store_create_sandbox(&snapshotter->layers, snapshot->id,
                                    *parent_layer ? parent_layer : WCL_SNAPSHOT_NOTHING, NO_PARENTS,
                                    size, error);
}

/* Never a read-only mount for an active one: containerd takes such a one for filled. */
static wcl_status check_writable(const wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                 wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&snapshotter->layers, snapshot->id, &info, error) != WCL_OK)
        return WCL_FAILED;
    return strcmp(info->kind, "sandbox") == 0
               ? WCL_OK
               : wcl_fail(
                     error, WCL_CODE_INVALID_STATE,
                     "a commit of it was begun; it must be completed, or the snapshot removed");
}

/* One whose size is limited is mounted here, as is one that was when the snapshotter was another.
 */
wcl_status wcl_snapshot_is_floating(const wcl_snapshotter *snapshotter,
                                    const wcl_snapshot *snapshot, bool *is_floating,
                                    wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    uint64_t size;

    *is_floating = false;
    if (parse_max_size(snapshot, &size, error) != WCL_OK ||
        wcl_store_open(&snapshotter->layers, &store, error) != WCL_OK)
        return WCL_FAILED;
    *is_floating = snapshot->kind == WCL_SNAPSHOT_ACTIVE && !*snapshot->parent && size == 0 &&
                   !wcl_mount_is_mounted(&store, snapshot->id);
    return WCL_OK;
}

static wcl_status make_folder(int sandbox, const char *name, mode_t mode, wcl_error *error)
{
    if (mkdirat(sandbox, name, mode) == 0 ? fchmodat(sandbox, name, mode, 0) == 0 : errno == EEXIST)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot create the folder '%s'", name);
}

/* What overlayfs wants: an upper, a work folder, and a lower in which nothing is. */
static wcl_status make_upper(const wcl_snapshotter *snapshotter, const char *id, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "%s/%s", snapshotter->home, id) != WCL_OK)
        return WCL_FAILED;
    WCL_CLEANUP_FD int sandbox =
        open(wcl_buffer_text(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (sandbox < 0)
        return wcl_fail_errno(error, errno, "cannot open '%s'", wcl_buffer_text(&path));
    if (make_folder(sandbox, "work", 0700, error) != WCL_OK ||
        make_folder(sandbox, "nothing", 0755, error) != WCL_OK)
        return WCL_FAILED;
    return make_folder(sandbox, "upper", 0755, error);
}

void wcl_snapshot_views_enter(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot)
{
    if (snapshot->kind == WCL_SNAPSHOT_VIEW)
        pthread_mutex_lock(&snapshotter->views);
}

void wcl_snapshot_views_leave(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot)
{
    if (snapshot->kind == WCL_SNAPSHOT_VIEW)
        pthread_mutex_unlock(&snapshotter->views);
}

wcl_status wcl_snapshot_mount_up(wcl_snapshotter *snapshotter, const wcl_snapshot *snapshot,
                                 const char *parent_layer, wcl_snapshot_mount *mount,
                                 wcl_error *error)
{
    bool is_floating;

    wcl_ahead_wait(&snapshotter->ahead, parent_layer);
    if (snapshot->kind == WCL_SNAPSHOT_VIEW)
        return prepare_layer(snapshotter, snapshot, snapshot->layer, error) == WCL_OK
                   ? tell_bind(snapshotter, snapshot->layer, false, mount, error)
                   : WCL_FAILED;
    if (make_sandbox(snapshotter, snapshot, parent_layer, error) != WCL_OK ||
        check_writable(snapshotter, snapshot, error) != WCL_OK ||
        wcl_snapshot_is_floating(snapshotter, snapshot, &is_floating, error) != WCL_OK)
        return WCL_FAILED;
    if (is_floating)
        return make_upper(snapshotter, snapshot->id, error) == WCL_OK
                   ? tell_overlay(snapshotter, snapshot->id, mount, error)
                   : WCL_FAILED;
    return prepare_layer(snapshotter, snapshot, snapshot->id, error) == WCL_OK
               ? tell_bind(snapshotter, snapshot->id, true, mount, error)
               : WCL_FAILED;
}

/* ---- Unmounting ------------------------------------------------------------------------------ */

static wcl_status find_view(void *context, const wcl_snapshot *snapshot, wcl_error *error)
{
    (void)error;
    return snapshot->kind == WCL_SNAPSHOT_VIEW && strcmp(snapshot->layer, context) == 0 ? WCL_END
                                                                                        : WCL_OK;
}

void wcl_snapshot_release_view(wcl_snapshotter *snapshotter, const char *layer)
{
    wcl_error error = WCL_ERROR_INIT;

    pthread_mutex_lock(&snapshotter->views);
    /* What is busy goes with the last who has it; removing the layer looks again. */
    if (wcl_snapshot_table_each(&snapshotter->table, find_view, (void *)layer, NULL) == WCL_OK &&
        wcl_store_unprepare_behind(&snapshotter->layers, layer, &error) != WCL_OK &&
        error.code != WCL_CODE_INVALID_STATE && error.code != WCL_CODE_BUSY)
        wcl_hooks_warn(&snapshotter->hooks, &error);
    pthread_mutex_unlock(&snapshotter->views);
}

void wcl_snapshot_discard_layer(wcl_snapshotter *snapshotter, const char *layer)
{
    wcl_error error = WCL_ERROR_INIT;
    bool found = false;

    wcl_ahead_give_up(&snapshotter->ahead, layer);
    if (wcl_layer_exists(&snapshotter->layers, layer, &found, &error) == WCL_OK && !found)
        return;
    wcl_status status =
        found ? wcl_mounts_unmount(&snapshotter->mounts, layer, &error) : WCL_FAILED;
    if (status == WCL_OK)
        status = wcl_layer_destroy(&snapshotter->layers, layer, &error);
    if (status != WCL_OK && error.code != WCL_CODE_FILE_NOT_FOUND)
        wcl_hooks_warn(&snapshotter->hooks, &error);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* What every layer for Windows has, whether anything was written to it or not. */
static bool is_frame(const char *os, const char *path)
{
    return strcmp(os, "windows") == 0 && (strcmp(path, "Files") == 0 || strcmp(path, "Hives") == 0);
}

wcl_status wcl_snapshot_is_written_to(const wcl_snapshotter *snapshotter, const char *id,
                                      bool *written, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    if (wcl_layer_get_info(&snapshotter->layers, id, &info, error) != WCL_OK ||
        wcl_layer_reader_open(&snapshotter->layers, id, NO_PARENTS, &reader, error) != WCL_OK)
        return WCL_FAILED;
    do
        status = wcl_layer_reader_next(reader, &entry, error);
    while (status == WCL_OK && is_frame(info->os, entry.path));
    wcl_layer_reader_close(reader, NULL);
    *written = status == WCL_OK;
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

wcl_status wcl_snapshot_layer_of_source(const wcl_snapshotter *snapshotter, const char *source,
                                        char layer[WCL_SNAPSHOT_LAYER_SIZE], wcl_error *error)
{
    size_t home = strlen(snapshotter->home);
    const char *id = source + home + 1;
    const char *end = strncmp(source, snapshotter->home, home) == 0 && source[home] == '/'
                          ? strchr(id, '/')
                          : NULL;

    if (!end || (strcmp(end, "/merged") != 0 && strcmp(end, "/upper") != 0) ||
        end - id >= WCL_SNAPSHOT_LAYER_SIZE)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the mount of '%.200s' is not one of this snapshotter", source);
    snprintf(layer, WCL_SNAPSHOT_LAYER_SIZE, "%.*s", (int)(end - id), id);
    return wcl_layer_id_check(layer, error);
}
