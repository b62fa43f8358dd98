/* A growing run of bytes, also used for text: a NUL always stands behind what is in it. */
#ifndef WCL_BASE_BUFFER_H
#define WCL_BASE_BUFFER_H

#include <wcl/base.h>

typedef struct wcl_buffer {
    uint8_t *data; /* NULL while empty and never grown */
    size_t size;
    size_t capacity;
} wcl_buffer;

#define WCL_BUFFER_INIT                                                                            \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* Makes room for `more` bytes behind what is in it; a failure leaves the buffer as it was. */
wcl_status wcl_buffer_reserve(wcl_buffer *buffer, size_t more, wcl_error *error);
wcl_status wcl_buffer_append(wcl_buffer *buffer, const void *data, size_t size, wcl_error *error);
/* Appends `size` zero bytes. */
wcl_status wcl_buffer_append_zeros(wcl_buffer *buffer, size_t size, wcl_error *error);
wcl_status wcl_buffer_append_text(wcl_buffer *buffer, const char *text, wcl_error *error);
wcl_status wcl_buffer_append_byte(wcl_buffer *buffer, uint8_t byte, wcl_error *error);
wcl_status wcl_buffer_append_le16(wcl_buffer *buffer, uint16_t value, wcl_error *error);
wcl_status wcl_buffer_append_le32(wcl_buffer *buffer, uint32_t value, wcl_error *error);
wcl_status wcl_buffer_append_le64(wcl_buffer *buffer, uint64_t value, wcl_error *error);
wcl_status wcl_buffer_printf(wcl_buffer *buffer, wcl_error *error, const char *format, ...)
    WCL_PRINTF(3, 4);

/* Forgets the contents and keeps the room. */
static inline void wcl_buffer_clear(wcl_buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data)
        buffer->data[0] = 0;
}

void wcl_buffer_free(wcl_buffer *buffer);

/* Hands the bytes to the caller (never NULL unless out of memory) and leaves the buffer empty. */
void *wcl_buffer_detach(wcl_buffer *buffer, size_t *size, wcl_error *error);

/* The contents as text; "" while empty. */
static inline const char *wcl_buffer_text(const wcl_buffer *buffer)
{
    return buffer->data ? (const char *)buffer->data : "";
}

#ifdef __GNUC__
#define WCL_CLEANUP_BUFFER __attribute__((cleanup(wcl_buffer_free)))
#endif

/* Frees the memory that a local pointer holds when it goes out of scope. */
static inline void wcl_cleanup_free(void *pointer)
{
    wcl_free(*(void **)pointer);
}
#define WCL_CLEANUP_FREE __attribute__((cleanup(wcl_cleanup_free)))

#endif
