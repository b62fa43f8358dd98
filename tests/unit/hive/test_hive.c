/* Hives that are written and read again, damaged ones, and logs. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "hive/hive_internal.h"
#include "hive/marvin.h"

#define MANY 3000u

static void make_sample(wcl_buffer *bytes, uint8_t fill, size_t large)
{
    wcl_hive_writer *writer = new_writer(false);
    wcl_hive_new_key *root = add_key(writer, NULL, "ROOT", WCL_HIVE_MERGED);
    wcl_hive_new_key *key = add_key(writer, root, "K\xc3\xa9y", WCL_HIVE_MERGED);
    wcl_hive_new_key *many = add_key(writer, root, "\xd0\xb6many", WCL_HIVE_MERGED);
    uint8_t *data = malloc(large);
    char name[32];

    memset(data, fill, large);
    add_value(writer, key, "", WCL_HIVE_SZ, "a\0\0", 4);
    add_value(writer, key, "Four", WCL_HIVE_DWORD, "\1\2\3\4", 4);
    add_value(writer, key, "none", WCL_HIVE_NONE, NULL, 0);
    add_value(writer, key, "large", WCL_HIVE_BINARY, data, large);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%u", i * 7919 % MANY);
        add_key(writer, many, name, WCL_HIVE_MERGED);
    }
    free(data);
    finish(writer, bytes);
}

static void what_is_written_is_read(void **state)
{
    static const size_t sizes[] = { 5, 16344, 16345, 100000 };
    wcl_error error = WCL_ERROR_INIT;
    const wcl_hive_value *value;
    wcl_hive_key *root, *key;
    size_t count;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
        make_sample(&bytes, 'x', sizes[i]);
        wcl_hive *hive = open_hive(&bytes);
        must(wcl_hive_root(hive, &root, &error), &error);
        must(wcl_hive_key_open(root, "\\k\xc3\x89Y\\", &key, &error), &error);
        assert_string_equal(wcl_hive_key_get_info(key)->name, "K\xc3\xa9y");
        assert_int_equal(wcl_hive_key_get_info(key)->written, 1000);
        assert_int_equal(wcl_hive_key_get_info(key)->security_size, 124);
        must(wcl_hive_key_count_values(key, &count, &error), &error);
        assert_int_equal(count, 4);
        must(wcl_hive_key_value(key, "FOUR", 4, &value, &error), &error);
        assert_int_equal(value->type, WCL_HIVE_DWORD);
        assert_memory_equal(value->data, "\1\2\3\4", 4);
        must(wcl_hive_key_value(key, "", 0, &value, &error), &error);
        assert_memory_equal(value->data, "a\0\0", 4);
        must(wcl_hive_key_value_at(key, 3, &value, &error), &error);
        assert_int_equal(value->size, sizes[i]);
        assert_int_equal(value->data[sizes[i] - 1], 'x');
        assert_int_equal(wcl_hive_key_value(key, "no", 2, &value, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
        wcl_hive_key_free(key);
        must(wcl_hive_key_open(root, "\xd0\x96MANY", &key, &error), &error);
        must(wcl_hive_key_count_subkeys(key, &count, &error), &error);
        assert_int_equal(count, MANY);
        wcl_hive_key_free(key);
        must(wcl_hive_key_open(root, "\xd0\xb6many\\2999", &key, &error), &error);
        wcl_hive_key_free(key);
        wcl_hive_key_free(root);
        wcl_hive_free(hive);
    }
}

static void two_of_one_name_are_refused(void **state)
{
    wcl_hive_writer *writer = new_writer(false);
    wcl_hive_new_key *root = add_key(writer, NULL, "ROOT", WCL_HIVE_MERGED);
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    add_key(writer, root, "name", WCL_HIVE_MERGED);
    add_key(writer, root, "NAME", WCL_HIVE_MERGED);
    assert_int_equal(wcl_hive_writer_finish(writer, NULL, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    wcl_hive_writer_free(writer);
}

static void walk(wcl_hive_key *key)
{
    const wcl_hive_value *value;
    wcl_hive_key *subkey;
    size_t count;

    if (wcl_hive_key_count_values(key, &count, NULL) == WCL_OK)
        for (size_t i = 0; i < count; i++)
            wcl_hive_key_value_at(key, i, &value, NULL);
    if (wcl_hive_key_count_subkeys(key, &count, NULL) != WCL_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (wcl_hive_key_open_at(key, i, &subkey, NULL) == WCL_OK) {
            walk(subkey);
            wcl_hive_key_free(subkey);
        }
}

/* Whatever is damaged, reading ends, and a refusal says where. */
static void damage_is_refused_or_harmless(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_hive_writer *writer = new_writer(true);
    wcl_hive_new_key *root = add_key(writer, NULL, "ROOT", WCL_HIVE_MERGED);
    unsigned refused = 0, read = 0;

    (void)state;
    for (char name[] = "a"; name[0] < 'h'; name[0]++) {
        wcl_hive_new_key *key = add_key(writer, root, name, WCL_HIVE_MERGED);
        add_value(writer, key, name, WCL_HIVE_BINARY, "12345678", 8);
        add_key(writer, key, name, WCL_HIVE_SUPERSEDE_TREE);
    }
    finish(writer, &bytes);
    for (size_t at = REGF_BASE_SIZE; at < REGF_BASE_SIZE + 3000; at++) {
        for (unsigned bit = 0; bit < 8; bit += 1) {
            const wcl_hive_input input = { .data = bytes.data, .size = bytes.size };
            wcl_error error = WCL_ERROR_INIT;
            wcl_hive_key *key;
            wcl_hive *hive;
            bytes.data[at] ^= (uint8_t)(1u << bit);
            if (wcl_hive_open(&input, NULL, &hive, &error) == WCL_OK) {
                must(wcl_hive_root(hive, &key, &error), &error);
                walk(key);
                wcl_hive_key_free(key);
                wcl_hive_free(hive);
                read++;
            } else {
                assert_int_equal(error.code, WCL_CODE_CORRUPT);
                assert_non_null(strstr(error.message, "offset 0x"));
                refused++;
            }
            bytes.data[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_true(refused > 1000 && read > 1000);
}

/* ---- Logs ----------------------------------------------------------------------------------- */

static void sign(uint8_t *base)
{
    wcl_store_le32(base + REGF_CHECKSUM, wcl_hive_checksum(base));
}

static void open_with_log(const wcl_buffer *bytes, const wcl_buffer *log, uint32_t entries)
{
    const wcl_hive_input input = { .data = bytes->data, .size = bytes->size };
    wcl_hive_options options = WCL_HIVE_OPTIONS_INIT;
    wcl_error error = WCL_ERROR_INIT;
    const wcl_hive_value *value;
    wcl_hive_key *root, *key;
    wcl_hive *hive;

    options.logs[1] = (wcl_hive_input) { .data = log->data, .size = log->size };
    must(wcl_hive_open(&input, &options, &hive, &error), &error);
    assert_int_equal(wcl_hive_get_info(hive)->log_entries, entries);
    assert_int_equal(wcl_hive_get_info(hive)->is_dirty, entries == 0);
    must(wcl_hive_root(hive, &root, &error), &error);
    must(wcl_hive_key_open(root, "k\xc3\xa9y", &key, &error), &error);
    must(wcl_hive_key_value(key, "large", 5, &value, &error), &error);
    assert_int_equal(value->data[0], entries ? 'n' : 'o');
    wcl_hive_key_free(key);
    wcl_hive_key_free(root);
    wcl_hive_free(hive);
}

static void make_dirty(wcl_buffer *old, wcl_buffer *now)
{
    make_sample(old, 'o', 1000);
    make_sample(now, 'n', 1000);
    wcl_store_le32(old->data + REGF_SEQUENCE_1, 2);
    sign(old->data);
}

static void logs_of_the_old_format_are_replayed(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer old = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer now = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer log = WCL_BUFFER_INIT;

    (void)state;
    make_dirty(&old, &now);
    size_t bins = now.size - REGF_BASE_SIZE;
    assert_int_equal(wcl_buffer_append(&log, now.data, REGF_SECTOR, NULL), WCL_OK);
    wcl_store_le32(log.data + REGF_SEQUENCE_1, 2);
    wcl_store_le32(log.data + REGF_SEQUENCE_2, 2);
    wcl_store_le32(log.data + REGF_TYPE, 1);
    sign(log.data);
    wcl_buffer_append_text(&log, "DIRT", NULL);
    for (size_t i = 0; i < bins / REGF_BIN_ALIGN; i++)
        wcl_buffer_append_byte(&log, 0xff, NULL);
    wcl_buffer_append_zeros(&log, (0u - log.size) % REGF_SECTOR, NULL);
    wcl_buffer_append(&log, now.data + REGF_BASE_SIZE, bins, NULL);
    open_with_log(&old, &log, 1);
    log.data[100] ^= 1;
    open_with_log(&old, &log, 0);
}

/* A log of one entry, which makes `old` what `now` is and says that it has `said` bytes of bins. */
static void make_new_log(const wcl_buffer *old, const wcl_buffer *now, uint32_t said,
                         wcl_buffer *log)
{
    uint32_t bins = (uint32_t)(now->size - REGF_BASE_SIZE), size = 48 + bins;

    size = (size + REGF_SECTOR - 1) & ~(REGF_SECTOR - 1);
    wcl_buffer_append(log, old->data, REGF_SECTOR, NULL);
    wcl_store_le32(log->data + REGF_TYPE, 6);
    sign(log->data);
    assert_int_equal(wcl_buffer_append_zeros(log, size, NULL), WCL_OK);
    uint8_t *entry = log->data + REGF_SECTOR;
    memcpy(entry, "HvLE", 4);
    wcl_store_le32(entry + 4, size);
    wcl_store_le32(entry + 12, 1);
    wcl_store_le32(entry + 16, said);
    wcl_store_le32(entry + 20, 1);
    wcl_store_le32(entry + 44, bins);
    memcpy(entry + 48, now->data + REGF_BASE_SIZE, bins);
    wcl_store_le64(entry + 24, wcl_marvin32(WCL_MARVIN_LOG_SEED, entry + 40, size - 40));
    wcl_store_le64(entry + 32, wcl_marvin32(WCL_MARVIN_LOG_SEED, entry, 32));
}

static void logs_of_the_new_format_are_replayed(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer old = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer now = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer log = WCL_BUFFER_INIT;

    (void)state;
    make_dirty(&old, &now);
    make_new_log(&old, &now, (uint32_t)(now.size - REGF_BASE_SIZE), &log);
    open_with_log(&old, &log, 1);
    log.data[REGF_SECTOR + 100] ^= 1;
    open_with_log(&old, &log, 0);
}

static void a_log_cannot_say_that_its_hive_is_huge(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer old = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer now = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer log = WCL_BUFFER_INIT;
    wcl_hive_options options = WCL_HIVE_OPTIONS_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive *hive;

    (void)state;
    make_dirty(&old, &now);
    make_new_log(&old, &now, 0x40000000, &log);
    const wcl_hive_input input = { .data = old.data, .size = old.size };
    options.logs[0] = (wcl_hive_input) { .data = log.data, .size = log.size };
    assert_int_equal(wcl_hive_open(&input, &options, &hive, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CORRUPT);
    assert_non_null(strstr(error.message, "cannot have grown to"));
    assert_null(hive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(two_of_one_name_are_refused),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(logs_of_the_old_format_are_replayed),
        cmocka_unit_test(logs_of_the_new_format_are_replayed),
        cmocka_unit_test(a_log_cannot_say_that_its_hive_is_huge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
