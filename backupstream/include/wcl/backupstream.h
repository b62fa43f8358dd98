/*
 * wcl/backupstream.h - Win32 backup streams (what BackupRead gives and BackupWrite takes) and what
 * is in them: security descriptors and SDDL, extended attributes, reparse points.
 *
 * A backup stream is a sequence of streams of one file, each a header and its bytes. All three
 * codecs below work in constant memory on streams of any size. They trust no length in their input.
 */
#ifndef WCL_BACKUPSTREAM_H
#define WCL_BACKUPSTREAM_H

#include <wcl/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Stream headers ------------------------------------------------------------------------- */

/* The kinds of stream (WIN32_STREAM_ID.dwStreamId). */
enum wcl_backup_id {
    WCL_BACKUP_DATA = 1,           /* the unnamed data stream */
    WCL_BACKUP_EA_DATA = 2,        /* extended attributes */
    WCL_BACKUP_SECURITY_DATA = 3,  /* a self-relative security descriptor */
    WCL_BACKUP_ALTERNATE_DATA = 4, /* a named data stream, ":name:$DATA" */
    WCL_BACKUP_LINK = 5,
    WCL_BACKUP_PROPERTY_DATA = 6,
    WCL_BACKUP_OBJECT_ID = 7,
    WCL_BACKUP_REPARSE_DATA = 8,
    WCL_BACKUP_SPARSE_BLOCK = 9, /* one allocated range of the data stream before it */
    WCL_BACKUP_TXFS_DATA = 10,
};

/* Attributes of a stream (WIN32_STREAM_ID.dwStreamAttributes). */
#define WCL_STREAM_MODIFIED_WHEN_READ 1u
#define WCL_STREAM_CONTAINS_SECURITY 2u
#define WCL_STREAM_CONTAINS_PROPERTIES 4u
#define WCL_STREAM_SPARSE 8u

/* Bytes of a header without its name. */
#define WCL_BACKUP_HEADER_SIZE 20
/* The longest name accepted, in bytes of UTF-16LE: a stream name of 255 units with ":" and
 * ":$DATA", with room to spare. */
#define WCL_BACKUP_NAME_MAX 1024

typedef struct wcl_backup_header {
    uint32_t id;         /* enum wcl_backup_id */
    uint32_t attributes; /* WCL_STREAM_... */
    uint64_t size;       /* bytes of data; for a sparse block without the 8 bytes of its offset */
    uint64_t offset;     /* of a sparse block: where in the file its data belongs */
    const char *name;    /* WTF-8; "" where the stream has none; the codecs never give NULL */
} wcl_backup_header;

/* ---- Reading (pull) ------------------------------------------------------------------------- */

/* go-winio's BackupStreamReader: splits a backup stream into its streams as it is read. */
typedef struct wcl_backup_reader wcl_backup_reader;

/* A reader of what `read` gives. Freed with wcl_backup_reader_free(). */
WCL_API wcl_status wcl_backup_reader_new(wcl_read_fn read, void *context,
                                         wcl_backup_reader **reader, wcl_error *error);

/*
 * Goes to the next stream, skipping what is unread of the previous one. WCL_END after the last.
 * `header->name` stays valid until the next call. Input that ends inside a stream fails with
 * WCL_CODE_TRUNCATED, an impossible header with WCL_CODE_INVALID_DATA, each naming the offset.
 */
WCL_API wcl_status wcl_backup_reader_next(wcl_backup_reader *reader, wcl_backup_header *header,
                                          wcl_error *error);

/* Up to `size` bytes of the stream's data; `*got` is 0 at its end. */
WCL_API wcl_status wcl_backup_reader_read(wcl_backup_reader *reader, void *buffer, size_t size,
                                          size_t *got, wcl_error *error);
WCL_API void wcl_backup_reader_free(wcl_backup_reader *reader);

/* ---- Reading (push) ------------------------------------------------------------------------- */

/* The same for a caller that gets the bytes in pieces. */
typedef struct wcl_backup_decoder wcl_backup_decoder;

typedef struct wcl_backup_events {
    /* A stream begins. `header->name` is valid during the call only. */
    wcl_status (*header)(void *context, const wcl_backup_header *header, wcl_error *error);
    /* Some of its data; `size` is not 0. */
    wcl_status (*data)(void *context, const void *data, size_t size, wcl_error *error);
} wcl_backup_events;

WCL_API wcl_status wcl_backup_decoder_new(const wcl_backup_events *events, void *context,
                                          wcl_backup_decoder **decoder, wcl_error *error);
WCL_API wcl_status wcl_backup_decoder_write(wcl_backup_decoder *decoder, const void *data,
                                            size_t size, wcl_error *error);
/* Says that the stream ends here (an error within a header or data) and prepares for another. */
WCL_API wcl_status wcl_backup_decoder_finish(wcl_backup_decoder *decoder, wcl_error *error);
WCL_API void wcl_backup_decoder_free(wcl_backup_decoder *decoder);

