/* Reading a folder's sidecar: the lines stay in the file, and their paths are kept sorted. */
#include "layer/dir/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "base/json.h"
#include "base/regular.h"
#include "layer/dir/sidecar_line.h"

#define READ_SIZE (256 * 1024)

typedef struct line {
    char *path;
    uint64_t offset;
    size_t size;
    bool is_extra;
} line;

struct wcl_sidecar {
    int root;
    int fd;
    wcl_buffer text; /* all of it, where it is an attribute */
    line *lines;     /* extras first in the order of the file, then files by path */
    size_t count;
    size_t capacity;
    size_t extras;
};

void wcl_sidecar_free(wcl_sidecar *sidecar)
{
    if (!sidecar)
        return;
    for (size_t i = 0; i < sidecar->count; i++)
        free(sidecar->lines[i].path);
    free(sidecar->lines);
    wcl_buffer_free(&sidecar->text);
    if (sidecar->fd >= 0)
        close(sidecar->fd);
    free(sidecar);
}

static wcl_status read_at(const wcl_sidecar *sidecar, void *buffer, size_t size, uint64_t offset,
                          size_t *got, wcl_error *error)
{
    const wcl_buffer *text = &sidecar->text;

    if (sidecar->fd >= 0)
        return wcl_pread_full(sidecar->fd, buffer, size, offset, got, error);
    *got = offset >= text->size ? 0 : text->size - (size_t)offset;
    if (*got > size)
        *got = size;
    if (*got > 0)
        memcpy(buffer, text->data + offset, *got);
    return WCL_OK;
}

static wcl_status check_first_line(const char *text, size_t size, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = NULL;
    uint64_t version = 0;

    if (wcl_json_parse(text, size, WCL_SIDECAR_LINE_MAX, &json, error) != WCL_OK ||
        wcl_json_get_u64(json, "wcl_metadata", &version, error) != WCL_OK)
        return WCL_FAILED;
    if (version != 2)
        return wcl_fail(
            error, WCL_CODE_NOT_SUPPORTED,
            "the file is not metadata of version 2, which is all this version of wcl reads");
    return WCL_OK;
}

static wcl_status add_line(wcl_sidecar *sidecar, const char *text, size_t size, uint64_t offset,
                           wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    WCL_CLEANUP_FILE_RECORD wcl_file_record record = WCL_FILE_RECORD_INIT;

    if (offset == 0)
        return check_first_line(text, size, error);
    if (wcl_sidecar_line_parse(text, size, &path, &record, error) != WCL_OK)
        return WCL_FAILED;
    if (WCL_LIST_RESERVE(sidecar->lines, sidecar->count, sidecar->capacity, error) != WCL_OK)
        return WCL_FAILED;
    line *added = &sidecar->lines[sidecar->count];
    *added =
        (line) { strdup(wcl_buffer_text(&path)), offset, size, wcl_file_record_is_extra(&record) };
    if (!added->path)
        return wcl_fail_memory(error);
    sidecar->count++;
    sidecar->extras += added->is_extra;
    return WCL_OK;
}

/* Takes the lines that are whole in `text` and leaves the rest. */
static wcl_status take_lines(wcl_sidecar *sidecar, wcl_buffer *text, uint64_t *offset,
                             wcl_error *error)
{
    size_t start = 0;
    const uint8_t *end;

    while ((end = memchr(text->data + start, '\n', text->size - start)) != NULL) {
        size_t size = (size_t)(end - (text->data + start));
        if (size > 0 && add_line(sidecar, (const char *)text->data + start, size, *offset + start,
                                 error) != WCL_OK)
            return WCL_FAILED;
        start += size + 1;
    }
    *offset += start;
    text->size -= start;
    memmove(text->data, text->data + start, text->size);
    if (text->size > WCL_SIDECAR_LINE_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a line is longer than %u bytes",
                        WCL_SIDECAR_LINE_MAX);
    return WCL_OK;
}

