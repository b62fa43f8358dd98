/*
 * wcl/layer.h - container image layers: reading and writing their entries, in any form that a layer
 * can have, and converting one form into another.
 *
 * A layer is a sequence of entries. A reader gives them, a folder always before what is in it; a
 * writer takes them. Each entry has a path, basic information, and a Win32 backup stream with the
 * rest of its metadata and all its data (see wcl/backupstream.h). The same two handles serve layers
 * in a store, OCI layer tars, transport folders and plain folders, so that any form can be
 * converted into any other.
 *
 * Paths are relative to the layer's root, with forward slashes: "Files/Windows/notepad.exe". A
 * writer also accepts backslashes in Windows entries, and in links, targets and deleted entries
 * once it was given such an entry; in a Linux layer a backslash is part of a name.
 */
#ifndef WCL_LAYER_H
#define WCL_LAYER_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wcl_os {
    WCL_OS_UNKNOWN = 0, /* find out */
    WCL_OS_WINDOWS = 1,
    WCL_OS_LINUX = 2,
} wcl_os;

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
    WCL_ENTRY_DELETED = 4,   /* of a parent layer, gone from this layer on (whiteout, tombstone) */
    /* In Linux layers only: */
    WCL_ENTRY_OPAQUE = 5,  /* what the parents have in this folder is gone */
    WCL_ENTRY_SYMLINK = 6, /* to `target`; in a Windows layer links are reparse points instead */
    WCL_ENTRY_CHARACTER_DEVICE = 7,
    WCL_ENTRY_BLOCK_DEVICE = 8,
    WCL_ENTRY_FIFO = 9,
} wcl_entry_kind;

/*
 * The reader promises that the entry's backup stream is complete and in BackupRead's own order:
 * security, EA and reparse data (at most one each), then at most one unnamed data stream without
 * sparse blocks, then only plain alternate streams. A writer can then pass the data on as it comes.
 */
#define WCL_ENTRY_IN_ORDER 0x1u
/* The layer does not list this folder; it is implied by what is in it. */
#define WCL_ENTRY_IMPLICIT 0x2u

