/* Hard links in a tar that is appended: each is a name of what was in place when it was made. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "image/append/source.h"
#include "image/append/tar_table.h"

/*
 * A tar as words: "a=1" is a file of 1 byte, "a/" a folder, "a>b" a hard link of that name to b,
 * "a-" a whiteout. What comes of it likewise, with sizes for contents: "a=1 b=1" are two names of
 * one file or two files; "a=1 b>a" says that b is a name of a's.
 */
static void add_word(wcl_tar_table *table, char *word)
{
    wcl_entry entry = { .struct_size = sizeof(entry), .path = word, .has_posix = true };
    char *sign = word + strcspn(word, "=/>-");
    const char kind = *sign;

    entry.kind = kind == '='   ? WCL_ENTRY_FILE
                 : kind == '/' ? WCL_ENTRY_DIRECTORY
                 : kind == '>' ? WCL_ENTRY_HARD_LINK
                               : WCL_ENTRY_DELETED;
    *sign = '\0';
    if (kind == '=')
        entry.size = (uint64_t)(sign[1] - '0');
    if (kind == '>')
        entry.target = sign + 1;
    assert_int_equal(wcl_tar_table_add(table, &entry, NULL, 0, NULL), WCL_OK);
}

static wcl_status settle(const char *words, char *result, size_t size, wcl_error *error)
{
    wcl_tar_table table = { .rows = NULL };
    char copy[200], *rest = copy;

    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word; (word = strsep(&rest, " "));)
        add_word(&table, word);
    wcl_status status = wcl_tar_table_settle(&table, error);
    *result = '\0';
    for (size_t i = 0; status == WCL_OK && i < table.count; i++) {
        const wcl_tar_row *row = &table.rows[i], *file = &table.rows[row->first_name];
        const char *path = wcl_tar_table_text(&table, row->path);
        size_t used = strlen(result);
        assert_true(row->first_name <= i);
        assert_true(file->kind != WCL_ENTRY_HARD_LINK);
        assert_ptr_equal(wcl_tar_table_find(&table, path), row);
        snprintf(result + used, size - used,
                 row->kind == WCL_ENTRY_FILE        ? "%s%s=%llu"
                 : row->kind == WCL_ENTRY_DIRECTORY ? "%s%s/"
                 : row->kind == WCL_ENTRY_DELETED   ? "%s%s-"
                                                    : "%s%s>",
                 i ? " " : "", path, (unsigned long long)row->size);
        used = strlen(result);
        if (row->kind == WCL_ENTRY_HARD_LINK)
            snprintf(result + used, size - used, "%s", wcl_tar_table_text(&table, file->path));
    }
    wcl_tar_table_free(&table);
    return status;
}

static void links_are_names_of_what_was_there(void **state)
{
    static const struct {
        const char *tar, *made;
    } cases[] = {
        { "a=1 h>a", "a=1 h>a" },
        { "h=1 a>h", "a=1 h>a" },
        { "a=1 h>a a=2", "a=2 h=1" },
        { "a=1 h>a a=2 g>a", "a=2 g>a h=1" },
        { "a=1 h>a k>h a=2", "a=2 h=1 k>h" },
        { "a=1 b=2 h>a a>b", "a=2 b>a h=1" },
        { "a=1 h>a h>a a=2", "a=2 h=1" },
        { "a=1 h>a a/", "a/ h=1" },
        { "a=1 b>a a=2 b=3", "a=2 b=3" },
        { "a=1 a=2 h>a a=3 a=4 k>a", "a=4 h=2 k>a" },
        { "a=1 h>a a-", "a=1 h>a" },
        /* A name that takes itself. */
        { "a=1 a>a", "a=1" },
        { "a=1 b>a a>b", "a=1 b>a" },
        /* Links whose target comes behind them. */
        { "h>a a=1", "a=1 h>a" },
        { "h>a a=1 a=2", "a=2 h>a" },
        { "k>h h>a a=1", "a=1 h>a k>a" },
        /* What nothing is left of. */
        { "x>nowhere x=1", "x=1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        char made[200];
        if (settle(cases[i].tar, made, sizeof(made), &error) != WCL_OK)
            fail_msg("%s: %s", cases[i].tar, error.message);
        if (strcmp(made, cases[i].made) != 0)
            fail_msg("%s: %s, not %s", cases[i].tar, made, cases[i].made);
    }
}

static void links_to_nothing_are_refused(void **state)
{
    static const char *const cases[] = { "h>a",    "h>h",       "h>k k>h",        "a/ h>a",
                                         "a- h>a", "a=1 h>a/b", "a=1 h>k k>l l>h" };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        char made[200];
        assert_int_equal(settle(cases[i], made, sizeof(made), &error), WCL_FAILED);
        if (error.code != WCL_CODE_INVALID_DATA || !strstr(error.message, "no such file"))
            fail_msg("%s: %s", cases[i], error.message);
    }
}

/* A chain of links that ends nowhere, or nowhere but behind all of it, is gone once. */
static void long_chains_are_followed_once(void **state)
{
    const unsigned count = 200000;

    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        wcl_tar_table table = { .rows = NULL };
        wcl_error error = WCL_ERROR_INIT;
        char path[16], target[16];
        wcl_entry entry = { .struct_size = sizeof(entry),
                            .path = path,
                            .target = target,
                            .has_posix = true,
                            .kind = WCL_ENTRY_HARD_LINK };
        for (unsigned i = 0; i < count; i++) {
            snprintf(path, sizeof(path), "%06u", i);
            snprintf(target, sizeof(target), "%06u", i + 1);
            assert_int_equal(wcl_tar_table_add(&table, &entry, NULL, 0, NULL), WCL_OK);
        }
        snprintf(path, sizeof(path), "%06u", count);
        entry.kind = WCL_ENTRY_FILE;
        if (ends)
            assert_int_equal(wcl_tar_table_add(&table, &entry, NULL, 0, NULL), WCL_OK);
        assert_int_equal(wcl_tar_table_settle(&table, &error), ends ? WCL_OK : WCL_FAILED);
        if (ends)
            assert_int_equal(table.rows[count].first_name, 0);
        wcl_tar_table_free(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_names_of_what_was_there),
        cmocka_unit_test(links_to_nothing_are_refused),
        cmocka_unit_test(long_chains_are_followed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
