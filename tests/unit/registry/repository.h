/* A repository on the test's own server, opened. The first answer is for the question whether a
 * registry is there. */
#ifndef TEST_REGISTRY_REPOSITORY_H
#define TEST_REGISTRY_REPOSITORY_H

#include "image/registry/repository.h"
#include "unit/registry/server.h"

#define EMPTY "Content-Length: 0\r\n\r\n"
#define HERE "HTTP/1.1 200 OK\r\n" EMPTY

typedef struct fixture {
    server *server;
    wcl_repository repository;
    const wcl_stop *stop;
    wcl_reference *reference;
} fixture;

void fixture_open(fixture *fixture, const char *const *answers, size_t count,
                  wcl_repository_use use, const wcl_registry_options *options);
void fixture_close(fixture *fixture);

/* Fails the test unless request number `index` has `text` in it. */
void assert_asked(fixture *fixture, size_t index, const char *text);

#endif
