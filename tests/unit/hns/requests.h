/* Requests to a service over a fake kernel, and what is asked of their answers. */
#ifndef WCL_TEST_REQUESTS_H
#define WCL_TEST_REQUESTS_H

#include "base/json.h"
#include "tests/unit/hns/fake_kernel.h"

typedef struct fixture {
    char folder[64];
    wcl_hns *hns;
    fake_kernel *kernel;
} fixture;

int set_up(void **state);
int tear_down(void **state);

/* The whole answer. */
cJSON *request(fixture *fixture, const char *method, const char *path, const char *body);
/* The request must succeed; what the answer holds. */
cJSON *accepted(fixture *fixture, const char *method, const char *path, const char *body);
/* The request must be refused, and the reason hold those words. */
void refused(fixture *fixture, const char *method, const char *path, const char *body,
             const char *words);
const char *text_of(const cJSON *object, const char *name);

#endif
