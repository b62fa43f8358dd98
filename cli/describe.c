/* Describing entries. */
#include "cli/describe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"

/* Streams larger than this cannot be valid metadata. */
#define METADATA_MAX (1024 * 1024)

wcl_status cli_read_entry(void *context, void *buffer, size_t size, size_t *got, wcl_error *error)
{
    return wcl_layer_reader_read(context, buffer, size, got, error);
}

static wcl_status add_item(described_items *list, const char *name, uint64_t size, wcl_error *error)
{
    if (WCL_LIST_RESERVE(list->items, list->count, list->capacity, error) != WCL_OK)
        return WCL_FAILED;
    described_item *item = &list->items[list->count];
    *item = (described_item) { strdup(name), size };
    if (!item->name)
        return wcl_fail_memory(error);
    list->count++;
    return WCL_OK;
}

/* All bytes of a small stream. */
static wcl_status describe_read_stream(wcl_backup_reader *reader, const wcl_backup_header *header,
                                       uint8_t **data, wcl_error *error)
{
    size_t done = 0;

    if (header->size > METADATA_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "a metadata stream is larger than 1 MiB");
    uint8_t *buffer = malloc((size_t)header->size + 1);
    if (!buffer)
        return wcl_fail_memory(error);
    while (done < header->size) {
        size_t got;
        wcl_status status =
            wcl_backup_reader_read(reader, buffer + done, (size_t)header->size - done, &got, error);
        if (status == WCL_OK && got == 0)
            status = wcl_fail(error, WCL_CODE_INVALID_DATA, "a metadata stream ends early");
        if (status != WCL_OK) {
            free(buffer);
            return WCL_FAILED;
        }
        done += got;
    }
    *data = buffer;
    return WCL_OK;
}

static wcl_status take_eas(description *out, const uint8_t *data, size_t size, wcl_error *error)
{
    size_t position = 0;
    wcl_ea ea;
    wcl_status status;

    while ((status = wcl_ea_next(data, size, &position, &ea, error)) == WCL_OK)
        if (add_item(&out->eas, ea.name, ea.value_size, error) != WCL_OK)
            return WCL_FAILED;
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status take_reparse(description *out, const uint8_t *data, size_t size, wcl_error *error)
{
    if (wcl_reparse_tag(data, size, &out->reparse_tag, error) != WCL_OK)
        return WCL_FAILED;
    if (out->reparse_tag != WCL_REPARSE_TAG_SYMLINK &&
        out->reparse_tag != WCL_REPARSE_TAG_MOUNT_POINT)
        return WCL_OK;
    wcl_reparse_link link = { .target = NULL };
    if (wcl_reparse_decode_link(data, size, &link, error) != WCL_OK)
        return WCL_FAILED;
    free(out->target);
    out->target = link.target;
    return WCL_OK;
}

static wcl_status take_sd(description *out, const uint8_t *data, size_t size, wcl_error *error)
{
    wcl_error why = WCL_ERROR_INIT;
    char *sddl = NULL;

    if (size == 0)
        return WCL_OK;
    /* One that SDDL cannot spell is still worth listing the entry for. */
    if (wcl_sd_to_sddl(data, size, &sddl, &why) != WCL_OK &&
        (why.code == WCL_CODE_OUT_OF_MEMORY || asprintf(&sddl, "unreadable: %s", why.message) < 0))
        return wcl_fail_memory(error);
    free(out->sddl);
    out->sddl = sddl;
    return WCL_OK;
}

static wcl_status take_stream(wcl_backup_reader *reader, const wcl_backup_header *header,
                              description *out, wcl_error *error)
{
    uint8_t *data = NULL;
    wcl_status status;

    if (header->id == WCL_BACKUP_ALTERNATE_DATA)
        return add_item(&out->streams, header->name, header->size, error);
    if (header->id != WCL_BACKUP_SECURITY_DATA && header->id != WCL_BACKUP_EA_DATA &&
        header->id != WCL_BACKUP_REPARSE_DATA)
        return WCL_OK;
    if (describe_read_stream(reader, header, &data, error) != WCL_OK)
        return WCL_FAILED;
    size_t size = (size_t)header->size;
    if (header->id == WCL_BACKUP_SECURITY_DATA)
        status = take_sd(out, data, size, error);
    else if (header->id == WCL_BACKUP_EA_DATA)
        status = take_eas(out, data, size, error);
    else
        status = take_reparse(out, data, size, error);
    free(data);
    return status;
}

wcl_status describe_entry(wcl_layer_reader *reader, const wcl_entry *entry, bool links_only,
                          description *out, wcl_error *error)
{
    wcl_backup_reader *backup = NULL;
    wcl_backup_header header;

    *out = (description) { .sddl = NULL };
    if (entry->target) {
        out->target = strdup(entry->target);
        if (!out->target)
            return wcl_fail_memory(error);
    }
    if (entry->kind != WCL_ENTRY_FILE && entry->kind != WCL_ENTRY_DIRECTORY)
        return WCL_OK;
    if (links_only && !(entry->info.attributes & WCL_ATTRIBUTE_REPARSE_POINT))
        return WCL_OK;
    wcl_status status = wcl_backup_reader_new(cli_read_entry, reader, &backup, error);
    while (status == WCL_OK &&
           (status = wcl_backup_reader_next(backup, &header, error)) == WCL_OK) {
        /* Behind the data of a file of Linux there is nothing more to say of it. */
        if ((links_only || entry->has_posix) && header.id == WCL_BACKUP_DATA)
            break;
        status = take_stream(backup, &header, out, error);
    }
    wcl_backup_reader_free(backup);
    return status == WCL_FAILED ? status : WCL_OK;
}

static void free_items(described_items *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
}

void description_free(description *description)
{
    free(description->sddl);
    free(description->target);
    free_items(&description->streams);
    free_items(&description->eas);
}

const char *entry_kind_name(wcl_entry_kind kind)
{
    switch (kind) {
    case WCL_ENTRY_FILE:
        return "file";
    case WCL_ENTRY_DIRECTORY:
        return "directory";
    case WCL_ENTRY_HARD_LINK:
        return "hardlink";
    case WCL_ENTRY_DELETED:
        return "deleted";
    case WCL_ENTRY_OPAQUE:
        return "opaque";
    case WCL_ENTRY_SYMLINK:
        return "symlink";
    case WCL_ENTRY_CHARACTER_DEVICE:
        return "character device";
    case WCL_ENTRY_BLOCK_DEVICE:
        return "block device";
    case WCL_ENTRY_FIFO:
        return "fifo";
    }
    return "unknown";
}

const char *format_filetime(wcl_filetime time, char *text, size_t size)
{
    struct timespec spec = wcl_filetime_to_timespec(time);
    time_t seconds = spec.tv_sec;
    struct tm parts;
    char date[48];

    if (!gmtime_r(&seconds, &parts) || !strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &parts))
        snprintf(date, sizeof(date), "@%lld", (long long)spec.tv_sec);
    snprintf(text, size, "%s.%07u", date, (unsigned)(spec.tv_nsec / 100) % 10000000u);
    return text;
}

