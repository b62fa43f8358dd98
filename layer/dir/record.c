/* The record of an entry, and its extended attributes. */
#include "layer/dir/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cursor.h"
#include "base/error.h"

#define RECORD_VERSION 2
#define ENTRY_SIZE 45
#define XATTR_VALUE_MAX 65536
/* Names of attributes that are listed at once; a file with more has each one asked for. */
#define NAMES_SIZE 1024

const char *const wcl_file_record_field_names[WCL_FILE_RECORD_FIELDS] = {
    "sd", "ea", "reparse", "streams", "name", "target", "posix"
};

void wcl_file_record_free(wcl_file_record *record)
{
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++)
        wcl_buffer_free(&record->fields[i]);
}

void wcl_file_record_clear(wcl_file_record *record)
{
    wcl_file_record cleared = WCL_FILE_RECORD_INIT;

    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++) {
        cleared.fields[i] = record->fields[i];
        wcl_buffer_clear(&cleared.fields[i]);
    }
    *record = cleared;
}

wcl_status wcl_file_record_set(wcl_file_record *record, enum wcl_file_record_field field,
                               const void *data, size_t size, wcl_error *error)
{
    wcl_buffer_clear(&record->fields[field]);
    record->has[field] = true;
    return wcl_buffer_append(&record->fields[field], data, size, error);
}

void wcl_record_set_salt(wcl_file_record *record, const char *path)
{
    uint32_t hash = 2166136261u;

    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619u;
    record->salt = (hash ^ hash >> 15) * 0x85EBCA6Bu;
}

/* ---- What the file looked like -------------------------------------------------------------- */

void wcl_file_record_see(wcl_file_record *record, const struct stat *status)
{
    record->seen = true;
    record->seen_seconds = status->st_mtim.tv_sec;
    record->seen_nanoseconds = (uint32_t)status->st_mtim.tv_nsec;
    record->seen_size = (uint64_t)status->st_size;
}

bool wcl_file_record_is_current(const wcl_file_record *record, const struct stat *status)
{
    return record->seen && record->seen_seconds == status->st_mtim.tv_sec &&
           record->seen_nanoseconds == (uint32_t)status->st_mtim.tv_nsec &&
           record->seen_size == (uint64_t)status->st_size;
}

void wcl_basic_info_from_stat(const struct stat *status, wcl_basic_info *info)
{
    info->last_write_time = wcl_filetime_from_timespec(status->st_mtim);
    info->last_access_time = wcl_filetime_from_timespec(status->st_atim);
    info->creation_time = info->last_write_time;
    info->change_time = info->last_write_time;
}

wcl_status wcl_set_file_times(int fd, const wcl_basic_info *info, wcl_error *error)
{
    struct timespec times[2] = { wcl_filetime_to_timespec(info->last_access_time),
                                 wcl_filetime_to_timespec(info->last_write_time) };

    if (futimens(fd, times) < 0)
        return wcl_fail_errno(error, errno, "cannot set the file's times");
    return WCL_OK;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

static void store_entry(const wcl_file_record *record, uint8_t bytes[ENTRY_SIZE])
{
    wcl_store_le32(bytes, RECORD_VERSION);
    wcl_store_le32(bytes + 4, record->kind);
    wcl_store_le32(bytes + 8, record->flags);
    wcl_store_le32(bytes + 12, record->salt);
    wcl_store_le64(bytes + 16, record->blob);
    bytes[24] = record->seen;
    wcl_store_le64(bytes + 25, (uint64_t)record->seen_seconds);
    wcl_store_le32(bytes + 33, record->seen_nanoseconds);
    wcl_store_le64(bytes + 37, record->seen_size);
}

static wcl_status load_entry(const uint8_t *bytes, size_t size, wcl_file_record *record,
                             wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(bytes, size);
    uint32_t version = wcl_cursor_le32(&cursor);

    record->kind = (wcl_entry_kind)wcl_cursor_le32(&cursor);
    record->flags = wcl_cursor_le32(&cursor);
    record->salt = wcl_cursor_le32(&cursor);
    record->blob = wcl_cursor_le64(&cursor);
    record->seen = wcl_cursor_u8(&cursor) != 0;
    record->seen_seconds = (int64_t)wcl_cursor_le64(&cursor);
    record->seen_nanoseconds = wcl_cursor_le32(&cursor);
    record->seen_size = wcl_cursor_le64(&cursor);
    if (cursor.failed || version != RECORD_VERSION || record->kind < WCL_ENTRY_FILE ||
        record->kind > WCL_ENTRY_FIFO)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the extended attribute user.wcl.entry is damaged or of another version");
    return WCL_OK;
}

/* ---- Extended attributes -------------------------------------------------------------------- */

static bool is_no_room(int number)
{
    return number == EOPNOTSUPP || number == ENOSPC || number == E2BIG || number == ERANGE ||
           number == EPERM || number == EDQUOT;
}

int wcl_set_own_xattr(int fd, const char *name, const void *value, size_t size)
{
    char full[32];

    if (size > XATTR_VALUE_MAX)
        return 0;
    snprintf(full, sizeof(full), "user.wcl.%s", name);
    if (fsetxattr(fd, full, value, size, 0) == 0)
        return 1;
    return is_no_room(errno) ? 0 : -1;
}

void wcl_file_record_remove_xattrs(int fd)
{
    char full[32];

    if (fremovexattr(fd, "user.wcl.entry") < 0)
        return; /* it is the first to be set */
    fremovexattr(fd, "user.wcl.basic");
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++) {
        snprintf(full, sizeof(full), "user.wcl.%s", wcl_file_record_field_names[i]);
        fremovexattr(fd, full);
    }
}

