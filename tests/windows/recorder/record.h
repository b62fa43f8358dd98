/* What the recorder's files share: writing calls down, answering them, and counting. */
#ifndef WCL_TESTS_RECORD_H
#define WCL_TESTS_RECORD_H

#include <windows.h>

#include "recorder.h"

/* The structs as vmcompute.dll reads them. */
typedef struct driver_info {
    int32_t flavour;
    const wchar_t *home_dir;
} driver_info;

typedef struct layer_descriptor {
    uint8_t id[16];
    uint32_t flags;
    const wchar_t *path;
} layer_descriptor;

_Static_assert(sizeof(driver_info) == 16 && offsetof(driver_info, home_dir) == 8, "DriverInfo");
_Static_assert(sizeof(layer_descriptor) == 32 && offsetof(layer_descriptor, flags) == 16 &&
                   offsetof(layer_descriptor, path) == 24,
               "WC_LAYER_DESCRIPTOR");
_Static_assert(sizeof(recorder_file_info) == 40 && offsetof(recorder_file_info, attributes) == 32,
               "FILE_BASIC_INFO");

/* ---- Writing a call down: begin, any arguments, end ------------------------------------------ */

typedef struct call {
    const char *function;
    char *text;
    size_t size;
} call;

void call_begin(call *call, const char *function);
void call_text(call *call, const char *name, const wchar_t *value);
void call_number(call *call, const char *name, uint64_t value);
void call_bytes(call *call, const char *name, const void *data, size_t size);
void call_driver(call *call, const driver_info *info, const wchar_t *id);
void call_chain(call *call, const layer_descriptor *chain, size_t count);
/*
 * Writes it to the log and gives the answer: the scripted HRESULT (S_OK without one), and its text
 * in `*text`, a CoTaskMem block, where `text` is not NULL and there is one.
 */
int32_t call_end(call *call, wchar_t **text);

/* ---- Counting -------------------------------------------------------------------------------- */

/* Makes or ends one handle. */
void handle_opened(void);
void handle_closed(void);

/* A copy that the caller frees with CoTaskMemFree and that is counted until then. NULL for NULL. */
wchar_t *block_of(const wchar_t *text);
size_t blocks_count(void);
void blocks_watch(void);

/* ---- Layers ---------------------------------------------------------------------------------- */

void layers_reset(void);
const recorder_layer *layers_find(const wchar_t *id);

/* Serialises everything that the recorder keeps. */
void recorder_lock(void);
void recorder_unlock(void);
/* Waits for the condition with the lock given up meanwhile. */
void recorder_wait(CONDITION_VARIABLE *condition);

void *must_alloc(size_t count, size_t size);
void *must_grow(void *memory, size_t size);

#endif