static void format_attributes(const wcl_entry *entry, char text[8])
{
    uint32_t attributes = entry->info.attributes;

    if (entry->kind == WCL_ENTRY_HARD_LINK || entry->kind == WCL_ENTRY_DELETED) {
        strcpy(text, entry->kind == WCL_ENTRY_DELETED ? "x------" : "h------");
        return;
    }
    text[0] =
        entry->kind == WCL_ENTRY_DIRECTORY || attributes & WCL_ATTRIBUTE_DIRECTORY ? 'd' : '-';
    text[1] = attributes & WCL_ATTRIBUTE_READONLY ? 'r' : '-';
    text[2] = attributes & WCL_ATTRIBUTE_HIDDEN ? 'h' : '-';
    text[3] = attributes & WCL_ATTRIBUTE_SYSTEM ? 's' : '-';
    text[4] = attributes & WCL_ATTRIBUTE_ARCHIVE ? 'a' : '-';
    text[5] = attributes & WCL_ATTRIBUTE_SPARSE_FILE ? 'p' : '-';
    text[6] = attributes & WCL_ATTRIBUTE_REPARSE_POINT ? 'l' : '-';
    text[7] = '\0';
}

static void format_mode(const wcl_entry *entry, char text[11])
{
    static const char kinds[] = "?-dhxolcbp";
    static const char bits[] = "rwxrwxrwx";

    text[0] = kinds[(size_t)entry->kind < sizeof(kinds) - 1 ? entry->kind : 0];
    for (int i = 0; i < 9; i++)
        text[1 + i] = entry->mode & (0400u >> i) ? bits[i] : '-';
    if (entry->mode & 04000)
        text[3] = entry->mode & 0100 ? 's' : 'S';
    if (entry->mode & 02000)
        text[6] = entry->mode & 010 ? 's' : 'S';
    if (entry->mode & 01000)
        text[9] = entry->mode & 01 ? 't' : 'T';
    text[10] = '\0';
}

static bool has_info(const wcl_entry *entry)
{
    return entry->kind != WCL_ENTRY_HARD_LINK && entry->kind != WCL_ENTRY_DELETED &&
           entry->kind != WCL_ENTRY_OPAQUE;
}

void print_entry_line(FILE *stream, const wcl_entry *entry, const description *description,
                      bool posix)
{
    char text[64], mode[11];

    if (posix) {
        format_mode(entry, mode);
        fprintf(stream, "%s %5u %5u ", mode, entry->uid, entry->gid);
    } else {
        format_attributes(entry, mode);
        fprintf(stream, "%s ", mode);
    }
    format_filetime(entry->info.last_write_time, text, sizeof(text));
    text[19] = '\0';
    fprintf(stream, "%12" PRIu64 " %-19s %s", entry->size, has_info(entry) ? text : "-",
            cli_shown(entry->path));
    if (description->target)
        fprintf(stream, " %s %s", entry->kind == WCL_ENTRY_HARD_LINK ? "=" : "->",
                cli_shown(description->target));
    fputc('\n', stream);
}

