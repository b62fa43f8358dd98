/* The layers that the recorder keeps in memory, and the exports for them. */
#ifndef WCL_TESTS_RECORDER_LAYERS_H
#define WCL_TESTS_RECORDER_LAYERS_H

#include "record.h"

/* Adds an empty layer in place of one with the same id; stays in the list. */
recorder_layer *layers_add(const wchar_t *id);
void layers_remove(const wchar_t *id);

/* Logs and answers a call of (info, id) and one of (info, id, other, chain). */
int32_t layer_call(const char *function, const driver_info *info, const wchar_t *id);
int32_t pair_call(const char *function, const driver_info *info, const wchar_t *id,
                  const char *other_name, const wchar_t *other, const layer_descriptor *chain,
                  size_t count);

int32_t WINAPI ActivateLayer(const driver_info *info, const wchar_t *id);
int32_t WINAPI DeactivateLayer(const driver_info *info, const wchar_t *id);
int32_t WINAPI UnprepareLayer(const driver_info *info, const wchar_t *id);
int32_t WINAPI DestroyLayer(const driver_info *info, const wchar_t *id);
int32_t WINAPI CreateLayer(const driver_info *info, const wchar_t *id, const wchar_t *parent);
int32_t WINAPI CreateSandboxLayer(const driver_info *info, const wchar_t *id, const wchar_t *parent,
                                  const layer_descriptor *chain, size_t count);
int32_t WINAPI CopyLayer(const driver_info *info, const wchar_t *source, const wchar_t *destination,
                         const layer_descriptor *chain, size_t count);
int32_t WINAPI ExportLayer(const driver_info *info, const wchar_t *id, const wchar_t *path,
                           const layer_descriptor *chain, size_t count);
int32_t WINAPI ImportLayer(const driver_info *info, const wchar_t *id, const wchar_t *path,
                           const layer_descriptor *chain, size_t count);
int32_t WINAPI PrepareLayer(const driver_info *info, const wchar_t *id,
                            const layer_descriptor *chain, size_t count);
int32_t WINAPI ExpandSandboxSize(const driver_info *info, const wchar_t *id, uint64_t size);
int32_t WINAPI LayerExists(const driver_info *info, const wchar_t *id, uint32_t *exists);
int32_t WINAPI GetLayerMountPath(const driver_info *info, const wchar_t *id, size_t *length,
                                 wchar_t *buffer);
int32_t WINAPI GetBaseImages(wchar_t **json);
int32_t WINAPI NameToGuid(const wchar_t *name, uint8_t guid[16]);
int32_t WINAPI ProcessBaseImage(const wchar_t *path);
int32_t WINAPI ProcessUtilityImage(const wchar_t *path);
int32_t WINAPI ImportLayerBegin(const driver_info *info, const wchar_t *id,
                                const layer_descriptor *chain, size_t count, void **context);
int32_t WINAPI ImportLayerNext(void *context, const wchar_t *name, const recorder_file_info *info);
int32_t WINAPI ImportLayerWrite(void *context, const uint8_t *data, uint32_t size);
int32_t WINAPI ImportLayerEnd(void *context);
int32_t WINAPI ExportLayerBegin(const driver_info *info, const wchar_t *id,
                                const layer_descriptor *chain, size_t count, void **context);
int32_t WINAPI ExportLayerNext(void *context, wchar_t **name, recorder_file_info *info,
                               int64_t *size, uint32_t *deleted);
int32_t WINAPI ExportLayerRead(void *context, uint8_t *data, uint32_t size, uint32_t *got);
int32_t WINAPI ExportLayerEnd(void *context);

#endif
