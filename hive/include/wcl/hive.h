/*
 * wcl/hive.h - registry hives (regf 1.3 to 1.6) and the registry that the hives of a chain of
 * layers make up together: reading, merging and writing them.
 *
 * Names of keys and values are WTF-8 and may hold any character, NUL as well, so their size in
 * bytes is given with them; a NUL that is not part of the name stands behind each. Names compare
 * without case, upcased per UTF-16 unit, as Windows compares them. Times are FILETIMEs, sizes are
 * bytes.
 *
 * Nothing in a hive is trusted. wcl_hive_open() goes through all of it once: each cell must lie in
 * the hive, belong to one owner and be what it is used as, and keys must make a tree; a hive that
 * is damaged anywhere is refused, by the key and the offset (from the start of the file) of the
 * damage.
 */
#ifndef WCL_HIVE_H
#define WCL_HIVE_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How deep keys may lie below the root, and how many hives one view can have, as on Windows. */
#define WCL_HIVE_MAX_DEPTH 512
#define WCL_HIVE_MAX_LAYERS 128

/* ---- Opening -------------------------------------------------------------------------------- */

/* Puts all `size` bytes from `offset` on into `buffer`. */
typedef wcl_status (*wcl_hive_read_fn)(void *context, uint64_t offset, void *buffer, size_t size,
                                       wcl_error *error);

/* Where the bytes of a hive or a log come from: memory, or a function where `data` is NULL. */
typedef struct wcl_hive_input {
    const void *data; /* must stay as it is until the hive is freed */
    wcl_hive_read_fn read;
    void *context;
    uint64_t size; /* 0: there is none */
} wcl_hive_input;

typedef struct wcl_hive_options {
    size_t struct_size;     /* sizeof(wcl_hive_options) */
    wcl_hive_input logs[2]; /* .LOG1 and .LOG2, of either format: replayed in memory */
    uint64_t max_size;      /* refuse a larger hive; 0: 2 GiB, the most that Windows has */
    const wcl_hooks *hooks;
} wcl_hive_options;

#define WCL_HIVE_OPTIONS_INIT WCL_STRUCT_INIT(wcl_hive_options)

/* A hive in memory. It does not change, so several threads may read it at once. */
typedef struct wcl_hive wcl_hive;

/*
 * Reads a hive and checks it. `options` may be NULL. A hive that was not written to its end
 * ("dirty") is brought up to date by its logs; without logs that apply it is read as it is. Fails
 * with WCL_CODE_INVALID_DATA (not a hive, or a version that is not known), WCL_CODE_CHECKSUM,
 * WCL_CODE_TRUNCATED, WCL_CODE_FILE_TOO_LARGE or WCL_CODE_CORRUPT.
 */
WCL_API wcl_status wcl_hive_open(const wcl_hive_input *input, const wcl_hive_options *options,
                                 wcl_hive **hive, wcl_error *error);
/* NULL is allowed. Keys of the hive must be freed before. */
WCL_API void wcl_hive_free(wcl_hive *hive);

/* What a hive says of itself. */
typedef struct wcl_hive_info {
    uint32_t minor_version; /* of 1.N */
    const char *name;       /* as Windows wrote it, often the end of a path */
    wcl_filetime written;
    bool is_layered;      /* its keys may have semantics of a layer */
    bool is_dirty;        /* it was not written to its end, and no log applied */
    uint32_t log_entries; /* how many entries of logs were replayed */
    uint64_t size;        /* of its bins */
    uint64_t key_count;   /* all keys, the root too */
    uint64_t value_count; /* all values */
} wcl_hive_info;

/* Belongs to the hive. */
WCL_API const wcl_hive_info *wcl_hive_get_info(const wcl_hive *hive);

/* ---- Keys ----------------------------------------------------------------------------------- */

/*
 * How a key of a layer stands to the same key of the layers below it. A tombstone is absent. One
 * that supersedes locally hides what the layers below say of the key itself (values, class, time),
 * and its subkeys are merged; one that supersedes the tree hides its subkeys below as well.
 */
typedef enum wcl_hive_semantics {
    WCL_HIVE_MERGED = 0,
    WCL_HIVE_TOMBSTONE = 1,
    WCL_HIVE_SUPERSEDE_LOCAL = 2,
    WCL_HIVE_SUPERSEDE_TREE = 3,
} wcl_hive_semantics;

/* A flag of a key: its value SymbolicLinkValue is the path that it stands for. */
#define WCL_HIVE_KEY_SYMLINK 0x10u

typedef struct wcl_hive_key_info {
    const char *name; /* as the nearest layer spells it; the root's too, which is of no meaning */
    size_t name_size;
    const char *class_name; /* NULL: it has none */
    size_t class_size;
    const void *security; /* a self-relative descriptor; NULL: it has none */
    size_t security_size;
    wcl_filetime written; /* the newest of the layers that count */
    uint32_t flags;       /* of the nearest layer: WCL_HIVE_KEY_SYMLINK and others of its `nk` */
    wcl_hive_semantics semantics; /* WCL_HIVE_MERGED in a merged view */
    bool inherits_class;          /* false in a merged view */
    uint32_t layer;               /* the nearest hive that has the key, as an index */
} wcl_hive_key_info;

/* A key of a hive or of a merged view. */
typedef struct wcl_hive_key wcl_hive_key;

/* The root of a hive as it is, with the tombstones of a layer and its semantics. */
WCL_API wcl_status wcl_hive_root(const wcl_hive *hive, wcl_hive_key **key, wcl_error *error);

/*
 * The root of what `count` hives make up, the nearest first and the base last: what is hidden by
 * tombstones and semantics is not in it. The hives must outlive all its keys; the array need not.
 */
