/* Names of images: a file for each, and finding the image that somebody means. */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "base/error.h"
#include "base/list.h"
#include "base/options.h"
#include "image/store.h"

#define NAME_FILE_MAX 4096
/* Digits that are enough to mean an image by its digest. */
#define DIGITS_LEAST 6

static wcl_status name_path(const char *name, char path[96], wcl_error *error)
{
    char digest[WCL_DIGEST_TEXT_SIZE];

    if (wcl_digest_of(name, strlen(name), digest, error) != WCL_OK)
        return WCL_FAILED;
    snprintf(path, 96, "names/%s", wcl_digest_digits(digest));
    return WCL_OK;
}

wcl_status wcl_image_name_check(const char *name, const char *digest, const char *index,
                                wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;

    if (wcl_reference_parse(name, &reference, error) != WCL_OK)
        return WCL_FAILED;
    const char *said = reference->digest;
    if (!said || strcmp(said, digest) == 0 || (index && strcmp(said, index) == 0))
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_NAME,
                    "the name '%.300s' has a digest other than the image's, which is %s",
                    reference->familiar, digest);
}

wcl_status wcl_image_name_set(const wcl_image_store *store, const char *name, const char *digest,
                              const char *index, wcl_error *error)
{
    WCL_CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    char path[96];

    if (wcl_image_name_check(name, digest, index, error) != WCL_OK)
        return WCL_FAILED;
    if (!json || !cJSON_AddStringToObject(json, "name", name) ||
        !cJSON_AddStringToObject(json, "digest", digest) ||
        (index && *index && !cJSON_AddStringToObject(json, "index", index)))
        return wcl_fail_memory(error);
    WCL_CLEANUP_FREE char *text = wcl_json_print(json);
    if (!text)
        return wcl_fail_memory(error);
    if (name_path(name, path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_image_store_put(store, path, text, strlen(text), error);
}

wcl_status wcl_image_name_remove(const wcl_image_store *store, const char *name, wcl_error *error)
{
    char path[96];

    if (name_path(name, path, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_durable_remove(store->fd, path, error) == WCL_FAILED)
        return wcl_error_context(error, "remove the image's name", name);
    return WCL_OK;
}

/* ---- All names ------------------------------------------------------------------------------ */

typedef struct reading {
    const wcl_image_store *store;
    wcl_image_names *names;
    size_t capacity;
} reading;

/* `*name` is left NULL where the file has just gone. */
static wcl_status read_name(const wcl_image_store *store, const char *path, wcl_image_name *item,
                            wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    WCL_CLEANUP_JSON cJSON *json = NULL;
    const char *name = "", *digest = "", *index = "";
    wcl_error inner = WCL_ERROR_INIT;

    item->name = NULL;
    if (wcl_image_store_get(store, path, NAME_FILE_MAX, &text, &inner) != WCL_OK) {
        if (inner.code == WCL_CODE_FILE_NOT_FOUND)
            return WCL_OK;
        return wcl_error_pass(error, &inner);
    }
    if (wcl_json_parse(wcl_buffer_text(&text), text.size, NAME_FILE_MAX, &json, error) != WCL_OK ||
        wcl_json_get_text(json, "name", &name, error) != WCL_OK ||
        wcl_json_get_text(json, "digest", &digest, error) != WCL_OK ||
        wcl_json_get_text(json, "index", &index, error) != WCL_OK ||
        wcl_digest_check(digest, error) != WCL_OK)
        return wcl_error_context(error, NULL, path);
    item->name = strdup(name);
    snprintf(item->digest, sizeof(item->digest), "%s", digest);
    snprintf(item->index, sizeof(item->index), "%s", index);
    return item->name ? WCL_OK : wcl_fail_memory(error);
}

static wcl_status gather(void *context, const char *file, wcl_error *error)
{
    reading *reading = context;
    wcl_image_names *names = reading->names;
    char path[300];

    snprintf(path, sizeof(path), "names/%s", file);
    if (WCL_LIST_RESERVE(names->items, names->count, reading->capacity, error) != WCL_OK ||
        read_name(reading->store, path, &names->items[names->count], error) != WCL_OK)
        return WCL_FAILED;
    if (names->items[names->count].name)
        names->count++;
    return WCL_OK;
}

static int name_compare_names(const void *a, const void *b)
{
    return strcmp(((const wcl_image_name *)a)->name, ((const wcl_image_name *)b)->name);
}

wcl_status wcl_image_names_read(const wcl_image_store *store, wcl_image_names *names,
                                wcl_error *error)
{
    reading reading = { store, names, 0 };

    *names = (wcl_image_names) { NULL, 0 };
    if (wcl_image_store_each(store, "names", gather, &reading, error) != WCL_OK) {
        wcl_image_names_free(names);
        return WCL_FAILED;
    }
    if (names->count)
        qsort(names->items, names->count, sizeof(*names->items), name_compare_names);
    return WCL_OK;
}

void wcl_image_names_free(wcl_image_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].name);
    free(names->items);
    *names = (wcl_image_names) { NULL, 0 };
}

/* ---- Finding an image ----------------------------------------------------------------------- */

typedef struct search {
    const wcl_image_store *store;
    const char *digits; /* what the digest begins with */
    size_t length;
    char found[65]; /* the manifest's digits, "" while none is found */
    bool ambiguous;
} search;

static wcl_status match_image(void *context, const char *hex, wcl_error *error)
{
    search *search = context;
    WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
    wcl_error why = WCL_ERROR_INIT;

    /* One that cannot be read, or just goes, is not meant. */
    if (wcl_image_record_read(search->store, hex, &record, &why) != WCL_OK)
        return why.code == WCL_CODE_OUT_OF_MEMORY ? wcl_fail_memory(error) : WCL_OK;
    if (strncmp(hex, search->digits, search->length) != 0 &&
        strncmp(wcl_digest_digits(record.config), search->digits, search->length) != 0)
        return WCL_OK;
    search->ambiguous = *search->found != '\0';
    snprintf(search->found, sizeof(search->found), "%s", hex);
    return search->ambiguous ? WCL_END : WCL_OK;
}

/* By the digits of a digest. WCL_END where none is meant. */
static wcl_status find_by_digest(const wcl_image_store *store, const char *image,
                                 wcl_image_record *record, wcl_error *error)
{
    bool has_prefix = strncmp(image, "sha256:", 7) == 0;
    search search = { .store = store, .digits = has_prefix ? image + 7 : image };

    search.length = strlen(search.digits);
    if (search.length < DIGITS_LEAST || search.length > 64 ||
        strspn(search.digits, "0123456789abcdef") != search.length)
        return WCL_END;
    if (wcl_image_store_each(store, "images", match_image, &search, error) == WCL_FAILED)
        return WCL_FAILED;
    if (search.ambiguous)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "'%s' is what the digests of several images begin with", image);
    if (!*search.found)
        return WCL_END;
    return wcl_image_record_read(store, search.found, record, error);
}

