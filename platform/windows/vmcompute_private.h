/* What the files of the vmcompute.dll bindings share. */
#ifndef WCL_PLATFORM_WINDOWS_VMCOMPUTE_PRIVATE_H
#define WCL_PLATFORM_WINDOWS_VMCOMPUTE_PRIVATE_H

#include <wchar.h>
#include <windows.h>

#include "base/buffer.h"
#include "base/error.h"
#include "platform/windows/late.h"
#include "platform/windows/vmcompute.h"
#include "platform/windows/wide.h"
#include "platform/windows/win32_error.h"

/* A function of vmcompute.dll, to be looked up. */
#define WCL_VMCOMPUTE(function)                                                                    \
    {                                                                                              \
        "vmcompute.dll", function, NULL                                                            \
    }

/* ---- How the DLL sees structs (x64 and x86 alike pad as C does) ----------------------------- */

typedef struct wcl_vm_driver_abi {
    int32_t flavour;
    const wchar_t *home_dir;
} wcl_vm_driver_abi;

typedef struct wcl_vm_descriptor_abi {
    wcl_guid id;
    uint32_t flags;
    const wchar_t *path;
} wcl_vm_descriptor_abi;

typedef struct wcl_vm_file_abi {
    int64_t creation_time;
    int64_t last_access_time;
    int64_t last_write_time;
    int64_t change_time;
    uint32_t attributes;
    uint32_t padding;
} wcl_vm_file_abi;

/* ---- Arguments ------------------------------------------------------------------------------ */

/* The arguments that most layer functions begin and end with. */
typedef struct wcl_vm_arguments {
    wcl_vm_driver_abi info;
    wchar_t *home_dir;
    wchar_t *id;
    wcl_vm_descriptor_abi *chain; /* NULL for none */
    wchar_t **paths;
    size_t count;
} wcl_vm_arguments;

#define WCL_VM_ARGUMENTS_INIT                                                                      \
    {                                                                                              \
        { 0, NULL }, NULL, NULL, NULL, NULL, 0                                                     \
    }

/* Fills them in; no parents are asked of NameToGuid when `parents` is NULL. */
wcl_status wcl_vm_arguments_fill(wcl_vm_arguments *arguments, const wcl_vm_driver *driver,
                                 const char *id, const wcl_vm_parents *parents, wcl_error *error);
void wcl_vm_arguments_free(wcl_vm_arguments *arguments);
#define WCL_CLEANUP_VM_ARGUMENTS __attribute__((cleanup(wcl_vm_arguments_free)))

/* ---- Texts that the DLL gives --------------------------------------------------------------- */

/* Frees with CoTaskMemFree(). NULL is allowed. */
void wcl_vm_free(void *memory);

/* Takes over a text: `*text` is its UTF-8, NULL where it was NULL. */
wcl_status wcl_vm_take_text(wchar_t *wide, char **text, wcl_error *error);

/*
 * How a function of the Host Compute Service ended: takes over the result document, adds it to the
 * message of a failure, and gives it to the caller where `result` is not NULL.
 */
wcl_status wcl_hcs_ended(int32_t hresult, const char *function, wchar_t *document, char **result,
                         wcl_error *error);

/* The same for a function that gives an answer besides, which it takes over as well; `*text` is
 * NULL after a failure and where there is none. */
wcl_status wcl_hcs_answered(int32_t hresult, const char *function, wchar_t *answer, char **text,
                            wchar_t *document, char **result, wcl_error *error);

/* A function of (handle, result). */
wcl_status wcl_hcs_call(wcl_late *late, void *handle, char **result, wcl_error *error);
/* A function of (handle, text, result); the text may be NULL. */
wcl_status wcl_hcs_call_with(wcl_late *late, void *handle, const char *text, char **result,
                             wcl_error *error);
/* A function of a handle alone. */
wcl_status wcl_hcs_close(wcl_late *late, void *handle, wcl_error *error);
/* A function of (handle, callback, context, callback handle). */
wcl_status wcl_hcs_register(wcl_late *late, void *handle, wcl_hcs_notify notify, void *context,
                            wcl_hcs_callback *callback, wcl_error *error);

#endif
