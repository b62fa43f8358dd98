/* Graph drivers for tests. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/graphdriver/fixture.h"
#include "tests/tools/outcome.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

bool test_can_mount(void)
{
    if (geteuid() != 0) {
        printf("skipped: only root can mount\n");
        return false;
    }
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        printf("skipped: cannot make a mount namespace here\n");
        return false;
    }
    return true;
}

void test_shell(const char *format, ...)
{
    char command[8192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    int result = system(command); /* NOLINT(cert-env33-c): tests are scripts */
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        print_error("failed: %s\n", command);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

int test_driver_make(void **state)
{
    test_driver *test = calloc(1, sizeof(*test));
    wcl_error error = WCL_ERROR_INIT;

    assert_non_null(test);
    strcpy(test->home, "/tmp/wcl-graphdriver-XXXXXX");
    assert_non_null(mkdtemp(test->home));
    const wcl_graphdriver_options options = { .struct_size = sizeof(options), .home = test->home };
    if (wcl_graphdriver_open(&options, &test->driver, &error) != WCL_OK)
        return -1;
    *state = test;
    return 0;
}

int test_driver_remove(void **state)
{
    test_driver *test = *state;
    char command[256];

    wcl_graphdriver_free(test->driver);
    snprintf(command, sizeof(command),
             "! grep -q '%s' /proc/self/mountinfo && [ -z \"$(ls -A %s/.staging)\" ]", test->home,
             test->home);
    int result = system(command); /* NOLINT(cert-env33-c): tests are scripts */
    if (result != 0)
        print_error("mounts or staged layers are left in %s\n", test->home);
    snprintf(command, sizeof(command), "rm -rf --one-file-system %s", test->home);
    if (system(command) != 0) /* NOLINT(cert-env33-c) */
        result = -1;
    free(test);
    return result == 0 ? 0 : -1;
}

wcl_buffer test_tar(const char *command)
{
    wcl_buffer tar = WCL_BUFFER_INIT;
    char line[4096], part[4096];
    size_t got;

    snprintf(line, sizeof(line),
             "set -e; D=$(mktemp -d); cd $D; { %s; } >&2; tar --sort=name --numeric-owner "
             "--xattrs -c $(ls -A); cd /; rm -rf $D",
             command);
    FILE *stream = popen(line, "re"); /* NOLINT(cert-env33-c) */
    assert_non_null(stream);
    while ((got = fread(part, 1, sizeof(part), stream)) > 0)
        assert_int_equal(wcl_buffer_append(&tar, part, got, NULL), WCL_OK);
    assert_int_equal(pclose(stream), 0);
    return tar;
}

typedef struct source {
    const uint8_t *data;
    size_t size, position;
} source;

static wcl_status read_source(void *context, void *buffer, size_t size, size_t *got,
                              wcl_error *error)
{
    source *source = context;

    (void)error;
    *got = source->size - source->position < size ? source->size - source->position : size;
    memcpy(buffer, source->data + source->position, *got);
    source->position += *got;
    return WCL_OK;
}

wcl_status test_apply(const test_driver *test, const char *id, const char *parent, const void *tar,
                      size_t size, uint64_t *unpacked, wcl_error *error)
{
    source source = { tar, size, 0 };

    return wcl_graphdriver_apply_diff(test->driver, id, parent, read_source, &source, unpacked,
                                      error);
}

uint64_t test_layer(const test_driver *test, const char *id, const char *parent,
                    const char *command)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_BUFFER wcl_buffer tar = test_tar(command);
    uint64_t size = 0;

    assert_ok(wcl_graphdriver_create(test->driver, id, parent, NULL, &error), &error);
    assert_ok(test_apply(test, id, parent, tar.data, tar.size, &size, &error), &error);
    return size;
}

static wcl_status write_buffer(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

wcl_buffer test_diff(const test_driver *test, const char *id, const char *parent)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_buffer tar = WCL_BUFFER_INIT;

    assert_ok(wcl_graphdriver_diff(test->driver, id, parent, write_buffer, &tar, &error), &error);
    return tar;
}

void test_in(const test_driver *test, const char *id, const char *command)
{
    wcl_error error = WCL_ERROR_INIT;
    WCL_CLEANUP_FREE char *path = NULL;

    assert_ok(wcl_graphdriver_get(test->driver, id, NULL, &path, &error), &error);
    test_shell("set -e; cd %s; %s", path, command);
    assert_ok(wcl_graphdriver_put(test->driver, id, &error), &error);
}

static wcl_status add_change(void *context, const char *path, wcl_change_kind kind,
                             wcl_error *error)
{
    return wcl_buffer_printf(context, error, "%c %s\n", "CAD"[kind], path);
}

wcl_buffer test_changes(const test_driver *test, const char *id, const char *parent)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_buffer text = WCL_BUFFER_INIT;

    assert_ok(wcl_graphdriver_changes(test->driver, id, parent, add_change, &text, &error), &error);
    return text;
}
