/* Adding generated entries to a layer. */
#include "generate_sink.h"

#include <stdio.h>
#include <string.h>

#include "generate_names.h"
#include "generate_random.h"

/* 2021-05-08, when the image was built, as a FILETIME and in seconds since 1970. */
#define BUILD_FILETIME 132649344000000000
#define BUILD_SECONDS 1620460800
#define DAY_TICKS (86400u * 10000000ull)

#define REPARSE_TAG_WOF 0x80000017u

static wcl_status write_layer(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_layer_writer_write(context, data, size, error);
}

static wcl_status make_descriptor(generator *generator, unsigned number)
{
    static const char *const owners[] = {
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", "BA", "SY"
    };
    char sddl[600];
    uint64_t random = mix(number, 0x5d);
    const char *owner = number < 300 ? owners[0] : owners[random % 3];

    int length =
        snprintf(sddl, sizeof(sddl), "O:%sG:%sD:%s", owner, owner, number % 3 ? "PAI" : "AI");
    if (number > 2)
        length +=
            snprintf(sddl + length, sizeof(sddl) - (size_t)length,
                     "(A;;0x1200a9;;;S-1-5-80-%u-%u-%u-%u-%u)", (unsigned)random,
                     (unsigned)(random >> 32), number * 77773u, number * 991u, number + 1000u);
    length += snprintf(sddl + length, sizeof(sddl) - (size_t)length,
                       "(A;;FA;;;%s)(A;;0x1200a9;;;BA)(A;;0x1200a9;;;SY)(A;;0x1200a9;;;BU)"
                       "(A;;0x1200a9;;;AC)(A;;0x1200a9;;;S-1-15-2-2)",
                       owner);
    if (number % 2 == 0)
        snprintf(sddl + length, sizeof(sddl) - (size_t)length, "S:AI(AU;SAFA;DCLCRPCRSDWDWO;;;WD)");
    return wcl_sd_from_sddl(sddl, &generator->descriptors[number],
                            &generator->descriptor_sizes[number], &generator->error);
}

wcl_status generator_start(generator *generator, wcl_layer_writer *writer)
{
    generator->writer = writer;
    generator->content = content_new(generator->seed, generator->repetitive);
    if (!generator->content) {
        snprintf(generator->error.message, sizeof(generator->error.message), "out of memory");
        return WCL_FAILED;
    }
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        if (make_descriptor(generator, i) != WCL_OK)
            return WCL_FAILED;
    return wcl_backup_writer_new(write_layer, writer, &generator->backup, &generator->error);
}

void generator_free(generator *generator)
{
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        wcl_free(generator->descriptors[i]);
    content_free(generator->content);
    wcl_backup_writer_free(generator->backup);
}

/* Counts an entry; true when it is also to be written. */
static bool counted(generator *generator, uint64_t weight)
{
    generator->entries++;
    generator->weight += weight;
    return !generator->measuring && generator->status == WCL_OK;
}

/* Keeps the first failure. */
static void note(generator *generator, wcl_status status)
{
    if (status != WCL_OK)
        generator->status = WCL_FAILED;
}

static void begin_stream(generator *generator, const wcl_backup_header *header)
{
    if (generator->status == WCL_OK)
        note(generator, wcl_backup_writer_header(generator->backup, header, &generator->error));
}

static void write_bytes(generator *generator, const void *data, size_t size)
{
    if (generator->status == WCL_OK)
        note(generator, wcl_backup_writer_write(generator->backup, data, size, &generator->error));
}

static void write_stream(generator *generator, uint32_t id, const char *name, const void *data,
                         size_t size)
{
    wcl_backup_header header = { .id = id, .size = size, .name = name };
    begin_stream(generator, &header);
    write_bytes(generator, data, size);
}

static void write_descriptor(generator *generator, uint64_t id)
{
    uint64_t random = mix(id, 0xdac1);
    /* Nine of ten files share a handful of descriptors. */
    unsigned number = (unsigned)(random % 10 ? random >> 8 & 3 : (random >> 8) % DESCRIPTORS);
    write_stream(generator, WCL_BACKUP_SECURITY_DATA, NULL, generator->descriptors[number],
                 generator->descriptor_sizes[number]);
}

