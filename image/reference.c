/* References: the names of images, as docker reads them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "image/document.h"

#define NAME_LENGTH_MAX 255
#define TAG_LENGTH_MAX 128
#define DEFAULT_REGISTRY "docker.io"
#define DEFAULT_NAMESPACE "library/"
#define DEFAULT_TAG "latest"

/* A run of characters of the text that is taken apart. */
typedef struct span {
    const char *start;
    size_t size;
} span;

/* The parts of a reference. What is not there has no start. */
typedef struct parts {
    span registry;
    span repository;
    span tag;
    span digest;
    bool in_library; /* docker.io's own images, written without "library/" */
} parts;

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool equals(span text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.start, other, text.size) == 0;
}

static bool contains_any(span text, const char *characters)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr(characters, text.start[i]))
            return true;
    return false;
}

/* ---- The grammar ---------------------------------------------------------------------------- */

/* What may stand between the letters and digits of a path's part: one dot, one or two underlines,
 * any number of dashes. Its length, 0 where there is none. */
static size_t separator_size(span part, size_t at)
{
    char c = part.start[at];
    size_t size = 0;

    while (at + size < part.size && part.start[at + size] == c)
        size++;
    if (c == '-' || (c == '.' && size == 1) || (c == '_' && size <= 2))
        return size;
    return 0;
}

static bool is_path_part(span part)
{
    size_t at = 0;

    while (at < part.size) {
        if (!is_lower_or_digit(part.start[at]))
            return false;
        while (at < part.size && is_lower_or_digit(part.start[at]))
            at++;
        if (at == part.size)
            return true;
        size_t separator = separator_size(part, at);
        if (separator == 0)
            return false;
        at += separator;
    }
    return false;
}

static bool is_path(span path)
{
    size_t start = 0;

    for (size_t i = 0; i <= path.size; i++) {
        if (i < path.size && path.start[i] != '/')
            continue;
        if (!is_path_part((span) { path.start + start, i - start }))
            return false;
        start = i + 1;
    }
    return true;
}

/* Names of hosts, joined by dots. */
static bool is_host(span host)
{
    char before = '.';

    for (size_t i = 0; i < host.size; i++) {
        char c = host.start[i];
        if (!is_letter_or_digit(c) && c != '-' && c != '.')
            return false;
        if ((c == '.' || c == '-') && before == '.')
            return false;
        if (c == '.' && before == '-')
            return false;
        before = c;
    }
    return is_letter_or_digit(before);
}