typedef struct wcl_entry {
    size_t struct_size; /* sizeof(wcl_entry) */
    wcl_entry_kind kind;
    uint32_t flags; /* WCL_ENTRY_... */
    const char *path;
    const char *target;  /* of a hard link: the path of its first name; of a symbolic link: the
                            target as stored */
    uint64_t size;       /* bytes of the unnamed data stream (the file's size) */
    wcl_basic_info info; /* of files and directories, and of hard links where it is known */
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

#define WCL_ENTRY_INIT WCL_STRUCT_INIT(wcl_entry)

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

/*
 * LayerWriter, FilterLayerWriter: makes a layer. A folder must be added before what is in it. A
 * writer of the store refuses, as hcsshim's do, an entry whose folder was not added
 * (PATH_NOT_FOUND), a path twice (FILE_EXISTS), a file with a folder's attributes and entries of a
 * system other than the parents' (INVALID_PARAMETER).
 */
typedef struct wcl_layer_writer wcl_layer_writer;

/* LayerWriter.Add: begins an entry of kind FILE or DIRECTORY (or one of Linux's). Its backup stream
 * follows through wcl_layer_writer_write() and ends with the next entry or with the close. An entry
 * of kind HARD_LINK or DELETED does what the two functions below do, and has no stream. */
WCL_API wcl_status wcl_layer_writer_add(wcl_layer_writer *writer, const wcl_entry *entry,
                                        wcl_error *error);

/* LayerWriter.AddLink: `path` becomes another name of `target`, which must have been added or be in
 * a parent layer. */
WCL_API wcl_status wcl_layer_writer_add_link(wcl_layer_writer *writer, const char *path,
                                             const char *target, wcl_error *error);

/* LayerWriter.Remove: `path`, which a parent layer has, is gone from this layer on. The store
 * refuses what no parent has (FILE_NOT_FOUND); a layer written without parents may delete anything.
 */
WCL_API wcl_status wcl_layer_writer_remove(wcl_layer_writer *writer, const char *path,
                                           wcl_error *error);

/* LayerWriter.Write: more bytes of the entry's backup stream, in pieces of any size. */
WCL_API wcl_status wcl_layer_writer_write(wcl_layer_writer *writer, const void *data, size_t size,
                                          wcl_error *error);

/*
 * LayerWriter.Close: completes the layer and frees the writer. Must be called and checked: a layer
 * is there only when this succeeded; when it fails, or something failed before, nothing is left
 * behind. NULL is allowed.
 */
WCL_API wcl_status wcl_layer_writer_close(wcl_layer_writer *writer, wcl_error *error);

/* Frees the writer and leaves no trace of the layer. NULL is allowed. */
WCL_API void wcl_layer_writer_abort(wcl_layer_writer *writer);

/* Reads every entry of `reader` into `writer`; closes neither. `hooks` may be NULL. */
WCL_API wcl_status wcl_layer_copy(wcl_layer_reader *reader, wcl_layer_writer *writer,
                                  const wcl_hooks *hooks, wcl_error *error);

/* ---- The store: lifecycle of layers --------------------------------------------------------- */

typedef enum wcl_flavour {
    WCL_FLAVOUR_DIFF = 0,   /* DiffDriver: refused by every provider */
    WCL_FLAVOUR_FILTER = 1, /* FilterDriver */
} wcl_flavour;

/* DriverInfo: where layers are kept and by which provider. Functions that keep it copy it. */
typedef struct wcl_driver {
    size_t struct_size; /* sizeof(wcl_driver) */
    wcl_flavour flavour;
    /* The folder of all layers; each is a folder in it, named by its id. Functions that make a
     * layer or an image make it where it is missing; all others fail with PATH_NOT_FOUND, except
     * wcl_layer_exists(), which says no. */
    const char *home_dir;
    const char *provider;   /* "store", "vmcompute", or NULL: WCL_PROVIDER, else the system's own */
    const wcl_hooks *hooks; /* log, progress and cancellation; may be NULL */
} wcl_driver;

#define WCL_DRIVER_INIT WCL_STRUCT_INIT_WITH(wcl_driver, flavour, WCL_FLAVOUR_FILTER)

/*
 * Parents are passed as hcsshim passes them: the paths of all of a layer's parents, nearest first,
 * the last element of each, behind a slash or backslash, being its id. An id alone stands for the
 * layer of that id in the same home.
 */
typedef struct wcl_parents {
    const char *const *paths;
    size_t count;
} wcl_parents;

/* An id is 1 to 128 characters of A-Z a-z 0-9 . _ - and begins with a letter or digit. */
WCL_API wcl_status wcl_layer_id_check(const char *id, wcl_error *error);

/* CreateLayer: an empty read-only layer on `parent` (NULL or "": none). */
WCL_API wcl_status wcl_layer_create(const wcl_driver *driver, const char *id, const char *parent,
                                    wcl_error *error);

/*
 * CreateSandboxLayer: a writable layer on `parent`, whose chain is `parents` (empty: the chain that
 * the parent itself has). `size` limits what can be written to it, in bytes; 0: no limit.
 */
WCL_API wcl_status wcl_layer_create_sandbox(const wcl_driver *driver, const char *id,
                                            const char *parent, wcl_parents parents, uint64_t size,
                                            wcl_error *error);

/* ActivateLayer: attaches a sandbox's storage; does nothing for a read-only layer. */
WCL_API wcl_status wcl_layer_activate(const wcl_driver *driver, const char *id, wcl_error *error);
/* DeactivateLayer: undoes the activation. */
WCL_API wcl_status wcl_layer_deactivate(const wcl_driver *driver, const char *id, wcl_error *error);

/* PrepareLayer: mounts the layer merged with its parents: a sandbox writable, others read-only.
 */
WCL_API wcl_status wcl_layer_prepare(const wcl_driver *driver, const char *id, wcl_parents parents,
                                     wcl_error *error);
/* UnprepareLayer: unmounts it. */
WCL_API wcl_status wcl_layer_unprepare(const wcl_driver *driver, const char *id, wcl_error *error);

/* GetLayerMountPath: where a prepared layer is mounted, else the layer's folder. Freed with
 * wcl_free(). */
WCL_API wcl_status wcl_layer_mount_path(const wcl_driver *driver, const char *id, char **path,
                                        wcl_error *error);

/* DestroyLayer: removes the layer. Refused while it is mounted, is another layer's parent, or
 * belongs to an image of the home. */
WCL_API wcl_status wcl_layer_destroy(const wcl_driver *driver, const char *id, wcl_error *error);

/* LayerExists */
WCL_API wcl_status wcl_layer_exists(const wcl_driver *driver, const char *id, bool *exists,
                                    wcl_error *error);

/* ExpandSandboxSize: lets a sandbox grow to at least `size` bytes, mounted or not. */
WCL_API wcl_status wcl_layer_expand_sandbox(const wcl_driver *driver, const char *id, uint64_t size,
                                            wcl_error *error);

/* ExportLayer: writes the layer to `folder` in transport form; of a sandbox, what changed in it. */
WCL_API wcl_status wcl_layer_export(const wcl_driver *driver, const char *id, const char *folder,
                                    wcl_parents parents, wcl_error *error);
/* ImportLayer: makes the layer `id` from a transport folder. */
WCL_API wcl_status wcl_layer_import(const wcl_driver *driver, const char *id, const char *folder,
                                    wcl_parents parents, wcl_error *error);

/* NewLayerReader: reads a read-only layer, or what changed in a sandbox. */
WCL_API wcl_status wcl_layer_reader_open(const wcl_driver *driver, const char *id,
                                         wcl_parents parents, wcl_layer_reader **reader,
                                         wcl_error *error);
/* NewLayerWriter: makes a new read-only layer. */
WCL_API wcl_status wcl_layer_writer_open(const wcl_driver *driver, const char *id,
                                         wcl_parents parents, wcl_layer_writer **writer,
                                         wcl_error *error);

/* ProcessBaseLayer: makes the folder `path`, into whose Files/ a base layer was extracted, a layer.
 * Of the driver this and the next two need no home_dir. */
WCL_API wcl_status wcl_layer_process_base(const wcl_driver *driver, const char *path,
                                          wcl_error *error);
/* ProcessUtilityVMImage: the same for a utility VM image. */
WCL_API wcl_status wcl_layer_process_utility_vm(const wcl_driver *driver, const char *path,
                                                wcl_error *error);

/* GetSharedBaseImages: `{"Images":[{"Name","Version","Path","Size","CreatedTime"}]}`. Freed with
 * wcl_free().
 */
WCL_API wcl_status wcl_layer_shared_base_images(const wcl_driver *driver, char **json,
                                                wcl_error *error);

/* NameToGuid: on Windows vmcompute.dll's; elsewhere the rule of compute systems, which differs. */
WCL_API wcl_status wcl_name_to_guid(const wcl_driver *driver, const char *name, wcl_guid *guid,
                                    wcl_error *error);

/* WC_LAYER_DESCRIPTOR of a parent layer: the GUID of its path's last element. `path` is borrowed.
 */
#define WCL_LAYER_DIRTY 0x80000000u
typedef struct wcl_layer_descriptor {
    size_t struct_size; /* sizeof(wcl_layer_descriptor) */
    wcl_guid id;
    uint32_t flags; /* WCL_LAYER_DIRTY */
    const char *path;
} wcl_layer_descriptor;

#define WCL_LAYER_DESCRIPTOR_INIT WCL_STRUCT_INIT(wcl_layer_descriptor)

WCL_API wcl_status wcl_layer_descriptor_of(const wcl_driver *driver, const char *path,
                                           wcl_layer_descriptor *descriptor, wcl_error *error);

/* IsTP4: whether this is Windows at TP4's API level; false elsewhere. */
WCL_API bool wcl_is_tp4(void);

/* ---- Asking about a store ---------------------------------------------------------------------
 */

/* What is known of a layer. */
typedef struct wcl_layer_info {
    const char *id;
    const char *kind;           /* "base", "layer", "sandbox" or "empty" */
    const char *os;             /* "windows", "linux" or "" */
    const char *const *parents; /* ids, nearest first */
    size_t parent_count;
    const char *diff_id;     /* "sha256:..." of the tar; NULL for a sandbox */
    const char *blob_digest; /* of what was imported; NULL if nothing was */
    const char *media_type;  /* likewise */
    uint64_t blob_size;
    uint64_t tar_size;
    uint64_t data_size; /* bytes of its files */
    uint64_t entries;
    uint64_t limit;  /* of a sandbox, in bytes; 0: none */
    int64_t created; /* seconds since 1970 */
    bool is_mounted;
} wcl_layer_info;

/* What is known of a layer, in one block, freed with wcl_free(). */
WCL_API wcl_status wcl_layer_get_info(const wcl_driver *driver, const char *id,
                                      wcl_layer_info **info, wcl_error *error);

/* The ids of all layers, in order; the list and its texts are one block, freed with wcl_free(). */
WCL_API wcl_status wcl_layer_list(const wcl_driver *driver, char ***ids, size_t *count,
                                  wcl_error *error);

/* A reader of a read-only layer merged with its parents. */
WCL_API wcl_status wcl_layer_merged_reader_open(const wcl_driver *driver, const char *id,
                                                wcl_layer_reader **reader, wcl_error *error);

/*
 * Checks a layer: its tar against the digest, its index against the tar, its parents. Each fault is
 * given to `found` as a sentence. Returns WCL_OK also when there are faults; `*faults` counts them.
 */
WCL_API wcl_status wcl_layer_verify(const wcl_driver *driver, const char *id,
                                    void (*found)(void *context, const char *sentence),
                                    void *context, size_t *faults, wcl_error *error);

typedef enum wcl_change_kind {
    WCL_CHANGE_MODIFIED = 0,
    WCL_CHANGE_ADDED = 1,
    WCL_CHANGE_DELETED = 2,
} wcl_change_kind;

/*
 * What layer `id` changes compared with `other` merged with its parents or, with `other` NULL, with
 * its own parents. Paths come in order, each with a slash in front.
 */
WCL_API wcl_status wcl_layer_changes(const wcl_driver *driver, const char *id, const char *other,
                                     wcl_status (*change)(void *context, const char *path,
                                                          wcl_change_kind kind, wcl_error *error),
                                     void *context, wcl_error *error);

/* ---- What this build and this host can do --------------------------------------------------- */

typedef struct wcl_feature {
    char name[32]; /* "erofs", "inflate", ... */
    bool available;
    char detail[200]; /* how it is done, or why not */
} wcl_feature;

/* All features, each with its reason; one block, freed with wcl_free(). */
WCL_API wcl_status wcl_host_features(wcl_feature ***features, size_t *count, wcl_error *error);

/* ---- Transport folders ---------------------------------------------------------------------- */

/* A reader of the folder that ExportLayer makes (docs/formats.md describes it). */
WCL_API wcl_status wcl_transport_reader_open(const char *folder, wcl_layer_reader **reader,
                                             wcl_error *error);

/* A writer of such a folder, which must be missing or empty. */
WCL_API wcl_status wcl_transport_writer_open(const char *folder, wcl_layer_writer **writer,
                                             wcl_error *error);

/* ---- Plain folders -------------------------------------------------------------------------- */

/*
 * A layer as a folder of ordinary files for people to look at and change: contents as they are, and
 * what only Windows has in user.wcl.* extended attributes or, where these do not exist or do not
 * fit, in a sidecar file `.wcl-metadata` in the folder's root.
 */
WCL_API wcl_status wcl_dir_reader_open(const char *folder, wcl_layer_reader **reader,
                                       wcl_error *error);

/* A writer of such a folder, which must be missing or empty. Nothing is ever written outside it.
 */
WCL_API wcl_status wcl_dir_writer_open(const char *folder, wcl_layer_writer **writer,
                                       wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
