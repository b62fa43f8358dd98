/*
 * An iphlpapi.dll for tests: it keeps the compartments that it was asked for and answers as the
 * test wants. The test loads it by path before the library under test asks for "iphlpapi.dll".
 */
#include <windows.h>

#include <stdint.h>

static LONG answer;
static uint32_t compartment;
static DWORD thread;

uint32_t WINAPI SetCurrentThreadCompartmentId(uint32_t id);
uint32_t WINAPI SetCurrentThreadCompartmentId(uint32_t id)
{
    compartment = id;
    thread = GetCurrentThreadId();
    return (uint32_t)answer;
}

/* What the next calls answer. */
void AnswerCompartments(uint32_t with);
void AnswerCompartments(uint32_t with)
{
    answer = (LONG)with;
}

/* What the last call was for, and from which thread. */
void LastCompartment(uint32_t *id, uint32_t *by);
void LastCompartment(uint32_t *id, uint32_t *by)
{
    *id = compartment;
    *by = thread;
}