/* ---- Writing -------------------------------------------------------------------------------- */

/* go-winio's BackupStreamWriter: makes a backup stream, passing its bytes to `write`. */
typedef struct wcl_backup_writer wcl_backup_writer;

WCL_API wcl_status wcl_backup_writer_new(wcl_write_fn write, void *context,
                                         wcl_backup_writer **writer, wcl_error *error);
/* Begins a stream; the previous one must be complete. A NULL name means none. */
WCL_API wcl_status wcl_backup_writer_header(wcl_backup_writer *writer,
                                            const wcl_backup_header *header, wcl_error *error);
/* Data of the stream; more than its header announced is an error. */
WCL_API wcl_status wcl_backup_writer_write(wcl_backup_writer *writer, const void *data, size_t size,
                                           wcl_error *error);
/* Checks that the last stream is complete. */
WCL_API wcl_status wcl_backup_writer_finish(wcl_backup_writer *writer, wcl_error *error);
WCL_API void wcl_backup_writer_free(wcl_backup_writer *writer);

/* The bytes of one header: WCL_BACKUP_HEADER_SIZE, the name, and a sparse block's offset. `*size`
 * is their number; the buffer must hold WCL_BACKUP_ENCODED_MAX bytes. */
#define WCL_BACKUP_ENCODED_MAX (WCL_BACKUP_HEADER_SIZE + WCL_BACKUP_NAME_MAX + 8)
WCL_API wcl_status wcl_backup_header_encode(const wcl_backup_header *header, uint8_t *buffer,
                                            size_t *size, wcl_error *error);

/* ---- Security descriptors ------------------------------------------------------------------- */

/* Bytes of the largest security descriptor that Windows keeps. */
#define WCL_SD_MAX 65536

/* Control bits (SECURITY_DESCRIPTOR_CONTROL) that callers may need. */
#define WCL_SD_DACL_PRESENT 0x0004u
#define WCL_SD_SACL_PRESENT 0x0010u
#define WCL_SD_DACL_AUTO_INHERIT_REQUIRED 0x0100u
#define WCL_SD_SACL_AUTO_INHERIT_REQUIRED 0x0200u
#define WCL_SD_DACL_AUTO_INHERITED 0x0400u
#define WCL_SD_SACL_AUTO_INHERITED 0x0800u
#define WCL_SD_DACL_PROTECTED 0x1000u
#define WCL_SD_SACL_PROTECTED 0x2000u
#define WCL_SD_SELF_RELATIVE 0x8000u

/* A part of a security descriptor: NULL and 0 where it is absent. Points into the descriptor. */
typedef struct wcl_sd_part {
    const uint8_t *data;
    size_t size;
} wcl_sd_part;

/* The parts of a security descriptor. A DACL that is present without data is a null DACL. */
typedef struct wcl_sd {
    uint16_t control; /* WCL_SD_... */
    uint8_t resource_manager_control;
    wcl_sd_part owner; /* a SID */
    wcl_sd_part group; /* a SID */
    wcl_sd_part sacl;  /* an ACL */
    wcl_sd_part dacl;  /* an ACL */
} wcl_sd;

/*
 * Checks all of a self-relative security descriptor (offsets, SIDs, ACLs, every ACE) and gives its
 * parts. Fails with WCL_CODE_BAD_SECURITY_DESCRIPTOR, _BAD_ACL or _BAD_SID and says where.
 */
WCL_API wcl_status wcl_sd_parse(const void *descriptor, size_t size, wcl_sd *sd, wcl_error *error);

/* Builds a self-relative descriptor: owner, group, SACL, DACL in that order after the header, as
 * Windows lays it out. SELF_RELATIVE is set. Freed with wcl_free(). */
WCL_API wcl_status wcl_sd_build(const wcl_sd *sd, void **descriptor, size_t *size,
                                wcl_error *error);

/*
 * The descriptor as SDDL ([MS-DTYP] 2.5.1), as ConvertSecurityDescriptorToStringSecurityDescriptor
 * writes it. An ACE that SDDL cannot express (an unknown type, bytes after the SID) fails with
 * WCL_CODE_NOT_SUPPORTED; a null DACL becomes "D:NO_ACCESS_CONTROL". Freed with wcl_free().
 */
WCL_API wcl_status wcl_sd_to_sddl(const void *descriptor, size_t size, char **sddl,
                                  wcl_error *error);

/*
 * The self-relative descriptor that SDDL stands for. Errors name the character. Aliases of a
 * domain's accounts (DA, DU, LA, ...) stand for those of the domain 0-0-0, and NO_ACCESS_CONTROL
 * for an ACL without entries, so that access is denied where the text leaves doubt.
 */
WCL_API wcl_status wcl_sd_from_sddl(const char *sddl, void **descriptor, size_t *size,
                                    wcl_error *error);

