/* Links of Windows layers: what a tar says of them becomes what Windows follows, and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <wcl/backupstream.h>

#include "layer/tar/win_records.h"

static void slashes_of_a_target_become_backslashes(void **state)
{
    static const struct {
        const char *in_tar, *of_windows;
    } cases[] = {
        { "C:/app/x", "C:\\app\\x" }, { "../lib/x.dll", "..\\lib\\x.dll" },
        { "/app", "\\app" },          { "C:\\app\\x", "C:\\app\\x" },
        { "a\\b/c", "a\\b\\c" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_win_metadata metadata = { .security = WCL_BUFFER_INIT };
        const wcl_pax_records records = { 0 };
        wcl_reparse_link link;
        assert_int_equal(wcl_win_metadata_read(&metadata, &records, cases[i].in_tar, NULL), WCL_OK);
        assert_int_equal(
            wcl_reparse_decode_link(metadata.reparse.data, metadata.reparse.size, &link, NULL),
            WCL_OK);
        assert_string_equal(link.target, cases[i].of_windows);
        wcl_free(link.target);
        wcl_win_metadata_free(&metadata);
    }
}

/* A reparse point that has slashes itself is kept whole. */
static void what_a_reparse_point_says_comes_back(void **state)
{
    static const char *const targets[] = { "C:/app/x", "a/b", "a\\b", "C:\\app" };
    (void)state;

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        wcl_win_metadata metadata = { .security = WCL_BUFFER_INIT };
        wcl_pax_set set = { 0 };
        wcl_buffer reparse = WCL_BUFFER_INIT;
        void *data;
        char *link;
        size_t size;
        assert_int_equal(wcl_reparse_encode_link(targets[i], false, &data, &size, NULL), WCL_OK);
        assert_int_equal(wcl_buffer_append(&reparse, data, size, NULL), WCL_OK);
        assert_int_equal(wcl_win_add_reparse(&set, &reparse, true, true, &link, NULL), WCL_OK);
        assert_string_equal(link, targets[i]);
        assert_int_equal(wcl_win_metadata_read(&metadata, &set.records, link, NULL), WCL_OK);
        assert_int_equal(metadata.reparse.size, size);
        assert_memory_equal(metadata.reparse.data, data, size);
        wcl_free(link);
        wcl_free(data);
        wcl_buffer_free(&reparse);
        wcl_pax_set_free(&set);
        wcl_win_metadata_free(&metadata);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slashes_of_a_target_become_backslashes),
        cmocka_unit_test(what_a_reparse_point_says_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
