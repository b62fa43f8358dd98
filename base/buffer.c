/* The growing buffer. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

wcl_status wcl_buffer_reserve(wcl_buffer *buffer, size_t more, wcl_error *error)
{
    size_t needed;

    if (__builtin_add_overflow(buffer->size, more, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        return wcl_fail_memory(error);
    if (needed <= buffer->capacity)
        return WCL_OK;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed)
        if (__builtin_mul_overflow(capacity, 2, &capacity))
            return wcl_fail_memory(error);
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data)
        return wcl_fail_memory(error);
    data[buffer->size] = 0;
    buffer->data = data;
    buffer->capacity = capacity;
    return WCL_OK;
}

wcl_status wcl_buffer_append(wcl_buffer *buffer, const void *data, size_t size, wcl_error *error)
{
    if (wcl_buffer_reserve(buffer, size, error) != WCL_OK)
        return WCL_FAILED;
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = 0;
    return WCL_OK;
}

wcl_status wcl_buffer_append_zeros(wcl_buffer *buffer, size_t size, wcl_error *error)
{
    if (wcl_buffer_reserve(buffer, size, error) != WCL_OK)
        return WCL_FAILED;
    memset(buffer->data + buffer->size, 0, size + 1);
    buffer->size += size;
    return WCL_OK;
}

wcl_status wcl_buffer_append_text(wcl_buffer *buffer, const char *text, wcl_error *error)
{
    return wcl_buffer_append(buffer, text, strlen(text), error);
}

wcl_status wcl_buffer_append_byte(wcl_buffer *buffer, uint8_t byte, wcl_error *error)
{
    return wcl_buffer_append(buffer, &byte, 1, error);
}

wcl_status wcl_buffer_append_le16(wcl_buffer *buffer, uint16_t value, wcl_error *error)
{
    uint8_t bytes[2];
    wcl_store_le16(bytes, value);
    return wcl_buffer_append(buffer, bytes, sizeof(bytes), error);
}

wcl_status wcl_buffer_append_le32(wcl_buffer *buffer, uint32_t value, wcl_error *error)
{
    uint8_t bytes[4];
    wcl_store_le32(bytes, value);
    return wcl_buffer_append(buffer, bytes, sizeof(bytes), error);
}

wcl_status wcl_buffer_append_le64(wcl_buffer *buffer, uint64_t value, wcl_error *error)
{
    uint8_t bytes[8];
    wcl_store_le64(bytes, value);
    return wcl_buffer_append(buffer, bytes, sizeof(bytes), error);
}

wcl_status wcl_buffer_printf(wcl_buffer *buffer, wcl_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "cannot format a text");
    if (wcl_buffer_reserve(buffer, (size_t)length, error) != WCL_OK)
        return WCL_FAILED;
    va_start(arguments, format);
    vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return WCL_OK;
}

void wcl_buffer_free(wcl_buffer *buffer)
{
    free(buffer->data);
    *buffer = (wcl_buffer)WCL_BUFFER_INIT;
}

void *wcl_buffer_detach(wcl_buffer *buffer, size_t *size, wcl_error *error)
{
    if (wcl_buffer_reserve(buffer, 0, error) != WCL_OK)
        return NULL;
    void *data = buffer->data;
    if (size)
        *size = buffer->size;
    *buffer = (wcl_buffer)WCL_BUFFER_INIT;
    return data;
}
