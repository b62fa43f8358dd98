/* The recorder's functions for whole layers. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "layers.h"

int32_t WINAPI ActivateLayer(const driver_info *info, const wchar_t *id)
{
    return layer_call("ActivateLayer", info, id);
}

int32_t WINAPI DeactivateLayer(const driver_info *info, const wchar_t *id)
{
    return layer_call("DeactivateLayer", info, id);
}

int32_t WINAPI UnprepareLayer(const driver_info *info, const wchar_t *id)
{
    return layer_call("UnprepareLayer", info, id);
}

int32_t WINAPI DestroyLayer(const driver_info *info, const wchar_t *id)
{
    int32_t hresult = layer_call("DestroyLayer", info, id);

    if (hresult >= 0)
        layers_remove(id);
    return hresult;
}

int32_t WINAPI CreateLayer(const driver_info *info, const wchar_t *id, const wchar_t *parent)
{
    call call;

    call_begin(&call, "CreateLayer");
    call_driver(&call, info, id);
    call_text(&call, "parent", parent);
    int32_t hresult = call_end(&call, NULL);
    if (hresult >= 0)
        layers_add(id);
    return hresult;
}

int32_t WINAPI CreateSandboxLayer(const driver_info *info, const wchar_t *id, const wchar_t *parent,
                                  const layer_descriptor *chain, size_t count)
{
    int32_t hresult = pair_call("CreateSandboxLayer", info, id, "parent", parent, chain, count);

    if (hresult >= 0)
        layers_add(id);
    return hresult;
}

int32_t WINAPI CopyLayer(const driver_info *info, const wchar_t *source, const wchar_t *destination,
                         const layer_descriptor *chain, size_t count)
{
    return pair_call("CopyLayer", info, source, "destination", destination, chain, count);
}

int32_t WINAPI ExportLayer(const driver_info *info, const wchar_t *id, const wchar_t *path,
                           const layer_descriptor *chain, size_t count)
{
    return pair_call("ExportLayer", info, id, "path", path, chain, count);
}

int32_t WINAPI ImportLayer(const driver_info *info, const wchar_t *id, const wchar_t *path,
                           const layer_descriptor *chain, size_t count)
{
    int32_t hresult = pair_call("ImportLayer", info, id, "path", path, chain, count);

    if (hresult >= 0)
        layers_add(id);
    return hresult;
}

/* How many calls are inside PrepareLayer; more than one is what it must not see. */
static volatile LONG preparing;

int32_t WINAPI PrepareLayer(const driver_info *info, const wchar_t *id,
                            const layer_descriptor *chain, size_t count)
{
    call call;

    call_begin(&call, "PrepareLayer");
    call_driver(&call, info, id);
    call_chain(&call, chain, count);
    call_number(&call, "at_once", (uint64_t)InterlockedIncrement(&preparing));
    int32_t hresult = call_end(&call, NULL);
    InterlockedDecrement(&preparing);
    return hresult;
}

int32_t WINAPI ExpandSandboxSize(const driver_info *info, const wchar_t *id, uint64_t size)
{
    call call;

    call_begin(&call, "ExpandSandboxSize");
    call_driver(&call, info, id);
    call_number(&call, "size", size);
    return call_end(&call, NULL);
}

int32_t WINAPI LayerExists(const driver_info *info, const wchar_t *id, uint32_t *exists)
{
    int32_t hresult = layer_call("LayerExists", info, id);

    *exists = layers_find(id) ? 1 : 0;
    return hresult;
}

/* A volume for every layer, its name taken from the id: \\?\Volume{ID}\. The scripted text is taken
 * instead, by the second of the two calls as well. */
int32_t WINAPI GetLayerMountPath(const driver_info *info, const wchar_t *id, size_t *length,
                                 wchar_t *buffer)
{
    call call;
    wchar_t path[256] = L"\\\\?\\Volume{";

    call_begin(&call, "GetLayerMountPath");
    call_driver(&call, info, id);
    call_number(&call, "length", *length);
    call_number(&call, "has_buffer", buffer != NULL);
    int32_t hresult = call_end(&call, NULL);
    wcsncat(path, id, 200);
    wcscat(path, L"}\\");
    size_t needed = wcslen(path) + 1;
    if (hresult >= 0 && buffer && *length < needed)
        return (int32_t)0x8007007A;
    if (hresult >= 0 && buffer)
        memcpy(buffer, path, needed * sizeof(*buffer));
    *length = needed;
    return hresult;
}

int32_t WINAPI GetBaseImages(wchar_t **json)
{
    call call;

    call_begin(&call, "GetBaseImages");
    *json = NULL;
    return call_end(&call, json);
}

/* The first eight UTF-16 units of the name, so that a test sees which name was asked for. */
int32_t WINAPI NameToGuid(const wchar_t *name, uint8_t guid[16])
{
    call call;
    size_t size = wcslen(name) * sizeof(*name);

    call_begin(&call, "NameToGuid");
    call_text(&call, "name", name);
    memset(guid, 0, 16);
    memcpy(guid, name, size < 16 ? size : 16);
    return call_end(&call, NULL);
}

int32_t WINAPI ProcessBaseImage(const wchar_t *path)
{
    call call;

    call_begin(&call, "ProcessBaseImage");
    call_text(&call, "path", path);
    return call_end(&call, NULL);
}

int32_t WINAPI ProcessUtilityImage(const wchar_t *path)
{
    call call;

    call_begin(&call, "ProcessUtilityImage");
    call_text(&call, "path", path);
    return call_end(&call, NULL);
}
