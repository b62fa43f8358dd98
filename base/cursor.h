/*
 * A bounded cursor over bytes from outside. It is the one place where such bytes are read: every
 * take is checked against what is left, and a cursor that once ran out stays failed and gives
 * zeros, so a parser may read a whole struct and ask once.
 */
#ifndef WCL_BASE_CURSOR_H
#define WCL_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct wcl_cursor {
    const uint8_t *data;
    size_t size;
    size_t position;
    bool failed;
} wcl_cursor;

static inline wcl_cursor wcl_cursor_over(const void *data, size_t size)
{
    return (wcl_cursor) { (const uint8_t *)data, size, 0, false };
}

static inline size_t wcl_cursor_left(const wcl_cursor *cursor)
{
    return cursor->failed ? 0 : cursor->size - cursor->position;
}

/* The next `size` bytes, or NULL (and failure) when fewer are left. */
static inline const uint8_t *wcl_cursor_take(wcl_cursor *cursor, uint64_t size)
{
    if (cursor->failed || size > cursor->size - cursor->position) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *start = cursor->data + cursor->position;
    cursor->position += (size_t)size;
    return start;
}

/* Moves to `position` from the start; past the end is a failure. */
static inline void wcl_cursor_seek(wcl_cursor *cursor, uint64_t position)
{
    if (cursor->failed || position > cursor->size)
        cursor->failed = true;
    else
        cursor->position = (size_t)position;
}

static inline uint8_t wcl_cursor_u8(wcl_cursor *cursor)
{
    const uint8_t *p = wcl_cursor_take(cursor, 1);
    return p ? p[0] : 0;
}

static inline uint16_t wcl_load_le16(const void *bytes)
{
    const uint8_t *p = bytes;
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t wcl_load_le32(const void *bytes)
{
    const uint8_t *p = bytes;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wcl_load_le64(const void *bytes)
{
    const uint8_t *p = bytes;
    return wcl_load_le32(p) | (uint64_t)wcl_load_le32(p + 4) << 32;
}

static inline void wcl_store_le16(void *bytes, uint16_t value)
{
    uint8_t *p = bytes;
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void wcl_store_le32(void *bytes, uint32_t value)
{
    wcl_store_le16(bytes, (uint16_t)value);
    wcl_store_le16((uint8_t *)bytes + 2, (uint16_t)(value >> 16));
}

static inline void wcl_store_le64(void *bytes, uint64_t value)
{
    wcl_store_le32(bytes, (uint32_t)value);
    wcl_store_le32((uint8_t *)bytes + 4, (uint32_t)(value >> 32));
}

static inline uint16_t wcl_cursor_le16(wcl_cursor *cursor)
{
    const uint8_t *p = wcl_cursor_take(cursor, 2);
    return p ? wcl_load_le16(p) : 0;
}

static inline uint32_t wcl_cursor_le32(wcl_cursor *cursor)
{
    const uint8_t *p = wcl_cursor_take(cursor, 4);
    return p ? wcl_load_le32(p) : 0;
}

static inline uint64_t wcl_cursor_le64(wcl_cursor *cursor)
{
    const uint8_t *p = wcl_cursor_take(cursor, 8);
    return p ? wcl_load_le64(p) : 0;
}

/* A cursor over the next `size` bytes; failed (and so is the outer one) when fewer are left. */
static inline wcl_cursor wcl_cursor_sub(wcl_cursor *cursor, uint64_t size)
{
    const uint8_t *start = wcl_cursor_take(cursor, size);
    wcl_cursor inner = wcl_cursor_over(start, start ? (size_t)size : 0);
    inner.failed = start == NULL;
    return inner;
}

#endif
