/* What the programs that compare images share: checks that are counted, and ends that are told. */
#ifndef WCL_TEST_EROFS_COMMON_H
#define WCL_TEST_EROFS_COMMON_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wcl/base.h>

/* The exit status of a test that cannot be run here. */
#define SKIPPED 77

static unsigned failures __attribute__((unused));

/* Tells of a difference and goes on, up to twenty of them. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            if (++failures > 20)                                                                   \
                exit(1);                                                                           \
        }                                                                                          \
    } while (0)

/* Ends the program for what errno says. */
static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void must(wcl_status status, const wcl_error *error)
{
    char text[1500];

    if (status != WCL_FAILED)
        return;
    fprintf(stderr, "%s\n", wcl_error_format(error, text, sizeof(text)));
    exit(1);
}

#endif