void print_entry_long(FILE *stream, const wcl_entry *entry, const description *description)
{
    char text[64];

    fprintf(stream, "path:        %s\nkind:        %s\n", cli_shown(entry->path),
            entry_kind_name(entry->kind));
    if (description->target)
        fprintf(stream, "target:      %s\n", cli_shown(description->target));
    if (!has_info(entry))
        return;
    fprintf(stream, "size:        %" PRIu64 "\n", entry->size);
    if (entry->has_posix) {
        format_mode(entry, text);
        fprintf(stream, "mode:        %s (%04o)\nowner:       %u:%u\n", text, entry->mode,
                entry->uid, entry->gid);
    } else {
        format_attributes(entry, text);
        fprintf(stream, "attributes:  %s (0x%x)\n", text, entry->info.attributes);
        fprintf(stream, "created:     %s\n",
                format_filetime(entry->info.creation_time, text, sizeof(text)));
    }
    fprintf(stream, "written:     %s\n",
            format_filetime(entry->info.last_write_time, text, sizeof(text)));
    fprintf(stream, "accessed:    %s\n",
            format_filetime(entry->info.last_access_time, text, sizeof(text)));
    fprintf(stream, "changed:     %s\n",
            format_filetime(entry->info.change_time, text, sizeof(text)));
    if (description->reparse_tag)
        fprintf(stream, "reparse tag: 0x%08x\n", description->reparse_tag);
    if (description->sddl)
        fprintf(stream, "security:    %s\n", cli_shown(description->sddl));
    for (size_t i = 0; i < description->streams.count; i++)
        fprintf(stream, "stream:      %s (%" PRIu64 " bytes)\n",
                cli_shown(description->streams.items[i].name), description->streams.items[i].size);
    for (size_t i = 0; i < description->eas.count; i++)
        fprintf(stream, "EA:          %s (%" PRIu64 " bytes)\n",
                cli_shown(description->eas.items[i].name), description->eas.items[i].size);
    for (size_t i = 0; i < entry->xattr_count; i++)
        fprintf(stream, "xattr:       %s (%zu bytes)\n", cli_shown(entry->xattrs[i].name),
                entry->xattrs[i].size);
}

static void json_item(json_out *out, const char *name, uint64_t size)
{
    json_begin(out, NULL, '{');
    json_text(out, "name", name);
    json_unsigned(out, "size", size);
    json_end(out, '{');
}

static void json_items(json_out *out, const char *name, const described_items *list)
{
    json_begin(out, name, '[');
    for (size_t i = 0; i < list->count; i++)
        json_item(out, list->items[i].name, list->items[i].size);
    json_end(out, '[');
}

static void json_posix(json_out *out, const wcl_entry *entry)
{
    char mode[8];

    snprintf(mode, sizeof(mode), "%04o", entry->mode);
    json_text(out, "mode", mode);
    json_unsigned(out, "uid", entry->uid);
    json_unsigned(out, "gid", entry->gid);
    if (entry->kind == WCL_ENTRY_CHARACTER_DEVICE || entry->kind == WCL_ENTRY_BLOCK_DEVICE) {
        json_unsigned(out, "device_major", entry->device_major);
        json_unsigned(out, "device_minor", entry->device_minor);
    }
    json_begin(out, "xattrs", '[');
    for (size_t i = 0; i < entry->xattr_count; i++)
        json_item(out, entry->xattrs[i].name, entry->xattrs[i].size);
    json_end(out, '[');
}

void print_entry_json(FILE *stream, const wcl_entry *entry, const description *description)
{
    json_out out = { .stream = stream };

    json_begin(&out, NULL, '{');
    json_text(&out, "path", entry->path);
    json_text(&out, "kind", entry_kind_name(entry->kind));
    json_unsigned(&out, "size", entry->size);
    if (has_info(entry)) {
        json_unsigned(&out, "attributes", entry->info.attributes);
        json_number(&out, "creation_time", entry->info.creation_time);
        json_number(&out, "last_write_time", entry->info.last_write_time);
        json_number(&out, "last_access_time", entry->info.last_access_time);
        json_number(&out, "change_time", entry->info.change_time);
    }
    json_text(&out, "sddl", description->sddl);
    json_unsigned(&out, "reparse_tag", description->reparse_tag);
    json_text(&out, "target", description->target);
    json_items(&out, "streams", &description->streams);
    json_items(&out, "ea", &description->eas);
    if (entry->has_posix)
        json_posix(&out, entry);
    json_bool(&out, "deleted", entry->kind == WCL_ENTRY_DELETED);
    json_end(&out, '{');
}