static void write_eas(generator *generator, uint64_t id)
{
    uint8_t cache[104];
    char hint[160];
    void *list;
    size_t size;

    for (size_t at = 0; at < sizeof(cache); at += 8) {
        uint64_t random = at < 16 || at >= 64 ? 0x0000000100000068u : mix(id, at);
        memcpy(cache + at, &random, 8);
    }
    int length =
        snprintf(hint, sizeof(hint),
                 "%c%cMicrosoft-Windows-%s-%s-Package~31bf3856ad364e35~amd64~~10.0.20348.%u.cat", 1,
                 0x5a, name_word(mix(id, 1)), name_word(mix(id, 2)), (unsigned)(mix(id, 3) % 3000));
    const wcl_ea eas[] = {
        { "$KERNEL.PURGE.ESBCACHE", 0, cache, sizeof(cache) },
        { "$CI.CATALOGHINT", 0, (const uint8_t *)hint, (uint16_t)length },
    };
    note(generator, wcl_ea_build(eas, 2, &list, &size, &generator->error));
    if (generator->status != WCL_OK)
        return;
    write_stream(generator, WCL_BACKUP_EA_DATA, NULL, list, size);
    wcl_free(list);
}

static void write_reparse(generator *generator, const entry_shape *shape)
{
    if (shape->reparse_tag == REPARSE_TAG_WOF) {
        static const uint8_t wof[] = { 0x17, 0, 0, 0x80, 16, 0, 0, 0, 1, 0, 0, 0,
                                       2,    0, 0, 0,    1,  0, 0, 0, 1, 0, 0, 0 };
        write_stream(generator, WCL_BACKUP_REPARSE_DATA, NULL, wof, sizeof(wof));
        return;
    }
    void *data;
    size_t size;
    note(generator,
         wcl_reparse_encode_link(shape->target, shape->reparse_tag == WCL_REPARSE_TAG_MOUNT_POINT,
                                 &data, &size, &generator->error));
    if (generator->status != WCL_OK)
        return;
    write_stream(generator, WCL_BACKUP_REPARSE_DATA, NULL, data, size);
    wcl_free(data);
}

static void write_contents(generator *generator, const entry_shape *shape, uint64_t offset,
                           uint64_t size)
{
    for (uint64_t at = offset; at < offset + size; at += CONTENT_PIECE) {
        uint64_t left = offset + size - at;
        const uint8_t *piece = content_piece(generator->content, shape->kind, shape->id, at);
        write_bytes(generator, piece, left < CONTENT_PIECE ? (size_t)left : CONTENT_PIECE);
    }
}

/* Every other piece of 64 KiB is allocated; the rest are holes. */
static void write_sparse(generator *generator, const entry_shape *shape, uint64_t size)
{
    wcl_backup_header header = { .id = WCL_BACKUP_DATA, .attributes = WCL_STREAM_SPARSE };
    begin_stream(generator, &header);
    for (uint64_t at = 0; at < size; at += 2 * CONTENT_PIECE) {
        uint64_t some = size - at < CONTENT_PIECE ? size - at : CONTENT_PIECE;
        header = (wcl_backup_header) { .id = WCL_BACKUP_SPARSE_BLOCK, .size = some, .offset = at };
        begin_stream(generator, &header);
        write_contents(generator, shape, at, some);
    }
    header = (wcl_backup_header) { .id = WCL_BACKUP_SPARSE_BLOCK, .offset = size };
    begin_stream(generator, &header);
}

static void write_data(generator *generator, const entry_shape *shape, uint64_t size)
{
    wcl_backup_header header = { .id = WCL_BACKUP_DATA, .size = size };
    if (shape->is_sparse) {
        write_sparse(generator, shape, size);
    } else {
        begin_stream(generator, &header);
        write_contents(generator, shape, 0, size);
    }
}

static void set_times(wcl_entry *entry, uint64_t id)
{
    wcl_filetime time = BUILD_FILETIME + (wcl_filetime)(mix(id, 0x71) % (30 * DAY_TICKS));
    entry->info.creation_time = time;
    entry->info.last_write_time = mix(id, 0x72) % 3 ? time : time - (wcl_filetime)DAY_TICKS / 7;
    entry->info.last_access_time = time + 10000000;
    entry->info.change_time = time + 20000000;
}

