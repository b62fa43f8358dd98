/* The table of snapshots, and what of it outlives a process. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/durable.h"
#include "snapshotter/table.h"

typedef struct fixture {
    char home[64];
    wcl_snapshot_table table;
} fixture;

static void setup(fixture *fixture)
{
    strcpy(fixture->home, "/tmp/wcl-table-XXXXXX");
    assert_non_null(mkdtemp(fixture->home));
    assert_int_equal(wcl_snapshot_table_open(&fixture->table, fixture->home, NULL, NULL), WCL_OK);
}

static void reopen(fixture *fixture)
{
    wcl_snapshot_table_close(&fixture->table);
    assert_int_equal(wcl_snapshot_table_open(&fixture->table, fixture->home, NULL, NULL), WCL_OK);
}

static void teardown(fixture *fixture)
{
    wcl_snapshot_table_close(&fixture->table);
    assert_int_equal(wcl_beneath_remove_tree(AT_FDCWD, fixture->home, NULL), WCL_OK);
}

static wcl_status add(fixture *fixture, const char *key, const char *parent, wcl_snapshot_kind kind,
                      const char *layer, wcl_error *error)
{
    wcl_snapshot *snapshot = NULL;
    char *below = NULL;

    assert_int_equal(wcl_snapshot_new(key, parent, kind, &snapshot, error), WCL_OK);
    assert_int_equal(wcl_snapshot_set_text(&snapshot->layer, layer, error), WCL_OK);
    assert_int_equal(wcl_snapshot_labels_set(&snapshot->labels, "of", key, error), WCL_OK);
    if (wcl_snapshot_table_add(&fixture->table, snapshot, &below, error) != WCL_OK) {
        wcl_snapshot_free(snapshot);
        return WCL_FAILED;
    }
    free(below);
    return wcl_snapshot_table_publish(&fixture->table, snapshot, error);
}

static wcl_status remove_key(fixture *fixture, const char *key, wcl_error *error)
{
    wcl_snapshot *snapshot;

    assert_int_equal(wcl_snapshot_table_enter(&fixture->table, key, &snapshot, error), WCL_OK);
    wcl_status status = wcl_snapshot_table_remove(&fixture->table, snapshot, error);
    if (status != WCL_OK)
        wcl_snapshot_table_leave(&fixture->table, snapshot);
    return status;
}

static void snapshots_outlive_the_process(void **state)
{
    fixture fixture;
    wcl_snapshot *snapshot;
    struct timespec created;

    (void)state;
    setup(&fixture);
    assert_int_equal(add(&fixture, "k \"\xc3\xa4\"/1", "", WCL_SNAPSHOT_COMMITTED, "layer-1", NULL),
                     WCL_OK);
    assert_int_equal(wcl_snapshot_table_enter(&fixture.table, "k \"\xc3\xa4\"/1", &snapshot, NULL),
                     WCL_OK);
    created = snapshot->created;
    wcl_snapshot_table_leave(&fixture.table, snapshot);
    reopen(&fixture);
    assert_int_equal(wcl_snapshot_table_enter(&fixture.table, "k \"\xc3\xa4\"/1", &snapshot, NULL),
                     WCL_OK);
    assert_int_equal(snapshot->kind, WCL_SNAPSHOT_COMMITTED);
    assert_string_equal(snapshot->layer, "layer-1");
    assert_string_equal(wcl_snapshot_labels_find(&snapshot->labels, "of"), "k \"\xc3\xa4\"/1");
    assert_memory_equal(&snapshot->created, &created, sizeof(created));
    wcl_snapshot_table_leave(&fixture.table, snapshot);
    teardown(&fixture);
}

static void parents_are_committed_and_stay(void **state)
{
    fixture fixture;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    setup(&fixture);
    assert_int_equal(add(&fixture, "a", "", WCL_SNAPSHOT_ACTIVE, "", &error), WCL_OK);
    assert_int_equal(add(&fixture, "on-a", "a", WCL_SNAPSHOT_ACTIVE, "", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    assert_int_equal(add(&fixture, "on-b", "b", WCL_SNAPSHOT_ACTIVE, "", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
    assert_int_equal(add(&fixture, "c", "", WCL_SNAPSHOT_COMMITTED, "l", &error), WCL_OK);
    assert_int_equal(add(&fixture, "c", "", WCL_SNAPSHOT_ACTIVE, "", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    assert_int_equal(add(&fixture, "on-c", "c", WCL_SNAPSHOT_VIEW, "l", &error), WCL_OK);
    assert_int_equal(remove_key(&fixture, "c", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_SHARING_VIOLATION);
    assert_non_null(strstr(error.message, "remove"));
    assert_int_equal(remove_key(&fixture, "on-c", &error), WCL_OK);
    assert_int_equal(remove_key(&fixture, "c", &error), WCL_OK);
    reopen(&fixture);
    assert_non_null(fixture.table.first);
    assert_string_equal(fixture.table.first->key, "a");
    assert_null(fixture.table.first->next);
    teardown(&fixture);
}

static void layers_are_needed_while_their_snapshots_are_there(void **state)
{
    fixture fixture;
    char id[WCL_SNAPSHOT_ID_SIZE], applied[WCL_SNAPSHOT_ID_SIZE + 16], path[128];

    (void)state;
    setup(&fixture);
    assert_int_equal(add(&fixture, "a", "", WCL_SNAPSHOT_ACTIVE, "", NULL), WCL_OK);
    memcpy(id, fixture.table.first->id, sizeof(id));
    snprintf(applied, sizeof(applied), "%s.applied", id);
    assert_true(wcl_snapshot_table_needs(&fixture.table, id));
    assert_false(wcl_snapshot_table_needs(&fixture.table, applied));
    assert_false(wcl_snapshot_table_needs(&fixture.table, "snapshot-0123456789abcdef"));
    /* One that was damaged may need them. */
    snprintf(path, sizeof(path), "%s/.snapshots/%s", fixture.home, id);
    assert_int_equal(truncate(path, 10), 0);
    reopen(&fixture);
    assert_null(fixture.table.first);
    assert_true(wcl_snapshot_table_needs(&fixture.table, id));
    assert_true(wcl_snapshot_table_needs(&fixture.table, applied));
    teardown(&fixture);
}

