/* Tar headers as Go's archive/tar writes them. */
#include "layer/tar/pax_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

/* A ustar header as it lies in a tar. */
typedef struct ustar_disk {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char uname[32];
    char gname[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char padding[12];
} ustar_disk;

_Static_assert(sizeof(ustar_disk) == WCL_TAR_BLOCK_SIZE, "a header is one block");

/* The records that an entry needs because ustar cannot hold them. */
typedef struct needed {
    wcl_pax_records records;
    bool no_ustar; /* a field does not fit into ustar */
    bool prefers_pax;
    char size[24];
    char uid[24];
    char gid[24];
    char modified[WCL_PAX_TIME_SIZE];
    char accessed[WCL_PAX_TIME_SIZE];
    char changed[WCL_PAX_TIME_SIZE];
} needed;

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static bool fits_octal(size_t field_size, uint64_t value)
{
    return value < UINT64_C(1) << (field_size - 1) * 3;
}

/* Where to split a long name between ustar's prefix and name: the length of the prefix, or 0. */
static size_t split_point(const char *name)
{
    const ustar_disk *ustar = NULL;
    size_t size = strlen(name);
    size_t limit = size;

    if (size <= sizeof(ustar->name) || !is_ascii(name))
        return 0;
    if (limit > sizeof(ustar->prefix) + 1)
        limit = sizeof(ustar->prefix) + 1;
    else if (name[limit - 1] == '/')
        limit--;
    const char *slash = memrchr(name, '/', limit);
    if (!slash || slash == name)
        return 0;
    size_t prefix = (size_t)(slash - name);
    size_t rest = size - prefix - 1;
    return rest > 0 && rest <= sizeof(ustar->name) && prefix <= sizeof(ustar->prefix) ? prefix : 0;
}

static wcl_status need(needed *need, const char *key, const char *value, wcl_error *error)
{
    wcl_pax_record record = {
        .key = key, .key_size = strlen(key), .value = value, .value_size = strlen(value)
    };
    return wcl_pax_records_add(&need->records, &record, error);
}

static wcl_status check_number(needed *needs, uint64_t value, size_t field_size, const char *key,
                               char text[24], wcl_error *error)
{
    if (fits_octal(field_size, value))
        return WCL_OK;
    needs->no_ustar = true;
    snprintf(text, 24, "%" PRIu64, value);
    return need(needs, key, text, error);
}

static wcl_status check_texts(needed *needs, const wcl_tar_header *header, wcl_error *error)
{
    const ustar_disk *ustar = NULL;

    if (!is_ascii(header->name) || strlen(header->name) > sizeof(ustar->name)) {
        if (split_point(header->name) == 0)
            needs->no_ustar = true;
        if (need(needs, "path", header->name, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (!header->link || (is_ascii(header->link) && strlen(header->link) <= sizeof(ustar->link)))
        return WCL_OK;
    needs->no_ustar = true;
    return need(needs, "linkpath", header->link, error);
}

static wcl_status check_times(needed *needs, const wcl_tar_header *header, wcl_error *error)
{
    const ustar_disk *ustar = NULL;
    struct timespec modified = header->modified;
    bool fits = modified.tv_sec >= 0 && fits_octal(sizeof(ustar->mtime), (uint64_t)modified.tv_sec);

    if (header->has_modified && !fits)
        needs->no_ustar = true;
    if (header->has_modified && (!fits || modified.tv_nsec)) {
        needs->prefers_pax = true;
        wcl_pax_time_format(modified, needs->modified);
        if (need(needs, "mtime", needs->modified, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (header->has_accessed) {
        needs->no_ustar = true;
        wcl_pax_time_format(header->accessed, needs->accessed);
        if (need(needs, "atime", needs->accessed, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (!header->has_changed)
        return WCL_OK;
    needs->no_ustar = true;
    wcl_pax_time_format(header->changed, needs->changed);
    return need(needs, "ctime", needs->changed, error);
}

static wcl_status check_header(needed *needs, const wcl_tar_header *header, wcl_error *error)
{
    const ustar_disk *ustar = NULL;
    bool is_link = header->type == '1' || header->type == '2' || header->type == '5';
    size_t size = strlen(header->name);

    if (!is_link && size > 0 && header->name[size - 1] == '/')
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the name of a file ends in a slash");
    if (!fits_octal(sizeof(ustar->mode), header->mode) ||
        !fits_octal(sizeof(ustar->device_major), header->device_major) ||
        !fits_octal(sizeof(ustar->device_minor), header->device_minor))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "mode %o or device number %u,%u is more than a tar can hold", header->mode,
                        header->device_major, header->device_minor);
    if (check_texts(needs, header, error) != WCL_OK ||
        check_number(needs, header->uid, sizeof(ustar->uid), "uid", needs->uid, error) != WCL_OK ||
        check_number(needs, header->gid, sizeof(ustar->gid), "gid", needs->gid, error) != WCL_OK ||
        check_number(needs, header->size, sizeof(ustar->size), "size", needs->size, error) !=
            WCL_OK)
        return WCL_FAILED;
    return check_times(needs, header, error);
}

/* Adds the caller's own records. */
static wcl_status add_records(needed *needs, const wcl_pax_record *records, size_t count,
                              wcl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const wcl_pax_record *record = &records[i];
        if (record->key_size == 0 || memchr(record->key, '=', record->key_size) ||
            memchr(record->key, '\0', record->key_size))
            return wcl_fail(error, WCL_CODE_INVALID_NAME,
                            "'%.*s' cannot be the key of a pax record",
                            record->key_size > 100 ? 100 : (int)record->key_size, record->key);
        if (wcl_pax_records_add(&needs->records, record, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static void put_octal(char *field, size_t field_size, uint64_t value)
{
    if (!fits_octal(field_size, value))
        value = 0;
    snprintf(field, field_size, "%0*" PRIo64, (int)field_size - 1, value);
}

/*
 * Puts in the ASCII characters of `text`, as many as fit. A cut that leaves a slash at the end
 * would make some readers take a file for a folder, so the slashes there end the text.
 */
static void pax_write_put_text(char *field, size_t field_size, const char *text)
{
    size_t size = 0;

    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            continue;
        if (size < field_size)
            field[size] = *text;
        size++;
    }
    if (size <= field_size || field[field_size - 1] != '/')
        return;
    size = field_size;
    while (size > 0 && field[size - 1] == '/')
        size--;
    field[size] = '\0';
}

/* Completes the block by magic and checksum and appends it. */
static wcl_status append_block(ustar_disk *block, wcl_buffer *out, wcl_error *error)
{
    const uint8_t *bytes = (const uint8_t *)block;
    unsigned sum = 0;

    memcpy(block->magic, "ustar", 6);
    memcpy(block->version, "00", 2);
    memset(block->checksum, ' ', sizeof(block->checksum));
    for (size_t i = 0; i < sizeof(*block); i++)
        sum += bytes[i];
    put_octal(block->checksum, sizeof(block->checksum) - 1, sum);
    return wcl_buffer_append(out, block, sizeof(*block), error);
}

static wcl_status append_main(const wcl_tar_header *header, bool as_ustar, wcl_buffer *out,
                              wcl_error *error)
{
    ustar_disk block = { .type = header->type };
    size_t prefix = as_ustar ? split_point(header->name) : 0;
    int64_t seconds = header->has_modified ? header->modified.tv_sec : 0;

    if (prefix > 0)
        memcpy(block.prefix, header->name, prefix);
    pax_write_put_text(block.name, sizeof(block.name),
                       prefix ? header->name + prefix + 1 : header->name);
    if (header->link)
        pax_write_put_text(block.link, sizeof(block.link), header->link);
    put_octal(block.mode, sizeof(block.mode), header->mode);
    put_octal(block.uid, sizeof(block.uid), header->uid);
    put_octal(block.gid, sizeof(block.gid), header->gid);
    put_octal(block.size, sizeof(block.size), header->size);
    put_octal(block.mtime, sizeof(block.mtime), seconds < 0 ? 0 : (uint64_t)seconds);
    put_octal(block.device_major, sizeof(block.device_major), header->device_major);
    put_octal(block.device_minor, sizeof(block.device_minor), header->device_minor);
    return append_block(&block, out, error);
}

/* Makes of `path` its shortest equal: no empty, "." or ".." components that could go. */
static wcl_status append_clean(const char *path, wcl_buffer *out, wcl_error *error)
{
    bool rooted = *path == '/';
    size_t base = 0; /* what ".." cannot take away */

    wcl_buffer_clear(out);
    for (const char *at = path; *at;) {
        size_t size = strcspn(at, "/");
        bool is_up = size == 2 && at[0] == '.' && at[1] == '.';
        bool is_self = size == 0 || (size == 1 && at[0] == '.');
        if (is_up && out->size > base) {
            const char *slash = memrchr(out->data, '/', out->size);
            out->size = slash ? (size_t)(slash - (const char *)out->data) : 0;
            out->data[out->size] = '\0';
        } else if (!is_self && !(is_up && rooted)) {
            if ((rooted || out->size > 0) && wcl_buffer_append_byte(out, '/', error) != WCL_OK)
                return WCL_FAILED;
            if (wcl_buffer_append(out, at, size, error) != WCL_OK)
                return WCL_FAILED;
            if (is_up)
                base = out->size;
        }
        at += size + (at[size] == '/');
    }
    return out->size > 0 ? WCL_OK : wcl_buffer_append_byte(out, rooted ? '/' : '.', error);
}

/* Makes the name that Go gives the extended header of `name`. */
static wcl_status extension_name(const char *name, wcl_buffer *out, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer joined = WCL_BUFFER_INIT;
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;

    if (wcl_buffer_append(&joined, name, (size_t)(base - name), error) != WCL_OK ||
        wcl_buffer_append_text(&joined, slash ? "/PaxHeaders.0/" : "PaxHeaders.0/", error) !=
            WCL_OK ||
        wcl_buffer_append_text(&joined, base, error) != WCL_OK)
        return WCL_FAILED;
    return append_clean(wcl_buffer_text(&joined), out, error);
}

static int compare_records(const void *a, const void *b)
{
    const wcl_pax_record *first = a;
    const wcl_pax_record *second = b;
    size_t shorter = first->key_size < second->key_size ? first->key_size : second->key_size;
    int order = memcmp(first->key, second->key, shorter);
    return order ? order
                 : (first->key_size > second->key_size) - (first->key_size < second->key_size);
}

static wcl_status append_extension(const char *name, wcl_pax_records *records, wcl_buffer *out,
                                   wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer data = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer own_name = WCL_BUFFER_INIT;
    ustar_disk block = { .type = 'x' };

    qsort(records->items, records->count, sizeof(records->items[0]), compare_records);
    for (size_t i = 0; i < records->count; i++)
        if (wcl_pax_record_append(&records->items[i], &data, error) != WCL_OK)
            return WCL_FAILED;
    if (data.size > WCL_TAR_PAX_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the extended header would be of %zu bytes, over the limit of %d",
                        data.size, WCL_TAR_PAX_MAX);
    if (extension_name(name, &own_name, error) != WCL_OK)
        return WCL_FAILED;
    pax_write_put_text(block.name, sizeof(block.name), wcl_buffer_text(&own_name));
    size_t length = strnlen(block.name, sizeof(block.name));
    while (length > 0 && block.name[length - 1] == '/')
        length--;
    memset(block.name + length, 0, sizeof(block.name) - length);
    put_octal(block.mode, sizeof(block.mode), 0);
    put_octal(block.uid, sizeof(block.uid), 0);
    put_octal(block.gid, sizeof(block.gid), 0);
    put_octal(block.size, sizeof(block.size), data.size);
    put_octal(block.mtime, sizeof(block.mtime), 0);
    if (append_block(&block, out, error) != WCL_OK ||
        wcl_buffer_append(out, data.data, data.size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_zeros(out, wcl_tar_padding(data.size), error);
}

/* What Go does to a header whose format is not chosen. */
static void simplify(wcl_tar_header *header)
{
    if (header->format == WCL_TAR_FORMAT_PAX)
        return;
    header->has_accessed = false;
    header->has_changed = false;
    if (header->modified.tv_nsec >= 500000000)
        header->modified.tv_sec++;
    header->modified.tv_nsec = 0;
}

wcl_status wcl_tar_header_append(const wcl_tar_header *given, wcl_buffer *out, wcl_error *error)
{
    wcl_tar_header header = *given;
    needed needs = { 0 };

    simplify(&header);
    wcl_status status = check_header(&needs, &header, error);
    if (status == WCL_OK)
        status = add_records(&needs, header.records, header.record_count, error);
    bool as_ustar = !needs.no_ustar && header.record_count == 0 &&
                    !(header.format == WCL_TAR_FORMAT_PAX && needs.prefers_pax);
    if (status == WCL_OK && !as_ustar && needs.records.count > 0)
        status = append_extension(header.name, &needs.records, out, error);
    if (status == WCL_OK)
        status = append_main(&header, as_ustar, out, error);
    wcl_pax_records_free(&needs.records);
    return status;
}

wcl_status wcl_tar_extension_append(const char *name, const wcl_pax_record *records, size_t count,
                                    wcl_buffer *out, wcl_error *error)
{
    needed needs = { 0 };

    wcl_status status = add_records(&needs, records, count, error);
    if (status == WCL_OK)
        status = append_extension(name, &needs.records, out, error);
    wcl_pax_records_free(&needs.records);
    return status;
}
