/* Windows' metadata from pax records and back. */
#include "layer/tar/win_records.h"

#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/list.h"

void wcl_win_metadata_clear(wcl_win_metadata *metadata)
{
    wcl_buffer_clear(&metadata->security);
    wcl_buffer_clear(&metadata->ea);
    wcl_buffer_clear(&metadata->reparse);
}

void wcl_win_metadata_free(wcl_win_metadata *metadata)
{
    wcl_buffer_free(&metadata->security);
    wcl_buffer_free(&metadata->ea);
    wcl_buffer_free(&metadata->reparse);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Appends what the record's base64 stands for; the error names the record. */
static wcl_status decode_record(const wcl_pax_record *record, wcl_buffer *out, wcl_error *error)
{
    wcl_error inner = WCL_ERROR_INIT;

    if (wcl_base64_decode(record->value, record->value_size, out, &inner) == WCL_OK)
        return WCL_OK;
    return wcl_fail(error, inner.code, "the pax record %.*s: %s",
                    record->key_size > 100 ? 100 : (int)record->key_size, record->key,
                    inner.message);
}

static size_t count_eas(const wcl_pax_records *records)
{
    size_t count = 0;

    for (size_t i = 0; i < records->count; i++)
        if (!records->items[i].is_global &&
            wcl_pax_has_prefix(&records->items[i], WCL_PAX_EA_PREFIX))
            count++;
    return count;
}

/*
 * Gathers the attributes, the last record first: Go's writer sorts the records, its reader takes
 * them in no order at all, and this order brings back the pair that Windows sets on its own files,
 * $KERNEL.PURGE.ESBCACHE before $CI.CATALOGHINT. Names and values are put behind each other into
 * `texts`, to which the attributes will point once it has stopped growing.
 */
static wcl_status gather_eas(const wcl_pax_records *records, wcl_ea *eas, wcl_buffer *texts,
                             wcl_error *error)
{
    size_t prefix = strlen(WCL_PAX_EA_PREFIX);
    size_t count = 0;

    for (size_t i = records->count; i-- > 0;) {
        const wcl_pax_record *record = &records->items[i];
        if (record->is_global || !wcl_pax_has_prefix(record, WCL_PAX_EA_PREFIX))
            continue;
        if (wcl_buffer_append(texts, record->key + prefix, record->key_size - prefix, error) !=
                WCL_OK ||
            wcl_buffer_append_byte(texts, '\0', error) != WCL_OK)
            return WCL_FAILED;
        size_t before = texts->size;
        if (decode_record(record, texts, error) != WCL_OK)
            return WCL_FAILED;
        if (texts->size - before > UINT16_MAX)
            return wcl_fail(error, WCL_CODE_BAD_EA,
                            "the pax record %.*s is longer than an extended attribute can be",
                            record->key_size > 100 ? 100 : (int)record->key_size, record->key);
        eas[count++].value_size = (uint16_t)(texts->size - before);
    }
    const uint8_t *at = texts->data;
    for (size_t i = 0; i < count; i++) {
        eas[i].name = (const char *)at;
        eas[i].value = at + strlen(eas[i].name) + 1;
        at = eas[i].value + eas[i].value_size;
    }
    return WCL_OK;
}

wcl_status wcl_win_ea_from_records(const wcl_pax_records *records, wcl_buffer *ea, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer texts = WCL_BUFFER_INIT;
    size_t count = count_eas(records);

    if (count == 0)
        return WCL_OK;
    WCL_CLEANUP_FREE wcl_ea *eas = calloc(count, sizeof(*eas));
    WCL_CLEANUP_FREE void *list = NULL;
    size_t size;
    if (!eas)
        return wcl_fail_memory(error);
    if (gather_eas(records, eas, &texts, error) != WCL_OK ||
        wcl_ea_build(eas, count, &list, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(ea, list, size, error);
}

static wcl_status read_security(wcl_win_metadata *metadata, const wcl_pax_records *records,
                                wcl_error *error)
{
    const wcl_pax_record *raw = wcl_pax_records_find(records, WCL_PAX_SECURITY);
    const wcl_pax_record *text = wcl_pax_records_find(records, WCL_PAX_SDDL);

    if (raw)
        return decode_record(raw, &metadata->security, error);
    if (!text)
        return WCL_OK;
    WCL_CLEANUP_FREE char *sddl = strndup(text->value, text->value_size);
    WCL_CLEANUP_FREE void *descriptor = NULL;
    size_t size;
    if (!sddl)
        return wcl_fail_memory(error);
    if (wcl_sd_from_sddl(sddl, &descriptor, &size, error) != WCL_OK)
        return wcl_error_context(error, NULL, "the pax record " WCL_PAX_SDDL);
    return wcl_buffer_append(&metadata->security, descriptor, size, error);
}

/* The reparse point that a link in a tar stands for. Windows follows no slash in one, so they
 * become backslashes, as with go-winio. */
static wcl_status encode_link(const char *link, bool is_mount_point, void **data, size_t *size,
                              wcl_error *error)
{
    WCL_CLEANUP_FREE char *target = strdup(link);

    if (!target)
        return wcl_fail_memory(error);
    for (char *at = strchr(target, '/'); at; at = strchr(at, '/'))
        *at = '\\';
    return wcl_reparse_encode_link(target, is_mount_point, data, size, error);
}

static wcl_status read_reparse(wcl_win_metadata *metadata, const wcl_pax_records *records,
                               const char *link, wcl_error *error)
{
    const wcl_pax_record *own = wcl_pax_records_find(records, WCL_PAX_REPARSE);
    bool is_mount_point = wcl_pax_records_find(records, WCL_PAX_MOUNT_POINT) != NULL;
    WCL_CLEANUP_FREE void *data = NULL;
    size_t size;

    if (own)
        return decode_record(own, &metadata->reparse, error);
    if (!link)
        return WCL_OK;
    if (encode_link(link, is_mount_point, &data, &size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append(&metadata->reparse, data, size, error);
}

wcl_status wcl_win_metadata_read(wcl_win_metadata *metadata, const wcl_pax_records *records,
                                 const char *link, wcl_error *error)
{
    const wcl_pax_record *own_ea = wcl_pax_records_find(records, WCL_PAX_EA);
    wcl_status status;

    wcl_win_metadata_clear(metadata);
    if (read_security(metadata, records, error) != WCL_OK)
        return WCL_FAILED;
    if (own_ea)
        status = decode_record(own_ea, &metadata->ea, error);
    else
        status = wcl_win_ea_from_records(records, &metadata->ea, error);
    return status == WCL_OK ? read_reparse(metadata, records, link, error) : status;
}

/* ---- Writing -------------------------------------------------------------------------------- */

void wcl_pax_set_clear(wcl_pax_set *set)
{
    for (size_t i = 0; i < set->text_count; i++)
        free(set->texts[i]);
    set->text_count = 0;
    set->records.count = 0;
}

void wcl_pax_set_free(wcl_pax_set *set)
{
    wcl_pax_set_clear(set);
    free(set->texts);
    wcl_pax_records_free(&set->records);
    *set = (wcl_pax_set) { 0 };
}

/* Takes over `text`, also when it fails. */
static wcl_status keep_text(wcl_pax_set *set, char *text, wcl_error *error)
{
    if (WCL_LIST_RESERVE(set->texts, set->text_count, set->text_capacity, error) != WCL_OK) {
        free(text);
        return WCL_FAILED;
    }
    set->texts[set->text_count++] = text;
    return WCL_OK;
}

wcl_status wcl_pax_set_add(wcl_pax_set *set, const char *prefix, const char *key, const void *value,
                           size_t value_size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;
    size_t key_size = strlen(prefix) + strlen(key);
    size_t size;

    if (wcl_buffer_append_text(&text, prefix, error) != WCL_OK ||
        wcl_buffer_append_text(&text, key, error) != WCL_OK ||
        wcl_buffer_append(&text, value, value_size, error) != WCL_OK)
        return WCL_FAILED;
    char *kept = wcl_buffer_detach(&text, &size, error);
    if (!kept || keep_text(set, kept, error) != WCL_OK)
        return WCL_FAILED;
    wcl_pax_record record = {
        .key = kept, .key_size = key_size, .value = kept + key_size, .value_size = value_size
    };
    return wcl_pax_records_add(&set->records, &record, error);
}

wcl_status wcl_pax_set_add_base64(wcl_pax_set *set, const char *prefix, const char *key,
                                  const void *data, size_t size, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer text = WCL_BUFFER_INIT;

    if (wcl_base64_encode(data, size, &text, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_pax_set_add(set, prefix, key, text.data, text.size, error);
}

static int win_records_compare_names(const void *a, const void *b)
{
    const wcl_ea *first = a;
    const wcl_ea *second = b;
    return strcmp(first->name, second->name);
}

/* Takes a list apart; `*count` is 0 where it is damaged, which is no error here. */
static wcl_status split_eas(const wcl_buffer *list, wcl_ea **eas, size_t *count, wcl_error *error)
{
    size_t position = 0;
    size_t capacity = 0;
    wcl_ea ea;
    wcl_status status;

    *count = 0;
    while ((status = wcl_ea_next(list->data, list->size, &position, &ea, NULL)) == WCL_OK) {
        if (WCL_LIST_RESERVE(*eas, *count, capacity, error) != WCL_OK)
            return WCL_FAILED;
        (*eas)[(*count)++] = ea;
    }
    if (status == WCL_FAILED)
        *count = 0;
    return WCL_OK;
}

wcl_status wcl_win_add_ea(wcl_pax_set *set, const wcl_buffer *ea, bool with_own, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;
    WCL_CLEANUP_FREE wcl_ea *eas = NULL;
    size_t count;

    if (split_eas(ea, &eas, &count, error) != WCL_OK)
        return WCL_FAILED;
    /* The header's records are sorted, so this is the order in which they will be read. */
    if (eas)
        qsort(eas, count, sizeof(*eas), win_records_compare_names);
    for (size_t i = 0; i < count; i++) {
        bool is_last_of_name = i + 1 == count || strcmp(eas[i].name, eas[i + 1].name) != 0;
        if (is_last_of_name && !strchr(eas[i].name, '=') &&
            wcl_pax_set_add_base64(set, WCL_PAX_EA_PREFIX, eas[i].name, eas[i].value,
                                   eas[i].value_size, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (!with_own)
        return WCL_OK;
    if (wcl_win_ea_from_records(&set->records, &again, NULL) == WCL_OK && again.size == ea->size &&
        memcmp(again.data, ea->data, ea->size) == 0)
        return WCL_OK;
    return wcl_pax_set_add_base64(set, WCL_PAX_EA, "", ea->data, ea->size, error);
}

/* Whether encoding the link anew gives the bytes of `reparse`. */
static bool comes_back(const wcl_reparse_link *link, const wcl_buffer *reparse)
{
    WCL_CLEANUP_FREE void *data = NULL;
    size_t size;

    return encode_link(link->target, link->is_mount_point, &data, &size, NULL) == WCL_OK &&
           size == reparse->size && memcmp(data, reparse->data, size) == 0;
}

wcl_status wcl_win_add_reparse(wcl_pax_set *set, const wcl_buffer *reparse, bool as_link,
                               bool with_own, char **link, wcl_error *error)
{
    wcl_reparse_link decoded = { 0 };
    bool is_link =
        as_link && wcl_reparse_decode_link(reparse->data, reparse->size, &decoded, NULL) == WCL_OK;
    bool is_same = is_link && comes_back(&decoded, reparse);
    wcl_status status = WCL_OK;

    if (is_link && *decoded.target == '\0')
        is_link = false;
    *link = is_link ? decoded.target : NULL;
    if (!is_link)
        wcl_free(decoded.target);
    if (is_link && decoded.is_mount_point)
        status = wcl_pax_set_add(set, WCL_PAX_MOUNT_POINT, "", "1", 1, error);
    if (status == WCL_OK && with_own && (!is_link || !is_same))
        status =
            wcl_pax_set_add_base64(set, WCL_PAX_REPARSE, "", reparse->data, reparse->size, error);
    return status;
}
