/*
 * wcl/layer.h - container image layers: reading and writing their entries, in whatever form a layer
 * is kept, and converting one form into another.
 *
 * A layer is a sequence of entries. A reader gives them, a folder always before what is in it; a
 * writer takes them. Each entry has a path, basic information, and a Win32 backup stream with the
 * rest of its metadata and all its data (see wcl/backupstream.h). The same two handles serve layers
 * in a store, OCI layer tars, transport folders and plain folders, so that any can be turned into
 * any.
 *
 * Paths are relative to the layer's root, with forward slashes: "Files/Windows/notepad.exe".
 */
#ifndef WCL_LAYER_H
#define WCL_LAYER_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Entries -------------------------------------------------------------------------------- */

/* Win32 file attributes that matter here. */
#define WCL_ATTRIBUTE_READONLY 0x1u
#define WCL_ATTRIBUTE_HIDDEN 0x2u
#define WCL_ATTRIBUTE_SYSTEM 0x4u
#define WCL_ATTRIBUTE_DIRECTORY 0x10u
#define WCL_ATTRIBUTE_ARCHIVE 0x20u
#define WCL_ATTRIBUTE_NORMAL 0x80u
#define WCL_ATTRIBUTE_SPARSE_FILE 0x200u
#define WCL_ATTRIBUTE_REPARSE_POINT 0x400u

/* FILE_BASIC_INFO (winio.FileBasicInfo). */
typedef struct wcl_basic_info {
    wcl_filetime creation_time;
    wcl_filetime last_access_time;
    wcl_filetime last_write_time;
    wcl_filetime change_time;
    uint32_t attributes; /* WCL_ATTRIBUTE_... */
} wcl_basic_info;

typedef enum wcl_entry_kind {
    WCL_ENTRY_FILE = 1,
    WCL_ENTRY_DIRECTORY = 2,
    WCL_ENTRY_HARD_LINK = 3, /* another name of the entry `target` */
    WCL_ENTRY_DELETED = 4,   /* of a parent layer, absent from this one on (whiteout, tombstone) */
    /* In Linux layers only: */
    WCL_ENTRY_OPAQUE = 5,  /* what the parents have in this folder is absent */
    WCL_ENTRY_SYMLINK = 6, /* to `target`; in a Windows layer links are reparse points instead */
    WCL_ENTRY_CHARACTER_DEVICE = 7,
    WCL_ENTRY_BLOCK_DEVICE = 8,
    WCL_ENTRY_FIFO = 9,
} wcl_entry_kind;

/*
 * The reader promises that the entry's backup stream is in BackupRead's own order and whole:
 * security, EA and reparse data (at most one each), then at most one unnamed data stream without
 * sparse blocks, then nothing but plain alternate streams. A writer can then pass the data on as it
 * comes.
 */
#define WCL_ENTRY_IN_ORDER 0x1u
/* The layer does not list this folder; it is implied by what is in it. */
#define WCL_ENTRY_IMPLICIT 0x2u

/* An extended attribute of a Linux file. */
typedef struct wcl_xattr {
    const char *name; /* with its namespace: "security.capability" */
    const void *value;
    size_t size;
} wcl_xattr;

typedef struct wcl_entry {
    size_t struct_size; /* sizeof(wcl_entry) */
    wcl_entry_kind kind;
    uint32_t flags; /* WCL_ENTRY_... */
    const char *path;
    const char
        *target;   /* of a hard link: the path of its first name; of a symbolic link: as it is */
    uint64_t size; /* bytes of the unnamed data stream (the file's size) */
    wcl_basic_info info; /* of files and directories */
    /* What only Linux layers have. */
    bool has_posix;
    uint32_t mode; /* permission, set-id and sticky bits */
    uint32_t uid;
    uint32_t gid;
    uint32_t device_major;
    uint32_t device_minor;
    struct timespec modified; /* exact, where info's FILETIMEs round to 100 ns */
    const wcl_xattr *xattrs;
    size_t xattr_count;
} wcl_entry;

#define WCL_ENTRY_INIT                                                                             \
    {                                                                                              \
        .struct_size = sizeof(wcl_entry)                                                           \
    }