static int compare_lines(const void *a, const void *b)
{
    const line *left = a, *right = b;

    if (left->is_extra != right->is_extra)
        return left->is_extra ? -1 : 1;
    if (!left->is_extra) {
        int order = strcmp(left->path, right->path);
        if (order)
            return order;
    }
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static wcl_status read_lines(wcl_sidecar *sidecar, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    uint64_t offset = 0;
    size_t got;

    do {
        if (wcl_buffer_reserve(&text, READ_SIZE, error) != WCL_OK ||
            read_at(sidecar, text.data + text.size, READ_SIZE, offset + text.size, &got, error) !=
                WCL_OK)
            return WCL_FAILED;
        text.size += got;
        if (take_lines(sidecar, &text, &offset, error) != WCL_OK)
            return WCL_FAILED;
    } while (got == READ_SIZE);
    if (text.size > 0)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the last line is cut off");
    if (sidecar->count > 0)
        qsort(sidecar->lines, sidecar->count, sizeof(line), compare_lines);
    return WCL_OK;
}

static bool is_there(int root, const char *name)
{
    struct stat status;
    return fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Takes the sidecar from the attribute of `holder`, if that has one. */
static wcl_status load_held(wcl_sidecar *sidecar, const char *holder, wcl_error *error)
{
    WCL_CLEANUP_FD int fd = -1;
    bool found;

    if (!holder || !is_there(sidecar->root, holder))
        return WCL_OK;
    if (wcl_regular_open(sidecar->root, holder, WCL_LINKS_REFUSED, 0, &fd, NULL, error) != WCL_OK ||
        wcl_get_own_xattr(fd, WCL_SIDECAR_XATTR, &sidecar->text, &found, error) != WCL_OK)
        return WCL_FAILED;
    return found ? read_lines(sidecar, error) : WCL_OK;
}

static wcl_status sidecar_reader_load(wcl_sidecar *sidecar, const char *holder, wcl_error *error)
{
    const char *name = WCL_SIDECAR_NAME WCL_COMPANION_SUFFIX;

    if (!is_there(sidecar->root, name))
        name = WCL_SIDECAR_NAME;
    if (!is_there(sidecar->root, name))
        return load_held(sidecar, holder, error) == WCL_OK ? WCL_OK
                                                           : wcl_error_context(error, NULL, holder);
    if (wcl_regular_open(sidecar->root, name, WCL_LINKS_REFUSED, 0, &sidecar->fd, NULL, error) ==
            WCL_OK &&
        read_lines(sidecar, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, NULL, name);
}

wcl_status wcl_sidecar_load(int root, const char *holder, wcl_sidecar **sidecar, wcl_error *error)
{
    wcl_sidecar *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->root = root;
    made->fd = -1;
    if (sidecar_reader_load(made, holder, error) != WCL_OK) {
        wcl_sidecar_free(made);
        return WCL_FAILED;
    }
    *sidecar = made;
    return WCL_OK;
}

static wcl_status parse_line(wcl_sidecar *sidecar, const line *at, wcl_file_record *record,
                             wcl_error *error)
{
    size_t got;
    WCL_CLEANUP_FREE char *text = malloc(at->size + 1);

    if (!text)
        return wcl_fail_memory(error);
    if (read_at(sidecar, text, at->size, at->offset, &got, error) != WCL_OK ||
        wcl_sidecar_line_parse(text, got, NULL, record, error) != WCL_OK)
        return wcl_error_context(error, NULL, WCL_SIDECAR_NAME);
    return WCL_OK;
}

wcl_status wcl_sidecar_find(wcl_sidecar *sidecar, const char *path, wcl_file_record *record,
                            bool *found, wcl_error *error)
{
    size_t low = sidecar->extras, high = sidecar->count;

    /* The last of several lines for one path counts, so the search goes for the end of the run. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(sidecar->lines[middle].path, path) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low > sidecar->extras && strcmp(sidecar->lines[low - 1].path, path) == 0;
    return *found ? parse_line(sidecar, &sidecar->lines[low - 1], record, error) : WCL_OK;
}

wcl_status wcl_sidecar_next_extra(wcl_sidecar *sidecar, size_t *position, const char **path,
                                  wcl_file_record *record, wcl_error *error)
{
    if (*position >= sidecar->extras)
        return WCL_END;
    const line *at = &sidecar->lines[(*position)++];
    *path = at->path;
    return parse_line(sidecar, at, record, error);
}

wcl_status wcl_sidecar_open_blob(wcl_sidecar *sidecar, uint64_t number, const char *suffix, int *fd,
                                 wcl_error *error)
{
    char path[96];

    wcl_sidecar_blob_path(true, number, suffix, path);
    WCL_CLEANUP_FD int hidden = wcl_beneath_open(sidecar->root, path, O_PATH | O_NOFOLLOW, 0);
    if (hidden < 0)
        wcl_sidecar_blob_path(false, number, suffix, path);
    return wcl_regular_open(sidecar->root, path, WCL_LINKS_REFUSED, 0, fd, NULL, error);
}
