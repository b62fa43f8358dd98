/* What changed in a sandbox of a Linux layer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <wcl/backupstream.h>

#include "base/error.h"
#include "base/list.h"
#include "layer/entry/entry.h"
#include "layer/store/sandbox/sandbox_read.h"

/* ---- Attributes ----------------------------------------------------------------------------- */

/* What is of the mount, of the index or of this host, and not the layer's. */
static bool is_foreign(const char *name)
{
    return strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "trusted.wcl.", 12) == 0 ||
           strcmp(name, "security.selinux") == 0;
}

static wcl_status take_value(wcl_sandbox_reader *reader, int folder, const char *name,
                             const char *xattr, wcl_entry *entry, wcl_error *error)
{
    wcl_status status = wcl_upper_xattr(folder, name, xattr, &reader->value, error);

    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : WCL_FAILED;
    if (WCL_LIST_RESERVE(reader->xattrs, entry->xattr_count, reader->xattr_capacity, error) !=
        WCL_OK)
        return WCL_FAILED;
    reader->xattrs[entry->xattr_count++] = (wcl_xattr) { xattr, NULL, reader->value.size };
    return wcl_buffer_append(&reader->values, reader->value.data, reader->value.size, error);
}

static wcl_status take_xattrs(wcl_sandbox_reader *reader, int folder, const char *name,
                              wcl_entry *entry, wcl_error *error)
{
    size_t offset = 0;

    wcl_buffer_clear(&reader->names);
    wcl_buffer_clear(&reader->values);
    if (wcl_upper_xattr_names(folder, name, &reader->names, error) != WCL_OK)
        return WCL_FAILED;
    const char *end = wcl_buffer_text(&reader->names) + reader->names.size;
    for (const char *at = wcl_buffer_text(&reader->names); at < end; at += strlen(at) + 1)
        if (!is_foreign(at) && take_value(reader, folder, name, at, entry, error) != WCL_OK)
            return WCL_FAILED;
    for (size_t i = 0; i < entry->xattr_count; i++) {
        reader->xattrs[i].value = reader->values.data + offset;
        offset += reader->xattrs[i].size;
    }
    entry->xattrs = reader->xattrs;
    return WCL_OK;
}

/* ---- Entries -------------------------------------------------------------------------------- */

static wcl_status read_target(wcl_sandbox_reader *reader, int folder, const char *name,
                              wcl_entry *entry, wcl_error *error)
{
    size_t size = (size_t)reader->file.info.st_size;

    wcl_buffer_clear(&reader->target);
    if (wcl_buffer_reserve(&reader->target, size + 1, error) != WCL_OK)
        return WCL_FAILED;
    ssize_t got = readlinkat(folder, name, (char *)reader->target.data, size + 1);
    if (got < 0)
        return wcl_fail_errno(error, errno, "cannot read the symbolic link");
    reader->target.size = (size_t)got;
    reader->target.data[got] = 0;
    entry->target = wcl_buffer_text(&reader->target);
    return WCL_OK;
}

static wcl_status sandbox_linux_add_data(wcl_sandbox_reader *reader, int folder, const char *name,
                                         wcl_entry *entry, wcl_error *error)
{
    wcl_status status = wcl_upper_open_data(folder, name, &reader->data, error);

    if (status != WCL_OK)
        return status;
    entry->size = (uint64_t)reader->file.info.st_size;
    if (wcl_pieces_add_header(&reader->pieces, WCL_BACKUP_DATA, 0, NULL, entry->size, error) !=
        WCL_OK)
        return WCL_FAILED;
    return wcl_pieces_add_file(&reader->pieces, reader->data, 0, entry->size, error);
}

wcl_status wcl_sandbox_describe_linux(wcl_sandbox_reader *reader, int folder, const char *name,
                                      wcl_entry *entry, wcl_error *error)
{
    const struct stat *info = &reader->file.info;

    entry->kind = wcl_entry_kind_of_mode(info->st_mode);
    entry->flags = WCL_ENTRY_IN_ORDER;
    entry->has_posix = true;
    entry->mode = info->st_mode & 07777;
    entry->uid = info->st_uid;
    entry->gid = info->st_gid;
    entry->modified = info->st_mtim;
    wcl_basic_info_set_times(&entry->info, info->st_mtim);
    entry->info.attributes = S_ISDIR(info->st_mode) ? WCL_ATTRIBUTE_DIRECTORY : 0;
    if (S_ISCHR(info->st_mode) || S_ISBLK(info->st_mode)) {
        entry->device_major = major(info->st_rdev);
        entry->device_minor = minor(info->st_rdev);
    }
    if (take_xattrs(reader, folder, name, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISREG(info->st_mode))
        return sandbox_linux_add_data(reader, folder, name, entry, error);
    if (S_ISLNK(info->st_mode))
        return read_target(reader, folder, name, entry, error);
    return WCL_OK;
}
