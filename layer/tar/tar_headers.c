/* Taking the raw headers of an entry apart. */
#include "layer/tar/tar_headers.h"

#include "base/cursor.h"
#include "base/error.h"

/* Where fields lie in a header block. */
#define NAME_OFFSET 0
#define NAME_SIZE 100
#define MODE_OFFSET 100
#define UID_OFFSET 108
#define GID_OFFSET 116
#define NUMBER_SIZE 8
#define SIZE_OFFSET 124
#define SIZE_SIZE 12
#define MODIFIED_OFFSET 136
#define CHECKSUM_OFFSET 148
#define CHECKSUM_SIZE 8
#define TYPE_OFFSET 156
#define LINK_OFFSET 157
#define MAGIC_OFFSET 257
#define PREFIX_OFFSET 345
#define PREFIX_SIZE 155
/* star keeps times behind a shorter prefix and marks its blocks at the end. */
#define STAR_PREFIX_SIZE 131
#define STAR_MAGIC_OFFSET 508

bool wcl_tar_header_is_valid(const uint8_t block[WCL_TAR_BLOCK_SIZE])
{
    unsigned sum = CHECKSUM_SIZE * ' '; /* what the field itself counts as */
    unsigned stated = 0;
    size_t i = CHECKSUM_OFFSET;

    for (size_t at = 0; at < WCL_TAR_BLOCK_SIZE; at++)
        sum += block[at];
    for (size_t at = CHECKSUM_OFFSET; at < CHECKSUM_OFFSET + CHECKSUM_SIZE; at++) {
        if (block[at] && !strchr(" 01234567", block[at]))
            return false;
        sum -= block[at];
    }
    while (i < CHECKSUM_OFFSET + CHECKSUM_SIZE && block[i] == ' ')
        i++;
    for (; i < CHECKSUM_OFFSET + CHECKSUM_SIZE && block[i] >= '0' && block[i] <= '7'; i++)
        stated = stated << 3 | (unsigned)(block[i] - '0');
    return sum == stated;
}

char wcl_tar_header_type(const uint8_t block[WCL_TAR_BLOCK_SIZE])
{
    return (char)block[TYPE_OFFSET];
}

bool wcl_tar_is_extension(char type)
{
    return type == 'x' || type == 'X' || type == 'g' || type == 'L' || type == 'K' || type == 'V' ||
           type == 'A';
}

static bool parse_base256(const uint8_t *field, uint64_t *size)
{
    *size = field[0] & 0x3f;
    if (field[0] & 0x40)
        return false;
    for (size_t i = 1; i < SIZE_SIZE; i++) {
        if (*size >> 55)
            return false;
        *size = *size << 8 | field[i];
    }
    return true;
}

/* A number in octal digits, which a NUL or blank ends, or the field's end. */
static bool parse_octal(const uint8_t *field, size_t size, uint64_t *number)
{
    size_t i = 0;

    *number = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *number = *number << 3 | (uint64_t)(field[i] - '0');
    return i == size || field[i] == '\0' || field[i] == ' ';
}

bool wcl_tar_header_size(const uint8_t block[WCL_TAR_BLOCK_SIZE], uint64_t *size)
{
    const uint8_t *field = block + SIZE_OFFSET;
    size_t i = 0;

    if (field[0] & 0x80)
        return parse_base256(field, size);
    while (i < SIZE_SIZE && (field[i] == ' ' || field[i] == '\0'))
        i++;
    parse_octal(field + i, SIZE_SIZE - i, size); /* what ends it does not matter */
    return true;
}

static bool is_star(const uint8_t *block)
{
    return memcmp(block + STAR_MAGIC_OFFSET, "tar", 4) == 0;
}

bool wcl_tar_header_numbers(const uint8_t block[WCL_TAR_BLOCK_SIZE], wcl_tar_numbers *numbers)
{
    uint64_t mode, modified;

    if (memcmp(block + MAGIC_OFFSET, "ustar\00000", 8) != 0 || is_star(block) ||
        !parse_octal(block + MODE_OFFSET, NUMBER_SIZE, &mode) ||
        !parse_octal(block + UID_OFFSET, NUMBER_SIZE, &numbers->uid) ||
        !parse_octal(block + GID_OFFSET, NUMBER_SIZE, &numbers->gid) ||
        !parse_octal(block + SIZE_OFFSET, SIZE_SIZE, &numbers->size) ||
        !parse_octal(block + MODIFIED_OFFSET, SIZE_SIZE, &modified))
        return false;
    numbers->mode = (uint32_t)mode;
    numbers->modified = (int64_t)modified;
    return true;
}

/* Replaces `text` by the field, up to its first NUL. */
static wcl_status tar_headers_set_text(wcl_buffer *text, const uint8_t *field, size_t field_size,
                                       wcl_error *error)
{
    wcl_buffer_clear(text);
    return wcl_buffer_append(text, field, strnlen((const char *)field, field_size), error);
}