/* ---- Extended attributes -------------------------------------------------------------------- */

/* The most bytes an EA list can have on NTFS. */
#define WCL_EA_MAX 65536

/* One extended attribute. */
typedef struct wcl_ea {
    const char *name; /* as stored, without a NUL inside; NTFS keeps it in upper case */
    uint8_t flags;    /* 0x80: needed to interpret the file */
    const uint8_t *value;
    uint16_t value_size;
} wcl_ea;

/*
 * Walks a FILE_FULL_EA_INFORMATION list: `*position` starts at 0 and is advanced; WCL_END after the
 * last. Names and values point into the list. Fails with WCL_CODE_BAD_EA.
 */
WCL_API wcl_status wcl_ea_next(const void *list, size_t size, size_t *position, wcl_ea *ea,
                               wcl_error *error);

/* Builds a list of `count` attributes, each entry (the last too) padded to 4 bytes. Freed with
 * wcl_free(). */
WCL_API wcl_status wcl_ea_build(const wcl_ea *eas, size_t count, void **list, size_t *size,
                                wcl_error *error);

/* ---- Reparse points ------------------------------------------------------------------------- */

#define WCL_REPARSE_TAG_MOUNT_POINT 0xA0000003u
#define WCL_REPARSE_TAG_SYMLINK 0xA000000Cu
/* Bytes of the largest REPARSE_DATA_BUFFER (with its header). */
#define WCL_REPARSE_MAX (16384 + 24)

/* A symbolic link or mount point. */
typedef struct wcl_reparse_link {
    bool is_mount_point;
    bool is_relative; /* a symbolic link's flag */
    char *target; /* as a person spells it: the print name, else the substitute name without \??\
                     (\\?\ where it is not a path on a drive) */
} wcl_reparse_link;

/* Checks the header of a REPARSE_DATA_BUFFER (with its length field) and gives its tag. */
WCL_API wcl_status wcl_reparse_tag(const void *data, size_t size, uint32_t *tag, wcl_error *error);

/*
 * Decodes a link. Other tags fail with WCL_CODE_NOT_SUPPORTED, damaged ones with
 * WCL_CODE_BAD_REPARSE_DATA. `link->target` is freed with wcl_free().
 */
WCL_API wcl_status wcl_reparse_decode_link(const void *data, size_t size, wcl_reparse_link *link,
                                           wcl_error *error);

/*
 * Makes the REPARSE_DATA_BUFFER of a link to `target` as go-winio does: the substitute name by the
 * rules of Windows (\\?\X, \\server\share, C:\x, else relative), the target as the print name.
 */
WCL_API wcl_status wcl_reparse_encode_link(const char *target, bool is_mount_point, void **data,
                                           size_t *size, wcl_error *error);

#ifdef _WIN32
/* ---- Files on Windows ----------------------------------------------------------------------- */

/*
 * go-winio's BackupFileReader: a file's backup stream, as BackupRead() gives it. `file` is a HANDLE
 * that was opened with FILE_FLAG_BACKUP_SEMANTICS; it stays the caller's and must outlive the
 * reader. With `security` the stream begins with the security descriptor, which requires a handle
 * with ACCESS_SYSTEM_SECURITY.
 */
typedef struct wcl_backup_file_reader wcl_backup_file_reader;
WCL_API wcl_status wcl_backup_file_reader_new(void *file, bool security,
                                              wcl_backup_file_reader **reader, wcl_error *error);
/* A wcl_read_fn whose context is the reader: up to `size` bytes; `*got` is 0 at the end. */
WCL_API wcl_status wcl_backup_file_reader_read(void *reader, void *buffer, size_t size, size_t *got,
                                               wcl_error *error);
WCL_API void wcl_backup_file_reader_free(wcl_backup_file_reader *reader);

/* go-winio's BackupFileWriter: gives a file what a backup stream says, through BackupWrite(). With
 * `security` its security descriptor too. */
typedef struct wcl_backup_file_writer wcl_backup_file_writer;
WCL_API wcl_status wcl_backup_file_writer_new(void *file, bool security,
                                              wcl_backup_file_writer **writer, wcl_error *error);
/* A wcl_write_fn whose context is the writer: takes all `size` bytes. */
WCL_API wcl_status wcl_backup_file_writer_write(void *writer, const void *data, size_t size,
                                                wcl_error *error);
WCL_API void wcl_backup_file_writer_free(wcl_backup_file_writer *writer);

/*
 * go-winio's EnableProcessPrivileges: lets this process back up and restore files whatever their
 * security says (SeBackupPrivilege, SeRestorePrivilege), which reading and writing layers requires.
 * Fails with code 1300 (ERROR_NOT_ALL_ASSIGNED) where the user does not have them.
 */
WCL_API wcl_status wcl_enable_backup_privileges(wcl_error *error);
#endif

#ifdef __cplusplus
}
#endif
#endif
