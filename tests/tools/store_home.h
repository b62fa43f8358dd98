/* For cmocka: a home of the store for each test, and nothing of it left. */
#ifndef WCL_TEST_STORE_HOME_H
#define WCL_TEST_STORE_HOME_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/layer.h>

#include "base/beneath.h"

static const wcl_parents no_parents = { NULL, 0 };

typedef struct home {
    char folder[64];
    wcl_driver driver;
} home;

/* *state becomes a home. */
static int make_home(void **state)
{
    home *made = calloc(1, sizeof(*made));

    strcpy(made->folder, "/tmp/wcl-home-XXXXXX");
    if (!mkdtemp(made->folder))
        return -1;
    made->driver = (wcl_driver)WCL_DRIVER_INIT;
    made->driver.home_dir = made->folder;
    made->driver.provider = "store";
    *state = made;
    return 0;
}

static int remove_home(void **state)
{
    home *made = *state;
    int result = wcl_beneath_remove_tree(AT_FDCWD, made->folder, NULL) == WCL_OK ? 0 : -1;

    free(made);
    return result;
}

#endif
