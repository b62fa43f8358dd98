/* Writing the layer of what is appended to an image. */
#include "image/append/layer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/error.h"
#include "base/hooks.h"
#include "image/append/descriptor.h"
#include "image/append/extras.h"
#include "image/append/windows_link.h"
#include "layer/internal.h"

#define COPY_SIZE (256u * 1024)
#define PROGRESS_BYTES (1024u * 1024)

typedef struct layer_maker {
    const wcl_append_layer *layer;
    wcl_append_source *source;
    wcl_layer_writer *writer;
    wcl_append_made *made;
    wcl_append_extras extras;
    bool is_windows;
    bool has_owner; /* of a Linux layer's files */
    uint32_t uid;
    uint32_t gid;
    void *file_sd; /* of a Windows layer's */
    size_t file_sd_size;
    void *folder_sd;
    size_t folder_sd_size;
    wcl_case_check *cases; /* of what the source has */
    wcl_buffer given;      /* path of the entry at hand in the layer, as the source spells it */
    wcl_buffer path;       /* as it is spelled in the layer */
    wcl_buffer target;
    wcl_progress progress;
    uint64_t reported;
    uint64_t posix_only; /* files with something that Windows has no place for */
    uint8_t *buffer;
} layer_maker;

/* ---- Times ---------------------------------------------------------------------------------- */

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static struct timespec clamp(layer_maker *maker, struct timespec time)
{
    const struct timespec epoch = { .tv_sec = maker->layer->epoch };

    if (maker->layer->has_epoch && is_later(time, epoch))
        time = epoch;
    if (is_later(time, maker->made->newest))
        maker->made->newest = time;
    return time;
}

static struct timespec no_time(const layer_maker *maker)
{
    return (struct timespec) { .tv_sec = maker->layer->has_epoch ? maker->layer->epoch : 0 };
}

/* ---- Writing entries ------------------------------------------------------------------------ */

static wcl_status append_layer_report(layer_maker *maker, uint64_t bytes, wcl_error *error)
{
    const wcl_hooks *hooks = maker->layer->hooks;

    maker->progress.done += bytes;
    if (!wcl_hooks_can_report(hooks) || maker->progress.done - maker->reported < PROGRESS_BYTES)
        return WCL_OK;
    maker->reported = maker->progress.done;
    return wcl_hooks_report(hooks, &maker->progress, error);
}

static wcl_status append_layer_add(layer_maker *maker, const wcl_entry *entry, wcl_error *error)
{
    maker->progress.entries = ++maker->made->entries;
    maker->progress.subject = entry->path;
    return wcl_layer_writer_add(maker->writer, entry, error);
}

