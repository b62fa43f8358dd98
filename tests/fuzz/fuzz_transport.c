/*
 * The readers of folders on any folder at all. The input is a list of things to put there: u8 kind
 * (0 file, 1 folder, 2 symbolic link, 3 extended attribute of what is there), u8 name size, the
 * name, u16 size, that many bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wcl/backupstream.h>
#include <wcl/layer.h>

#include "base/beneath.h"
#include "base/cursor.h"
#include "layer/dir/record.h"
#include "layer/entry/stream_shape.h"
#include "layer/entry/path.h"

#define THINGS_MAX 64
#define NAME_SIZE 256
/* A stream longer than this (a sparse file's) is not read to its end. */
#define STREAM_MAX (1u << 20)

/* Of every file, so that records which the writers made are still true of it. */
static const struct timespec file_times[2] = { { 1675526400, 700 }, { 1675526400, 700 } };

static void require(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

/* ---- The folder ----------------------------------------------------------------------------- */

static bool take_name(wcl_cursor *input, char name[NAME_SIZE])
{
    uint8_t size = wcl_cursor_u8(input);
    const uint8_t *bytes = wcl_cursor_take(input, size);

    if (!bytes)
        return false;
    memcpy(name, bytes, size);
    name[size] = '\0';
    return wcl_path_check(name, NULL) == WCL_OK;
}

static void make_folders(int root, const char *name)
{
    char folder[NAME_SIZE];

    for (const char *at = name; (at = strchr(at, '/')) != NULL; at++) {
        memcpy(folder, name, (size_t)(at - name));
        folder[at - name] = '\0';
        wcl_beneath_mkdir(root, folder, 0777);
    }
}

static void set_xattr(int root, const char *name, const uint8_t *bytes, size_t size)
{
    WCL_CLEANUP_FD int fd = wcl_beneath_open(root, name, O_RDONLY | O_NONBLOCK, 0);
    char full[64];

    if (fd < 0 || size == 0)
        return;
    uint8_t field = bytes[0] % (WCL_FILE_RECORD_FIELDS + 2);
    snprintf(full, sizeof(full), "user.wcl.%s",
             field < WCL_FILE_RECORD_FIELDS ? wcl_file_record_field_names[field]
                                            : (field & 1 ? "entry" : "basic"));
    fsetxattr(fd, full, bytes + 1, size - 1, 0);
}

static void make_thing(int root, wcl_cursor *input)
{
    uint8_t kind = wcl_cursor_u8(input) & 3;
    char name[NAME_SIZE], target[NAME_SIZE];
    bool has_name = take_name(input, name);
    uint16_t size = wcl_cursor_le16(input);
    if (size > wcl_cursor_left(input))
        size = (uint16_t)wcl_cursor_left(input);
    const uint8_t *bytes = wcl_cursor_take(input, size);

    if (!has_name || !bytes)
        return;
    make_folders(root, name);
    if (kind == 0) {
        WCL_CLEANUP_FD int fd = wcl_beneath_open(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (fd >= 0 && wcl_pwrite_full(fd, bytes, size, 0, NULL) == WCL_OK)
            futimens(fd, file_times);
    } else if (kind == 1) {
        wcl_beneath_mkdir(root, name, 0777);
    } else if (kind == 2) {
        snprintf(target, sizeof(target), "%.*s", (int)size, (const char *)bytes);
        WCL_CLEANUP_FD int folder = wcl_beneath_open(root, "", O_PATH | O_DIRECTORY, 0);
        if (!strchr(name, '/'))
            (void)!symlinkat(target, folder, name);
    } else {
        set_xattr(root, name, bytes, size);
    }
}

/* ---- What the readers say ------------------------------------------------------------------- */

typedef struct listener {
    wcl_stream_shape shape;
} listener;

static wcl_status on_header(void *context, const wcl_backup_header *header, wcl_error *error)
{
    (void)error;
    wcl_stream_shape_add(&((listener *)context)->shape, header);
    return WCL_OK;
}

static wcl_status on_data(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context, (void)data, (void)error;
    require(size > 0, "data has a size");
    return WCL_OK;
}

/* Reads an entry's stream: it must be a whole one, of the size and order that were told. */
static bool read_stream(wcl_layer_reader *reader, const wcl_entry *entry)
{
    static const wcl_backup_events events = { on_header, on_data };
    static uint8_t buffer[4096];
    listener listener = { 0 };
    wcl_backup_decoder *decoder;
    size_t got, total = 0;

    require(wcl_backup_decoder_new(&events, &listener, &decoder, NULL) == WCL_OK, "memory");
    do {
        if (wcl_layer_reader_read(reader, buffer, sizeof(buffer), &got, NULL) != WCL_OK) {
            wcl_backup_decoder_free(decoder);
            return false;
        }
        require(wcl_backup_decoder_write(decoder, buffer, got, NULL) == WCL_OK,
                "the stream is valid");
        total += got;
    } while (got > 0 && total < STREAM_MAX);
    if (got == 0) {
        require(wcl_backup_decoder_finish(decoder, NULL) == WCL_OK, "the stream is whole");
        require(listener.shape.size == entry->size, "the size is the stream's");
        require(!(entry->flags & WCL_ENTRY_IN_ORDER) || !listener.shape.out_of_order,
                "the promise of order holds");
    }
    wcl_backup_decoder_free(decoder);
    return true;
}

static void read_all(wcl_layer_reader *reader)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, &error)) == WCL_OK) {
        require(wcl_path_check(entry.path, NULL) == WCL_OK, "the path is one");
        require(entry.kind >= WCL_ENTRY_FILE && entry.kind <= WCL_ENTRY_FIFO, "the kind is one");
        require((entry.kind != WCL_ENTRY_HARD_LINK && entry.kind != WCL_ENTRY_SYMLINK) ||
                    entry.target,
                "a link has a target");
        bool has_stream = entry.kind == WCL_ENTRY_FILE || entry.kind == WCL_ENTRY_DIRECTORY;
        if (has_stream && !read_stream(reader, &entry))
            break;
    }
    require(status != WCL_FAILED || error.message[0], "an error has a message");
    wcl_layer_reader_close(reader, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_cursor input = wcl_cursor_over(data, size);
    char folder[] = "/dev/shm/wcl-fuzz-XXXXXX";
    wcl_layer_reader *reader;

    require(mkdtemp(folder) != NULL, "a temporary folder");
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < THINGS_MAX && wcl_cursor_left(&input) > 0; i++)
        make_thing(root, &input);
    close(root);
    if (wcl_transport_reader_open(folder, &reader, NULL) == WCL_OK)
        read_all(reader);
    if (wcl_dir_reader_open(folder, &reader, NULL) == WCL_OK)
        read_all(reader);
    require(wcl_beneath_remove_tree(AT_FDCWD, folder, NULL) == WCL_OK, "the folder is removed");
    return 0;
}
