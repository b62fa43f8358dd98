/* A graph driver on a home of its own, and small tars to fill layers with. */
#ifndef TESTS_UNIT_GRAPHDRIVER_FIXTURE_H
#define TESTS_UNIT_GRAPHDRIVER_FIXTURE_H

#include <wcl/graphdriver.h>

#include "base/buffer.h"

typedef struct test_driver {
    char home[64];
    wcl_graphdriver *driver;
} test_driver;

/* Whether mounts can be made here; says on the standard output why not. */
bool test_can_mount(void);

/* cmocka's setup and teardown: *state becomes a test_driver. The teardown fails where something is
 * left mounted or staged. */
int test_driver_make(void **state);
int test_driver_remove(void **state);

/* Runs a shell command made as by printf and fails the test unless it exits with 0. */
void test_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A tar of what the shell command, run in an empty folder, makes there. Freed with wcl_buffer_free.
 */
wcl_buffer test_tar(const char *command);

/* Makes the read-only layer `id` of a tar; the size that is told. */
uint64_t test_layer(const test_driver *test, const char *id, const char *parent,
                    const char *command);
wcl_status test_apply(const test_driver *test, const char *id, const char *parent, const void *tar,
                      size_t size, uint64_t *unpacked, wcl_error *error);
/* The layer's diff. */
wcl_buffer test_diff(const test_driver *test, const char *id, const char *parent);
/* Runs the command in the mounted layer. */
void test_in(const test_driver *test, const char *id, const char *command);
/* "C /a\nA /b\n...", sorted by the driver. */
wcl_buffer test_changes(const test_driver *test, const char *id, const char *parent);

#endif
