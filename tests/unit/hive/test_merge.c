/* Views of several hives: what 10,000 random changes in a base and three deltas make up, against a
 * model of what each layer says of each path. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS 4
#define NAMES 4
#define KEYS 341 /* 1 + 4 + 16 + 64 + 256 */
#define VALUES 3
#define EDITS 10000
#define ABSENT (-1)

typedef struct model_key {
    int semantics[LAYERS];      /* or ABSENT; the nearest layer first */
    int values[LAYERS][VALUES]; /* a number, ABSENT, or 0 for a tombstone */
} model_key;

static model_key model[KEYS];

static unsigned parent_of(unsigned key)
{
    return (key - 1) / NAMES;
}

static void remove_tree(unsigned key, unsigned layer)
{
    model[key].semantics[layer] = ABSENT;
    for (unsigned child = key * NAMES + 1; child <= key * NAMES + NAMES && child < KEYS; child++)
        remove_tree(child, layer);
}

static void set_key(unsigned key, unsigned layer, int semantics)
{
    if (key && (model[parent_of(key)].semantics[layer] == ABSENT ||
                model[parent_of(key)].semantics[layer] == WCL_HIVE_TOMBSTONE))
        set_key(parent_of(key), layer, WCL_HIVE_MERGED);
    remove_tree(key, layer);
    model[key].semantics[layer] = semantics;
    for (unsigned i = 0; i < VALUES; i++)
        model[key].values[layer][i] = ABSENT;
}

static void edit(unsigned number)
{
    unsigned layer = (unsigned)rand() % LAYERS;
    unsigned key = 1 + (unsigned)rand() % (KEYS - 1);
    int choice = rand() % 10;

    if (choice < 3) {
        bool is_base = layer == LAYERS - 1;
        set_key(key, layer, is_base ? WCL_HIVE_MERGED : rand() % 4);
        return;
    }
    if (model[key].semantics[layer] == ABSENT || model[key].semantics[layer] == WCL_HIVE_TOMBSTONE)
        set_key(key, layer, WCL_HIVE_MERGED);
    bool is_tombstone = choice == 3 && layer != LAYERS - 1;
    model[key].values[layer][rand() % VALUES] = is_tombstone ? 0 : (int)number + 1;
}

/* ---- What the model says -------------------------------------------------------------------- */

/* Down to which layer a key's subkeys count: no lower than its parent's. */
static int last_of_tree(unsigned key)
{
    int last = key ? last_of_tree(parent_of(key)) : LAYERS - 1;

    for (int layer = 0; layer <= last; layer++) {
        if (model[key].semantics[layer] == WCL_HIVE_TOMBSTONE)
            return layer - 1;
        if (model[key].semantics[layer] == WCL_HIVE_SUPERSEDE_TREE)
            return layer;
    }
    return last;
}

static bool is_there(unsigned key)
{
    int last = last_of_tree(key);

    if (key && !is_there(parent_of(key)))
        return false;
    for (int layer = 0; layer <= last; layer++)
        if (model[key].semantics[layer] != ABSENT)
            return true;
    return false;
}

static int value_of(unsigned key, unsigned value)
{
    int last = last_of_tree(key);

    for (int layer = 0; layer <= last; layer++) {
        if (model[key].semantics[layer] == ABSENT)
            continue;
        if (model[key].values[layer][value] != ABSENT)
            return model[key].values[layer][value];
        if (model[key].semantics[layer] == WCL_HIVE_SUPERSEDE_LOCAL)
            return 0;
    }
    return 0;
}

/* ---- What the hives say --------------------------------------------------------------------- */

static const char *const names[NAMES] = { "Alpha", "beta", "\xd0\xb6", "d" };

static void write_tree(wcl_hive_writer *writer, wcl_hive_new_key *parent, unsigned key,
                       unsigned layer)
{
    int semantics = model[key].semantics[layer];

    if (semantics == ABSENT)
        return;
    wcl_hive_new_key *made = add_key(writer, parent, key ? names[(key - 1) % NAMES] : "ROOT",
                                     (wcl_hive_semantics)semantics);
    for (unsigned i = 0; i < VALUES; i++) {
        char name[] = { (char)((layer % 2 ? 'a' : 'A') + i), '\0' };
        int value = model[key].values[layer][i];
        if (value == 0)
            add_tombstone(writer, made, name);
        else if (value != ABSENT)
            add_value(writer, made, name, WCL_HIVE_BINARY, &value, sizeof(value));
    }
    for (unsigned child = key * NAMES + 1; child <= key * NAMES + NAMES && child < KEYS; child++)
        write_tree(writer, made, child, layer);
}

