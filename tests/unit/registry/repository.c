/* A repository on the test's own server. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/registry/repository.h"

#include <stdio.h>
#include <string.h>

void fixture_open(fixture *fixture, const char *const *answers, size_t count,
                  wcl_repository_use use, const wcl_registry_options *options)
{
    wcl_registry_options quick = { .struct_size = sizeof(quick) };
    wcl_error error = WCL_ERROR_INIT;
    char name[100];

    if (options)
        quick = *options;
    quick.config_folder = "/nonexistent";
    quick.retry_delay = 1;
    quick.attempts = 3;
    quick.stall_seconds = 5;
    memset(fixture, 0, sizeof(*fixture));
    fixture->server = server_start(answers, count);
    snprintf(name, sizeof(name), "127.0.0.1:%u/a/b:t", server_port(fixture->server));
    assert_int_equal(wcl_reference_parse(name, &fixture->reference, NULL), WCL_OK);
    fixture->repository.stop = &fixture->stop;
    if (wcl_repository_open(fixture->reference, &quick, use, &fixture->repository, &error) !=
        WCL_OK)
        fail_msg("%s", error.message);
}

void fixture_close(fixture *fixture)
{
    wcl_repository_close(&fixture->repository);
    wcl_free(fixture->reference);
    server_stop(fixture->server);
}

void assert_asked(fixture *fixture, size_t index, const char *text)
{
    if (!strstr(server_request(fixture->server, index), text))
        fail_msg("'%s' is not in request %zu: %s", text, index,
                 server_request(fixture->server, index));
}
