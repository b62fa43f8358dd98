/* The lifecycle of layers that needs no mount: creating, asking, refusing, removing, processing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wcl/layer.h>
#include <wcl/tar.h>

#include "tests/tools/store_home.h"

static bool exists(const home *home, const char *id)
{
    bool found = false;
    assert_int_equal(wcl_layer_exists(&home->driver, id, &found, NULL), WCL_OK);
    return found;
}

static void an_empty_layer_comes_and_goes(void **state)
{
    const home *home = *state;
    wcl_layer_info *info;

    assert_false(exists(home, "empty"));
    assert_int_equal(wcl_layer_create(&home->driver, "empty", "", NULL), WCL_OK);
    assert_true(exists(home, "empty"));
    assert_int_equal(wcl_layer_create(&home->driver, "child", "empty", NULL), WCL_OK);
    assert_int_equal(wcl_layer_get_info(&home->driver, "child", &info, NULL), WCL_OK);
    assert_string_equal(info->kind, "empty");
    assert_int_equal(info->parent_count, 1);
    assert_string_equal(info->parents[0], "empty");
    assert_false(info->is_mounted);
    wcl_free(info);
    assert_int_equal(wcl_layer_destroy(&home->driver, "child", NULL), WCL_OK);
    assert_int_equal(wcl_layer_destroy(&home->driver, "empty", NULL), WCL_OK);
    assert_false(exists(home, "empty"));
}

static void a_layer_that_another_stands_on_is_not_removed(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_layer_create(&home->driver, "low", NULL, NULL), WCL_OK);
    assert_int_equal(wcl_layer_create(&home->driver, "high", "low", NULL), WCL_OK);
    assert_int_equal(wcl_layer_destroy(&home->driver, "low", &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_SHARING_VIOLATION);
    assert_non_null(strstr(error.message, "high"));
    assert_string_equal(error.operation, "remove");
    assert_string_equal(error.subject, "low");
    assert_true(exists(home, "low"));
}

static void what_is_not_there_is_said_not_to_exist(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    char *path;

    assert_int_equal(wcl_layer_destroy(&home->driver, "none", &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_int_equal(wcl_layer_mount_path(&home->driver, "none", &path, &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_int_equal(wcl_layer_reader_open(&home->driver, "none", no_parents, &reader, &error),
                     WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_int_equal(wcl_layer_create(&home->driver, "x", "none", &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
    assert_int_equal(wcl_layer_create_sandbox(&home->driver, "x", "none", no_parents, 0, &error),
                     WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
}

static void an_id_that_is_taken_is_refused(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_writer *writer;

    assert_int_equal(wcl_layer_create(&home->driver, "x", NULL, NULL), WCL_OK);
    assert_int_equal(wcl_layer_create(&home->driver, "x", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
    assert_int_equal(wcl_layer_writer_open(&home->driver, "x", no_parents, &writer, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_ALREADY_EXISTS);
}

static void ids_that_could_be_paths_are_refused(void **state)
{
    static const char *const bad[] = { "",   ".",        "..",  "a/b",     "../x",
                                       "-x", ".staging", "a b", "\xC3\xA4" };
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    char long_id[200];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(wcl_layer_create(&home->driver, bad[i], NULL, &error), WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_INVALID_NAME);
    }
    memset(long_id, 'x', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    assert_int_equal(wcl_layer_create(&home->driver, long_id, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NAME_TOO_LONG);
}

static void a_driver_that_cannot_be_is_refused(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_driver driver = home->driver;

    driver.flavour = WCL_FLAVOUR_DIFF;
    assert_int_equal(wcl_layer_create(&driver, "x", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    driver = home->driver;
    driver.provider = "abacus";
    assert_int_equal(wcl_layer_create(&driver, "x", NULL, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "abacus"));
    driver = home->driver;
    driver.home_dir = "";
    assert_int_equal(wcl_layer_create(&driver, "x", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    driver = home->driver;
    driver.struct_size = 3;
    assert_int_equal(wcl_layer_create(&driver, "x", NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
}

static void put(const home *home, const char *name, const char *contents)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", home->folder, name);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(contents, file);
    assert_int_equal(fclose(file), 0);
}

static void expect_entry(const home *home, const char *id, const char *path)
{
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    bool found = false;

    assert_int_equal(wcl_layer_reader_open(&home->driver, id, no_parents, &reader, NULL), WCL_OK);
    while (wcl_layer_reader_next(reader, &entry, NULL) == WCL_OK)
        found |= strcmp(entry.path, path) == 0;
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_OK);
    if (!found)
        fail_msg("there is no '%s'", path);
}

static void extracted_files_become_a_base_layer(void **state)
{
    static const char *const hives[] = { "SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT" };
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    char path[256], name[128], *json;

    snprintf(path, sizeof(path), "%s/base", home->folder);
    put(home, "base/Files/Windows/notepad.exe", "notepad");
    assert_int_equal(wcl_layer_process_base(&home->driver, path, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "System32/config/SYSTEM"));
    for (size_t i = 0; i < sizeof(hives) / sizeof(hives[0]); i++) {
        snprintf(name, sizeof(name), "base/Files/Windows/System32/config/%s", hives[i]);
        put(home, name, hives[i]);
    }
    if (wcl_layer_process_base(&home->driver, path, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    assert_true(exists(home, "base"));
    expect_entry(home, "base", "Files/Windows/notepad.exe");
    expect_entry(home, "base", "Hives/System_Base");
    expect_entry(home, "base", "Hives/DefaultUser_Base");
    assert_int_equal(wcl_layer_process_base(&home->driver, path, &error), WCL_FAILED);
    assert_int_equal(wcl_layer_shared_base_images(&home->driver, &json, NULL), WCL_OK);
    assert_non_null(strstr(json, "\"Name\":\"base\""));
    assert_non_null(strstr(json, "\"CreatedTime\":\"20"));
    wcl_free(json);
}

#ifndef _WIN32
/* Opening a FIFO would wait for somebody who writes to it. */
static void what_is_no_file_makes_no_base_layer(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    char path[256], hive[300];

    put(home, "base/Files/Windows/System32/config/SOFTWARE", "");
    snprintf(path, sizeof(path), "%s/base", home->folder);
    snprintf(hive, sizeof(hive), "%s/Files/Windows/System32/config/SYSTEM", path);
    if (mkfifo(hive, 0600) != 0)
        skip();
    alarm(60);
    assert_int_equal(wcl_layer_process_base(&home->driver, path, &error), WCL_FAILED);
    alarm(0);
    assert_non_null(strstr(error.message, "SYSTEM' is not a regular file"));
}
#endif

