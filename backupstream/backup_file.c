/* Backup streams of files on Windows: BackupRead and BackupWrite. */
#include <wcl/backupstream.h>

#include <stdlib.h>
#include <windows.h>

#include "base/error.h"
#include "platform/windows/win32_error.h"

/* Bytes asked of the system at a time, whose counts are 32 bits wide. */
#define PIECE_MAX (1u << 30)

struct wcl_backup_file_reader {
    HANDLE file;
    BOOL security;
    void *context; /* the system's, made by its first call */
};

struct wcl_backup_file_writer {
    HANDLE file;
    BOOL security;
    void *context;
};

wcl_status wcl_backup_file_reader_new(void *file, bool security, wcl_backup_file_reader **reader,
                                      wcl_error *error)
{
    *reader = calloc(1, sizeof(**reader));
    if (!*reader)
        return wcl_fail_memory(error);
    (*reader)->file = file;
    (*reader)->security = security;
    return WCL_OK;
}

wcl_status wcl_backup_file_reader_read(void *context, void *buffer, size_t size, size_t *got,
                                       wcl_error *error)
{
    wcl_backup_file_reader *reader = context;
    DWORD asked = size < PIECE_MAX ? (DWORD)size : PIECE_MAX;
    DWORD given = 0;

    *got = 0;
    if (!BackupRead(reader->file, buffer, asked, &given, FALSE, reader->security, &reader->context))
        return wcl_fail_win32(error, GetLastError(), "BackupRead failed");
    *got = given;
    return WCL_OK;
}

void wcl_backup_file_reader_free(wcl_backup_file_reader *reader)
{
    DWORD given;

    if (reader && reader->context)
        BackupRead(reader->file, NULL, 0, &given, TRUE, FALSE, &reader->context);
    free(reader);
}

wcl_status wcl_backup_file_writer_new(void *file, bool security, wcl_backup_file_writer **writer,
                                      wcl_error *error)
{
    *writer = calloc(1, sizeof(**writer));
    if (!*writer)
        return wcl_fail_memory(error);
    (*writer)->file = file;
    (*writer)->security = security;
    return WCL_OK;
}

wcl_status wcl_backup_file_writer_write(void *context, const void *data, size_t size,
                                        wcl_error *error)
{
    wcl_backup_file_writer *writer = context;
    const uint8_t *bytes = data;

    while (size) {
        DWORD piece = size < PIECE_MAX ? (DWORD)size : PIECE_MAX;
        DWORD taken = 0;
        if (!BackupWrite(writer->file, (BYTE *)bytes, piece, &taken, FALSE, writer->security,
                         &writer->context))
            return wcl_fail_win32(error, GetLastError(), "BackupWrite failed");
        if (taken != piece)
            return wcl_fail(error, WCL_CODE_IO, "BackupWrite took %lu of %lu bytes",
                            (unsigned long)taken, (unsigned long)piece);
        bytes += piece;
        size -= piece;
    }
    return WCL_OK;
}

void wcl_backup_file_writer_free(wcl_backup_file_writer *writer)
{
    DWORD taken;

    if (writer && writer->context)
        BackupWrite(writer->file, NULL, 0, &taken, TRUE, FALSE, &writer->context);
    free(writer);
}
