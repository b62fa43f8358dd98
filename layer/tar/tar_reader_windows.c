/* Entries of a Windows layer's tar. */
#include "layer/tar/tar_reader.h"

#include "base/error.h"

static wcl_status read_attributes(const wcl_tar_entry *tar, uint32_t *attributes, wcl_error *error)
{
    const wcl_pax_record *record = wcl_pax_records_find(tar->records, WCL_PAX_ATTRIBUTES);
    uint64_t value;

    *attributes = tar->type == WCL_TAR_DIRECTORY ? WCL_ATTRIBUTE_DIRECTORY : 0;
    if (!record)
        return WCL_OK;
    if (wcl_pax_record_u64(record, &value, error) != WCL_OK)
        return WCL_FAILED;
    if (value > UINT32_MAX)
        return wcl_fail(error, WCL_CODE_INVALID_DATA,
                        "the pax record " WCL_PAX_ATTRIBUTES " is more than 32 bits can hold");
    *attributes = (uint32_t)value;
    return WCL_OK;
}

static wcl_status read_info(const wcl_tar_entry *tar, wcl_basic_info *info, wcl_error *error)
{
    const wcl_pax_record *record = wcl_pax_records_find(tar->records, WCL_PAX_CREATION_TIME);
    struct timespec created = tar->modified;

    if (record && wcl_pax_record_time(record, &created, error) != WCL_OK)
        return WCL_FAILED;
    info->creation_time = wcl_filetime_from_timespec(created);
    info->last_write_time = wcl_filetime_from_timespec(tar->modified);
    info->last_access_time =
        wcl_filetime_from_timespec(tar->has_accessed ? tar->accessed : tar->modified);
    info->change_time = wcl_filetime_from_timespec(tar->has_changed ? tar->changed : tar->modified);
    return read_attributes(tar, &info->attributes, error);
}

static wcl_status set_kind(const wcl_tar_reader *reader, wcl_entry *entry, wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;
    bool is_folder = (entry->info.attributes & WCL_ATTRIBUTE_DIRECTORY) != 0;

    switch (tar->type) {
    case WCL_TAR_DIRECTORY:
        entry->kind = WCL_ENTRY_DIRECTORY;
        return WCL_OK;
    case WCL_TAR_SYMLINK:
        entry->kind = is_folder ? WCL_ENTRY_DIRECTORY : WCL_ENTRY_FILE;
        return WCL_OK;
    case WCL_TAR_FILE:
        entry->kind = WCL_ENTRY_FILE;
        if (is_folder)
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "the entry is a file but its attributes are those of a folder");
        return WCL_OK;
    default:
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the entry is a device or FIFO, which a Windows layer cannot have");
    }
}

wcl_status wcl_tar_reader_describe_windows(wcl_tar_reader *reader, wcl_entry *entry,
                                           wcl_error *error)
{
    const wcl_tar_entry *tar = reader->tar_entry;
    const char *link = tar->type == WCL_TAR_SYMLINK ? tar->link : NULL;

    if (read_info(tar, &entry->info, error) != WCL_OK)
        return WCL_FAILED;
    if (entry->kind == WCL_ENTRY_HARD_LINK)
        return WCL_OK;
    if (set_kind(reader, entry, error) != WCL_OK)
        return WCL_FAILED;
    if (link && memchr(link, '\0', tar->link_size))
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the target of the link has a NUL in it");
    if (wcl_win_metadata_read(&reader->metadata, tar->records, link, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tar_reader_make_streams(reader, entry, error);
}