static wcl_status write_header(layer_maker *maker, uint32_t id, uint64_t size, wcl_error *error)
{
    const wcl_backup_header header = { .id = id, .size = size, .name = "" };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t length;

    if (wcl_backup_header_encode(&header, bytes, &length, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_writer_write(maker->writer, bytes, length, error);
}

static wcl_status append_layer_write_stream(layer_maker *maker, uint32_t id, const void *data,
                                            size_t size, wcl_error *error)
{
    if (write_header(maker, id, size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_writer_write(maker->writer, data, size, error);
}

static wcl_status write_data(layer_maker *maker, uint64_t size, wcl_error *error)
{
    size_t got = 1;

    if (write_header(maker, WCL_BACKUP_DATA, size, error) != WCL_OK)
        return WCL_FAILED;
    while (got > 0) {
        if (wcl_append_source_read(maker->source, maker->buffer, COPY_SIZE, &got, error) !=
                WCL_OK ||
            wcl_layer_writer_write(maker->writer, maker->buffer, got, error) != WCL_OK ||
            append_layer_report(maker, got, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

/* ---- Linux ---------------------------------------------------------------------------------- */

static wcl_status add_linux(layer_maker *maker, wcl_entry *entry, wcl_error *error)
{
    entry->flags = WCL_ENTRY_IN_ORDER;
    entry->modified = clamp(maker, entry->modified);
    if (maker->has_owner) {
        entry->uid = maker->uid;
        entry->gid = maker->gid;
    }
    if (append_layer_add(maker, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind != WCL_ENTRY_FILE || entry->size == 0)
        return WCL_OK;
    return write_data(maker, entry->size, error);
}

/* ---- Windows -------------------------------------------------------------------------------- */

static wcl_status write_link(layer_maker *maker, const char *spelled, wcl_error *error)
{
    WCL_CLEANUP_FREE void *reparse = NULL;
    size_t size;

    if (wcl_reparse_encode_link(spelled, false, &reparse, &size, error) != WCL_OK)
        return WCL_FAILED;
    return append_layer_write_stream(maker, WCL_BACKUP_REPARSE_DATA, reparse, size, error);
}

static wcl_status set_windows_info(layer_maker *maker, const wcl_entry *from, wcl_entry *entry,
                                   wcl_error *error)
{
    wcl_append_view view = { maker->source, maker->layer->base, maker->extras.prefix };
    wcl_basic_info *info = &entry->info;
    bool to_folder;

    wcl_basic_info_set_times(info, clamp(maker, from->modified));
    if (from->kind == WCL_ENTRY_DIRECTORY) {
        info->attributes = WCL_ATTRIBUTE_DIRECTORY;
        return WCL_OK;
    }
    info->attributes = WCL_ATTRIBUTE_ARCHIVE;
    if (from->kind != WCL_ENTRY_SYMLINK) {
        info->attributes |= from->mode & 0222 ? 0 : WCL_ATTRIBUTE_READONLY;
        return WCL_OK;
    }
    if (wcl_append_windows_target(&view, wcl_buffer_text(&maker->given), from->target,
                                  &maker->target, &to_folder, error) != WCL_OK)
        return WCL_FAILED;
    info->attributes =
        WCL_ATTRIBUTE_REPARSE_POINT | (to_folder ? WCL_ATTRIBUTE_DIRECTORY : WCL_ATTRIBUTE_ARCHIVE);
    return WCL_OK;
}

static wcl_status write_windows_streams(layer_maker *maker, const wcl_entry *from,
                                        const wcl_entry *entry, wcl_error *error)
{
    bool is_folder = entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY;

    if (append_layer_write_stream(
            maker, WCL_BACKUP_SECURITY_DATA, is_folder ? maker->folder_sd : maker->file_sd,
            is_folder ? maker->folder_sd_size : maker->file_sd_size, error) != WCL_OK)
        return WCL_FAILED;
    if (from->kind == WCL_ENTRY_SYMLINK)
        return write_link(maker, wcl_buffer_text(&maker->target), error);
    return from->kind == WCL_ENTRY_FILE ? write_data(maker, from->size, error) : WCL_OK;
}

static wcl_status add_windows(layer_maker *maker, const wcl_entry *from, wcl_error *error)
{
    bool is_device = from->kind == WCL_ENTRY_CHARACTER_DEVICE ||
                     from->kind == WCL_ENTRY_BLOCK_DEVICE || from->kind == WCL_ENTRY_FIFO;
    wcl_entry entry = { .struct_size = sizeof(entry),
                        .kind = from->kind == WCL_ENTRY_SYMLINK ? WCL_ENTRY_FILE : from->kind,
                        .flags = WCL_ENTRY_IN_ORDER,
                        .path = from->path,
                        .target = from->kind == WCL_ENTRY_HARD_LINK ? from->target : NULL,
                        .size = from->size };

    if (is_device)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "it is a %s, which Windows does not have; leave it out",
                        from->kind == WCL_ENTRY_FIFO ? "pipe" : "device");
    maker->posix_only += from->xattr_count > 0;
    if (from->kind == WCL_ENTRY_SYMLINK)
        entry.size = 0;
    if (from->kind != WCL_ENTRY_DELETED && set_windows_info(maker, from, &entry, error) != WCL_OK)
        return WCL_FAILED;
    if (append_layer_add(maker, &entry, error) != WCL_OK)
        return WCL_FAILED;
    if (entry.kind == WCL_ENTRY_HARD_LINK || entry.kind == WCL_ENTRY_DELETED)
        return WCL_OK;
    return write_windows_streams(maker, from, &entry, error);
}

/* ---- Folders that the image has, and what leads to the files -------------------------------- */

/* Lists a folder of the image as it is there: Windows wants each folder on the way listed. */
static wcl_status add_known_folder(layer_maker *maker, const wcl_append_base_file *file,
                                   wcl_error *error)
{
    wcl_entry entry = { .struct_size = sizeof(entry),
                        .kind = WCL_ENTRY_DIRECTORY,
                        .flags = WCL_ENTRY_IN_ORDER,
                        .path = file->spelling,
                        .info = file->info };

    entry.info.attributes |= WCL_ATTRIBUTE_DIRECTORY;
    if (append_layer_add(maker, &entry, error) != WCL_OK)
        return WCL_FAILED;
    return append_layer_write_stream(maker, WCL_BACKUP_SECURITY_DATA, file->security,
                                     file->security_size, error);
}

/* Adds a folder, where the image does not have it; there it stays what it is. */
static wcl_status add_folder(layer_maker *maker, wcl_entry *entry, wcl_error *error)
{
    wcl_append_base_file file;

    if (wcl_append_base_find(maker->layer->base, entry->path, &file, error) != WCL_OK)
        return WCL_FAILED;
    if (file.kind == WCL_ENTRY_SYMLINK)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        "the folder would take the place of the image's symbolic link to '%s'; "
                        "put the files where that leads",
                        file.target);
    if (file.kind != WCL_ENTRY_DIRECTORY)
        return maker->is_windows ? add_windows(maker, entry, error)
                                 : add_linux(maker, entry, error);
    if (!maker->is_windows)
        return WCL_OK;
    /* A folder that no layer lists has no descriptor yet. */
    return file.security ? add_known_folder(maker, &file, error) : add_windows(maker, entry, error);
}

static wcl_status add_any(layer_maker *maker, wcl_entry *entry, wcl_error *error)
{
    bool is_name = entry->kind != WCL_ENTRY_DELETED;

    if (maker->is_windows && is_name && wcl_windows_new_path_check(entry->path, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_DIRECTORY)
        return add_folder(maker, entry, error);
    if (entry->kind == WCL_ENTRY_DELETED)
        return append_layer_add(maker, entry, error);
    return maker->is_windows ? add_windows(maker, entry, error) : add_linux(maker, entry, error);
}

static wcl_status add_extra(layer_maker *maker, const wcl_append_extra *extra, wcl_error *error)
{
    wcl_entry entry = { .struct_size = sizeof(entry),
                        .path = extra->path,
                        .kind = extra->is_deleted ? WCL_ENTRY_DELETED : WCL_ENTRY_DIRECTORY,
                        .has_posix = true,
                        .mode = 0755,
                        .modified = no_time(maker) };

    if (add_any(maker, &entry, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, extra->path);
}

/* ---- The whole ------------------------------------------------------------------------------ */

/* Spells the longest part of `path` that leads to a folder of the image as the image does. */
static wcl_status spell(layer_maker *maker, const char *path, wcl_buffer *spelled, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer part = WCL_BUFFER_INIT;
    wcl_append_base_file file = { .kind = 0 };

    if (wcl_buffer_append_text(&part, path, error) != WCL_OK)
        return WCL_FAILED;
    while (part.size > 0) {
        if (wcl_append_base_find(maker->layer->base, wcl_buffer_text(&part), &file, error) !=
            WCL_OK)
            return WCL_FAILED;
        if (file.kind == WCL_ENTRY_DIRECTORY)
            break;
        part.size = wcl_path_parent_length(wcl_buffer_text(&part));
        part.data[part.size] = '\0';
    }
    wcl_buffer_clear(spelled);
    if (part.size > 0 && wcl_buffer_append_text(spelled, file.spelling, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_text(spelled, path + part.size, error);
}

/* The path of the source's `path` in the layer: what is a folder of the image is spelled as there,
 * while a file may have a spelling other than the one that it replaces. */
static wcl_status place_path(layer_maker *maker, const char *path, bool is_folder,
                             wcl_buffer *placed, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer whole = WCL_BUFFER_INIT, folder = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&whole, error, "%s%s", maker->extras.prefix, path) != WCL_OK)
        return WCL_FAILED;
    const char *text = wcl_buffer_text(&whole);
    if (is_folder)
        return spell(maker, text, placed, error);
    size_t parent = wcl_path_parent_length(text);
    if (wcl_buffer_append(&folder, text, parent, error) != WCL_OK ||
        spell(maker, wcl_buffer_text(&folder), placed, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_text(placed, text + parent, error);
}

/* Moves the source's entry to its place in the layer. */
static wcl_status place(layer_maker *maker, wcl_entry *entry, wcl_error *error)
{
    wcl_buffer_clear(&maker->given);
    if (wcl_buffer_printf(&maker->given, error, "%s%s", maker->extras.prefix, entry->path) !=
            WCL_OK ||
        place_path(maker, entry->path, entry->kind == WCL_ENTRY_DIRECTORY, &maker->path, error) !=
            WCL_OK)
        return WCL_FAILED;
    entry->path = wcl_buffer_text(&maker->path);
    if (entry->flags & WCL_ENTRY_IMPLICIT)
        entry->modified = no_time(maker);
    if (entry->kind != WCL_ENTRY_HARD_LINK)
        return WCL_OK;
    if (place_path(maker, entry->target, false, &maker->target, error) != WCL_OK)
        return WCL_FAILED;
    entry->target = wcl_buffer_text(&maker->target);
    return WCL_OK;
}

/* ---- Extras and entries --------------------------------------------------------------------- */

static int compare_extra(const void *path, const void *extra)
{
    return wcl_append_path_compare(path, ((const wcl_append_extra *)extra)->path);
}

/* The extra for the entry's path, as the image spells it; NULL where there is none. */
static wcl_status find_extra(layer_maker *maker, const wcl_entry *entry, wcl_append_extra **extra,
                             wcl_error *error)
{
    const wcl_append_extras *extras = &maker->extras;
    wcl_append_base_file file;

    *extra = NULL;
    if (extras->count == 0)
        return WCL_OK;
    if (wcl_append_base_find(maker->layer->base, entry->path, &file, error) != WCL_OK)
        return WCL_FAILED;
    *extra =
        bsearch(file.spelling, extras->list, extras->count, sizeof(*extras->list), compare_extra);
    return WCL_OK;
}

/* Adds the extras that come before the entry; one for its own path is the entry's. */
static wcl_status add_extras_before(layer_maker *maker, size_t *next, const wcl_entry *entry,
                                    wcl_error *error)
{
    for (; *next < maker->extras.count; (*next)++) {
        wcl_append_extra *extra = &maker->extras.list[*next];
        int order = entry ? wcl_append_path_compare(extra->path, entry->path) : -1;
        if (order > 0)
            return WCL_OK;
        extra->is_met = order == 0;
        if (order < 0 && add_extra(maker, extra, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status add_entry(layer_maker *maker, size_t *next, wcl_entry *entry, wcl_error *error)
{
    wcl_append_extra *extra;

    if (maker->is_windows && entry->kind != WCL_ENTRY_DELETED &&
        wcl_case_check_add(maker->cases, wcl_buffer_text(&maker->given), error) != WCL_OK)
        return WCL_FAILED;
    if (find_extra(maker, entry, &extra, error) != WCL_OK)
        return WCL_FAILED;
    if (extra && (extra->is_deleted || entry->kind != WCL_ENTRY_DIRECTORY))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        extra->is_deleted ? "it is to be deleted and to be appended"
                                          : "it is not a folder, and something is to be deleted "
                                            "in it");
    /* The source goes by its own spelling, so that a folder may have been led through before. */
    if (extra && extra < maker->extras.list + *next && !extra->is_met) {
        extra->is_met = true;
        return WCL_OK;
    }
    if (add_extras_before(maker, next, entry, error) != WCL_OK)
        return WCL_FAILED;
    return add_any(maker, entry, error);
}

static wcl_status add_all(layer_maker *maker, wcl_error *error)
{
    wcl_entry entry;
    wcl_status status;
    size_t next = 0;

    while ((status = wcl_append_source_next(maker->source, &entry, error)) == WCL_OK) {
        if (place(maker, &entry, error) == WCL_OK &&
            add_entry(maker, &next, &entry, error) == WCL_OK &&
            append_layer_report(maker, 512, error) == WCL_OK)
            continue;
        return wcl_error_context(error, NULL, wcl_buffer_text(&maker->path));
    }
    return status == WCL_END ? add_extras_before(maker, &next, NULL, error) : status;
}

static bool parse_number(const char **text, uint32_t *value)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    unsigned long long number = strtoull(*text, &end, 10);
    *value = (uint32_t)number;
    *text = end;
    return errno == 0 && number < UINT32_MAX;
}

static wcl_status parse_owner(layer_maker *maker, wcl_error *error)
{
    const char *text = maker->layer->owner;

    maker->has_owner = text != NULL;
    if (!text)
        return WCL_OK;
    bool is_good = parse_number(&text, &maker->uid);
    maker->gid = maker->uid;
    if (is_good && *text == ':') {
        text++;
        is_good = parse_number(&text, &maker->gid);
    }
    if (is_good && *text == '\0')
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                    "'%s' is not an owner of a Linux layer's files; use UID or UID:GID, in numbers",
                    maker->layer->owner);
}

static wcl_status append_layer_prepare(layer_maker *maker, wcl_error *error)
{
    const wcl_append_layer *layer = maker->layer;

    maker->buffer = malloc(COPY_SIZE);
    if (!maker->buffer)
        return wcl_fail_memory(error);
    if (!maker->is_windows) {
        if (layer->sddl || layer->folder_sddl)
            return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                            "security descriptors are for Windows layers only");
        if (parse_owner(maker, error) != WCL_OK)
            return WCL_FAILED;
    } else if (wcl_append_descriptor(layer->sddl, false, layer->owner, &maker->file_sd,
                                     &maker->file_sd_size, error) != WCL_OK ||
               wcl_append_descriptor(layer->folder_sddl, true, layer->owner, &maker->folder_sd,
                                     &maker->folder_sd_size, error) != WCL_OK ||
               wcl_case_check_new(&maker->cases, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_append_extras_find(&maker->extras, layer, error);
}

static void warn(const layer_maker *maker)
{
    const wcl_hooks *hooks = maker->layer->hooks;
    char text[128];

    if (maker->posix_only == 0 || !wcl_hooks_can_log(hooks))
        return;
    snprintf(
        text, sizeof(text),
        "extended attributes of %llu files were left out, because Windows has no place for them",
        (unsigned long long)maker->posix_only);
    wcl_hooks_log(hooks, WCL_LOG_WARNING, text);
}

wcl_status wcl_append_layer_write(const wcl_append_layer *layer, wcl_append_source *source,
                                  wcl_layer_writer *writer, wcl_append_made *made, wcl_error *error)
{
    layer_maker maker = { .layer = layer,
                          .source = source,
                          .writer = writer,
                          .made = made,
                          .is_windows = layer->os == WCL_OS_WINDOWS,
                          .progress = { .operation = "append" } };

    *made = (wcl_append_made) { .entries = 0 };
    wcl_status status = append_layer_prepare(&maker, error);
    if (status == WCL_OK)
        status = add_all(&maker, error);
    if (status == WCL_OK)
        warn(&maker);
    wcl_append_extras_free(&maker.extras);
    wcl_case_check_free(maker.cases);
    wcl_buffer_free(&maker.given);
    wcl_buffer_free(&maker.path);
    wcl_buffer_free(&maker.target);
    wcl_free(maker.file_sd);
    wcl_free(maker.folder_sd);
    free(maker.buffer);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "append", NULL);
}