/* An IPv6 address between brackets. */
static bool is_address(span host)
{
    if (host.size < 4 || host.start[0] != '[' || host.start[host.size - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < host.size; i++)
        if (!strchr("0123456789abcdefABCDEF:", host.start[i]))
            return false;
    return true;
}

static bool is_registry(span registry)
{
    span host = registry;
    size_t digits = 0;

    while (digits < host.size && host.start[host.size - 1 - digits] >= '0' &&
           host.start[host.size - 1 - digits] <= '9')
        digits++;
    if (digits && digits < host.size && host.start[host.size - 1 - digits] == ':')
        host.size -= digits + 1;
    return is_host(host) || is_address(host);
}

static bool is_tag(span tag)
{
    if (tag.size == 0 || tag.size > TAG_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < tag.size; i++) {
        char c = tag.start[i];
        if (!is_letter_or_digit(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
            return false;
    }
    return true;
}

static bool is_bare_digest(span text)
{
    if (text.size != 64)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!strchr("0123456789abcdef", text.start[i]))
            return false;
    return true;
}

/* ---- Taking apart --------------------------------------------------------------------------- */

static span before(span text, const char *end)
{
    return (span) { text.start, (size_t)(end - text.start) };
}

static span behind(span text, const char *separator)
{
    return (span) { separator + 1, text.size - (size_t)(separator + 1 - text.start) };
}

static const char *find_last(span text, char c)
{
    for (size_t i = text.size; i > 0; i--)
        if (text.start[i - 1] == c)
            return text.start + i - 1;
    return NULL;
}

/* Whether what is in front of a first slash is a registry, and no part of a path. */
static bool looks_like_registry(span first)
{
    return contains_any(first, ".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") || equals(first, "localhost");
}

/* Takes registry and repository out of what is in front of the tag. */
static void split_name(span name, parts *parts)
{
    const char *slash = memchr(name.start, '/', name.size);
    span first = slash ? before(name, slash) : (span) { NULL, 0 };

    parts->registry = (span) { DEFAULT_REGISTRY, strlen(DEFAULT_REGISTRY) };
    parts->repository = name;
    if (slash && looks_like_registry(first)) {
        parts->repository = behind(name, slash);
        if (!equals(first, "index.docker.io"))
            parts->registry = first;
    }
    parts->in_library = equals(parts->registry, DEFAULT_REGISTRY) &&
                        !memchr(parts->repository.start, '/', parts->repository.size);
}

static parts split(span text)
{
    parts parts = { .in_library = false };
    const char *at = memchr(text.start, '@', text.size);

    if (at) {
        parts.digest = behind(text, at);
        text = before(text, at);
    }
    const char *colon = find_last(text, ':');
    if (colon && !memchr(colon, '/', (size_t)(text.start + text.size - colon))) {
        parts.tag = behind(text, colon);
        text = before(text, colon);
    }
    split_name(text, &parts);
    if (!parts.tag.start && !parts.digest.start)
        parts.tag = (span) { DEFAULT_TAG, strlen(DEFAULT_TAG) };
    return parts;
}

static wcl_status check(const char *text, const parts *parts, wcl_error *error)
{
    if (parts->digest.start && wcl_digest_check(parts->digest.start, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_registry(parts->registry))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "'%.100s' is not an image reference: '%.*s' is not a registry", text,
                        (int)(parts->registry.size < 100 ? parts->registry.size : 100),
                        parts->registry.start);
    if (!is_path(parts->repository))
        return wcl_fail(
            error, WCL_CODE_INVALID_NAME,
            "'%.100s' is not an image reference: its path has parts of lower-case letters "
            "and digits, joined by . _ __ or -",
            text);
    if (parts->registry.size + 1 + (parts->in_library ? strlen(DEFAULT_NAMESPACE) : 0) +
            parts->repository.size >
        NAME_LENGTH_MAX)
        return wcl_fail(error, WCL_CODE_NAME_TOO_LONG,
                        "the image reference '%.40s...' is longer than %d characters", text,
                        NAME_LENGTH_MAX);
    if (parts->tag.start && !is_tag(parts->tag))
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "'%.100s' is not an image reference: a tag is 1 to %d letters, digits and "
                        "_ . -, the first none of the last two",
                        text, TAG_LENGTH_MAX);
    return WCL_OK;
}

/* ---- Putting together ----------------------------------------------------------------------- */

static void reference_put(char **to, span text)
{
    memcpy(*to, text.start, text.size);
    *to += text.size;
}

static void reference_put_text(char **to, const char *text)
{
    reference_put(to, (span) { text, strlen(text) });
}

static const char *put_end(char **to, char *start)
{
    *(*to)++ = '\0';
    return start;
}

static void put_repository(char **to, const parts *parts)
{
    if (parts->in_library)
        reference_put_text(to, DEFAULT_NAMESPACE);
    reference_put(to, parts->repository);
}

static void put_tag_and_digest(char **to, const parts *parts)
{
    if (parts->tag.start) {
        reference_put_text(to, ":");
        reference_put(to, parts->tag);
    }
    if (parts->digest.start) {
        reference_put_text(to, "@");
        reference_put(to, parts->digest);
    }
}

static const char *put_name(char **to, const parts *parts)
{
    char *start = *to;

    reference_put(to, parts->registry);
    reference_put_text(to, "/");
    put_repository(to, parts);
    put_tag_and_digest(to, parts);
    return put_end(to, start);
}

static const char *put_familiar(char **to, const parts *parts)
{
    const size_t library = strlen(DEFAULT_NAMESPACE);
    span repository = parts->repository;
    const char *slash = memchr(repository.start, '/', repository.size);
    bool is_plain = equals(parts->registry, DEFAULT_REGISTRY) &&
                    !(slash && looks_like_registry(before(repository, slash)));
    char *start = *to;

    if (!is_plain) {
        reference_put(to, parts->registry);
        reference_put_text(to, "/");
    } else if (repository.size > library &&
               memcmp(repository.start, DEFAULT_NAMESPACE, library) == 0 &&
               !memchr(repository.start + library, '/', repository.size - library)) {
        repository = (span) { repository.start + library, repository.size - library };
    }
    reference_put(to, repository);
    put_tag_and_digest(to, parts);
    return put_end(to, start);
}

static const char *put_part(char **to, span part)
{
    char *start = *to;

    if (!part.start)
        return NULL;
    reference_put(to, part);
    return put_end(to, start);
}

wcl_status wcl_reference_parse(const char *text, wcl_reference **reference, wcl_error *error)
{
    span whole = { text, strlen(wcl_text(text)) };
    const size_t defaults = sizeof(DEFAULT_REGISTRY "/" DEFAULT_NAMESPACE ":" DEFAULT_TAG "@");

    *reference = NULL;
    if (whole.size == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "the image reference is empty");
    if (is_bare_digest(whole))
        return wcl_fail(
            error, WCL_CODE_INVALID_NAME,
            "'%s' is not an image reference: 64 hexadecimal digits would be taken for a "
            "digest",
            text);
    parts parts = split(whole);
    if (check(text, &parts, error) != WCL_OK)
        return WCL_FAILED;
    wcl_reference *made = malloc(sizeof(*made) + 4 * (whole.size + defaults));
    if (!made)
        return wcl_fail_memory(error);
    char *to = (char *)(made + 1);
    made->registry = put_part(&to, parts.registry);
    made->repository = to;
    put_repository(&to, &parts);
    *to++ = '\0';
    made->tag = put_part(&to, parts.tag);
    made->digest = put_part(&to, parts.digest);
    made->name = put_name(&to, &parts);
    made->familiar = put_familiar(&to, &parts);
    *reference = made;
    return WCL_OK;
}