static wcl_status tar_headers_take_name(wcl_buffer *name, const uint8_t *block, wcl_error *error)
{
    const uint8_t *prefix = block + PREFIX_OFFSET;

    wcl_buffer_clear(name);
    /* Old GNU tar has other fields there, and its magic ends in blanks instead. */
    if (memcmp(block + MAGIC_OFFSET, "ustar", 6) == 0 && prefix[0] != '\0') {
        if (tar_headers_set_text(name, prefix, is_star(block) ? STAR_PREFIX_SIZE : PREFIX_SIZE,
                                 error) != WCL_OK ||
            wcl_buffer_append_byte(name, '/', error) != WCL_OK)
            return WCL_FAILED;
    }
    const char *field = (const char *)block + NAME_OFFSET;
    return wcl_buffer_append(name, field, strnlen(field, NAME_SIZE), error);
}

/* Lets pax records take the place of what was found so far. */
static wcl_status apply_record(wcl_tar_headers *headers, const char *key, wcl_buffer *text,
                               wcl_error *error)
{
    const wcl_pax_record *record = wcl_pax_records_find(&headers->records, key);

    if (!record)
        return WCL_OK;
    wcl_buffer_clear(text);
    return wcl_buffer_append(text, record->value, record->value_size, error);
}

/* The entry's own header block, behind all extensions. */
static wcl_status parse_main(wcl_tar_headers *headers, const uint8_t *block, bool has_name,
                             bool has_link, wcl_error *error)
{
    if (!has_name && tar_headers_take_name(&headers->name, block, error) != WCL_OK)
        return WCL_FAILED;
    if (!has_link &&
        tar_headers_set_text(&headers->link, block + LINK_OFFSET, NAME_SIZE, error) != WCL_OK)
        return WCL_FAILED;
    const wcl_pax_record *size = wcl_pax_records_find(&headers->records, "size");
    if (size && wcl_pax_record_u64(size, &headers->body_size, error) != WCL_OK)
        return WCL_FAILED;
    if (!size && !wcl_tar_header_size(block, &headers->body_size))
        return wcl_fail(error, WCL_CODE_CORRUPT, "the header states a negative size");
    if (apply_record(headers, "path", &headers->name, error) != WCL_OK ||
        apply_record(headers, "linkpath", &headers->link, error) != WCL_OK)
        return WCL_FAILED;
    return apply_record(headers, "GNU.sparse.name", &headers->name, error);
}

static wcl_status parse_extension(wcl_tar_headers *headers, char type, const uint8_t *body,
                                  size_t size, wcl_error *error)
{
    switch (type) {
    case 'x':
    case 'X':
        return wcl_pax_records_parse(&headers->records, body, size, false, error);
    case 'g':
        return wcl_pax_records_parse(&headers->records, body, size, true, error);
    case 'L':
        return tar_headers_set_text(&headers->name, body, size, error);
    case 'K':
        return tar_headers_set_text(&headers->link, body, size, error);
    default:
        return WCL_OK;
    }
}

wcl_status wcl_tar_headers_parse(wcl_tar_headers *headers, const void *data, size_t size,
                                 wcl_error *error)
{
    wcl_cursor cursor = wcl_cursor_over(data, size);
    bool has_name = false;
    bool has_link = false;

    headers->records.count = 0;
    for (;;) {
        const uint8_t *block = wcl_cursor_take(&cursor, WCL_TAR_BLOCK_SIZE);
        uint64_t body_size;
        if (!block)
            return wcl_fail(error, WCL_CODE_CORRUPT,
                            "the headers end before the entry that they describe");
        char type = wcl_tar_header_type(block);
        headers->type = type;
        headers->main_end = cursor.position;
        if (!wcl_tar_is_extension(type))
            return parse_main(headers, block, has_name, has_link, error);
        if (!wcl_tar_header_size(block, &body_size))
            body_size = UINT64_MAX;
        const uint8_t *body = wcl_cursor_take(&cursor, body_size);
        wcl_cursor_take(&cursor, wcl_tar_padding(body_size));
        if (!body)
            return wcl_fail(error, WCL_CODE_CORRUPT, "the extended header '%.100s' is damaged",
                            (const char *)block);
        has_name = has_name || type == 'L';
        has_link = has_link || type == 'K';
        if (parse_extension(headers, type, body, (size_t)body_size, error) != WCL_OK) {
            char name[NAME_SIZE + 1] = "";
            memcpy(name, block + NAME_OFFSET, NAME_SIZE);
            return wcl_error_context(error, NULL, name);
        }
    }
}

void wcl_tar_headers_free(wcl_tar_headers *headers)
{
    wcl_pax_records_free(&headers->records);
    wcl_buffer_free(&headers->name);
    wcl_buffer_free(&headers->link);
}
