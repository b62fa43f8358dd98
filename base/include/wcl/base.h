/*
 * wcl/base.h - what every part of wcl shares: results and errors, GUIDs, times, and the callbacks
 * with which a caller reads, writes, watches and cancels.
 *
 * Conventions of every header of wcl:
 *   - Paths, names and messages are UTF-8. Windows names that are not valid UTF-16 (lone
 * surrogates) are carried in WTF-8, the superset of UTF-8 that can hold them, so no name is ever
 * lost.
 *   - A function that can fail returns wcl_status and takes a `wcl_error *` last, which may be
 * NULL.
 *   - What a function hands out through a `T **` argument belongs to the caller, who frees it with
 *     the function named there (wcl_free() unless another is named).
 *   - NULL and "" are the same text. After a failure each `T **` argument is NULL.
 *   - Nothing is printed, nothing exits, no state of wcl's is global. What an option leaves open is
 * looked for in the environment, by those variables that docs/api.md lists.
 *   - A handle may be used by one thread at a time; different handles by different threads at once.
 * Headers say where more is allowed.
 */
#ifndef WCL_BASE_H
#define WCL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define WCL_VERSION_MAJOR 0
#define WCL_VERSION_MINOR 1
#define WCL_VERSION_PATCH 0

#if defined(_WIN32) && defined(WCL_SHARED)
#ifdef WCL_BUILDING
#define WCL_API __declspec(dllexport)
#else
#define WCL_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define WCL_API __attribute__((visibility("default")))
#else
#define WCL_API
#endif

#if defined(__MINGW32__) && !defined(__clang__)
#define WCL_PRINTF(format_index, first_argument)                                                   \
    __attribute__((format(gnu_printf, format_index, first_argument)))
#elif defined(__GNUC__)
#define WCL_PRINTF(format_index, first_argument)                                                   \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define WCL_PRINTF(format_index, first_argument)
#endif

/*
 * A struct that may grow begins with `struct_size`, its size as the program knew it, and has an
 * INIT macro that sets it: docs/abi.md says what that promises. A struct_size of 0 is refused.
 */
/* clang-format off */
#ifdef __cplusplus
template <typename Struct> inline Struct wcl_struct_init()
{
    Struct made = Struct();
    made.struct_size = sizeof(Struct);
    return made;
}
template <typename Struct, typename Value> inline Struct wcl_struct_init(Value Struct::*member, Value value)
{
    Struct made = wcl_struct_init<Struct>();
    made.*member = value;
    return made;
}
#define WCL_STRUCT_INIT(type) (wcl_struct_init<type>())
#define WCL_STRUCT_INIT_WITH(type, member, value) (wcl_struct_init(&type::member, value))
#else
#define WCL_STRUCT_INIT(type) { .struct_size = sizeof(type) }
#define WCL_STRUCT_INIT_WITH(type, member, value) { .struct_size = sizeof(type), .member = (value) }
#endif
/* clang-format on */

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, "MAJOR.MINOR.PATCH". */
WCL_API const char *wcl_version(void);

/* Frees what wcl allocated. NULL is allowed. */
WCL_API void wcl_free(void *memory);

/* ---- Results and errors ------------------------------------------------------------------- */

typedef enum wcl_status {
    WCL_OK = 0,
    WCL_END = 1,     /* there is nothing more to give; not an error */
    WCL_PENDING = 2, /* begun, and completed in the background; the function's comment says how to
                        learn when it has finished */
    WCL_FAILED = -1, /* the wcl_error says why */
} wcl_status;

/*
 * What went wrong, as a number. Values below 0x10000 are Win32 error codes and 0xC037.... are the
 * Host Compute Service's HRESULTs, the same on every provider; values from 0x20000000 stand for
 * those of hcsshim's errors that have no number.
 */