static wcl_status check_repository(const char *name, const wcl_reference *wanted, bool *is_of_it,
                                   wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;

    if (wcl_reference_parse(name, &reference, error) != WCL_OK)
        return WCL_FAILED;
    *is_of_it = strcmp(reference->registry, wanted->registry) == 0 &&
                strcmp(reference->repository, wanted->repository) == 0;
    return WCL_OK;
}

/* REPOSITORY@DIGEST, and with a tag that says nothing then: the image with that manifest, or that
 * was come to by that index, if it has any name of the repository. WCL_END where none is meant. */
static wcl_status find_in_repository(const wcl_image_store *store, const wcl_reference *wanted,
                                     wcl_image_record *record, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names names = { NULL, 0 };

    if (!wanted->digest)
        return WCL_END;
    if (wcl_image_names_read(store, &names, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < names.count; i++) {
        const wcl_image_name *item = &names.items[i];
        bool is_of_it = false;
        if (strcmp(item->digest, wanted->digest) != 0 && strcmp(item->index, wanted->digest) != 0)
            continue;
        if (check_repository(item->name, wanted, &is_of_it, error) != WCL_OK)
            return WCL_FAILED;
        if (is_of_it)
            return wcl_image_record_read(store, item->digest, record, error);
    }
    return WCL_END;
}

static wcl_status find_by_name(const wcl_image_store *store, const char *image,
                               wcl_image_record *record, char **name, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_reference *reference = NULL;
    wcl_image_name item;
    char path[96];

    if (wcl_reference_parse(image, &reference, error) != WCL_OK ||
        name_path(reference->name, path, error) != WCL_OK ||
        read_name(store, path, &item, error) != WCL_OK)
        return WCL_FAILED;
    if (!item.name) {
        wcl_status found = find_in_repository(store, reference, record, error);
        return found != WCL_END ? found
                                : wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no image '%s'",
                                           reference->familiar);
    }
    wcl_status status = wcl_image_record_read(store, item.digest, record, error);
    if (status == WCL_OK && name)
        *name = item.name;
    else
        free(item.name);
    return status;
}

wcl_status wcl_image_resolve(const wcl_image_store *store, const char *image,
                             wcl_image_record *record, char **name, wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    image = wcl_text(image);
    if (name)
        *name = NULL;
    if (strncmp(image, "sha256:", 7) != 0) {
        wcl_status status = find_by_name(store, image, record, name, &inner);
        if (status == WCL_OK)
            return WCL_OK;
        if (inner.code != WCL_CODE_FILE_NOT_FOUND && inner.code != WCL_CODE_INVALID_NAME)
            return wcl_error_pass(error, &inner);
    }
    wcl_status status = find_by_digest(store, image, record, error);
    if (status != WCL_END)
        return status;
    if (!inner.code)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no image '%s'", image);
    return wcl_error_pass(error, &inner);
}

/* ---- Where to get a blob -------------------------------------------------------------------- */

static bool has_blob(const wcl_image_record *record, const char *digest)
{
    if (strcmp(record->config, digest) == 0)
        return true;
    for (size_t i = 0; i < record->layer_count; i++)
        if (strcmp(record->layers[i].blob, digest) == 0)
            return true;
    return false;
}

wcl_status wcl_image_names_with_blob(const wcl_image_store *store, const char *digest,
                                     char ***names, size_t *count, wcl_error *error)
{
    WCL_CLEANUP_IMAGE_NAMES wcl_image_names all = { NULL, 0 };
    WCL_CLEANUP_BUFFER wcl_buffer texts = WCL_BUFFER_INIT;
    size_t number = 0;

    if (wcl_image_names_read(store, &all, error) != WCL_OK)
        return WCL_FAILED;
    for (size_t i = 0; i < all.count; i++) {
        WCL_CLEANUP_IMAGE_RECORD wcl_image_record record = WCL_IMAGE_RECORD_INIT;
        const char *name = all.items[i].name;
        if (wcl_image_record_read(store, all.items[i].digest, &record, NULL) != WCL_OK ||
            !has_blob(&record, digest))
            continue;
        if (wcl_buffer_append(&texts, name, strlen(name) + 1, error) != WCL_OK)
            return WCL_FAILED;
        number++;
    }
    char **list = malloc(number * sizeof(*list) + texts.size + 1);
    if (!list)
        return wcl_fail_memory(error);
    char *text = (char *)(list + number);
    if (texts.size)
        memcpy(text, texts.data, texts.size);
    for (size_t i = 0; i < number; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    *names = list;
    *count = number;
    return WCL_OK;
}
