/* The structs of the public headers that may grow, which begin with their size (docs/abi.md). */
#ifndef WCL_BASE_OPTIONS_H
#define WCL_BASE_OPTIONS_H

#include <wcl/base.h>

/*
 * WCL_TAKE(wcl_driver, &own, driver, __func__, error): fills `own`, which holds the defaults, with
 * what the caller's struct has of it; what it does not have, or all where it is NULL, stays.
 * Refuses a struct_size that cannot be one, naming the struct and the function.
 */
#define WCL_TAKE(type, own, theirs, function, error)                                               \
    wcl_struct_take((type *) { own }, sizeof(type), (const type *) { theirs }, #type, function,    \
                    error)
wcl_status wcl_struct_take(void *own, size_t size, const void *theirs, const char *type,
                           const char *function, wcl_error *error);

/* Refuses what WCL_TAKE() refuses, of a struct that is to be filled in. */
#define WCL_CHECK_SIZE(type, theirs, function, error)                                              \
    wcl_struct_check((const type *) { theirs }, #type, function, error)
wcl_status wcl_struct_check(const void *theirs, const char *type, const char *function,
                            wcl_error *error);

/* Fills in the caller's struct, which was checked and may be NULL, as far as it goes. */
#define WCL_GIVE(type, theirs, own)                                                                \
    wcl_struct_give((type *) { theirs }, (const type *) { own }, sizeof(type))
void wcl_struct_give(void *theirs, const void *own, size_t size);

/* NULL and "" are the same to a caller: the text, or "" for none, or NULL for none. */
static inline const char *wcl_text(const char *text)
{
    return text ? text : "";
}
static inline const char *wcl_text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

#endif