static void compare_values(wcl_hive_key *at, unsigned key)
{
    wcl_error error = WCL_ERROR_INIT;
    const wcl_hive_value *value;
    size_t count, expected = 0;

    for (unsigned i = 0; i < VALUES; i++) {
        char name[] = { (char)('a' + i), '\0' };
        int wanted = value_of(key, i), got;
        expected += wanted != 0;
        if (!wanted) {
            assert_int_equal(wcl_hive_key_value(at, name, 1, &value, NULL), WCL_FAILED);
            continue;
        }
        must(wcl_hive_key_value(at, name, 1, &value, &error), &error);
        assert_int_equal(value->size, sizeof(got));
        memcpy(&got, value->data, sizeof(got));
        assert_int_equal(got, wanted);
    }
    must(wcl_hive_key_count_values(at, &count, &error), &error);
    assert_int_equal(count, expected);
}

static unsigned compare_tree(wcl_hive_key *at, unsigned key)
{
    wcl_error error = WCL_ERROR_INIT;
    unsigned found = 1, children = 0;
    size_t count;

    compare_values(at, key);
    for (unsigned child = key * NAMES + 1; child <= key * NAMES + NAMES && child < KEYS; child++) {
        const char *name = names[(child - 1) % NAMES];
        wcl_hive_key *subkey;
        wcl_status status = wcl_hive_key_open_name(at, name, strlen(name), &subkey, &error);
        if (!is_there(child)) {
            assert_int_equal(status, WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
            continue;
        }
        must(status, &error);
        children++;
        found += compare_tree(subkey, child);
        wcl_hive_key_free(subkey);
    }
    must(wcl_hive_key_count_subkeys(at, &count, &error), &error);
    assert_int_equal(count, children);
    return found;
}

static void random_changes_merge_as_the_model_says(void **state)
{
    unsigned found = 0;

    (void)state;
    srand(17);
    for (unsigned layer = 0; layer < LAYERS; layer++)
        for (unsigned key = 0; key < KEYS; key++)
            for (unsigned i = 0; i < VALUES; i++) {
                model[key].semantics[layer] = key ? ABSENT : WCL_HIVE_MERGED;
                model[key].values[layer][i] = ABSENT;
            }
    for (unsigned number = 0; number < EDITS; number++) {
        wcl_buffer bytes[LAYERS + 1] = { WCL_BUFFER_INIT };
        wcl_hive *hives[LAYERS + 1];
        wcl_error error = WCL_ERROR_INIT;
        wcl_hive_key *root;
        edit(number);
        if (number % 50)
            continue;
        for (unsigned layer = 0; layer < LAYERS; layer++) {
            wcl_hive_writer *writer = new_writer(layer != LAYERS - 1);
            write_tree(writer, NULL, 0, layer);
            finish(writer, &bytes[layer]);
            hives[layer] = open_hive(&bytes[layer]);
        }
        must(wcl_hive_merge((const wcl_hive *const *)hives, LAYERS, &root, &error), &error);
        found += compare_tree(root, 0);
        /* The plain hive that is made of it says the same. */
        wcl_hive_writer *writer = new_writer(false);
        must(wcl_hive_writer_copy(writer, NULL, root, &error), &error);
        wcl_hive_key_free(root);
        finish(writer, &bytes[LAYERS]);
        hives[LAYERS] = open_hive(&bytes[LAYERS]);
        must(wcl_hive_root(hives[LAYERS], &root, &error), &error);
        compare_tree(root, 0);
        wcl_hive_key_free(root);
        for (unsigned layer = 0; layer <= LAYERS; layer++) {
            wcl_hive_free(hives[layer]);
            wcl_buffer_free(&bytes[layer]);
        }
    }
    assert_true(found > EDITS);
}

static void a_class_is_inherited_and_the_newest_time_counts(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer base = WCL_BUFFER_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer delta = WCL_BUFFER_INIT;
    wcl_hive_key_info info = {
        .name = "r", .name_size = 1, .class_name = "Class", .class_size = 5, .written = 9000
    };
    wcl_error error = WCL_ERROR_INIT;
    wcl_hive_key *root;

    (void)state;
    wcl_hive_writer *writer = new_writer(false);
    must(wcl_hive_writer_add_key(writer, NULL, &info, NULL, &error), &error);
    finish(writer, &base);
    info = (wcl_hive_key_info) {
        .name = "R", .name_size = 1, .inherits_class = true, .written = 8000
    };
    writer = new_writer(true);
    must(wcl_hive_writer_add_key(writer, NULL, &info, NULL, &error), &error);
    finish(writer, &delta);
    wcl_hive *hives[] = { open_hive(&delta), open_hive(&base) };
    must(wcl_hive_merge((const wcl_hive *const *)hives, 2, &root, &error), &error);
    assert_string_equal(wcl_hive_key_get_info(root)->name, "R");
    assert_string_equal(wcl_hive_key_get_info(root)->class_name, "Class");
    assert_int_equal(wcl_hive_key_get_info(root)->written, 9000);
    wcl_hive_key_free(root);
    wcl_hive_free(hives[0]);
    wcl_hive_free(hives[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_merge_as_the_model_says),
        cmocka_unit_test(a_class_is_inherited_and_the_newest_time_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
