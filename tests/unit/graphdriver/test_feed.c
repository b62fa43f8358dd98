/* The feed between two threads. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "graphdriver/server/feed.h"

#define TOTAL (3 * 1024 * 1024 + 17)

static uint8_t byte_at(size_t position)
{
    return (uint8_t)(position * 31 + position / 251);
}

static void *write_all(void *context)
{
    uint8_t piece[777];
    size_t at = 0;

    while (at < TOTAL) {
        size_t size = TOTAL - at < sizeof(piece) ? TOTAL - at : sizeof(piece);
        for (size_t i = 0; i < size; i++)
            piece[i] = byte_at(at + i);
        if (wcl_feed_write(context, piece, size, NULL) != WCL_OK)
            return context;
        at += size;
    }
    wcl_feed_end(context);
    return NULL;
}

static void all_bytes_come_in_order(void **state)
{
    uint8_t buffer[1000];
    pthread_t writer;
    wcl_feed feed;
    size_t position = 0, got;
    void *result;

    (void)state;
    assert_int_equal(wcl_feed_init(&feed, 4096, NULL), WCL_OK);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &feed), 0);
    for (;;) {
        assert_int_equal(wcl_feed_read(&feed, buffer, sizeof(buffer), &got, NULL), WCL_OK);
        if (got == 0)
            break;
        for (size_t i = 0; i < got; i++)
            assert_int_equal(buffer[i], byte_at(position + i));
        position += got;
    }
    assert_int_equal(position, TOTAL);
    pthread_join(writer, &result);
    assert_null(result);
    wcl_feed_destroy(&feed);
}

static void a_writer_learns_that_nobody_reads(void **state)
{
    pthread_t writer;
    wcl_feed feed;
    void *result;

    (void)state;
    assert_int_equal(wcl_feed_init(&feed, 4096, NULL), WCL_OK);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &feed), 0);
    assert_true(wcl_feed_wait(&feed));
    wcl_feed_break(&feed);
    pthread_join(writer, &result);
    assert_non_null(result);
    wcl_feed_destroy(&feed);
}

static void a_broken_feed_is_no_end(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_feed feed;
    size_t got;
    char byte;

    (void)state;
    assert_int_equal(wcl_feed_init(&feed, 16, NULL), WCL_OK);
    assert_int_equal(wcl_feed_write(&feed, "abc", 3, NULL), WCL_OK);
    wcl_feed_break(&feed);
    assert_int_equal(wcl_feed_read(&feed, &byte, 1, &got, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BROKEN_PIPE);
    assert_false(wcl_feed_wait(&feed));
    wcl_feed_destroy(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_come_in_order),
        cmocka_unit_test(a_writer_learns_that_nobody_reads),
        cmocka_unit_test(a_broken_feed_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
