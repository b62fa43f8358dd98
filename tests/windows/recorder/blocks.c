/* CoTaskMem memory that the recorder gave away, watched by COM's own allocation spy until it is
 * freed. */
#include "record.h"

#include <objidl.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX 4096

static void *blocks[BLOCKS_MAX];
static SRWLOCK blocks_lock = SRWLOCK_INIT;

static HRESULT STDMETHODCALLTYPE spy_query(IMallocSpy *spy, REFIID id, void **object)
{
    (void)id;
    *object = spy;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE spy_reference(IMallocSpy *spy)
{
    (void)spy;
    return 1;
}

static SIZE_T STDMETHODCALLTYPE spy_size(IMallocSpy *spy, SIZE_T size)
{
    (void)spy;
    return size;
}

static void *STDMETHODCALLTYPE spy_memory(IMallocSpy *spy, void *memory)
{
    (void)spy;
    return memory;
}

static void *STDMETHODCALLTYPE spy_free(IMallocSpy *spy, void *memory, WINBOOL spied)
{
    (void)spy;
    (void)spied;
    AcquireSRWLockExclusive(&blocks_lock);
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        if (blocks[i] == memory)
            blocks[i] = NULL;
    ReleaseSRWLockExclusive(&blocks_lock);
    return memory;
}

static void STDMETHODCALLTYPE spy_done(IMallocSpy *spy, WINBOOL spied)
{
    (void)spy;
    (void)spied;
}

static SIZE_T STDMETHODCALLTYPE spy_before_realloc(IMallocSpy *spy, void *memory, SIZE_T size,
                                                   void **actual, WINBOOL spied)
{
    (void)spy;
    (void)spied;
    *actual = memory;
    return size;
}

static void *STDMETHODCALLTYPE spy_memory_again(IMallocSpy *spy, void *memory, WINBOOL spied)
{
    (void)spy;
    (void)spied;
    return memory;
}

static SIZE_T STDMETHODCALLTYPE spy_size_again(IMallocSpy *spy, SIZE_T size, WINBOOL spied)
{
    (void)spy;
    (void)spied;
    return size;
}

static int STDMETHODCALLTYPE spy_alloc_again(IMallocSpy *spy, void *memory, WINBOOL spied,
                                             int actual)
{
    (void)spy;
    (void)memory;
    (void)spied;
    return actual;
}

static void STDMETHODCALLTYPE spy_minimize(IMallocSpy *spy)
{
    (void)spy;
}

static IMallocSpyVtbl spy_table = {
    .QueryInterface = spy_query,
    .AddRef = spy_reference,
    .Release = spy_reference,
    .PreAlloc = spy_size,
    .PostAlloc = spy_memory,
    .PreFree = spy_free,
    .PostFree = spy_done,
    .PreRealloc = spy_before_realloc,
    .PostRealloc = spy_memory_again,
    .PreGetSize = spy_memory_again,
    .PostGetSize = spy_size_again,
    .PreDidAlloc = spy_memory_again,
    .PostDidAlloc = spy_alloc_again,
    .PreHeapMinimize = spy_minimize,
    .PostHeapMinimize = spy_minimize,
};
static IMallocSpy spy = { &spy_table };

wchar_t *block_of(const wchar_t *text)
{
    if (!text)
        return NULL;
    size_t size = (wcslen(text) + 1) * sizeof(*text);
    wchar_t *block = CoTaskMemAlloc(size);
    if (!block)
        abort();
    memcpy(block, text, size);
    AcquireSRWLockExclusive(&blocks_lock);
    size_t i = 0;
    while (i < BLOCKS_MAX && blocks[i])
        i++;
    if (i == BLOCKS_MAX)
        abort();
    blocks[i] = block;
    ReleaseSRWLockExclusive(&blocks_lock);
    return block;
}

size_t blocks_count(void)
{
    size_t count = 0;

    AcquireSRWLockExclusive(&blocks_lock);
    for (size_t i = 0; i < BLOCKS_MAX; i++)
        count += blocks[i] != NULL;
    ReleaseSRWLockExclusive(&blocks_lock);
    return count;
}

void blocks_watch(void)
{
    CoRegisterMallocSpy(&spy);
}