typedef uint32_t wcl_code;
#define WCL_CODE_NONE 0u
#define WCL_CODE_FILE_NOT_FOUND 2u
#define WCL_CODE_PATH_NOT_FOUND 3u
#define WCL_CODE_ACCESS_DENIED 5u /* ErrVmcomputeOperationAccessIsDenied */
#define WCL_CODE_OUT_OF_MEMORY 8u
#define WCL_CODE_INVALID_DATA 13u
#define WCL_CODE_NO_MORE_FILES 18u
#define WCL_CODE_CHECKSUM 23u          /* a digest or checksum differs */
#define WCL_CODE_GEN_FAILURE 31u       /* ERROR_GEN_FAILURE */
#define WCL_CODE_SHARING_VIOLATION 32u /* in use */
#define WCL_CODE_TRUNCATED 38u         /* ERROR_HANDLE_EOF: the input ends too early */
#define WCL_CODE_NOT_SUPPORTED 50u
#define WCL_CODE_CONNECTION_LOST 64u /* ERROR_NETNAME_DELETED */
#define WCL_CODE_FILE_EXISTS 80u
#define WCL_CODE_INVALID_PARAMETER 87u
#define WCL_CODE_BROKEN_PIPE 109u
#define WCL_CODE_DISK_FULL 112u
#define WCL_CODE_INVALID_NAME 123u
#define WCL_CODE_MOD_NOT_FOUND 126u  /* a library that is needed is not installed */
#define WCL_CODE_PROC_NOT_FOUND 127u /* ErrProcNotFound */
#define WCL_CODE_DIRECTORY_NOT_EMPTY 145u
#define WCL_CODE_BUSY 170u
#define WCL_CODE_ALREADY_EXISTS 183u
#define WCL_CODE_NAME_TOO_LONG 206u
#define WCL_CODE_FILE_TOO_LARGE 223u        /* larger than a limit allows */
#define WCL_CODE_BAD_EA 255u                /* ERROR_EA_LIST_INCONSISTENT */
#define WCL_CODE_DIRECTORY 267u             /* not a directory, or one where a file was wanted */
#define WCL_CODE_SHUTDOWN_IN_PROGRESS 1115u /* ERROR_SHUTDOWN_IN_PROGRESS */
#define WCL_CODE_IO 1117u
#define WCL_CODE_ELEMENT_NOT_FOUND 1168u /* ErrElementNotFound */
#define WCL_CODE_CANCELLED 1223u
#define WCL_CODE_CONNECTION_REFUSED 1225u
#define WCL_CODE_NO_SUCH_USER 1317u
#define WCL_CODE_NO_SUCH_GROUP 1319u
#define WCL_CODE_BAD_ACL 1336u
#define WCL_CODE_BAD_SID 1337u
#define WCL_CODE_BAD_SECURITY_DESCRIPTOR 1338u
#define WCL_CODE_CORRUPT 1392u /* ERROR_FILE_CORRUPT */
#define WCL_CODE_INVALID_STATE 5023u
#define WCL_CODE_BAD_REPARSE_DATA 4392u
#define WCL_CODE_WSA_INVALID 10022u    /* WSAEINVAL */
#define WCL_CODE_HOST_NOT_FOUND 11001u /* WSAHOST_NOT_FOUND */
#define WCL_CODE_HCS_UNEXPECTED_EXIT 0xC0370106u
#define WCL_CODE_HCS_OPERATION_PENDING 0xC0370103u     /* ErrVmcomputeOperationPending */
#define WCL_CODE_HCS_INVALID_STATE 0xC0370105u         /* ErrVmcomputeOperationInvalidState */
#define WCL_CODE_HCS_NOT_EXIST 0xC037010Eu             /* ErrComputeSystemDoesNotExist */
#define WCL_CODE_HCS_ALREADY_STOPPED 0xC0370110u       /* ErrVmcomputeAlreadyStopped */
#define WCL_CODE_HANDLE_CLOSE 0x20000001u              /* ErrHandleClose */
#define WCL_CODE_ALREADY_CLOSED 0x20000002u            /* ErrAlreadyClosed */
#define WCL_CODE_INVALID_NOTIFICATION_TYPE 0x20000003u /* ErrInvalidNotificationType */
#define WCL_CODE_INVALID_PROCESS_STATE 0x20000004u     /* ErrInvalidProcessState */
#define WCL_CODE_TIMEOUT 0x20000005u                   /* ErrTimeout */
#define WCL_CODE_UNEXPECTED_CONTAINER_EXIT 0x20000006u /* ErrUnexpectedContainerExit */
#define WCL_CODE_UNEXPECTED_PROCESS_ABORT 0x20000007u  /* ErrUnexpectedProcessAbort */
#define WCL_CODE_UNEXPECTED_VALUE 0x20000008u          /* ErrUnexpectedValue */
#define WCL_CODE_NO_SUCH_PROGRAM 0x20010001u /* wcl's own: what is to be run is not there */