static bool is_there(const home *home, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", home->folder, name);
    return access(path, F_OK) == 0;
}

static void an_interrupted_exchange_is_undone_or_completed(void **state)
{
    const home *home = *state;

    put(home, ".staging/aside-base/Files/x", "of the folder that was to be a layer");
    assert_false(exists(home, "base"));
    assert_true(is_there(home, "base/Files/x"));
    assert_false(is_there(home, ".staging/aside-base"));
    assert_int_equal(wcl_layer_create(&home->driver, "done", NULL, NULL), WCL_OK);
    put(home, ".staging/aside-done/Files/x", "of the folder that is a layer now");
    assert_true(exists(home, "done"));
    assert_false(is_there(home, "done/Files"));
    assert_false(is_there(home, ".staging/aside-done"));
}

static void a_utility_vms_boot_files_are_saved_aside(void **state)
{
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    char path[256], saved[256], contents[16] = "";

    snprintf(path, sizeof(path), "%s/base/UtilityVM", home->folder);
    put(home, "base/UtilityVM/Files/x", "");
    assert_int_equal(wcl_layer_process_utility_vm(&home->driver, path, &error), WCL_FAILED);
    put(home, "base/UtilityVM/Files/EFI/Microsoft/Boot/BCD", "boot");
    put(home, "base/UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG1", "log");
    if (wcl_layer_process_utility_vm(&home->driver, path, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    snprintf(saved, sizeof(saved), "%s/base/bcd.bak", home->folder);
    FILE *file = fopen(saved, "r");
    assert_non_null(file);
    assert_non_null(fgets(contents, sizeof(contents), file));
    fclose(file);
    assert_string_equal(contents, "boot");
    snprintf(saved, sizeof(saved), "%s/base/bcd.log1.bak", home->folder);
    assert_int_equal(access(saved, R_OK), 0);
}

/* hcsshim's own order: the base layer, then what was its utility VM. */
static void a_utility_vm_is_processed_after_its_layer(void **state)
{
    static const char *const hives[] = { "SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT" };
    const home *home = *state;
    wcl_error error = WCL_ERROR_INIT;
    wcl_layer_reader *reader;
    wcl_entry entry = WCL_ENTRY_INIT;
    char path[256], name[128];
    bool is_saved = false;

    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "base/Files/Windows/System32/config/%s", hives[i]);
        put(home, name, hives[i]);
    }
    put(home, "base/UtilityVM/Files/EFI/Microsoft/Boot/BCD", "boot");
    snprintf(path, sizeof(path), "%s/base", home->folder);
    if (wcl_layer_process_base(&home->driver, path, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    snprintf(path, sizeof(path), "%s/base/UtilityVM", home->folder);
    if (wcl_layer_process_utility_vm(&home->driver, path, &error) != WCL_OK)
        fail_msg("%s: %s", error.subject, error.message);
    assert_int_equal(wcl_layer_reader_open(&home->driver, "base", no_parents, &reader, NULL),
                     WCL_OK);
    while (wcl_layer_reader_next(reader, &entry, NULL) == WCL_OK)
        is_saved |= strcmp(entry.path, "bcd.bak") == 0;
    assert_int_equal(wcl_layer_reader_close(reader, NULL), WCL_OK);
    assert_true(is_saved);
}

static void descriptors_and_guids_are_of_the_last_element(void **state)
{
    const wcl_driver driver = WCL_DRIVER_INIT;
    wcl_layer_descriptor descriptor = WCL_LAYER_DESCRIPTOR_INIT;
    wcl_guid guid;

    (void)state;
    assert_int_equal(wcl_name_to_guid(&driver, "layer", &guid, NULL), WCL_OK);
    assert_int_equal(wcl_layer_descriptor_of(&driver, "C:\\layers/some\\layer", &descriptor, NULL),
                     WCL_OK);
    assert_memory_equal(&guid, &descriptor.id, sizeof(guid));
    assert_int_equal(descriptor.flags, 0);
    assert_false(wcl_is_tp4());
}

static void damage_is_found_and_named(void **state)
{
    const home *home = *state;
    char path[256];
    size_t faults = 0;

    assert_int_equal(wcl_layer_create(&home->driver, "x", NULL, NULL), WCL_OK);
    assert_int_equal(wcl_layer_verify(&home->driver, "x", NULL, NULL, &faults, NULL), WCL_OK);
    assert_int_equal(faults, 0);
    snprintf(path, sizeof(path), "%s/x/layer.tar", home->folder);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "z", 1, 700), 1);
    close(fd);
    assert_int_equal(wcl_layer_verify(&home->driver, "x", NULL, NULL, &faults, NULL), WCL_OK);
    assert_true(faults > 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_empty_layer_comes_and_goes),
        test(a_layer_that_another_stands_on_is_not_removed),
        test(what_is_not_there_is_said_not_to_exist),
        test(an_id_that_is_taken_is_refused),
        test(ids_that_could_be_paths_are_refused),
        test(a_driver_that_cannot_be_is_refused),
        test(extracted_files_become_a_base_layer),
        test(an_interrupted_exchange_is_undone_or_completed),
        test(a_utility_vms_boot_files_are_saved_aside),
#ifndef _WIN32
        test(what_is_no_file_makes_no_base_layer),
#endif
        test(a_utility_vm_is_processed_after_its_layer),
        test(descriptors_and_guids_are_of_the_last_element),
        test(damage_is_found_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
