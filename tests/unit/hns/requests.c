/* Requests to a service over a fake kernel, and what is asked of their answers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/hns/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int set_up(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    snprintf(made->folder, sizeof(made->folder), "/tmp/wcl-hns-XXXXXX");
    if (!mkdtemp(made->folder))
        return -1;
    made->hns = fake_service_open(made->folder, "first", &made->kernel);
    *state = made;
    return 0;
}

int tear_down(void **state)
{
    fixture *made = *state;
    char command[128];

    wcl_hns_close(made->hns);
    snprintf(command, sizeof(command), "rm -rf %s", made->folder);
    int result = system(command);
    free(made);
    return result;
}

/* The whole answer. */
cJSON *request(fixture *fixture, const char *method, const char *path, const char *body)
{
    char *response = NULL;
    cJSON *envelope = NULL;

    assert_int_equal(wcl_hns_call(fixture->hns, method, path, body, &response, NULL), WCL_OK);
    assert_int_equal(wcl_json_parse(response, strlen(response), SIZE_MAX, &envelope, NULL), WCL_OK);
    wcl_free(response);
    return envelope;
}

/* The request must succeed; what the answer holds. */
cJSON *accepted(fixture *fixture, const char *method, const char *path, const char *body)
{
    cJSON *envelope = request(fixture, method, path, body);
    const cJSON *reason = cJSON_GetObjectItem(envelope, "Error");

    if (reason)
        print_error("%s %s %s: %s\n", method, path, body, reason->valuestring);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(envelope, "Success")));
    cJSON *output = cJSON_DetachItemFromObject(envelope, "Output");
    cJSON_Delete(envelope);
    return output;
}

/* The request must be refused, and the reason hold those words. */
void refused(fixture *fixture, const char *method, const char *path, const char *body,
             const char *words)
{
    cJSON *envelope = request(fixture, method, path, body);
    const cJSON *reason = cJSON_GetObjectItem(envelope, "Error");

    if (!cJSON_IsString(reason) || !strstr(reason->valuestring, words))
        print_error("%s %s %s: '%s' has no '%s'\n", method, path, body,
                    cJSON_IsString(reason) ? reason->valuestring : "(accepted)", words);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(envelope, "Success")));
    assert_true(cJSON_IsString(reason));
    assert_non_null(strstr(reason->valuestring, words));
    assert_null(cJSON_GetObjectItem(envelope, "Output"));
    cJSON_Delete(envelope);
}

const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}
