/*
 * wcl/tar.h - OCI layer tars: reading and writing them as layers (see wcl/layer.h), and the records
 * that carry what only Windows has.
 *
 * Windows' metadata travels in pax records named MSWINDOWS.*, as go-winio's backuptar writes them.
 * What those cannot hold (sparse maps, reparse points that are not links, EA flags, unusual stream
 * orders, further streams) travels in records named WCL.*, which every other program ignores.
 */
#ifndef WCL_TAR_H
#define WCL_TAR_H

#include <wcl/compression.h>
#include <wcl/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Limits --------------------------------------------------------------------------------- */

/*
 * Limits on a tar, unless an option says otherwise: large enough for any known image, small enough
 * that a few bytes from a stranger do not fill a disk. What exceeds a limit fails with
 * WCL_CODE_FILE_TOO_LARGE. In the options 0 means the default and WCL_TAR_NO_LIMIT none.
 */
#define WCL_TAR_NO_LIMIT UINT64_MAX
#define WCL_TAR_SIZE_MAX (UINT64_C(128) << 30) /* decompressed bytes */
#define WCL_TAR_ENTRIES_MAX UINT64_C(4000000)  /* entries, and implied folders */
/* decompressed bytes for each compressed one, after the first WCL_COMPRESSION_RATIO_FREE */
#define WCL_TAR_RATIO_MAX UINT64_C(1000)
#define WCL_TAR_MEMORY_MAX (UINT64_C(4) << 30) /* bytes of memory for the index of a layer */

/* ---- Reading -------------------------------------------------------------------------------- */

typedef struct wcl_tar_reader_options {
    size_t struct_size; /* sizeof(wcl_tar_reader_options) */
    wcl_os os;          /* WCL_OS_UNKNOWN: Windows by MSWINDOWS records or a Files or Hives root */
    /* Limits, see above. Zeros that stand for the holes of a sparse file count as bytes too. */
    uint64_t max_size;
    uint64_t max_entries;
    uint64_t max_ratio;
} wcl_tar_reader_options;

#define WCL_TAR_READER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_tar_reader_options)

/*
 * A reader of the layer tar that `read` gives, plain or compressed, in any tar dialect. It works in
 * constant memory and does not seek. An alternate stream's entry ("F:S" after F) becomes part of
 * F's backup stream. A folder that the tar does not list is given before what is in it, as
 * WCL_ENTRY_IMPLICIT. `options` may be NULL. `read` is called from another thread until the reader
 * is closed.
 */
WCL_API wcl_status wcl_tar_reader_open(wcl_read_fn read, void *context,
                                       const wcl_tar_reader_options *options,
                                       wcl_layer_reader **reader, wcl_error *error);

/* The same for a file; "-" is standard input. */
WCL_API wcl_status wcl_tar_reader_open_file(const char *file, const wcl_tar_reader_options *options,
                                            wcl_layer_reader **reader, wcl_error *error);

/* The system that a tar reader found: known once the first entry has been given. */
WCL_API wcl_os wcl_tar_reader_os(const wcl_layer_reader *reader);

/* Bytes taken from the input so far (compressed ones), for a progress bar. */
WCL_API uint64_t wcl_tar_reader_consumed(const wcl_layer_reader *reader);

/* ---- Writing -------------------------------------------------------------------------------- */

typedef struct wcl_tar_writer_options {
    size_t struct_size; /* sizeof(wcl_tar_writer_options) */
    wcl_compression compression;
    int level;            /* of the compression; 0: its default */
    bool plain_backuptar; /* leave out all WCL.* records: the same bytes as backuptar, with its
                             losses */
    /* Refuse a tar with more uncompressed bytes than this. 0: no limit, except WCL_TAR_SIZE_MAX for
     * the zeros of sparse files' holes, which are written in full. */
    uint64_t max_size;
} wcl_tar_writer_options;

#define WCL_TAR_WRITER_OPTIONS_INIT WCL_STRUCT_INIT(wcl_tar_writer_options)

/*
 * A writer of a layer tar. For an entry without anything unusual the bytes are those that
 * go-winio's backuptar and Go's archive/tar write. Data of a WCL_ENTRY_IN_ORDER entry goes straight
 * through; the stream of any other is buffered, in memory or, from 1 MiB on, in an unnamed
 * temporary file, because its header depends on all of it. WCL_ENTRY_IMPLICIT folders are not
 * written. `options` may be NULL.
 */
WCL_API wcl_status wcl_tar_writer_open(wcl_write_fn write, void *context,
                                       const wcl_tar_writer_options *options,
                                       wcl_layer_writer **writer, wcl_error *error);

/* The same into a file, which appears under its name only once it is complete; "-" is standard
 * output.
 */
WCL_API wcl_status wcl_tar_writer_open_file(const char *file, const wcl_tar_writer_options *options,
                                            wcl_layer_writer **writer, wcl_error *error);

/* ---- Tars in and out of a store ------------------------------------------------------------- */

typedef struct wcl_import_options {
    size_t struct_size;        /* sizeof(wcl_import_options) */
    wcl_os os;                 /* WCL_OS_UNKNOWN: the parent's, else found out */
    const char *expect_digest; /* "sha256:..." that the blob or the tar must have; NULL: any */
    const char *media_type;    /* of the blob, to be remembered; NULL: by its compression */
    /* Limits, see above. */
    uint64_t max_size;
    uint64_t max_entries;
    uint64_t max_ratio;
    uint64_t max_memory;
} wcl_import_options;

#define WCL_IMPORT_OPTIONS_INIT WCL_STRUCT_INIT(wcl_import_options)

typedef struct wcl_import_result {
    size_t struct_size; /* sizeof(wcl_import_result) */
    wcl_os os;
    char kind[16];        /* "base" or "layer" */
    char diff_id[72];     /* "sha256:...": of the uncompressed tar */
    char blob_digest[72]; /* of the bytes that were read */
    uint64_t blob_size;
    uint64_t size;    /* bytes of the uncompressed tar */
    uint64_t entries; /* in it */
} wcl_import_result;

#define WCL_IMPORT_RESULT_INIT WCL_STRUCT_INIT(wcl_import_result)

/*
 * Makes the layer `id` on `parents` from the layer tar that `read` gives, plain or compressed.
 * `read` is called from another thread. `options` and `result` may be NULL. Nothing is left when it
 * fails.
 */
WCL_API wcl_status wcl_layer_import_tar(const wcl_driver *driver, const char *id,
                                        wcl_parents parents, wcl_read_fn read, void *context,
                                        const wcl_import_options *options,
                                        wcl_import_result *result, wcl_error *error);

/*
 * Writes a layer's tar: of a read-only layer exactly the bytes that were imported, of a sandbox a
 * tar of what changed in it. `options` may be NULL for plain output.
 */
WCL_API wcl_status wcl_layer_export_tar(const wcl_driver *driver, const char *id,
                                        wcl_parents parents, wcl_write_fn write, void *context,
                                        const wcl_tar_writer_options *options, wcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
