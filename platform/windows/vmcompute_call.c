/* The shapes that calls of the Host Compute Service's functions have in common. */
#include <stdio.h>
#include <string.h>

#include "platform/windows/vmcompute_private.h"

typedef int32_t(WINAPI *plain_function)(void *handle, wchar_t **result);
typedef int32_t(WINAPI *text_function)(void *handle, const wchar_t *text, wchar_t **result);
typedef int32_t(WINAPI *close_function)(void *handle);
typedef int32_t(WINAPI *register_function)(void *handle, wcl_hcs_notify notify, void *context,
                                           void **callback);

/* Adds what the service says to a message that says that the call failed. */
static void add_document(wcl_error *error, const char *document)
{
    char message[sizeof(error->message)];

    if (!error || !*document)
        return;
    memcpy(message, error->message, sizeof(message));
    wcl_fail(error, error->code, "%s; the service says: %s", message, document);
}

wcl_status wcl_hcs_ended(int32_t hresult, const char *function, wchar_t *document, char **result,
                         wcl_error *error)
{
    WCL_CLEANUP_FREE char *text = NULL;
    wcl_status status = wcl_check_hresult(hresult, function, error);

    /* Short of memory the document goes missing; the call is none the worse for it. */
    wcl_vm_take_text(document, &text, NULL);
    if (status != WCL_OK && text)
        add_document(error, text);
    if (result) {
        *result = text;
        text = NULL;
    }
    return status;
}

wcl_status wcl_hcs_answered(int32_t hresult, const char *function, wchar_t *answer, char **text,
                            wchar_t *document, char **result, wcl_error *error)
{
    wcl_status status = wcl_hcs_ended(hresult, function, document, result, error);
    WCL_CLEANUP_FREE char *converted = NULL;

    *text = NULL;
    if (wcl_vm_take_text(answer, &converted, status == WCL_OK ? error : NULL) != WCL_OK ||
        status != WCL_OK)
        return WCL_FAILED;
    *text = converted;
    converted = NULL;
    return WCL_OK;
}

wcl_status wcl_hcs_call(wcl_late *late, void *handle, char **result, wcl_error *error)
{
    plain_function function = (plain_function)wcl_late_find(late, error);
    wchar_t *document = NULL;

    if (!function)
        return WCL_FAILED;
    int32_t hresult = function(handle, &document);
    return wcl_hcs_ended(hresult, late->name, document, result, error);
}

wcl_status wcl_hcs_call_with(wcl_late *late, void *handle, const char *text, char **result,
                             wcl_error *error)
{
    WCL_CLEANUP_FREE wchar_t *wide = NULL;
    text_function function = (text_function)wcl_late_find(late, error);
    wchar_t *document = NULL;

    if (!function)
        return WCL_FAILED;
    wide = text ? wcl_wide_of(text, error) : NULL;
    if (text && !wide)
        return WCL_FAILED;
    int32_t hresult = function(handle, wide, &document);
    return wcl_hcs_ended(hresult, late->name, document, result, error);
}

wcl_status wcl_hcs_close(wcl_late *late, void *handle, wcl_error *error)
{
    close_function function = (close_function)wcl_late_find(late, error);

    return function ? wcl_check_hresult(function(handle), late->name, error) : WCL_FAILED;
}

wcl_status wcl_hcs_register(wcl_late *late, void *handle, wcl_hcs_notify notify, void *context,
                            wcl_hcs_callback *callback, wcl_error *error)
{
    register_function function = (register_function)wcl_late_find(late, error);

    *callback = NULL;
    return function
               ? wcl_check_hresult(function(handle, notify, context, callback), late->name, error)
               : WCL_FAILED;
}
