/* Leases: that one which is held is in its place, whatever others did meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath.h"
#include "image/store.h"

/* A lease that ends between another's opening of its file and locking of it. */
static wcl_lease *ending;

/* In place of the C library's. */
int flock(int fd, int operation)
{
    char link[64], path[512];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    path[size > 0 ? size : 0] = '\0';
    if (ending && strstr(path, "/leases/")) {
        wcl_lease *lease = ending;
        ending = NULL;
        wcl_lease_end(lease, false);
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static void a_lease_whose_file_was_just_removed_is_made_anew(void **state)
{
    static const char config_text[] = "{\"os\":\"linux\",\"architecture\":\"amd64\"}";
    char folder[] = "/tmp/wcl-lease-XXXXXX", home[64], text[512];
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_driver driver = WCL_DRIVER_INIT;
    wcl_image_store store = WCL_IMAGE_STORE_INIT;
    wcl_lease first = WCL_LEASE_INIT, second = WCL_LEASE_INIT, third = WCL_LEASE_INIT;
    wcl_image_uses uses = { NULL, 0, 0 };
    wcl_manifest *manifest = NULL;
    wcl_config *config = NULL;
    size_t dropped = 9;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(home, sizeof(home), "%s/home", folder);
    driver.home_dir = home;
    driver.provider = "store";
    assert_int_equal(wcl_digest_of(config_text, strlen(config_text), digest, NULL), WCL_OK);
    snprintf(text, sizeof(text),
             "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
             digest, strlen(config_text));
    assert_int_equal(wcl_manifest_parse(text, strlen(text), NULL, &manifest, NULL), WCL_OK);
    assert_int_equal(wcl_config_parse(config_text, strlen(config_text), 0, &config, NULL), WCL_OK);
    assert_int_equal(wcl_image_store_make(&driver, &store, NULL), WCL_OK);

    assert_int_equal(wcl_lease_begin(&store, manifest, config, false, &first, NULL), WCL_OK);
    ending = &first;
    assert_int_equal(wcl_lease_begin(&store, manifest, config, false, &second, NULL), WCL_OK);
    assert_null(ending);
    assert_true(wcl_image_store_is_in_place(&store, second.path, second.fd));
    /* It counts, and is not taken for one that nobody holds. */
    assert_int_equal(wcl_lease_drop_dead(&store, true, &dropped, NULL), WCL_OK);
    assert_int_equal(dropped, 0);
    assert_int_equal(wcl_lease_read_all(&store, &uses, NULL), WCL_OK);
    wcl_image_uses_sort(&uses);
    assert_true(wcl_image_uses_has(&uses, wcl_digest_digits(manifest->digest)));
    /* One that is held is not taken away from its holder. */
    assert_int_equal(wcl_lease_begin(&store, manifest, config, false, &third, NULL), WCL_OK);
    assert_string_not_equal(second.path, third.path);
    wcl_lease_end(&third, false);
    wcl_lease_end(&second, false);
    assert_false(wcl_image_store_has(&store, second.path));

    wcl_image_uses_free(&uses);
    wcl_image_store_close(&store);
    wcl_manifest_free(manifest);
    wcl_config_free(config);
    int parent = open("/tmp", O_RDONLY | O_DIRECTORY);
    wcl_beneath_remove_tree(parent, folder + strlen("/tmp/"), NULL);
    close(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_whose_file_was_just_removed_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
