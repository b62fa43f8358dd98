/*
 * A vmcompute.dll for tests: it writes down each call as the DLL receives it, answers as the test
 * wants, and keeps layers in memory. The test loads one of its variants by path before the library
 * under test asks for "vmcompute.dll", and gets what follows from its export RecorderControl.
 *
 * It shares no code with the library, so that both must agree on what the ABI is.
 */
#ifndef WCL_TESTS_RECORDER_H
#define WCL_TESTS_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* FileBasicInfo: 40 bytes. */
typedef struct recorder_file_info {
    int64_t creation_time;
    int64_t last_access_time;
    int64_t last_write_time;
    int64_t change_time;
    uint32_t attributes;
    uint32_t padding;
} recorder_file_info;

typedef struct recorder_entry {
    wchar_t *name; /* as it was given, with the backslash in front */
    bool deleted;
    recorder_file_info info;
    uint8_t *stream;
    size_t stream_size;
    size_t stream_capacity;
} recorder_entry;

typedef struct recorder_layer {
    wchar_t *id;
    recorder_entry *entries;
    size_t count;
    size_t capacity;
    struct recorder_layer *next;
} recorder_layer;

typedef struct recorder_control {
    /* Forgets the calls, the scripted answers, the hook and the layers. */
    void (*reset)(void);
    /* The calls since the last time, a line of JSON each; non-ASCII UTF-16 units as \uXXXX. Freed
     * with release(). */
    char *(*take_log)(void);
    void (*release)(void *memory);
    /* The next call of `function` that has no answer yet gives this HRESULT and this text (its
     * result, properties or response; NULL for none). Answers are used in the order of the calls.
     */
    void (*answer)(const char *function, int32_t hresult, const wchar_t *text);
    /* Called within each call, in its thread, before it is answered; NULL for none. */
    void (*set_hook)(void (*hook)(const char *function, void *context), void *context);
    /* What a caller has not given back: imports, exports, systems, processes and callbacks; and
     * texts to be freed with CoTaskMemFree. */
    size_t (*open_handles)(void);
    size_t (*open_blocks)(void);
    /* A layer that was imported; NULL where there is none. Stays the recorder's. */
    const recorder_layer *(*find_layer)(const wchar_t *id);
    /* The compute system or process that was opened last and is not closed; NULL for none. */
    void *(*last_handle)(void);
    /* Calls each callback of a system or process, from a thread of its own; returns at once. Like
     * that of the functions below, `data` may be NULL and is spoilt when the calls have returned.
     */
    void (*notify)(void *handle, uint32_t type, int32_t status, const wchar_t *data);
    /* The same from this thread; one of a handle that is not open reaches nobody. */
    void (*tell)(void *handle, uint32_t type, int32_t status, const wchar_t *data);
    /*
     * The next call of `function` that succeeds or is pending is followed by this notification to
     * the handle that it is made on, or that it gives, so many milliseconds later and from another
     * thread. A handle without a callback gets it when one is registered.
     */
    void (*follow)(const char *function, uint32_t type, int32_t status, const wchar_t *data,
                   uint32_t milliseconds);
    /* Waits until all that notify() and follow() have begun is over. */
    void (*settle)(void);
    /* Uses of handles that were not open. */
    size_t (*misuses)(void);
    /* The pid and the pipes that processes are created and asked about with from now on. */
    void (*set_process)(uint32_t pid, void *in, void *out, void *err);
} recorder_control;

typedef const recorder_control *(*recorder_control_fn)(void);

#endif
