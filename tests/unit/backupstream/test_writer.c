/* The writer and the encoding of headers: what they make, and what they refuse. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/backupstream/support.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

static wcl_status refuse(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)context, (void)data, (void)size;
    return wcl_fail(error, WCL_CODE_DISK_FULL, "full");
}

static const wcl_backup_header four_bytes = { .id = WCL_BACKUP_DATA, .size = 4 };

static void too_much_and_too_little_data_are_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer out = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_backup_writer *writer;

    (void)state;
    assert_int_equal(wcl_backup_writer_new(append_to_buffer, &out, &writer, NULL), WCL_OK);
    assert_int_equal(wcl_backup_writer_write(writer, "x", 1, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_int_equal(wcl_backup_writer_header(writer, &four_bytes, NULL), WCL_OK);
    assert_int_equal(wcl_backup_writer_write(writer, "abcde", 5, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_int_equal(wcl_backup_writer_write(writer, "abc", 3, NULL), WCL_OK);
    assert_int_equal(wcl_backup_writer_finish(writer, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
    assert_non_null(strstr(error.message, "lacks 1 of the bytes"));
    assert_int_equal(wcl_backup_writer_header(writer, &four_bytes, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
    assert_int_equal(wcl_backup_writer_write(writer, "d", 1, NULL), WCL_OK);
    assert_int_equal(wcl_backup_writer_finish(writer, NULL), WCL_OK);
    wcl_backup_writer_free(writer);
    assert_int_equal(out.size, 24);
    assert_memory_equal(out.data, "\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0abcd", 24);
}

static void a_failed_write_stays_failed(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_backup_writer *writer;

    (void)state;
    assert_int_equal(wcl_backup_writer_new(refuse, NULL, &writer, NULL), WCL_OK);
    assert_int_equal(wcl_backup_writer_header(writer, &four_bytes, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_DISK_FULL);
    assert_int_equal(wcl_backup_writer_write(writer, "abcd", 4, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_STATE);
    assert_int_equal(wcl_backup_writer_finish(writer, &error), WCL_FAILED);
    wcl_backup_writer_free(writer);
}

static void a_sparse_block_carries_its_offset(void **state)
{
    const wcl_backup_header header = {
        .id = WCL_BACKUP_SPARSE_BLOCK, .attributes = 8, .size = 100, .offset = 0x123456789AB
    };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    (void)state;
    assert_int_equal(wcl_backup_header_encode(&header, bytes, &size, NULL), WCL_OK);
    assert_int_equal(size, 28);
    assert_memory_equal(bytes,
                        "\x9\0\0\0\x8\0\0\0\x6C\0\0\0\0\0\0\0\0\0\0\0\xAB\x89\x67\x45\x23\x1", 26);
}

static void impossible_headers_are_not_made(void **state)
{
    char long_name[600];
    const struct {
        wcl_backup_header header;
        uint32_t code;
    } cases[] = {
        { { .id = 0 }, WCL_CODE_INVALID_PARAMETER },
        { { .id = 1, .size = UINT64_MAX }, WCL_CODE_INVALID_PARAMETER },
        { { .id = 9, .size = INT64_MAX }, WCL_CODE_INVALID_PARAMETER },
        { { .id = 9, .size = 1, .offset = INT64_MAX }, WCL_CODE_INVALID_PARAMETER },
        { { .id = 9, .name = "x" }, WCL_CODE_INVALID_PARAMETER },
        { { .id = 4, .name = long_name }, WCL_CODE_NAME_TOO_LONG },
        { { .id = 4, .name = "\xC0\x80" }, WCL_CODE_INVALID_NAME },
    };

    (void)state;
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
        wcl_error error = WCL_ERROR_INIT;
        size_t size;
        assert_int_equal(wcl_backup_header_encode(&cases[i].header, bytes, &size, &error),
                         WCL_FAILED);
        assert_int_equal(error.code, cases[i].code);
    }
}

static void the_longest_name_fits(void **state)
{
    char name[WCL_BACKUP_NAME_MAX / 2 + 1];
    const wcl_backup_header header = { .id = 4, .size = 1, .name = name };
    uint8_t bytes[WCL_BACKUP_ENCODED_MAX];
    size_t size;

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(wcl_backup_header_encode(&header, bytes, &size, NULL), WCL_OK);
    assert_int_equal(size, WCL_BACKUP_HEADER_SIZE + WCL_BACKUP_NAME_MAX);
    assert_int_equal(wcl_load_le32(bytes + 16), WCL_BACKUP_NAME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_much_and_too_little_data_are_refused),
        cmocka_unit_test(a_failed_write_stays_failed),
        cmocka_unit_test(a_sparse_block_carries_its_offset),
        cmocka_unit_test(impossible_headers_are_not_made),
        cmocka_unit_test(the_longest_name_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
