/*
 * The driver that the server works on here: it takes what it is given as a driver would, and says
 * yes to a layer whose id has an even length.
 */
#include "tests/fuzz/fake_driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graphdriver/driver.h"
#include "tests/tools/check.h"

static int opened;

void fake_driver_check_closed(void)
{
    CHECK(opened == 0);
}

static wcl_status decide(const char *id, wcl_error *error)
{
    CHECK(id);
    return strlen(id) % 2
               ? wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no layer '%.100s'", id)
               : WCL_OK;
}

static void check_texts(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(texts[i]);
}

wcl_status wcl_graphdriver_open(const wcl_graphdriver_options *options, wcl_graphdriver **driver,
                                wcl_error *error)
{
    CHECK(options->struct_size == sizeof(*options));
    check_texts(options->options, options->option_count);
    if (!options->home || options->home[0] != '/')
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the home is not an absolute path");
    *driver = calloc(1, sizeof(**driver));
    CHECK(*driver);
    opened++;
    return WCL_OK;
}

void wcl_graphdriver_free(wcl_graphdriver *driver)
{
    opened -= driver != NULL;
    free(driver);
}

wcl_status wcl_graphdriver_cleanup(wcl_graphdriver *driver, wcl_error *error)
{
    (void)error;
    CHECK(driver);
    return WCL_OK;
}

wcl_status wcl_graphdriver_adopt(wcl_graphdriver *driver, wcl_error *error)
{
    return wcl_graphdriver_cleanup(driver, error);
}

size_t wcl_graphdriver_release_forsaken(wcl_graphdriver *driver)
{
    (void)driver;
    return 0;
}

bool wcl_graphdriver_reproduces_exact_diffs(const wcl_graphdriver *driver)
{
    (void)driver;
    return true;
}

static wcl_status create(const char *id, const char *parent,
                         const wcl_graphdriver_create_options *options, wcl_error *error)
{
    uint64_t size = 0;

    CHECK(parent && options->struct_size == sizeof(*options));
    check_texts(options->storage_options, options->storage_option_count);
    if (wcl_storage_options_parse(options->storage_options, options->storage_option_count, &size,
                                  error) != WCL_OK)
        return WCL_FAILED;
    return decide(id, error);
}

wcl_status wcl_graphdriver_create(wcl_graphdriver *driver, const char *id, const char *parent,
                                  const wcl_graphdriver_create_options *options, wcl_error *error)
{
    CHECK(driver);
    return create(id, parent, options, error);
}

wcl_status wcl_graphdriver_create_read_write(wcl_graphdriver *driver, const char *id,
                                             const char *parent,
                                             const wcl_graphdriver_create_options *options,
                                             wcl_error *error)
{
    CHECK(driver);
    return create(id, parent, options, error);
}

wcl_status wcl_graphdriver_remove(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    CHECK(driver);
    return decide(id, error);
}

wcl_status wcl_graphdriver_get(wcl_graphdriver *driver, const char *id, const char *mount_label,
                               char **path, wcl_error *error)
{
    CHECK(driver && mount_label);
    if (decide(id, error) != WCL_OK)
        return WCL_FAILED;
    *path = strdup(id);
    return *path ? WCL_OK : wcl_fail_memory(error);
}

wcl_status wcl_graphdriver_put(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    CHECK(driver);
    return decide(id, error);
}

wcl_status wcl_graphdriver_exists(wcl_graphdriver *driver, const char *id, bool *exists,
                                  wcl_error *error)
{
    CHECK(driver);
    *exists = true;
    return decide(id, error);
}

wcl_status wcl_graphdriver_status(wcl_graphdriver *driver, wcl_graphdriver_pair_fn pair,
                                  void *context, wcl_error *error)
{
    CHECK(driver);
    return pair(context, "name", "value", error);
}

wcl_status wcl_graphdriver_metadata(wcl_graphdriver *driver, const char *id,
                                    wcl_graphdriver_pair_fn pair, void *context, wcl_error *error)
{
    CHECK(driver);
    return decide(id, error) == WCL_OK ? pair(context, "dir", id, error) : WCL_FAILED;
}

wcl_status wcl_graphdriver_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                wcl_write_fn write, void *context, wcl_error *error)
{
    CHECK(driver && parent);
    /* A parent makes it fail with some of it written. */
    if (decide(id, error) != WCL_OK || write(context, id, strlen(id), error) != WCL_OK)
        return WCL_FAILED;
    return decide(parent, error);
}

wcl_status wcl_graphdriver_changes(wcl_graphdriver *driver, const char *id, const char *parent,
                                   wcl_status (*change)(void *context, const char *path,
                                                        wcl_change_kind kind, wcl_error *error),
                                   void *context, wcl_error *error)
{
    CHECK(driver && parent);
    return decide(id, error) == WCL_OK ? change(context, id, WCL_CHANGE_ADDED, error) : WCL_FAILED;
}

wcl_status wcl_graphdriver_apply_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                      wcl_read_fn read, void *context, uint64_t *size,
                                      wcl_error *error)
{
    uint8_t bytes[512];
    size_t got;

    CHECK(driver && parent);
    *size = 0;
    if (decide(id, error) != WCL_OK)
        return WCL_FAILED;
    do {
        if (read(context, bytes, sizeof(bytes), &got, error) != WCL_OK)
            return WCL_FAILED;
        *size += got;
    } while (got);
    return decide(parent, error);
}

wcl_status wcl_graphdriver_diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                                     uint64_t *size, wcl_error *error)
{
    CHECK(driver && parent);
    *size = strlen(id);
    return decide(id, error);
}
