/* Base64 as RFC 4648 has it, with padding. */
#ifndef WCL_BASE_BASE64_H
#define WCL_BASE_BASE64_H

#include "base/buffer.h"

/* Appends the base64 of `size` bytes. */
wcl_status wcl_base64_encode(const void *data, size_t size, wcl_buffer *out, wcl_error *error);

/* Appends the bytes that `size` characters of base64 stand for. Anything other than whole groups of
 * the alphabet, with padding, is refused; the error says where. */
wcl_status wcl_base64_decode(const char *text, size_t size, wcl_buffer *out, wcl_error *error);

/* The same of base64 whose padding may be left out, as libarchive does. */
wcl_status wcl_base64_decode_loose(const char *text, size_t size, wcl_buffer *out,
                                   wcl_error *error);

#endif
