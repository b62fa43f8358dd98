/* The index of a tar that lies in a file. Only headers are read; what is between them is not. */
#include "image/local/tar_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"
#include "base/hooks.h"
#include "layer/internal.h"

#define MEMBERS_MAX 200000
#define LINKS_MAX 8
/* Headers in front of one member, as bytes. */
#define HEADERS_MAX (2u * 1024 * 1024)

/* ---- Names ---------------------------------------------------------------------------------- */

/* A name without empty parts and "."; ".." takes a part away, and none is above the root. What
 * `base` names is what the name is relative to. NULL when out of memory. */
static char *normalise(const char *base, const char *name)
{
    const size_t base_size = base ? strlen(base) : 0;
    char *result = malloc(base_size + strlen(name) + 3);
    size_t size = 0;

    if (!result)
        return NULL;
    if (base && *name != '/') {
        const char *slash = strrchr(base, '/');
        size = slash ? (size_t)(slash - base) : 0;
        memcpy(result, base, size);
    }
    while (*name) {
        size_t part = strcspn(name, "/");
        if (part == 2 && memcmp(name, "..", 2) == 0) {
            while (size > 0 && result[--size] != '/')
                ;
        } else if (part > 0 && !(part == 1 && *name == '.')) {
            if (size > 0)
                result[size++] = '/';
            memcpy(result + size, name, part);
            size += part;
        }
        name += part + (name[part] == '/');
    }
    result[size] = '\0';
    return result;
}

/* ---- Members -------------------------------------------------------------------------------- */

static wcl_status tar_index_grow(wcl_tar_index *index, wcl_error *error)
{
    if (index->count >= MEMBERS_MAX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "the tar has more than %d entries",
                        MEMBERS_MAX);
    return WCL_LIST_RESERVE(index->members, index->count, index->capacity, error);
}

static wcl_status add_member(wcl_tar_index *index, const wcl_tar_headers *headers, uint64_t offset,
                             wcl_error *error)
{
    const char type = headers->type;
    const char *name = wcl_buffer_text(&headers->name), *link = wcl_buffer_text(&headers->link);

    if (type != '0' && type != '\0' && type != '7' && type != '1' && type != '2')
        return WCL_OK;
    if (tar_index_grow(index, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tar_member *member = &index->members[index->count];
    *member = (wcl_tar_member) { .offset = offset, .size = headers->body_size };
    member->name = normalise(NULL, name);
    if (type == '1' || type == '2')
        member->target = normalise(type == '2' ? member->name : NULL, link);
    index->count++;
    return member->name && (member->target || (type != '1' && type != '2'))
               ? WCL_OK
               : wcl_fail_memory(error);
}

/* ---- Headers -------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *block)
{
    for (size_t i = 0; i < WCL_TAR_BLOCK_SIZE; i++)
        if (block[i])
            return false;
    return true;
}

/* Appends the bytes at `*at`, and moves on. */
static wcl_status take(int fd, uint64_t *at, size_t size, wcl_buffer *to, wcl_error *error)
{
    size_t got;

    if (wcl_buffer_reserve(to, size, error) != WCL_OK ||
        wcl_pread_full(fd, to->data + to->size, size, *at, &got, error) != WCL_OK)
        return WCL_FAILED;
    if (got < size)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the tar ends within a header at byte %llu",
                        (unsigned long long)*at);
    to->size += size;
    *at += size;
    return WCL_OK;
}

/* All headers of the next member; WCL_END where there is none. */
static wcl_status take_headers(int fd, uint64_t *at, wcl_buffer *headers, wcl_error *error)
{
    for (;;) {
        size_t start = headers->size;
        uint64_t body;
        if (take(fd, at, WCL_TAR_BLOCK_SIZE, headers, error) != WCL_OK)
            return WCL_FAILED;
        const uint8_t *block = headers->data + start;
        if (is_zero(block))
            return start == 0 ? WCL_END
                              : wcl_fail(error, WCL_CODE_CORRUPT,
                                         "the tar ends behind an extended header");
        if (!wcl_tar_header_is_valid(block) || !wcl_tar_header_size(block, &body))
            return wcl_fail(error, WCL_CODE_INVALID_DATA,
                            "there is no tar header at byte %llu where one should be",
                            (unsigned long long)(*at - WCL_TAR_BLOCK_SIZE));
        if (!wcl_tar_is_extension(wcl_tar_header_type(block)))
            return WCL_OK;
        if (body > HEADERS_MAX || headers->size > HEADERS_MAX)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "the headers of an entry at byte %llu have more than %u bytes",
                            (unsigned long long)*at, HEADERS_MAX);
        if (take(fd, at, (size_t)body + wcl_tar_padding(body), headers, error) != WCL_OK)
            return WCL_FAILED;
    }
}

