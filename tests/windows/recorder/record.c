/* The recorder's log, its scripted answers, and its counts. */
#include "record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers.h"
#include "systems.h"

typedef struct answer {
    char function[64];
    int32_t hresult;
    wchar_t *text;
    struct answer *next;
} answer;

static SRWLOCK lock = SRWLOCK_INIT;
static char *log_text;
static size_t log_size;
static answer *answers;
static void (*hook)(const char *function, void *context);
static void *hook_context;
static volatile LONG handles;

void recorder_lock(void)
{
    AcquireSRWLockExclusive(&lock);
}

void recorder_unlock(void)
{
    ReleaseSRWLockExclusive(&lock);
}

void recorder_wait(CONDITION_VARIABLE *condition)
{
    SleepConditionVariableSRW(condition, &lock, INFINITE, 0);
}

void *must_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);

    if (!memory)
        abort();
    return memory;
}

void *must_grow(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

/* ---- Handles -----------------------------------------------------------------------------------
 */

void handle_opened(void)
{
    InterlockedIncrement(&handles);
}

void handle_closed(void)
{
    InterlockedDecrement(&handles);
}

static size_t open_handles(void)
{
    return (size_t)handles;
}

/* ---- Calls -------------------------------------------------------------------------------------
 */

static void append(char **text, size_t *size, const char *more, size_t length)
{
    *text = must_grow(*text, *size + length + 1);
    memcpy(*text + *size, more, length);
    *size += length;
    (*text)[*size] = '\0';
}

static void call_format(call *call, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    append(&call->text, &call->size, text, strlen(text));
}

/* A JSON string, or null. */
static void call_string(call *call, const wchar_t *value)
{
    if (!value) {
        call_format(call, "null");
        return;
    }
    call_format(call, "\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            call_format(call, "\\%c", (char)*value);
        else if (*value < 0x20 || *value > 0x7E)
            call_format(call, "\\u%04x", (unsigned)*value);
        else
            call_format(call, "%c", (char)*value);
    }
    call_format(call, "\"");
}

void call_begin(call *call, const char *function)
{
    call->function = function;
    call->text = NULL;
    call->size = 0;
    call_format(call, "{\"call\":\"%s\"", function);
}

void call_text(call *call, const char *name, const wchar_t *value)
{
    call_format(call, ",\"%s\":", name);
    call_string(call, value);
}

void call_number(call *call, const char *name, uint64_t value)
{
    call_format(call, ",\"%s\":%llu", name, (unsigned long long)value);
}

void call_bytes(call *call, const char *name, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    if (!data) {
        call_format(call, ",\"%s\":null", name);
        return;
    }
    call_format(call, ",\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        call_format(call, "%02x", bytes[i]);
    call_format(call, "\"");
}

void call_driver(call *call, const driver_info *info, const wchar_t *id)
{
    call_number(call, "flavour", (uint32_t)info->flavour);
    call_text(call, "home", info->home_dir);
    call_text(call, "id", id);
}

void call_chain(call *call, const layer_descriptor *chain, size_t count)
{
    call_format(call, ",\"chain\":[");
    for (size_t i = 0; i < count; i++) {
        call_format(call, "%s{\"flags\":%u", i ? "," : "", chain[i].flags);
        call_bytes(call, "guid", chain[i].id, sizeof(chain[i].id));
        call_text(call, "path", chain[i].path);
        call_format(call, "}");
    }
    call_format(call, "]");
    if (!chain)
        call_format(call, ",\"chain_is_null\":true");
}

/* ---- Answers -----------------------------------------------------------------------------------
 */

static void add_answer(const char *function, int32_t hresult, const wchar_t *text)
{
    answer *added = must_alloc(1, sizeof(*added));

    snprintf(added->function, sizeof(added->function), "%s", function);
    added->hresult = hresult;
    added->text = text ? wcsdup(text) : NULL;
    recorder_lock();
    answer **at = &answers;
    while (*at)
        at = &(*at)->next;
    *at = added;
    recorder_unlock();
}

/* One line of a file of answers: a function, its HRESULT in hexadecimal and, if any, the text; or
 * "layer", 0 and the id of a layer that is to be there. */
static void add_answer_line(char *line)
{
    char *at = line, *function = at;
    wchar_t wide[4096];

    at += strcspn(at, " ");
    if (!*at)
        return;
    *at++ = '\0';
    int32_t hresult = (int32_t)strtoul(at, &at, 16);
    if (*at != ' ') {
        add_answer(function, hresult, NULL);
        return;
    }
    if (!MultiByteToWideChar(CP_UTF8, 0, at + 1, -1, wide, sizeof(wide) / sizeof(wide[0])))
        abort();
    if (strcmp(function, "layer") == 0)
        layers_add(wide);
    else
        add_answer(function, hresult, wide);
}

/* Those of the file that RECORDER_ANSWERS names, for tests of whole programs. */
static void load_answers(void)
{
    const char *path = getenv("RECORDER_ANSWERS");
    FILE *file = path ? fopen(path, "rb") : NULL;
    char line[4096];

    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        add_answer_line(line);
    }
    if (file)
        fclose(file);
}

/* Takes the first answer that is meant for this function. */
static int32_t take_answer(const char *function, wchar_t **text)
{
    int32_t hresult = S_OK;

    for (answer **at = &answers; *at; at = &(*at)->next) {
        answer *taken = *at;
        if (strcmp(taken->function, function) != 0)
            continue;
        *at = taken->next;
        hresult = taken->hresult;
        if (text)
            *text = block_of(taken->text);
        free(taken->text);
        free(taken);
        break;
    }
    return hresult;
}

/* Also into the file that RECORDER_LOG names, for tests of whole programs. */
static void append_to_file(const char *text, size_t size)
{
    const char *path = getenv("RECORDER_LOG");
    FILE *file = path ? fopen(path, "ab") : NULL;

    if (!file)
        return;
    fwrite(text, 1, size, file);
    fclose(file);
}

int32_t call_end(call *call, wchar_t **text)
{
    call_format(call, "}\n");
    recorder_lock();
    append(&log_text, &log_size, call->text, call->size);
    append_to_file(call->text, call->size);
    void (*called)(const char *, void *) = hook;
    void *context = hook_context;
    recorder_unlock();
    if (called)
        called(call->function, context);
    recorder_lock();
    int32_t hresult = take_answer(call->function, text);
    recorder_unlock();
    free(call->text);
    return hresult;
}

/* ---- Control -----------------------------------------------------------------------------------
 */

static char *take_log(void)
{
    recorder_lock();
    char *taken = log_text ? log_text : must_alloc(1, 1);
    log_text = NULL;
    log_size = 0;
    recorder_unlock();
    return taken;
}

static void set_hook(void (*function)(const char *function, void *context), void *context)
{
    recorder_lock();
    hook = function;
    hook_context = context;
    recorder_unlock();
}

static void reset(void)
{
    set_hook(NULL, NULL);
    free(take_log());
    recorder_lock();
    while (answers) {
        answer *next = answers->next;
        free(answers->text);
        free(answers);
        answers = next;
    }
    recorder_unlock();
    layers_reset();
    systems_reset();
}

const recorder_control *RecorderControl(void);
const recorder_control *RecorderControl(void)
{
    static const recorder_control control = {
        reset,        take_log,       free,           add_answer,      set_hook,
        open_handles, blocks_count,   layers_find,    systems_last,    systems_notify,
        systems_tell, systems_follow, systems_settle, systems_misuses, systems_set_process,
    };
    return &control;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)instance;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        blocks_watch();
        load_answers();
    }
    return TRUE;
}