static void set_posix(wcl_entry *entry, const entry_shape *shape, wcl_xattr *xattr)
{
    static const uint8_t net_raw[20] = { 1, 0, 0, 2, 0, 0x20 };

    entry->has_posix = true;
    entry->mode = shape->mode;
    entry->uid = shape->uid;
    entry->gid = shape->gid;
    entry->modified.tv_sec = BUILD_SECONDS + (time_t)(mix(shape->id, 0x73) % 2592000);
    entry->info.last_write_time = wcl_filetime_from_timespec(entry->modified);
    entry->info.creation_time = entry->info.last_access_time = entry->info.change_time =
        entry->info.last_write_time;
    if (!shape->xattr)
        return;
    *xattr = (wcl_xattr) { shape->xattr, net_raw, sizeof(net_raw) };
    if (strncmp(shape->xattr, "user.", 5) == 0)
        *xattr = (wcl_xattr) { shape->xattr, "generated", 9 };
    entry->xattrs = xattr;
    entry->xattr_count = 1;
}

/* Begins the entry and writes what stands before its data. */
static void begin_entry(generator *generator, wcl_entry *entry, const entry_shape *shape)
{
    wcl_xattr xattr;

    entry->path = shape->path;
    entry->info.attributes = shape->attributes;
    if (!shape->is_sparse)
        entry->flags = WCL_ENTRY_IN_ORDER;
    if (generator->is_linux)
        set_posix(entry, shape, &xattr);
    else
        set_times(entry, shape->id);
    note(generator, wcl_layer_writer_add(generator->writer, entry, &generator->error));
    if (generator->is_linux || generator->status != WCL_OK)
        return;
    write_descriptor(generator, shape->id);
    if (shape->has_eas)
        write_eas(generator, shape->id);
    if (shape->reparse_tag)
        write_reparse(generator, shape);
}

void add_directory(generator *generator, const entry_shape *shape)
{
    wcl_entry entry = WCL_ENTRY_INIT;

    if (!counted(generator, 0))
        return;
    entry_shape directory = *shape;
    directory.attributes |= WCL_ATTRIBUTE_DIRECTORY;
    if (shape->reparse_tag)
        directory.attributes |= WCL_ATTRIBUTE_REPARSE_POINT;
    entry.kind = WCL_ENTRY_DIRECTORY;
    begin_entry(generator, &entry, &directory);
    if (generator->status == WCL_OK)
        note(generator, wcl_backup_writer_finish(generator->backup, &generator->error));
}

void add_file(generator *generator, const entry_shape *shape)
{
    static const char zone[] = "[ZoneTransfer]\r\nZoneId=3\r\n";
    wcl_entry entry = WCL_ENTRY_INIT;

    if (!counted(generator, shape->weight))
        return;
    entry_shape file = *shape;
    entry.size = (uint64_t)((double)shape->weight * generator->scale);
    file.is_sparse = shape->is_sparse && entry.size > 0;
    if (file.is_sparse)
        file.attributes |= WCL_ATTRIBUTE_SPARSE_FILE;
    if (shape->reparse_tag)
        file.attributes |= WCL_ATTRIBUTE_REPARSE_POINT;
    entry.kind = WCL_ENTRY_FILE;
    begin_entry(generator, &entry, &file);
    if (entry.size > 0)
        write_data(generator, &file, entry.size);
    if (shape->has_stream)
        write_stream(generator, WCL_BACKUP_ALTERNATE_DATA, ":Zone.Identifier:$DATA", zone,
                     sizeof(zone) - 1);
    if (generator->status == WCL_OK)
        note(generator, wcl_backup_writer_finish(generator->backup, &generator->error));
}

void add_hard_link(generator *generator, const char *path, const char *target)
{
    if (counted(generator, 0))
        note(generator,
             wcl_layer_writer_add_link(generator->writer, path, target, &generator->error));
}

void add_deleted(generator *generator, const char *path)
{
    if (counted(generator, 0))
        note(generator, wcl_layer_writer_remove(generator->writer, path, &generator->error));
}

void add_special(generator *generator, wcl_entry_kind kind, const char *path, const char *target,
                 uint64_t id)
{
    const entry_shape shape = { .path = path, .id = id, .mode = 0666 };
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_xattr unused;

    if (!counted(generator, 0))
        return;
    entry.kind = kind;
    entry.path = path;
    entry.target = target;
    set_posix(&entry, &shape, &unused);
    if (kind == WCL_ENTRY_SYMLINK)
        entry.mode = 0777;
    if (kind == WCL_ENTRY_CHARACTER_DEVICE || kind == WCL_ENTRY_BLOCK_DEVICE) {
        entry.device_major = (uint32_t)(id >> 8);
        entry.device_minor = (uint32_t)(id & 0xff);
    }
    note(generator, wcl_layer_writer_add(generator->writer, &entry, &generator->error));
}