static int compare_members(const void *a, const void *b)
{
    const wcl_tar_member *one = a, *other = b;
    int order = strcmp(one->name, other->name);

    return order ? order : (one->offset > other->offset) - (one->offset < other->offset);
}

static wcl_status read_members(int fd, uint64_t size, const wcl_hooks *hooks, wcl_tar_index *index,
                               wcl_error *error)
{
    wcl_progress progress = { .operation = "load", .total = size };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_tar_headers headers = { .type = 0 };
    wcl_status status = WCL_OK;
    uint64_t at = 0;

    while (status == WCL_OK && size - at >= WCL_TAR_BLOCK_SIZE) {
        wcl_buffer_clear(&bytes);
        progress.done = at;
        status = wcl_hooks_report(hooks, &progress, error);
        if (status == WCL_OK)
            status = take_headers(fd, &at, &bytes, error);
        if (status == WCL_OK)
            status = wcl_tar_headers_parse(&headers, bytes.data, bytes.size, error);
        if (status == WCL_OK)
            status = add_member(index, &headers, at, error);
        if (status == WCL_OK && headers.body_size > size - at)
            status = wcl_fail(error, WCL_CODE_TRUNCATED, "the tar ends within '%.100s'",
                              wcl_buffer_text(&headers.name));
        if (status == WCL_OK)
            at += headers.body_size + wcl_tar_padding(headers.body_size);
        if (at > size)
            break;
    }
    wcl_tar_headers_free(&headers);
    return status == WCL_END ? WCL_OK : status;
}

wcl_status wcl_tar_index_read(int fd, uint64_t size, const wcl_hooks *hooks, wcl_tar_index *index,
                              wcl_error *error)
{
    *index = (wcl_tar_index) { NULL, 0, 0 };
    wcl_status status = read_members(fd, size, hooks, index, error);
    if (status == WCL_OK && index->count == 0)
        status = wcl_fail(error, WCL_CODE_INVALID_DATA, "the tar is empty");
    if (status == WCL_OK) {
        qsort(index->members, index->count, sizeof(*index->members), compare_members);
        return WCL_OK;
    }
    wcl_tar_index_free(index);
    return status;
}

void wcl_tar_index_free(wcl_tar_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        free(index->members[i].name);
        free(index->members[i].target);
    }
    free(index->members);
    *index = (wcl_tar_index) { NULL, 0, 0 };
}

/* ---- Finding -------------------------------------------------------------------------------- */

/* The last of that name. */
static const wcl_tar_member *tar_index_find(const wcl_tar_index *index, const char *name)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(index->members[middle].name, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && strcmp(index->members[low - 1].name, name) == 0 ? &index->members[low - 1]
                                                                      : NULL;
}

const wcl_tar_member *wcl_tar_index_find(const wcl_tar_index *index, const char *name)
{
    char *plain = normalise(NULL, name);
    const wcl_tar_member *member = plain ? tar_index_find(index, plain) : NULL;

    free(plain);
    for (int links = 0; member && member->target; links++)
        member = links < LINKS_MAX ? tar_index_find(index, member->target) : NULL;
    return member;
}
