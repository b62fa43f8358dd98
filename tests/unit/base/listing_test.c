/* Growing arrays, and the names in a folder. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "base/list.h"
#include "base/listing.h"

static char folder[64];
static int root = -1;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wcl-listing-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0 || mkdirat(root, "a", 0755) < 0 || mkdirat(root, ".b", 0755) < 0 ||
                   symlinkat("a", root, "link") < 0
               ? -1
               : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    close(root);
    return wcl_beneath_remove_tree(AT_FDCWD, folder, NULL) == WCL_OK ? 0 : -1;
}

static void a_growing_array_keeps_its_items(void **state)
{
    uint32_t *numbers = NULL;
    size_t capacity = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(WCL_LIST_RESERVE(numbers, i, capacity, NULL), WCL_OK);
        assert_true(capacity > i);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    free(numbers);
}

static void what_cannot_grow_stays_as_it_was(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    char byte = 'x', *items = &byte;
    size_t capacity = SIZE_MAX / 2;

    (void)state;
    assert_int_equal(wcl_list_reserve(&items, capacity, &capacity, 4, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_OUT_OF_MEMORY);
    assert_ptr_equal(items, &byte);
    assert_int_equal(capacity, SIZE_MAX / 2);
}

static wcl_status count_name(void *context, int at, const char *name, wcl_error *error)
{
    (void)error;
    assert_int_equal(faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
    ++*(int *)context;
    return WCL_OK;
}

static wcl_status stop(void *context, int at, const char *name, wcl_error *error)
{
    (void)at, (void)name;
    ++*(int *)context;
    return *(int *)context == 2 ? wcl_fail(error, WCL_CODE_CANCELLED, "enough") : WCL_END;
}

static void each_name_but_the_dots_is_visited(void **state)
{
    int count = 0;

    (void)state;
    assert_int_equal(wcl_listing_each(root, ".", count_name, &count, NULL), WCL_OK);
    assert_int_equal(count, 3);
    /* The folder's own descriptor is where it was. */
    assert_int_equal(wcl_listing_each(root, ".", count_name, &count, NULL), WCL_OK);
    assert_int_equal(count, 6);
}

static void a_visit_ends_the_listing(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    int count = 0;

    (void)state;
    assert_int_equal(wcl_listing_each(root, ".", stop, &count, &error), WCL_OK);
    assert_int_equal(count, 1);
    assert_int_equal(wcl_listing_each(root, ".", stop, &count, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CANCELLED);
}

static void a_folder_that_does_not_exist_is_empty_and_a_link_is_refused(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    DIR *listing;
    int count = 0;

    (void)state;
    assert_int_equal(wcl_listing_each(root, "none", count_name, &count, NULL), WCL_OK);
    assert_int_equal(wcl_listing_open(root, "none", &listing, NULL), WCL_END);
    assert_null(listing);
    assert_int_equal(wcl_listing_each(root, "link", count_name, &count, &error), WCL_FAILED);
    assert_non_null(strstr(error.message, "'link'"));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_growing_array_keeps_its_items),
        cmocka_unit_test(what_cannot_grow_stays_as_it_was),
        cmocka_unit_test(each_name_but_the_dots_is_visited),
        cmocka_unit_test(a_visit_ends_the_listing),
        cmocka_unit_test(a_folder_that_does_not_exist_is_empty_and_a_link_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
