/*
 * UTF-16LE to and from WTF-8: UTF-8 that also holds lone surrogates (as three bytes), so that every
 * NTFS name, valid or not, has one WTF-8 form and comes back unchanged.
 */
#ifndef WCL_BASE_UTF16_H
#define WCL_BASE_UTF16_H

#include "base/buffer.h"

/* Appends the WTF-8 of `size` bytes of UTF-16LE; an odd `size` is an error. NULs pass through. */
wcl_status wcl_utf16_to_wtf8(const void *utf16, size_t size, wcl_buffer *out, wcl_error *error);

/*
 * Appends the UTF-16LE of `size` bytes of WTF-8, without a NUL behind it. Overlong forms, values
 * past U+10FFFF and a surrogate pair written as two surrogates are errors.
 */
wcl_status wcl_wtf8_to_utf16(const char *text, size_t size, wcl_buffer *out, wcl_error *error);
/* The same with each unit upcased, as NTFS compares names. */
wcl_status wcl_wtf8_to_upcased(const char *text, size_t size, wcl_buffer *out, wcl_error *error);

/* The length of the character, or half of a surrogate pair, that `text` begins with; 0 where it is
 * not WTF-8. */
size_t wcl_wtf8_character(const char *text, size_t size, uint32_t *point);

/* Whether `text` is valid WTF-8. */
bool wcl_wtf8_is_valid(const char *text, size_t size);

/* The upper-case form of one UTF-16 unit, as NTFS maps it (units that are half a pair stay). */
uint16_t wcl_upcase_unit(uint16_t unit);

#endif