WCL_API wcl_status wcl_hive_merge(const wcl_hive *const *hives, size_t count, wcl_hive_key **key,
                                  wcl_error *error);
/* NULL is allowed. A key does not need the one that it was opened from. */
WCL_API void wcl_hive_key_free(wcl_hive_key *key);

/* Belongs to the key. */
WCL_API const wcl_hive_key_info *wcl_hive_key_get_info(const wcl_hive_key *key);

/* How many subkeys there are, and the one of that number, in the order of their names. */
WCL_API wcl_status wcl_hive_key_count_subkeys(wcl_hive_key *key, size_t *count, wcl_error *error);
WCL_API wcl_status wcl_hive_key_open_at(wcl_hive_key *key, size_t index, wcl_hive_key **subkey,
                                        wcl_error *error);
/*
 * The subkey of that name; and the key at a path with backslashes between the names, empty ones
 * left out, "" being the key itself. WCL_CODE_FILE_NOT_FOUND where there is none.
 */
WCL_API wcl_status wcl_hive_key_open_name(wcl_hive_key *key, const char *name, size_t name_size,
                                          wcl_hive_key **subkey, wcl_error *error);
WCL_API wcl_status wcl_hive_key_open(wcl_hive_key *key, const char *path, wcl_hive_key **found,
                                     wcl_error *error);

/* ---- Values --------------------------------------------------------------------------------- */

/* Types. Others exist and are given as they are. */
enum wcl_hive_type {
    WCL_HIVE_NONE = 0,
    WCL_HIVE_SZ = 1, /* UTF-16LE, as all text; the NUL at its end may be missing */
    WCL_HIVE_EXPAND_SZ = 2,
    WCL_HIVE_BINARY = 3,
    WCL_HIVE_DWORD = 4,
    WCL_HIVE_DWORD_BIG_ENDIAN = 5,
    WCL_HIVE_LINK = 6,
    WCL_HIVE_MULTI_SZ = 7,
    WCL_HIVE_RESOURCE_LIST = 8,
    WCL_HIVE_FULL_RESOURCE_DESCRIPTOR = 9,
    WCL_HIVE_RESOURCE_REQUIREMENTS_LIST = 10,
    WCL_HIVE_QWORD = 11,
};

typedef struct wcl_hive_value {
    const char *name; /* "": the default value */
    size_t name_size;
    uint32_t type;
    const uint8_t *data;
    size_t size;
    bool is_tombstone; /* hides the value of layers below; not in a merged view */
    uint32_t layer;    /* the hive that it is from, as an index */
} wcl_hive_value;

/* How many values there are, and the one of that number, those of the nearest layer first and as it
 * lists them. What `value` points to is valid until the key's next value is got. */
WCL_API wcl_status wcl_hive_key_count_values(wcl_hive_key *key, size_t *count, wcl_error *error);
WCL_API wcl_status wcl_hive_key_value_at(wcl_hive_key *key, size_t index,
                                         const wcl_hive_value **value, wcl_error *error);
/* The value of that name. WCL_CODE_FILE_NOT_FOUND where there is none. */
WCL_API wcl_status wcl_hive_key_value(wcl_hive_key *key, const char *name, size_t name_size,
                                      const wcl_hive_value **value, wcl_error *error);

/* ---- Writing -------------------------------------------------------------------------------- */

typedef struct wcl_hive_writer_options {
    size_t struct_size;     /* sizeof(wcl_hive_writer_options) */
    const char *name;       /* in the hive's header; NULL: none */
    uint32_t minor_version; /* 3 to 6; 0: 5, or 6 of a layered hive */
    bool is_layered;        /* keys and values may have the semantics of a layer */
    wcl_filetime written;
    const wcl_hooks *hooks; /* must outlive the writer */
} wcl_hive_writer_options;

#define WCL_HIVE_WRITER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_hive_writer_options)

/* A hive that is being made. The same calls make the same bytes. */
typedef struct wcl_hive_writer wcl_hive_writer;
/* A key of it; belongs to the writer. */
typedef struct wcl_hive_new_key wcl_hive_new_key;

/* A writer; `options` may be NULL. Freed with wcl_hive_writer_free(). */
WCL_API wcl_status wcl_hive_writer_new(const wcl_hive_writer_options *options,
                                       wcl_hive_writer **writer, wcl_error *error);

/*
 * Adds a key, below `parent`, or as the root where that is NULL, which is the first call. Of
 * `info`, which wcl_hive_key_get_info() may have given, `layer` is not looked at; without security
 * the key gets its parent's, and the root one that lets administrators and the system write and
 * users read. Refuses names that a key cannot have. `*key` may not be asked for (NULL).
 */
WCL_API wcl_status wcl_hive_writer_add_key(wcl_hive_writer *writer, wcl_hive_new_key *parent,
                                           const wcl_hive_key_info *info, wcl_hive_new_key **key,
                                           wcl_error *error);
/* Adds a value to a key of the writer; of a tombstone only the name counts. */
WCL_API wcl_status wcl_hive_writer_add_value(wcl_hive_writer *writer, wcl_hive_new_key *key,
                                             const wcl_hive_value *value, wcl_error *error);
/* Adds a key and all that is below it: a merged view's as a plain hive has it. */
WCL_API wcl_status wcl_hive_writer_copy(wcl_hive_writer *writer, wcl_hive_new_key *parent,
                                        wcl_hive_key *from, wcl_error *error);
/* Writes the hive. Fails with WCL_CODE_ALREADY_EXISTS where a key has two subkeys or values of one
 * name. The writer can then only be freed. */
WCL_API wcl_status wcl_hive_writer_finish(wcl_hive_writer *writer, wcl_write_fn write,
                                          void *context, wcl_error *error);
/* NULL is allowed. */
WCL_API void wcl_hive_writer_free(wcl_hive_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
