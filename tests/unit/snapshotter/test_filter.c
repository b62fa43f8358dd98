/* containerd's filters. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "snapshotter/filter.h"

static wcl_snapshot *make_sample(void)
{
    wcl_snapshot *snapshot = NULL;

    assert_int_equal(
        wcl_snapshot_new("ns/1/sha256:ab", "ns/1/base", WCL_SNAPSHOT_COMMITTED, &snapshot, NULL),
        WCL_OK);
    assert_int_equal(
        wcl_snapshot_labels_set(&snapshot->labels, "containerd.io/snapshot.ref", "sha256:ab", NULL),
        WCL_OK);
    assert_int_equal(wcl_snapshot_labels_set(&snapshot->labels, "plain", "a,\"b\" c", NULL),
                     WCL_OK);
    return snapshot;
}

static bool matches(const char *text)
{
    char *const texts[] = { (char *)text };
    wcl_snapshot *snapshot = make_sample();
    wcl_filter *filter = NULL;
    wcl_error error = WCL_ERROR_INIT;

    if (wcl_filter_parse(texts, 1, &filter, &error) != WCL_OK)
        fail_msg("%s: %s", text, error.message);
    bool found = wcl_filter_matches(filter, snapshot);
    wcl_filter_free(filter);
    wcl_snapshot_free(snapshot);
    return found;
}

static void filters_match_as_containerd_s_do(void **state)
{
    static const char *const yes[] = {
        "",
        "name==ns/1/sha256:ab",
        "name!=other",
        "kind==committed,parent==ns/1/base",
        "name~=sha256:[a-f]+$",
        "name~=/sha256:.*/",
        "name~=|^ns/|",
        "parent",
        "labels.plain",
        "labels.\"containerd.io/snapshot.ref\"==\"sha256:ab\",parent!=\"\"",
        "labels.plain==\"a,\\\"b\\\" c\"",
        "labels.missing!=x",
        "labels.\"\\x70lain\"",
    };
    static const char *const no[] = {
        "name==ns/1", "kind==active",      "name~=^sha256",      "labels.missing",   "unknown==x",
        "unknown",    "kind==view,name!=", "labels.plain==a\"b", "labels.missing==",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (!matches(yes[i]))
            fail_msg("'%s' does not match", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (matches(no[i]))
            fail_msg("'%s' matches", no[i]);
}

static void one_filter_of_several_is_enough(void **state)
{
    char *const first[] = { (char *)"kind==active", (char *)"name!=x" };
    char *const neither[] = { (char *)"kind==active", (char *)"kind==view" };
    wcl_snapshot *snapshot = make_sample();
    wcl_filter *filter = NULL;

    (void)state;
    assert_int_equal(wcl_filter_parse(first, 2, &filter, NULL), WCL_OK);
    assert_true(wcl_filter_matches(filter, snapshot));
    wcl_filter_free(filter);
    assert_int_equal(wcl_filter_parse(neither, 2, &filter, NULL), WCL_OK);
    assert_false(wcl_filter_matches(filter, snapshot));
    wcl_filter_free(filter);
    assert_int_equal(wcl_filter_parse(NULL, 0, &filter, NULL), WCL_OK);
    assert_true(wcl_filter_matches(filter, snapshot));
    wcl_filter_free(filter);
    wcl_snapshot_free(snapshot);
}

static void what_is_no_filter_is_refused(void **state)
{
    static const char *const bad[] = { ",",           "name==x,",  "==x",
                                       "name=x",      "name~=(",   "name==\"x",
                                       "labels.",     "name==x y", "name==\"\\q\"",
                                       "labels.\"a",  "name~=/x",  "name~=a{9}",
                                       "name~=(a)\\1" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *const texts[] = { (char *)bad[i] };
        wcl_filter *filter = NULL;
        wcl_error error = WCL_ERROR_INIT;
        if (wcl_filter_parse(texts, 1, &filter, &error) == WCL_OK)
            fail_msg("'%s' is taken for a filter", bad[i]);
        assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_match_as_containerd_s_do),
        cmocka_unit_test(one_filter_of_several_is_enough),
        cmocka_unit_test(what_is_no_filter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
