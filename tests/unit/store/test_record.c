/* layer.json is written whole, or the write fails. */
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
#include "layer/store/store.h"

static unsigned long allocations, failing;

static void *allocate(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

static size_t read_record(int folder, char text[4096])
{
    WCL_CLEANUP_FD int fd = openat(folder, "layer.json", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, 4095);

    assert_true(size >= 0);
    text[size] = '\0';
    return (size_t)size;
}

static void no_field_is_lost_for_want_of_memory(void **state)
{
    char id[] = "layer", one[] = "one", two[] = "two", diff_id[] = "sha256:0";
    char *parents[] = { one, two };
    const wcl_layer_record record = { .id = id,
                                      .kind = WCL_LAYER_LAYER,
                                      .os = WCL_OS_LINUX,
                                      .parents = parents,
                                      .parent_count = 2,
                                      .diff_id = diff_id,
                                      .tar_size = UINT64_MAX };
    cJSON_Hooks hooks = { allocate, free };
    char path[] = "/tmp/wcl-record-XXXXXX", whole[4096], text[4096];
    wcl_status status = WCL_FAILED;

    (void)state;
    assert_non_null(mkdtemp(path));
    WCL_CLEANUP_FD int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(wcl_layer_record_write(folder, &record, NULL), WCL_OK);
    assert_true(read_record(folder, whole) > 100);
    cJSON_InitHooks(&hooks);
    for (failing = 1; status != WCL_OK; failing++) {
        wcl_error error = WCL_ERROR_INIT;
        assert_int_equal(unlinkat(folder, "layer.json", 0), 0);
        allocations = 0;
        status = wcl_layer_record_write(folder, &record, &error);
        if (status != WCL_OK) {
            assert_int_equal(error.code, WCL_CODE_OUT_OF_MEMORY);
            assert_int_equal(read_record(folder, text), 0);
            WCL_CLEANUP_FD int fd = openat(folder, "layer.json", O_WRONLY | O_CREAT, 0600);
            assert_true(fd >= 0);
        }
    }
    cJSON_InitHooks(NULL);
    assert_true(failing > 20);
    read_record(folder, text);
    assert_string_equal(text, whole);
    assert_int_equal(wcl_beneath_remove_tree(AT_FDCWD, path, NULL), WCL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_field_is_lost_for_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