/* What was being written when its writer was killed is not a snapshot of its own. */
static void unfinished_records_are_removed(void **state)
{
    fixture fixture;
    char path[128], unfinished[160];

    (void)state;
    setup(&fixture);
    assert_int_equal(add(&fixture, "a", "", WCL_SNAPSHOT_ACTIVE, "", NULL), WCL_OK);
    snprintf(path, sizeof(path), "%s/.snapshots/%s", fixture.home, fixture.table.first->id);
    snprintf(unfinished, sizeof(unfinished), "%s" WCL_DURABLE_UNFINISHED, path);
    assert_int_equal(link(path, unfinished), 0);
    reopen(&fixture);
    assert_non_null(fixture.table.first);
    assert_null(fixture.table.first->next);
    assert_int_not_equal(access(unfinished, F_OK), 0);
    teardown(&fixture);
}

static void a_home_has_one_server(void **state)
{
    fixture fixture;
    wcl_snapshot_table second;
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    setup(&fixture);
    assert_int_equal(wcl_snapshot_table_open(&second, fixture.home, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_BUSY);
    wcl_snapshot_table_close(&second);
    teardown(&fixture);
}

static void what_could_not_be_read_again_is_not_written(void **state)
{
    fixture fixture;
    wcl_snapshot *snapshot = NULL;
    wcl_error error = WCL_ERROR_INIT;
    char *below = NULL, *long_text = malloc(5 * 1024 * 1024);
    char key[16];

    (void)state;
    setup(&fixture);
    memset(long_text, 'x', 5 * 1024 * 1024 - 1);
    long_text[5 * 1024 * 1024 - 1] = '\0';
    assert_int_equal(wcl_snapshot_new("a", "", WCL_SNAPSHOT_ACTIVE, &snapshot, NULL), WCL_OK);
    assert_int_equal(wcl_snapshot_labels_set(&snapshot->labels, "long", long_text, NULL), WCL_OK);
    assert_int_equal(wcl_snapshot_table_add(&fixture.table, snapshot, &below, NULL), WCL_OK);
    assert_int_equal(wcl_snapshot_table_publish(&fixture.table, snapshot, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    for (int i = 1; i < 1024; i++) {
        snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(wcl_snapshot_labels_set(&snapshot->labels, key, "x", NULL), WCL_OK);
    }
    assert_int_equal(wcl_snapshot_labels_set(&snapshot->labels, "more", "x", NULL), WCL_FAILED);
    wcl_snapshot_table_drop(&fixture.table, snapshot);
    free(below);
    free(long_text);
    teardown(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_outlive_the_process),
        cmocka_unit_test(parents_are_committed_and_stay),
        cmocka_unit_test(layers_are_needed_while_their_snapshots_are_there),
        cmocka_unit_test(unfinished_records_are_removed),
        cmocka_unit_test(a_home_has_one_server),
        cmocka_unit_test(what_could_not_be_read_again_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
