/* The recorder's layers in memory, and importing and exporting them entry by entry. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "layers.h"

#define HRESULT_NOT_FOUND ((int32_t)0x80070002)
#define HRESULT_NO_MORE_FILES ((int32_t)0x80070012)
#define HRESULT_BAD_STATE ((int32_t)0x8007139F)

typedef struct transfer {
    recorder_layer *layer; /* of an import: not in the list yet; of an export: the listed one */
    size_t next;           /* of an export: the entry that follows */
    size_t position;       /* of an export: in the entry's stream */
    bool failed;
} transfer;

static recorder_layer *layers;

/* ---- Layers ------------------------------------------------------------------------------------
 */

static void free_layer(recorder_layer *layer)
{
    for (size_t i = 0; i < layer->count; i++) {
        free(layer->entries[i].name);
        free(layer->entries[i].stream);
    }
    free(layer->entries);
    free(layer->id);
    free(layer);
}

static recorder_layer *new_layer(const wchar_t *id)
{
    recorder_layer *layer = must_alloc(1, sizeof(*layer));

    layer->id = wcsdup(id);
    return layer;
}

static recorder_layer *find(const wchar_t *id)
{
    recorder_layer *layer = layers;

    while (layer && wcscmp(layer->id, id) != 0)
        layer = layer->next;
    return layer;
}

const recorder_layer *layers_find(const wchar_t *id)
{
    recorder_lock();
    const recorder_layer *layer = find(id);
    recorder_unlock();
    return layer;
}

static void remove_locked(const wchar_t *id)
{
    for (recorder_layer **at = &layers; *at; at = &(*at)->next) {
        recorder_layer *layer = *at;
        if (wcscmp(layer->id, id) == 0) {
            *at = layer->next;
            free_layer(layer);
            return;
        }
    }
}

void layers_remove(const wchar_t *id)
{
    recorder_lock();
    remove_locked(id);
    recorder_unlock();
}

static void put(recorder_layer *layer)
{
    recorder_lock();
    remove_locked(layer->id);
    layer->next = layers;
    layers = layer;
    recorder_unlock();
}

recorder_layer *layers_add(const wchar_t *id)
{
    recorder_layer *layer = new_layer(id);

    put(layer);
    return layer;
}

void layers_reset(void)
{
    recorder_lock();
    while (layers) {
        recorder_layer *next = layers->next;
        free_layer(layers);
        layers = next;
    }
    recorder_unlock();
}

/* ---- Calls that layers have in common -----------------------------------------------------------
 */

int32_t layer_call(const char *function, const driver_info *info, const wchar_t *id)
{
    call call;

    call_begin(&call, function);
    call_driver(&call, info, id);
    return call_end(&call, NULL);
}

int32_t pair_call(const char *function, const driver_info *info, const wchar_t *id,
                  const char *other_name, const wchar_t *other, const layer_descriptor *chain,
                  size_t count)
{
    call call;

    call_begin(&call, function);
    call_driver(&call, info, id);
    call_text(&call, other_name, other);
    call_chain(&call, chain, count);
    return call_end(&call, NULL);
}

static int32_t begin_call(const char *function, const driver_info *info, const wchar_t *id,
                          const layer_descriptor *chain, size_t count)
{
    call call;

    call_begin(&call, function);
    call_driver(&call, info, id);
    call_chain(&call, chain, count);
    return call_end(&call, NULL);
}

/* A call whose arguments are the context alone, which says nothing. */
static int32_t bare_call(const char *function)
{
    call call;

    call_begin(&call, function);
    return call_end(&call, NULL);
}

/* ---- Import ------------------------------------------------------------------------------------
 */

int32_t WINAPI ImportLayerBegin(const driver_info *info, const wchar_t *id,
                                const layer_descriptor *chain, size_t count, void **context)
{
    int32_t hresult = begin_call("ImportLayerBegin", info, id, chain, count);

    if (hresult < 0)
        return hresult;
    transfer *import = must_alloc(1, sizeof(*import));
    import->layer = new_layer(id);
    handle_opened();
    *context = import;
    return hresult;
}

int32_t WINAPI ImportLayerNext(void *context, const wchar_t *name, const recorder_file_info *info)
{
    transfer *import = context;
    recorder_layer *layer = import->layer;
    call call;

    call_begin(&call, "ImportLayerNext");
    call_text(&call, "name", name);
    call_bytes(&call, "info", info, sizeof(*info));
    int32_t hresult = call_end(&call, NULL);
    if (hresult < 0) {
        import->failed = true;
        return hresult;
    }
    if (layer->count == layer->capacity) {
        layer->capacity = layer->capacity ? layer->capacity * 2 : 16;
        layer->entries = must_grow(layer->entries, layer->capacity * sizeof(*layer->entries));
    }
    recorder_entry *entry = &layer->entries[layer->count++];
    memset(entry, 0, sizeof(*entry));
    entry->name = wcsdup(name);
    entry->deleted = !info;
    if (info)
        entry->info = *info;
    return hresult;
}