/* ---- Readers -------------------------------------------------------------------------------- */

/* LayerReader, FilterLayerReader: reads the entries of one layer. */
typedef struct wcl_layer_reader wcl_layer_reader;

/*
 * LayerReader.Next: goes to the next entry; WCL_END after the last. What the entry points to stays
 * valid until the next call.
 */
WCL_API wcl_status wcl_layer_reader_next(wcl_layer_reader *reader, wcl_entry *entry,
                                         wcl_error *error);

/* LayerReader.Read: up to `size` bytes of the entry's backup stream; `*got` is 0 at its end. Links
 * and deleted entries have none. */
WCL_API wcl_status wcl_layer_reader_read(wcl_layer_reader *reader, void *buffer, size_t size,
                                         size_t *got, wcl_error *error);

/* LayerReader.Close: frees the reader. Fails if the layer was not read to its end or a read failed.
 * NULL is allowed. */
WCL_API wcl_status wcl_layer_reader_close(wcl_layer_reader *reader, wcl_error *error);

/* ---- Writers -------------------------------------------------------------------------------- */

/* LayerWriter, FilterLayerWriter: makes a layer. A folder must be added before what is in it. */
typedef struct wcl_layer_writer wcl_layer_writer;

/* LayerWriter.Add: begins an entry of kind FILE or DIRECTORY (or one of Linux's). Its backup stream
 * follows through wcl_layer_writer_write() and ends with the next entry or with the close. */
WCL_API wcl_status wcl_layer_writer_add(wcl_layer_writer *writer, const wcl_entry *entry,
                                        wcl_error *error);

/* LayerWriter.AddLink: `path` becomes another name of `target`, which was added before or is in a
 * parent layer. */
WCL_API wcl_status wcl_layer_writer_add_link(wcl_layer_writer *writer, const char *path,
                                             const char *target, wcl_error *error);

/* LayerWriter.Remove: `path`, which a parent layer has, is absent from this layer on. */
WCL_API wcl_status wcl_layer_writer_remove(wcl_layer_writer *writer, const char *path,
                                           wcl_error *error);

/* LayerWriter.Write: more bytes of the entry's backup stream, in pieces of any size. */
WCL_API wcl_status wcl_layer_writer_write(wcl_layer_writer *writer, const void *data, size_t size,
                                          wcl_error *error);

/*
 * LayerWriter.Close: completes the layer and frees the writer. Must be called and checked: a layer
 * is there only when this succeeded; when it fails, or something failed before, nothing is left
 * behind.
 */
WCL_API wcl_status wcl_layer_writer_close(wcl_layer_writer *writer, wcl_error *error);

/* Frees the writer and leaves no trace of the layer. NULL is allowed. */
WCL_API void wcl_layer_writer_abort(wcl_layer_writer *writer);

/* Reads every entry of `reader` into `writer`; closes neither. `hooks` may be NULL. */
WCL_API wcl_status wcl_layer_copy(wcl_layer_reader *reader, wcl_layer_writer *writer,
                                  const wcl_hooks *hooks, wcl_error *error);

/* ---- Transport folders ---------------------------------------------------------------------- */

/* A reader of the folder that ExportLayer makes (docs/formats.md says how it looks). */
WCL_API wcl_status wcl_transport_reader_open(const char *folder, wcl_layer_reader **reader,
                                             wcl_error *error);

/* A writer of such a folder, which must not exist or be empty. */
WCL_API wcl_status wcl_transport_writer_open(const char *folder, wcl_layer_writer **writer,
                                             wcl_error *error);

/* ---- Plain folders -------------------------------------------------------------------------- */

/*
 * A layer as a folder of ordinary files for people to look at and change: contents as they are, and
 * what only Windows has in user.wcl.* extended attributes, or in a sidecar file `.wcl-metadata` in
 * the folder's root where those do not exist or do not fit.
 */
WCL_API wcl_status wcl_dir_reader_open(const char *folder, wcl_layer_reader **reader,
                                       wcl_error *error);

/* A writer of such a folder, which must not exist or be empty. Nothing is ever written outside it.
 */
WCL_API wcl_status wcl_dir_writer_open(const char *folder, wcl_layer_writer **writer,
                                       wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