wcl_status wcl_file_record_to_xattrs(const wcl_file_record *record, int fd, bool *fits,
                                     wcl_error *error)
{
    uint8_t entry[ENTRY_SIZE], basic[WCL_BASIC_INFO_SIZE];

    store_entry(record, entry);
    wcl_basic_info_store(&record->info, basic);
    wcl_store_le32(basic + 36, record->salt);
    int result = wcl_set_own_xattr(fd, "entry", entry, sizeof(entry));
    if (result > 0)
        result = wcl_set_own_xattr(fd, "basic", basic, sizeof(basic));
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS && result > 0; i++)
        if (record->has[i])
            result = wcl_set_own_xattr(fd, wcl_file_record_field_names[i], record->fields[i].data,
                                       record->fields[i].size);
    *fits = result > 0;
    if (result < 0)
        return wcl_fail_errno(error, errno, "cannot set an extended attribute");
    if (result == 0)
        wcl_file_record_remove_xattrs(fd);
    return WCL_OK;
}

wcl_status wcl_get_own_xattr(int fd, const char *name, wcl_buffer *value, bool *found,
                             wcl_error *error)
{
    char full[32];

    snprintf(full, sizeof(full), "user.wcl.%s", name);
    wcl_buffer_clear(value);
    *found = false;
    for (size_t room = 256;; room = XATTR_VALUE_MAX) {
        if (wcl_buffer_reserve(value, room, error) != WCL_OK)
            return WCL_FAILED;
        ssize_t size = fgetxattr(fd, full, value->data, room);
        if (size >= 0) {
            value->size = (size_t)size;
            value->data[size] = 0;
            *found = true;
            return WCL_OK;
        }
        if (errno == ENODATA || errno == EOPNOTSUPP)
            return WCL_OK;
        if (errno != ERANGE || room == XATTR_VALUE_MAX)
            return wcl_fail_errno(error, errno, "cannot read the extended attribute %s", full);
    }
}

/* Whether the list of attribute names, as flistxattr() gives it, has user.wcl.`field`. */
static bool is_listed(const char *list, size_t size, const char *field)
{
    const size_t prefix = strlen("user.wcl.");

    for (size_t at = 0; at < size; at += strlen(list + at) + 1)
        if (strncmp(list + at, "user.wcl.", prefix) == 0 && strcmp(list + at + prefix, field) == 0)
            return true;
    return false;
}

wcl_status wcl_file_record_from_xattrs(int fd, wcl_file_record *record, bool *found,
                                       wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer value = WCL_BUFFER_INIT;
    char list[NAMES_SIZE + 1];
    bool has_basic;

    wcl_file_record_clear(record);
    *found = false;
    ssize_t listed = flistxattr(fd, list, NAMES_SIZE);
    bool is_complete = listed >= 0 || errno == EOPNOTSUPP;
    size_t list_size = listed > 0 ? (size_t)listed : 0;
    list[list_size] = '\0';
    if (is_complete && !is_listed(list, list_size, "entry"))
        return WCL_OK;
    if (wcl_get_own_xattr(fd, "entry", &value, found, error) != WCL_OK)
        return WCL_FAILED;
    if (!*found)
        return WCL_OK;
    if (load_entry(value.data, value.size, record, error) != WCL_OK ||
        wcl_get_own_xattr(fd, "basic", &value, &has_basic, error) != WCL_OK)
        return WCL_FAILED;
    if (!has_basic || !wcl_basic_info_load(value.data, value.size, &record->info))
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the extended attribute user.wcl.basic is missing or damaged");
    for (int i = 0; i < WCL_FILE_RECORD_FIELDS; i++)
        if ((!is_complete || is_listed(list, list_size, wcl_file_record_field_names[i])) &&
            wcl_get_own_xattr(fd, wcl_file_record_field_names[i], &record->fields[i],
                              &record->has[i], error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