/*
 * An error, filled in by a function that returns WCL_FAILED and otherwise left alone. Start it as
 * WCL_ERROR_INIT. It owns nothing, so it can be copied and need not be freed. A text that does not
 * fit is cut at a character and ends in "...".
 */
typedef struct wcl_error {
    wcl_code code; /* one of those above, or any other Win32 code or HRESULT that a provider gave */
    char operation[64]; /* what was being done: "import" */
    char subject[400];  /* to what: a file, an entry of a layer, an id */
    char message[800];  /* what is wrong and what to do, one sentence, no full stop */
} wcl_error;

#define WCL_ERROR_INIT                                                                             \
    {                                                                                              \
        0, "", "", ""                                                                              \
    }

/*
 * Writes "OPERATION SUBJECT: MESSAGE (code N)" to `text` (`size` bytes with the NUL, cut if longer)
 * and returns `text`. Codes from 0x10000 are written in hexadecimal.
 */
WCL_API char *wcl_error_format(const wcl_error *error, char *text, size_t size);

/* IsNotExist: the container, process, layer or file does not exist. */
WCL_API bool wcl_error_is_not_exist(const wcl_error *error);
/* IsAlreadyClosed: the handle was closed before. */
WCL_API bool wcl_error_is_already_closed(const wcl_error *error);
/* IsAlreadyStopped: the container or process has stopped (or, as in hcsshim, may never have
 * existed).
 */
WCL_API bool wcl_error_is_already_stopped(const wcl_error *error);
/* IsTimeout: the wait timed out. */
WCL_API bool wcl_error_is_timeout(const wcl_error *error);

/* ---- GUIDs ---------------------------------------------------------------------------------- */

/* A GUID as it lies in memory on Windows (the first three fields little-endian). */
typedef struct wcl_guid {
    uint8_t bytes[16];
} wcl_guid;

/* NewGUID: the first 16 bytes of the SHA-1 of `source`. */
WCL_API wcl_guid wcl_guid_from_source(const char *source);

/* A random (version 4) GUID. */
WCL_API wcl_status wcl_guid_random(wcl_guid *guid, wcl_error *error);

/* ToString: 36 characters, lower case, and a NUL. */
WCL_API void wcl_guid_format(const wcl_guid *guid, char text[37]);

/* Reads what wcl_guid_format() writes, in either case, with or without braces. */
WCL_API wcl_status wcl_guid_parse(const char *text, wcl_guid *guid, wcl_error *error);

/* The GUID that the Host Compute Service gives a compute system with that id: RFC 4122 version 5
 * over the UTF-16LE of the upper-cased id. */
WCL_API wcl_status wcl_guid_of_compute_system(const char *id, wcl_guid *guid, wcl_error *error);

/* ---- Times ---------------------------------------------------------------------------------- */

/* FILETIME: 100 ns since 1601-01-01 UTC, signed so that every 64-bit pattern has a meaning. */
typedef int64_t wcl_filetime;