int32_t WINAPI ImportLayerWrite(void *context, const uint8_t *data, uint32_t size)
{
    transfer *import = context;
    call call;

    call_begin(&call, "ImportLayerWrite");
    call_number(&call, "size", size);
    int32_t hresult = call_end(&call, NULL);
    if (hresult < 0 || import->layer->count == 0) {
        import->failed = true;
        return hresult < 0 ? hresult : HRESULT_BAD_STATE;
    }
    recorder_entry *entry = &import->layer->entries[import->layer->count - 1];
    if (entry->stream_size + size > entry->stream_capacity) {
        entry->stream_capacity = (entry->stream_size + size) * 2;
        entry->stream = must_grow(entry->stream, entry->stream_capacity);
    }
    memcpy(entry->stream + entry->stream_size, data, size);
    entry->stream_size += size;
    return hresult;
}

int32_t WINAPI ImportLayerEnd(void *context)
{
    transfer *import = context;
    int32_t hresult = bare_call("ImportLayerEnd");

    if (hresult >= 0 && !import->failed)
        put(import->layer);
    else
        free_layer(import->layer);
    free(import);
    handle_closed();
    return hresult;
}

/* ---- Export ------------------------------------------------------------------------------------
 */

int32_t WINAPI ExportLayerBegin(const driver_info *info, const wchar_t *id,
                                const layer_descriptor *chain, size_t count, void **context)
{
    int32_t hresult = begin_call("ExportLayerBegin", info, id, chain, count);

    if (hresult < 0)
        return hresult;
    recorder_lock();
    recorder_layer *layer = find(id);
    recorder_unlock();
    if (!layer)
        return HRESULT_NOT_FOUND;
    transfer *export = must_alloc(1, sizeof(*export));
    export->layer = layer;
    handle_opened();
    *context = export;
    return hresult;
}

static uint64_t load(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    while (size--)
        value = value << 8 | bytes[size];
    return value;
}

/* The file's size as its backup stream tells it: the data stream's, or where the last sparse block
 * ends. */
static int64_t file_size(const recorder_entry *entry)
{
    uint64_t size = 0;

    for (size_t at = 0; at + 20 <= entry->stream_size;) {
        const uint8_t *header = entry->stream + at;
        uint64_t stream_size = load(header + 8, 8);
        size_t name_size = (size_t)load(header + 16, 4);
        if (load(header, 4) == 1)
            size = stream_size;
        if (load(header, 4) == 9)
            size = load(header + 20 + name_size, 8) + stream_size - 8;
        at += 20 + name_size + (size_t)stream_size;
    }
    return (int64_t)size;
}

int32_t WINAPI ExportLayerNext(void *context, wchar_t **name, recorder_file_info *info,
                               int64_t *size, uint32_t *deleted)
{
    transfer *export = context;
    int32_t hresult = bare_call("ExportLayerNext");

    if (hresult < 0)
        return hresult;
    if (export->next == export->layer->count)
        return HRESULT_NO_MORE_FILES;
    const recorder_entry *entry = &export->layer->entries[export->next++];
    export->position = 0;
    *name = block_of(entry->name);
    *info = entry->info;
    *size = file_size(entry);
    *deleted = entry->deleted;
    return hresult;
}

int32_t WINAPI ExportLayerRead(void *context, uint8_t *data, uint32_t size, uint32_t *got)
{
    transfer *export = context;
    call call;

    call_begin(&call, "ExportLayerRead");
    call_number(&call, "size", size);
    int32_t hresult = call_end(&call, NULL);
    if (hresult < 0)
        return hresult;
    const recorder_entry *entry = export->next ? &export->layer->entries[export->next - 1] : NULL;
    size_t left = entry ? entry->stream_size - export->position : 0;
    *got = left < size ? (uint32_t)left : size;
    if (*got)
        memcpy(data, entry->stream + export->position, *got);
    export->position += *got;
    return hresult;
}

int32_t WINAPI ExportLayerEnd(void *context)
{
    int32_t hresult = bare_call("ExportLayerEnd");

    free(context);
    handle_closed();
    return hresult;
}