/* Exact. */
WCL_API struct timespec wcl_filetime_to_timespec(wcl_filetime time);
/* Rounds towards the past by less than 100 ns; clamps what a FILETIME cannot hold. */
WCL_API wcl_filetime wcl_filetime_from_timespec(struct timespec time);

/* ---- Names ---------------------------------------------------------------------------------- */

/*
 * Compares names as NTFS does: UTF-16 unit by unit, each upcased, shorter first. Both must be valid
 * WTF-8. Less than, equal to or greater than 0.
 */
WCL_API int wcl_name_compare(const char *a, const char *b);

/* ---- Callbacks ------------------------------------------------------------------------------ */

/*
 * Puts up to `size` bytes into `buffer` and their number into `*got`; 0 means the end. `size` is
 * not 0.
 */
typedef wcl_status (*wcl_read_fn)(void *context, void *buffer, size_t size, size_t *got,
                                  wcl_error *error);

/* Takes all `size` bytes. */
typedef wcl_status (*wcl_write_fn)(void *context, const void *data, size_t size, wcl_error *error);

/*
 * A wcl_write_fn for an open file: `context` is an `int *`, the descriptor, which must block. A
 * function that writes a whole file unchanged may let the kernel copy it there instead, or share
 * its blocks where the file system can.
 */
WCL_API wcl_status wcl_write_fd(void *context, const void *data, size_t size, wcl_error *error);

/*
 * A file that appears under its name only once it is complete, in place of a regular file of that
 * name or at the end of symbolic links. A device, a FIFO or anything else that is not a regular
 * file is written to directly, and "-" is standard output. A file that is not finished leaves no
 * trace; where the file system has files without a name (O_TMPFILE), not even when the process is
 * killed.
 */
typedef struct wcl_new_file wcl_new_file;

WCL_API wcl_status wcl_new_file_open(const char *name, wcl_new_file **file, wcl_error *error);
/* What to write to, as the context of wcl_write_fd(); belongs to the file. */
WCL_API int *wcl_new_file_fd(wcl_new_file *file);
/* Gives the file its name. The handle must still be freed. */
WCL_API wcl_status wcl_new_file_finish(wcl_new_file *file, wcl_error *error);
/* NULL is allowed. */
WCL_API void wcl_new_file_free(wcl_new_file *file);

typedef enum wcl_log_level {
    WCL_LOG_ERROR = 0,
    WCL_LOG_WARNING = 1,
    WCL_LOG_INFO = 2,
    WCL_LOG_DEBUG = 3,
} wcl_log_level;

/* How far an operation has got. */
typedef struct wcl_progress {
    const char *operation; /* "import" */
    const char *subject;   /* the current entry or layer, or NULL */
    uint64_t done;         /* bytes of input processed */
    uint64_t total;        /* bytes in all; 0: not known */
    uint64_t entries;      /* entries processed */
} wcl_progress;

/*
 * How a caller watches and cancels what takes long; passed by pointer, and any member may be NULL.
 * The callbacks are made by the thread that made the call. The struct must outlive the call or
 * handle.
 */
typedef struct wcl_hooks {
    size_t struct_size; /* sizeof(wcl_hooks) */
    void *context;      /* passed to the callbacks */
    void (*log)(void *context, wcl_log_level level, const char *message);
    /* Called at least every few tenths of a second; returning true cancels the operation, which
     * undoes what it did and fails with WCL_CODE_CANCELLED. */
    bool (*progress)(void *context, const wcl_progress *progress);
} wcl_hooks;

#define WCL_HOOKS_INIT WCL_STRUCT_INIT(wcl_hooks)

/* ---- Attributes of files --------------------------------------------------------------------- */

/* An extended attribute of a Linux file. */
typedef struct wcl_xattr {
    const char *name; /* with its namespace: "security.capability" */
    const void *value;
    size_t size;
} wcl_xattr;

#ifdef __cplusplus
}
#endif
#endif
